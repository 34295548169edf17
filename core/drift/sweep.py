"""Sweeping: truth and mirror compared, page by page, with a record of what was compared.

A first copy is a sweep as well: it goes through HubSpot's list, is saved and gone on with as any
other, and gives a row to what the mirror has none of (``filling``).
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.audit.store.event_port import Event
from core.credits.errors import GatewayError
from core.credits.records import Kind
from core.credits.roles import Act, Actor
from core.drift.causes import Cause
from core.drift.compare import Compared, Comparing
from core.drift.copying.filling import Filling
from core.drift.differences import Drift
from core.drift.listing import AT_ONCE as LISTED_AT_ONCE
from core.drift.seen_ids import SeenIds
from core.drift.store.port import DriftStore
from core.drift.store.trends_port import Gauge, Measure
from core.drift.sweep_pages import EVER, SweepPage, SweepPages
from core.drift.sweeps import LISTING, READING, Pass, Sweep, SweepMode, SweepState
from core.hubspot.ports.crm import Crm
from core.mirror.port import Mirror
from core.mirror.rows import ID
from core.work.backoff import pause
from core.work.engine_port import Engine
from core.work.inline_executor import InlineExecutor
from core.work.work import Work, key_of

log = logging.getLogger(__name__)

#: Pages compared at once: while one waits for its suspects, the others use the limit.
AT_ONCE = 3
#: HubSpot's search lags; what changed shortly before the last sweep is looked at again.
OVERLAP = timedelta(minutes=10)
#: One older than this is not gone on with: what it compared is too long ago.
RESUMABLE = timedelta(hours=6)
#: How long sweeps are kept.
KEPT = timedelta(days=90)
#: A sweep of one of these compares all that one of that mode does.
COVERED_BY = {
    SweepMode.KNOWN: (SweepMode.KNOWN, SweepMode.FULL),
    SweepMode.INCREMENTAL: (SweepMode.INCREMENTAL, *LISTING),
    SweepMode.FULL: (SweepMode.FULL,),
    SweepMode.COPY: (SweepMode.COPY,),
}
RUNNING = SweepState.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRunner:
    """Reads both stores and writes the history of sweeps. Only a copy changes one: the mirror."""

    crm: Crm
    mirror: Mirror
    journal: DriftStore
    engine: Engine
    comparing: Comparing
    filling: Filling
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    #: Given the sweep that ended: some of what it found needs no person's word to be mended.
    mend_unattended: Callable[[str], object]
    #: Pages compared at once; 1: all in this thread, one thing after the other.
    at_once: int = AT_ONCE
    #: Pages of HubSpot's list asked for at once.
    listed_at_once: int = LISTED_AT_ONCE

    def ask(self, mode: SweepMode, actor: Actor) -> Sweep:
        """Have one swept; at once, for the engine carries it. One of this mode that has not ended
        is the one asked for.

        Raises:
            NotAllowed: this person may not watch drift; a copy: may not change many records.
        """
        actor.require(Act.WATCH if mode in READING else Act.MEND_MIRROR)
        return self.ask_unattended(mode, by=actor.email)

    def ask_unattended(self, mode: SweepMode, *, by: str, sweep_id: str = "") -> Sweep:
        """For schedules and scripts. Asking again with the same id is the same sweep."""
        now = self.now()
        asked = Sweep(
            id=sweep_id or self.new_id(),
            mode=mode,
            state=SweepState.ASKED,
            started_at=now,
            saved_at=now,
            asked_by=by,
        )
        sweep = self.journal.ask_sweep(asked)
        if sweep == asked:
            self._tell(sweep, by, f"asked for a {'sweep' if mode in READING else 'copy'}")
        if not sweep.ended:
            self.engine.submit(key_of(Work.SWEEP, sweep.id))
        return sweep

    def standing(self, sweep_id: str) -> Sweep:
        """Where one stands, for the script that asked for it. Raises ``UnknownId``."""
        return self.journal.sweep(sweep_id)

    def found(self, sweep_id: str, *, limit: int) -> tuple[dict[Cause, int], list[Drift]]:
        """The same script's: how many records drift for each cause, and ``limit`` of them."""
        return self.journal.drift_counts(sweep_id), self.journal.drifts(sweep_id, limit=limit)

    def nothing_copied(self, actor: Actor) -> bool:
        """Whether the mirror has no row of any contact, as before a first copy. Asks it.

        Raises:
            NotAllowed: this person may not watch drift.
            GatewayError: the mirror does not answer.
        """
        actor.require(Act.WATCH)
        return not self.mirror.page(Kind.CONTACT, "", 1)

    def carry_out(self, sweep_id: str) -> datetime | None:
        """For the engine: go on from where it was saved. None: ended. A time: look again then.

        Raises:
            Superseded: another process has it.
        """
        sweep = self.journal.take_sweep(sweep_id)
        if sweep.ended:
            return None
        if sweep.state is SweepState.ASKED:
            sweep = self._begun(sweep)
        elif self.now() - sweep.started_at > RESUMABLE:
            self._give_up(sweep)
            return None
        sweep = replace(sweep, state=RUNNING, error="", next_try_at=None)
        try:
            sweep = self._expecting(sweep)
            for sweep, found in self._steps(sweep):  # noqa: B020 - the one that was saved last
                self.journal.save_sweep(sweep, found)
        except GatewayError as error:
            return self._pause(sweep, error)
        self._complete(sweep)
        return None

    def unfinished(self, mode: SweepMode, since: datetime) -> str:
        """Why no sweep as good as one of this mode was completed since then; "" when one was."""
        newest = self.journal.sweeps(modes=COVERED_BY[mode], limit=5)
        if any(sweep.complete and sweep.saved_at >= since for sweep in newest):
            return ""
        for sweep in newest:
            if not sweep.complete:
                return f"{sweep.state} since {sweep.started_at.isoformat()}: {sweep.error}"
        return "none was asked for"

    def _begun(self, sweep: Sweep) -> Sweep:
        now = self.now()
        since = self._watermark() if sweep.mode is SweepMode.INCREMENTAL else None
        begun = replace(sweep, state=RUNNING, started_at=now, saved_at=now, since=since)
        self.journal.save_sweep(begun)
        return begun

    def _expecting(self, sweep: Sweep) -> Sweep:
        """With how many records it will come upon, if it lists them, so that people are told."""
        if sweep.mode not in LISTING or sweep.expected:
            return sweep
        return replace(sweep, expected={each.value: self.crm.extent(each).total for each in Kind})

    def _pause(self, sweep: Sweep, error: GatewayError) -> datetime:
        """It is saved why, and that it goes on by itself."""
        again = self.now() + pause(error, sweep.failures)
        log.warning("the %s sweep %s is paused until %s: %s", sweep.mode, sweep.id, again, error)
        paused = replace(
            sweep,
            state=SweepState.PAUSED,
            error=str(error),
            failures=sweep.failures + 1,
            next_try_at=again,
            saved_at=self.now(),
        )
        self.journal.save_sweep(self._counted(paused))
        return again

    def _give_up(self, sweep: Sweep) -> None:
        ended = replace(sweep, state=SweepState.GIVEN_UP, next_try_at=None, saved_at=self.now())
        self.journal.save_sweep(self._counted(ended))
        self._tell(ended, "", "gave a sweep up")

    def _complete(self, sweep: Sweep) -> None:
        done = replace(sweep, state=SweepState.COMPLETE, saved_at=self.now())
        # before it has ended: whoever takes it up after a crash measures again
        self.journal.add_measures(list(self._outstanding(done)))
        self.journal.save_sweep(self._counted(done))
        self.mend_unattended(sweep.id)
        self.journal.forget_sweeps(before=self.now() - KEPT)

    def _counted(self, sweep: Sweep) -> Sweep:
        counts = self.journal.drift_counts(sweep.id)
        unexplained = counts.get(Cause.UNEXPLAINED, 0)
        return replace(sweep, drifting=sum(counts.values()), unexplained=unexplained)

    def _outstanding(self, sweep: Sweep) -> Iterator[Measure]:
        """Of one that lists all: any other leaves students out."""
        if sweep.mode in LISTING:
            for credit in self.comparing.catalogue.keys:
                held = float(sweep.balances.get(credit, 0))
                yield Measure(at=sweep.saved_at, gauge=Gauge.OUTSTANDING, of=credit, value=held)

    def _tell(self, sweep: Sweep, actor: str, what: str) -> None:
        detail = {"sweep": sweep.id, "mode": sweep.mode.value}
        if sweep.error:
            detail["error"] = sweep.error
        self.journal.record(Event(at=self.now(), actor=actor, what=what, detail=detail))

    def _watermark(self) -> datetime:
        """When the last began that found all changes until then; one that failed counts not."""
        past = self.journal.sweeps(modes=COVERED_BY[SweepMode.INCREMENTAL])
        started = [sweep.started_at for sweep in past if sweep.complete]
        return max(started) - OVERLAP if started else EVER

    def _steps(self, sweep: Sweep) -> Iterator[tuple[Sweep, Sequence[Drift]]]:
        seen, pages = SeenIds(whole=False), self._pages()
        while sweep.legs < len(sweep.plan):
            kind, way = sweep.plan[sweep.legs]
            if way is Pass.LIST:
                seen = SeenIds(whole=not sweep.after)
            for page, made in self._compared(sweep, kind, pages.of(kind, way, sweep, seen)):
                sweep = self._grown(sweep, kind, page, made)
                yield sweep, made.drifts
            sweep = replace(sweep, legs=sweep.legs + 1, after="", saved_at=self.now())
            yield sweep, ()

    def _compared(
        self, sweep: Sweep, kind: Kind, pages: Iterator[SweepPage]
    ) -> Iterator[tuple[SweepPage, Compared]]:
        """In the order of the pages, so that a cursor never passes one that failed."""
        merged = self._made_by_merge(sweep)
        fill = sweep.mode is SweepMode.COPY

        def compare(page: SweepPage) -> Compared:
            if page.listed:
                return self.filling.compared(kind, page.listed, fill=fill)
            return self.comparing.compare(kind, page.ids, page.held, made_by_merge=merged)

        with self._pool(self.at_once, "sweep") as pool:
            pending = deque[tuple[SweepPage, Future[Compared]]]()
            for page in pages:
                pending.append((page, pool.submit(compare, page)))
                if len(pending) == self.at_once:
                    first, made = pending.popleft()
                    yield first, made.result()
            for rest, made in pending:
                yield rest, made.result()

    def _grown(self, sweep: Sweep, kind: Kind, page: SweepPage, made: Compared) -> Sweep:
        known = Counter(sweep.known) + Counter({kind.value: len(page.ids)})
        compared = Counter(sweep.compared) + Counter({kind.value: made.compared})
        return replace(
            sweep,
            after=page.after,
            known=dict(known),
            compared=dict(compared),
            copied=dict(Counter(sweep.copied) + Counter({kind.value: made.copied})),
            balances=dict(Counter(sweep.balances) + Counter(made.balances)),
            left_alone=sweep.left_alone + len(made.left_alone),
            drifting=sweep.drifting + len(made.drifts),
            pages=sweep.pages + 1,
            failures=0,
            saved_at=self.now(),
        )

    def _made_by_merge(self, sweep: Sweep) -> set[str]:
        merged = self.journal.drifts(sweep.id, causes=[Cause.CONTACT_MERGED])
        return {str(drift.truth[ID]) for drift in merged if ID in drift.truth}

    def _pages(self) -> SweepPages:
        return SweepPages(
            crm=self.crm,
            mirror=self.mirror,
            journal=self.journal,
            comparing=self.comparing,
            pool=self._pool,
            listed_at_once=self.listed_at_once,
        )

    def _pool(self, size: int, name: str) -> Executor:
        return InlineExecutor() if self.at_once == 1 else ThreadPoolExecutor(size, name)
