"""Sweeping: truth and mirror compared, page by page, with a record of what was compared."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from core.domain.drift import Cause, Drift
from core.domain.mirror import ID, Row
from core.domain.records import Kind
from core.domain.sweeps import Pass, Sweep, SweepMode, SweepState
from core.gateways.errors import GatewayError, StateConflict
from core.gateways.ports import Crm, Journal, Mirror
from core.services.comparing import Compared, Comparing

#: Records in one step. PostgREST gives 1,000 rows at most; HubSpot takes them as 10 batches.
PAGE = 1000
#: Pages compared at once: while one waits for its suspects, the others use the limit.
AT_ONCE = 3
#: HubSpot's search lags; what changed shortly before the last sweep is looked at again.
OVERLAP = timedelta(minutes=10)
#: An unfinished sweep saved within this is at work elsewhere.
ALIVE = timedelta(minutes=1)
#: One older than this is not gone on with: what it compared is too long ago.
RESUMABLE = timedelta(hours=6)
#: How long sweeps are kept.
KEPT = timedelta(days=90)
#: Before there was a HubSpot.
EVER = datetime(2006, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Ids to compare, their mirror rows if they were read, and where the next page begins."""

    ids: Sequence[str]
    held: Mapping[str, Row] | None
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeping:
    """Reads both stores, writes the history of sweeps, and changes neither."""

    crm: Crm
    mirror: Mirror
    journal: Journal
    comparing: Comparing
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def sweep(self, mode: SweepMode) -> Sweep:
        """Sweep to the end, from where an unfinished one of this mode stopped.

        Raises:
            GatewayError: a store went away. The sweep is paused; the next goes on from there.
            StateConflict: one of this mode is under way.
        """
        sweep = self._unfinished(mode) or self._begun(mode)
        try:
            for sweep, found in self._steps(sweep):  # noqa: B020 - the one that was saved last
                self.journal.save_sweep(sweep, found)
        except GatewayError as error:
            paused = replace(sweep, state=SweepState.PAUSED, error=str(error), saved_at=self.now())
            self.journal.save_sweep(self._counted(paused))
            raise
        done = replace(sweep, state=SweepState.COMPLETE, error="", saved_at=self.now())
        done = self._counted(done)
        self.journal.save_sweep(done)
        self.journal.forget_sweeps(before=self.now() - KEPT)
        return done

    def _counted(self, sweep: Sweep) -> Sweep:
        counts = self.journal.drift_counts(sweep.id)
        unexplained = counts.get(Cause.UNEXPLAINED, 0)
        return replace(sweep, drifting=sum(counts.values()), unexplained=unexplained)

    def _unfinished(self, mode: SweepMode) -> Sweep | None:
        newest = next(iter(self.journal.sweeps(modes=[mode], limit=1)), None)
        if newest is None or newest.complete or self.now() - newest.started_at > RESUMABLE:
            return None
        idle = self.now() - newest.saved_at
        if newest.state is SweepState.RUNNING and idle < ALIVE:
            told = f"a {mode} sweep is under way since {newest.started_at.isoformat()}"
            raise StateConflict(told, state=newest.state, at=newest.started_at)
        return replace(newest, state=SweepState.RUNNING, saved_at=self.now())

    def _begun(self, mode: SweepMode) -> Sweep:
        now = self.now()
        since = self._watermark() if mode is SweepMode.INCREMENTAL else None
        sweep = Sweep(id=self.new_id(), mode=mode, started_at=now, saved_at=now, since=since)
        self.journal.save_sweep(sweep)
        return sweep

    def _watermark(self) -> datetime:
        """When the last began that found all changes until then; one that failed counts not."""
        past = self.journal.sweeps(modes=[SweepMode.INCREMENTAL, SweepMode.FULL])
        started = [sweep.started_at for sweep in past if sweep.complete]
        return max(started) - OVERLAP if started else EVER

    def _steps(self, sweep: Sweep) -> Iterator[tuple[Sweep, Sequence[Drift]]]:
        while sweep.legs < len(sweep.plan):
            kind, way = sweep.plan[sweep.legs]
            merged = self._made_by_merge(sweep) if way is Pass.LIST else set()
            for page, made in self._compared(kind, self._pages(kind, way, sweep), merged):
                sweep = self._grown(sweep, kind, page, made)
                yield sweep, made.drifts
            sweep = replace(sweep, legs=sweep.legs + 1, after="", saved_at=self.now())
            yield sweep, ()

    def _compared(
        self, kind: Kind, pages: Iterator[_Page], merged: Collection[str]
    ) -> Iterator[tuple[_Page, Compared]]:
        """In the order of the pages, so that a cursor never passes one that failed."""

        def compare(page: _Page) -> Compared:
            return self.comparing.compare(kind, page.ids, page.held, made_by_merge=merged)

        with ThreadPoolExecutor(AT_ONCE, "sweep") as pool:
            pending = deque[tuple[_Page, Future[Compared]]]()
            for page in pages:
                pending.append((page, pool.submit(compare, page)))
                if len(pending) == AT_ONCE:
                    first, made = pending.popleft()
                    yield first, made.result()
            for rest, made in pending:
                yield rest, made.result()

    def _grown(self, sweep: Sweep, kind: Kind, page: _Page, made: Compared) -> Sweep:
        known = Counter(sweep.known) + Counter({kind.value: len(page.ids)})
        compared = Counter(sweep.compared) + Counter({kind.value: made.compared})
        return replace(
            sweep,
            after=page.after,
            known=dict(known),
            compared=dict(compared),
            left_alone=sweep.left_alone + len(made.left_alone),
            drifting=sweep.drifting + len(made.drifts),
            saved_at=self.now(),
        )

    def _made_by_merge(self, sweep: Sweep) -> set[str]:
        merged = self.journal.drifts(sweep.id, causes=[Cause.CONTACT_MERGED])
        return {str(drift.truth[ID]) for drift in merged if ID in drift.truth}

    # pages

    def _pages(self, kind: Kind, way: Pass, sweep: Sweep) -> Iterator[_Page]:
        match way:
            case Pass.MIRROR:
                return self._mirrored(kind, sweep.after)
            case Pass.LIST:
                return self._listed(kind, sweep.after)
            case Pass.SEARCH:
                return self._changed(kind, sweep.after, sweep.since or EVER)

    def _mirrored(self, kind: Kind, after: str) -> Iterator[_Page]:
        """The next page is read while one is compared."""
        with ThreadPoolExecutor(1, "sweep-pages") as ahead:
            rows = self.mirror.page(kind, after, PAGE)
            while rows:
                held = {str(row[ID]): row for row in rows}
                after = str(rows[-1][ID])
                coming = ahead.submit(self.mirror.page, kind, after, PAGE)
                yield _Page(ids=list(held), held=held, after=after)
                rows = coming.result()

    def _listed(self, kind: Kind, after: str) -> Iterator[_Page]:
        """Those that the mirror has no row of: the others were compared on the way through it."""
        while True:
            ids, after = self.crm.listed_ids(kind, after=after)
            held = self.mirror.rows(kind, ids)
            yield _Page(ids=[id_ for id_ in ids if id_ not in held], held={}, after=after)
            if not after:
                return

    def _changed(self, kind: Kind, after: str, since: datetime) -> Iterator[_Page]:
        ids = sorted(id_ for id_ in self.crm.changed_ids(kind, since) if id_ > after)
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            yield _Page(ids=page, held=None, after=page[-1])
