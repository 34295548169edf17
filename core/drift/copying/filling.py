"""What HubSpot has just listed, held against the mirror; and what the mirror lacks, copied there.

A copy is made of what was listed, without another read: the mirror's own guard keeps any newer
version that comes before it. Whatever the mirror does not take is left to the outbox, which reads
it again and tries by its own rules. A row that is there is never touched: it is compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.credits.records import Booking, Counted, Kind
from core.drift.compare import Compared, Comparing
from core.drift.differences import Drift, Stated
from core.hubspot.ports.crm import Listed
from core.mirror.by_parts import by_parts
from core.mirror.port import Copied, CopyResult, Mirror
from core.mirror.rows import Row
from core.mirror.store.outbox_port import Due

Records = Mapping[str, Counted | Booking]
#: The mirror has what was listed, or is not to have it.
DONE = frozenset({Copied.WRITTEN, Copied.ALREADY_EQUAL, Copied.NOT_KEPT})


@dataclass(frozen=True, slots=True)
class Filling:
    """Repeating a page is harmless."""

    comparing: Comparing
    mirror: Mirror
    #: Makes copies due, and sees to them at once.
    put: Callable[[Sequence[Due]], None]

    def compared(self, kind: Kind, pages: Sequence[Listed], *, fill: bool) -> Compared:
        """All that is on these pages. ``fill``: what has no row gets one, made of what was listed.

        Raises:
            GatewayError: one of the stores does not answer.
        """
        ids = [id_ for page in pages for id_ in page.ids]
        records = {id_: record for page in pages for id_, record in page.records.items()}
        held = self.mirror.rows(kind, ids)
        without = [id_ for id_ in ids if id_ not in held]
        old = self._old_rows(kind, pages, without)
        rest = [id_ for id_ in ids if id_ in held] if fill else ids
        made = self.comparing.compare(kind, rest, held, listed=records, made_by_merge=old)
        return _both(made, self._filled(kind, without, records, old)) if fill and without else made

    def _old_rows(
        self, kind: Kind, pages: Sequence[Listed], without: Collection[str]
    ) -> dict[str, list[str]]:
        """Of records that have no row: rows of ids from before a merge."""
        former = {id_: ids for page in pages for id_, ids in page.former.items()}
        former = {id_: former[id_] for id_ in without if id_ in former}
        every = [id_ for ids in former.values() for id_ in ids]
        held = self.mirror.rows(kind, every) if every else {}
        found = {id_: [old for old in ids if old in held] for id_, ids in former.items()}
        return {id_: ids for id_, ids in found.items() if ids}

    def _filled(
        self, kind: Kind, ids: Sequence[str], records: Records, old: Mapping[str, Sequence[str]]
    ) -> Compared:
        """``old``: those whose row is kept under another id until the outbox has renamed it."""
        ready = [id_ for id_ in ids if id_ not in old]

        def some(part: Sequence[str]) -> tuple[dict[str, Stated], dict[str, CopyResult]]:
            stated = self.comparing.known(kind, part, records)
            rows: list[Row] = [each.row for each in stated.values()]
            return stated, self.mirror.copy(kind, rows)

        parts, _ = by_parts(ready, some, self.comparing.reachable) if ready else ([], [])
        stated = {id_: each for made, _ in parts for id_, each in made.items()}
        answers = {id_: each for _, told in parts for id_, each in told.items()}
        done = [id_ for id_ in ready if id_ in answers and answers[id_].copied in DONE]
        left = [id_ for id_ in ids if id_ not in set(done)]
        self._leave(kind, [one for id_ in left for one in old.get(id_, (id_,))])
        made = {id_: stated[id_] for id_ in done}
        return Compared(
            compared=len(done),
            copied=sum(answers[id_].copied is Copied.WRITTEN for id_ in done),
            balances=self.comparing.balances(stated) if kind is Kind.CONTACT else {},
            drifts=tuple(self._unreadable(kind, made)),
            left_alone=tuple(left),
        )

    def _leave(self, kind: Kind, ids: Sequence[str]) -> None:
        if ids:
            self.put([Due(kind=kind, record_id=id_, row=None) for id_ in ids])

    def _unreadable(self, kind: Kind, made: Mapping[str, Stated]) -> Iterator[Drift]:
        odd = {id_: stated for id_, stated in made.items() if stated.unreadable}
        held = self.mirror.rows(kind, list(odd)) if odd else {}
        for id_, stated in odd.items():
            if drift := self.comparing.unreadable(kind, stated, held.get(id_)):
                yield drift


def _both(one: Compared, other: Compared) -> Compared:
    """Of two parts of one page; ``held`` and ``ahead`` are for repairs alone."""
    return replace(
        one,
        compared=one.compared + other.compared,
        copied=one.copied + other.copied,
        balances=Counter(one.balances) + Counter(other.balances),
        drifts=(*one.drifts, *other.drifts),
        left_alone=(*one.left_alone, *other.left_alone),
    )
