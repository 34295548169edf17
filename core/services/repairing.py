"""Repairing: the truth copied over the mirror, and both read again as proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from core.domain.drift import Cause, Drift
from core.domain.records import Kind
from core.domain.roles import Act, Actor
from core.domain.selections import BadList
from core.domain.sweeps import Sweep, SweepMode
from core.gateways.ports import Due, Event, Journal
from core.services.comparing import Comparing
from core.services.mirroring import Mirroring

#: How long a repair waits for its copies. What is later still happens.
PATIENCE = timedelta(minutes=2)
#: Records compared at a time.
PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What a repair came to, by a fresh read of both stores."""

    repaired: tuple[Drift, ...] = ()
    #: As they are now.
    still: tuple[Drift, ...] = ()
    #: Their cause needs a person; nothing was tried.
    not_repairable: tuple[Drift, ...] = ()
    #: The desk is writing or copying them at this moment.
    left_alone: int = 0


@dataclass(frozen=True, slots=True)
class Repairing:
    """The truth always wins: nothing is written to HubSpot."""

    comparing: Comparing
    mirroring: Mirroring
    journal: Journal
    now: Callable[[], datetime]

    def of_record(self, record_id: str) -> list[Drift]:
        """The drift of this record as it is now, whatever kind has the id."""
        return [drift for kind in Kind for drift in self._now(kind, [record_id])]

    def of_cause(self, cause: Cause) -> list[Drift]:
        """What the last complete sweep found for this cause, as far as it still drifts.

        Raises:
            BadList: no sweep was completed yet.
        """
        found = self.journal.drifts(self._last_sweep().id, causes=[cause])
        return [drift for kind, ids in _by_kind(found) for drift in self._now(kind, ids)]

    def repair(self, drifts: Sequence[Drift], actor: Actor) -> Repaired:
        """Copy the truth over these, wait for the copies, and read both stores again.

        Raises:
            NotAllowed: this person may not repair.
            GatewayError: a store cannot be read; copies that are due still happen.
        """
        actor.require(Act.RUN_BATCHES)
        wanted = [drift for drift in drifts if drift.repairable]
        self.mirroring.put(
            [Due(kind=each.kind, record_id=each.record_id, row=None) for each in wanted]
        )
        self.mirroring.wait_until_empty(self.now() + PATIENCE)
        still, alone = list[Drift](), set[tuple[Kind, str]]()
        for kind, ids in _by_kind(wanted):
            made = self.comparing.compare(kind, ids)
            still += made.drifts
            alone |= {(kind, id_) for id_ in made.left_alone}
        wrong = {(each.kind, each.record_id) for each in still} | alone
        done = [each for each in wanted if (each.kind, each.record_id) not in wrong]
        self._tell(actor, done, still)
        return Repaired(
            repaired=tuple(done),
            still=tuple(still),
            not_repairable=tuple(drift for drift in drifts if not drift.repairable),
            left_alone=len(alone),
        )

    def _now(self, kind: Kind, ids: Sequence[str]) -> Iterator[Drift]:
        yield from self.comparing.compare(kind, ids).drifts

    def _last_sweep(self) -> Sweep:
        modes = [SweepMode.KNOWN, SweepMode.FULL]
        for sweep in self.journal.sweeps(modes=modes):
            if sweep.complete:
                return sweep
        raise BadList(["no sweep was completed yet: run python -m core sweep --full"])

    def _tell(self, actor: Actor, done: Sequence[Drift], still: Sequence[Drift]) -> None:
        if not done and not still:
            return
        detail = {
            "repaired": [f"{each.kind} {each.record_id}: {each.cause}" for each in done],
            "still": [f"{each.kind} {each.record_id}: {each.cause}" for each in still],
        }
        event = Event(at=self.now(), actor=actor.email, what="repaired the mirror", detail=detail)
        self.journal.add_event(event)


def _by_kind(drifts: Sequence[Drift]) -> Iterator[tuple[Kind, list[str]]]:
    """At most a page of ids each."""
    order = list(Kind)
    ranked = sorted(drifts, key=lambda drift: order.index(drift.kind))
    for kind, group in groupby(ranked, key=lambda drift: drift.kind):
        ids = [drift.record_id for drift in group]
        for start in range(0, len(ids), PAGE):
            yield kind, ids[start : start + PAGE]
