"""What search does not know yet: the state before each change of the last moments."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sandbox.hubspot.rows import Row
from sandbox.hubspot.store import Change


@dataclass(slots=True)
class Lag:
    """Keeps, for `ms`, how an object was before each of its changes. None: it was not there."""

    ms: int
    _before: dict[int, dict[int, list[tuple[int, Row | None]]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def noting(self, now_ms: Callable[[], int]) -> Callable[[Sequence[Change]], None]:
        """What to call after every write."""
        return lambda changes: self.note(changes, now_ms())

    def note(self, changes: Sequence[Change], at: int) -> None:
        """Remember how the changed objects were before."""
        if self.ms <= 0:
            return
        with self._lock:
            for change in changes:
                known = self._before.setdefault(change.kind.no, {})
                before, after = change.before, change.after
                if before is not None:
                    known.setdefault(before.id, []).append((at, before))
                if after is not None and (before is None or before.id != after.id):
                    known.setdefault(after.id, []).append((at, None))

    def view(self, kind: int, at: int) -> dict[int, Row | None]:
        """Id -> the object as search still sees it, for those it sees wrongly."""
        cutoff = at - self.ms
        with self._lock:
            known = self._before.get(kind, {})
            view = {}
            for id_, entries in list(known.items()):
                hidden = [entry for entry in entries if entry[0] > cutoff]
                if hidden:
                    known[id_] = hidden
                    view[id_] = hidden[0][1]
                else:
                    del known[id_]
        return view
