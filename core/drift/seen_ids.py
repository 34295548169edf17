"""Which records a list told of, remembered for as long as one process reads it. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class SeenIds:
    """Which ids a list told, at 8 bytes for each."""

    #: Whether this process read it from its beginning.
    whole: bool = True
    _ids: array[int] = field(default_factory=lambda: array("q"))
    _sorted: bool = True

    def add(self, ids: Sequence[str]) -> None:
        """These were listed."""
        self._ids.extend(map(int, ids))
        self._sorted = False

    def unseen(self, ids: Sequence[str]) -> list[str]:
        """Those of these that were not."""
        if not self._sorted:
            self._ids, self._sorted = array("q", sorted(self._ids)), True
        return [id_ for id_ in ids if not self._has(id_)]

    def _has(self, id_: str) -> bool:
        number = int(id_) if id_.isascii() and id_.isdigit() else -1
        at = bisect_left(self._ids, number)
        return at < len(self._ids) and self._ids[at] == number and str(number) == id_
