"""Many records of a repair, read once: what was read is copied, and is what the proof is held to.

HubSpot is read by id, a hundred records a call. That is the source of the copy, and the proof is
what Supabase then holds, read after it and compared with what was read. The mirror's guard keeps
whatever is newer than that read. Only what is not proved in this way is looked at anew from both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.credits.records import Kind
from core.drift.compare import Comparing
from core.drift.differences import Stated
from core.drift.store.port import DriftStore
from core.mirror import log
from core.mirror.by_parts import by_parts
from core.mirror.copier import MirrorCopier
from core.mirror.port import Copied, Mirror
from core.mirror.rows import ID, is_erasure
from core.mirror.store.outbox_port import Due


@dataclass(frozen=True, slots=True)
class ReadOnce:
    """Repeating it is harmless."""

    comparing: Comparing
    mirroring: MirrorCopier
    mirror: Mirror
    journal: DriftStore

    def copied(self, kind: Kind, ids: Sequence[str]) -> dict[str, Copied]:
        """Those that Supabase now holds as HubSpot said a moment before, with how they came there.

        What the desk is writing, or about to copy, is left to it. A copy that had failed for good
        is forgotten with the proof.

        Raises:
            GatewayError: one of the stores cannot be read.
        """
        waiting = self.journal.waiting(kind, ids)
        open_writes = self.journal.open_writes(kind=kind, ids=ids)
        busy = {write.target_id for write in open_writes}
        busy |= {id_ for id_, due in waiting.items() if not due.dead or is_erasure(due.row)}
        ready = [id_ for id_ in ids if id_ not in busy]

        def some(part: Sequence[str]) -> dict[str, Copied]:
            return self._proved(kind, part)

        parts, _ = by_parts(ready, some, self.comparing.reachable) if ready else ([], [])
        proved = {id_: how for part in parts for id_, how in part.items()}
        self.mirroring.needless([due for id_, due in waiting.items() if id_ in proved])
        return proved

    def _proved(self, kind: Kind, ids: Sequence[str]) -> dict[str, Copied]:
        stated = dict(self._stated(kind, ids))
        if not stated:
            return {}
        answers = self.mirror.copy(kind, [each.row for each in stated.values()])
        written = [id_ for id_ in stated if answers[id_].copied is Copied.WRITTEN]
        log.made([Due(kind=kind, record_id=id_, row=stated[id_].row) for id_ in written])
        other = set(self.comparing.unlike(kind, stated, self.mirror.rows(kind, list(stated))))
        return {id_: answers[id_].copied for id_ in stated if id_ not in other}

    def _stated(self, kind: Kind, ids: Sequence[str]) -> Iterator[tuple[str, Stated]]:
        """What HubSpot has by this very id, and is not just changing."""
        found: Mapping[str, Stated] = self.comparing.known(kind, ids, {})
        for id_, stated in found.items():
            if stated.row[ID] == id_ and not self.comparing.settling(kind, stated):
                yield id_, stated
