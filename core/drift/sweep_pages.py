"""Where a sweep goes: which records it comes upon, page by page, and where it stands after each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime

from core.credits.records import Kind
from core.drift.compare import Comparing
from core.drift.listing import ListReader
from core.drift.past_sweeps import last_whole
from core.drift.seen_ids import SeenIds
from core.drift.store.port import DriftStore
from core.drift.sweeps import Pass, Sweep, SweepMode
from core.hubspot.ports.crm import Crm, Listed
from core.mirror.by_parts import by_parts
from core.mirror.port import Mirror
from core.mirror.rows import ID, Row

#: Records in one step. PostgREST gives 1,000 rows at most; HubSpot takes them as 10 batches.
PAGE = 1000
#: Before there was a HubSpot.
EVER = datetime(2006, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPage:
    """Ids to compare, what was read of them already, and where the next page begins."""

    ids: Sequence[str]
    held: Mapping[str, Row] | None = None
    #: As HubSpot listed them.
    listed: Sequence[Listed] = ()
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPages:
    """Changes nothing."""

    crm: Crm
    mirror: Mirror
    journal: DriftStore
    comparing: Comparing
    #: Threads by number and name, or one that does everything at once.
    pool: Callable[[int, str], Executor]
    #: Pages of HubSpot's list asked for at once.
    listed_at_once: int

    def of(self, kind: Kind, way: Pass, sweep: Sweep, seen: SeenIds) -> Iterator[SweepPage]:
        """All that are left on this way, each with where to go on after it.

        ``seen``: what was listed on the way before, and is filled on the way through the list.

        Raises:
            GatewayError: one of the stores does not answer.
        """
        match way:
            case Pass.MIRROR:
                return self._mirrored(kind, sweep.after)
            case Pass.MISSED:
                return self._missed(kind, sweep)
            case Pass.LIST:
                at_least = 1 if sweep.mode is SweepMode.COPY else PAGE
                return self._listed(kind, sweep.after, seen, at_least)
            case Pass.UNLISTED:
                return self._unlisted(kind, sweep.after, seen)
            case Pass.SEARCH:
                return self._changed(kind, sweep.after, sweep.since or EVER)

    def _mirrored(self, kind: Kind, after: str) -> Iterator[SweepPage]:
        """The next page is read while one is compared."""
        with self.pool(1, "sweep-pages") as ahead:
            rows = self.mirror.page(kind, after, PAGE)
            while rows:
                held = {str(row[ID]): row for row in rows}
                after = str(rows[-1][ID])
                coming = ahead.submit(self.mirror.page, kind, after, PAGE)
                yield SweepPage(ids=list(held), held=held, after=after)
                rows = coming.result()

    def _missed(self, kind: Kind, sweep: Sweep) -> Iterator[SweepPage]:
        """What the last sweep of all rows found without a row, as far as it still has none.

        A row that has come since was compared on the way through the mirror.
        """
        last = last_whole(self.journal)
        found = self.journal.drifts(last.id) if last else []
        ids = sorted(d.record_id for d in found if d.kind is kind and not d.mirror)
        ids = [id_ for id_ in ids if id_ > sweep.after]
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            held = self.mirror.rows(kind, page)
            without = [id_ for id_ in page if id_ not in held]
            yield SweepPage(ids=without, held={}, after=page[-1])

    def _listed(self, kind: Kind, after: str, seen: SeenIds, at_least: int) -> Iterator[SweepPage]:
        """Listed with all that is to be compared: nothing of it is read a second time.

        ``at_least``: records in one step. A copy is made of what came; a check waits for more, for
        suspects are read again together.
        """
        with self.pool(self.listed_at_once, "sweep-list") as pool:
            extent = self.crm.extent(kind)
            reader = ListReader(
                crm=self.crm, kind=kind, extent=extent, pool=pool, at_once=self.listed_at_once
            )
            page = SweepPage(ids=(), after=after)
            for part in reader.parts(after):
                seen.add(part.ids)
                ids, listed = [*page.ids, *part.ids], [*page.listed, *part.pages]
                page = SweepPage(ids=ids, listed=listed, after=part.left)
                if len(ids) >= at_least:
                    yield page
                    page = SweepPage(ids=(), after=part.left)
            if page.ids:
                yield page

    def _unlisted(self, kind: Kind, after: str, seen: SeenIds) -> Iterator[SweepPage]:
        """Rows of records that were not listed: archived, merged, or never HubSpot's.

        Where another process read a part of the list, nobody remembers which ids it told. What
        HubSpot has by its own id was among them, and is not compared twice.
        """
        for page in self._mirrored(kind, after):
            held, ids = page.held or {}, seen.unseen(page.ids)
            if not seen.whole:
                ids = self._not_there(kind, ids)
            yield SweepPage(ids=ids, held={id_: held[id_] for id_ in ids}, after=page.after)

    def _not_there(self, kind: Kind, ids: Sequence[str]) -> list[str]:
        """Those of these that HubSpot has not, or has under another id, or that it cannot tell."""

        def some(part: Sequence[str]) -> set[str]:
            found = self.comparing.records(kind, part)
            return {id_ for id_, record in found.items() if record.id == id_}

        parts, _ = by_parts(ids, some, self.comparing.reachable)
        there = set[str]().union(*parts)
        return [id_ for id_ in ids if id_ not in there]

    def _changed(self, kind: Kind, after: str, since: datetime) -> Iterator[SweepPage]:
        ids = sorted(id_ for id_ in self.crm.changed_ids(kind, since) if id_ > after)
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            yield SweepPage(ids=page, after=page[-1])
