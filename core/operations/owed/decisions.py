"""Owed decisions: an admin says which unmarked cancelled bookings are owed and which are not.

Nothing here changes a credit or HubSpot: the words are kept in the journal
(docs/decisions/0028-owed-is-not-unmarked.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.credits.errors import BadList
from core.credits.records import BookingId
from core.credits.roles import Act, Actor
from core.credits.typed_reasons import reason_faults
from core.hubspot.ports.crm import Crm
from core.operations.choosing.select import BookingFinder, Selection
from core.operations.owed.check import OwedCheck
from core.operations.owed.rules import Owed
from core.operations.owed.settled import Baseline, OwedDecision
from core.operations.store.port import OperationStore

KEPT = "to give it back after all, refund it and include what was forfeited"
NO_REASON = "give a reason: it is kept with the decision and in the audit"
#: Decisions saved in one transaction, each with its entry in the audit.
PORTION = 500


@dataclass(frozen=True, slots=True)
class OwedChoice:
    """The bookings of a selection, as a decision would meet them."""

    #: Cancelled, without a refund mark, and not refunded by this desk: a decision can be made.
    open: tuple[Owed, ...]
    #: Of the others, why not.
    others: tuple[tuple[BookingId, str], ...]


@dataclass(frozen=True, slots=True)
class OwedDecisions:
    """The baseline of the adoption, and decisions on single bookings."""

    crm: Crm
    journal: OperationStore
    finding: BookingFinder
    check: OwedCheck
    now: Callable[[], datetime]

    def baseline(self, actor: Actor) -> Baseline | None:
        """The one that is in effect.

        Raises:
            NotAllowed: this person may not look students up.
        """
        actor.require(Act.LOOK_UP)
        return self.journal.baseline()

    def set_baseline(self, before: datetime, reason: str, actor: Actor) -> Baseline:
        """From now on what was cancelled before then is settled: not listed, not refunded.

        Raises:
            NotAllowed: this person may not decide what is owed.
            BadList: no reason was given, or the time lies ahead.
            StateConflict: another baseline is in effect.
        """
        actor.require(Act.DECIDE_OWED)
        _require_reason(reason)
        now = self.now()
        if before > now:
            told = f"{before.astimezone(UTC):%-d %B %Y %H:%M} UTC lies ahead"
            raise BadList([f"{told}: what is not cancelled yet cannot be settled"])
        baseline = Baseline(before=before, by=actor.email, at=now, reason=reason.strip())
        self.journal.set_baseline(baseline)
        return baseline

    def withdraw_baseline(self, reason: str, actor: Actor) -> Baseline:
        """What was cancelled before then is judged by its history again.

        Raises:
            NotAllowed: this person may not decide what is owed.
            BadList: no reason was given, or no baseline is in effect.
        """
        actor.require(Act.DECIDE_OWED)
        _require_reason(reason)
        before = self.journal.withdraw_baseline(
            by=actor.email, at=self.now(), reason=reason.strip()
        )
        if before is None:
            raise BadList(["no baseline is in effect"])
        return before

    def choice(self, selection: Selection, actor: Actor) -> OwedChoice:
        """What decisions on these bookings would meet. Changes nothing.

        Raises:
            NotAllowed: this person may not decide what is owed.
            BadList, GatewayError: as of a preview.
        """
        actor.require(Act.DECIDE_OWED)
        ids = self.finding.bookings(selection).ids
        bookings = self.crm.bookings(ids)
        found = {one.booking.id: one for one in self.check.of(bookings.values())}
        open_ = {id_: one for id_, one in found.items() if not one.forfeited}
        others = []
        for id_ in ids:
            if id_ in found and id_ not in open_:
                others.append((id_, f"{found[id_].forfeited}; {KEPT}"))
            elif id_ not in open_:
                others.append((id_, self.check.why_never_owed(bookings.get(id_))))
        return OwedChoice(tuple(open_.values()), tuple(others))

    def decide(self, found: Sequence[Owed], *, owed: bool, reason: str, actor: Actor) -> int:
        """Say of these that their credit is owed, or is not; how many.

        Raises:
            NotAllowed: this person may not decide what is owed.
            BadList: no reason was given, no booking is left to decide on, or the credit of one was
                kept on purpose.
            JournalError: the first ones may be decided; the same again decides all.
        """
        actor.require(Act.DECIDE_OWED)
        _require_reason(reason)
        if not found:
            raise BadList(["none of these is a cancelled booking without a refund mark"])
        if kept := [one for one in found if one.forfeited]:
            raise BadList([f"{one.booking.id} is {one.forfeited}; {KEPT}" for one in kept])
        at = self.now()
        decisions = [
            OwedDecision(
                booking_id=one.booking.id,
                owed=owed,
                by=actor.email,
                at=at,
                reason=reason.strip(),
            )
            for one in found
        ]
        for start in range(0, len(decisions), PORTION):
            self.journal.decide_owed(decisions[start : start + PORTION])
        return len(decisions)

    def withdraw(self, ids: Sequence[BookingId], reason: str, actor: Actor) -> set[BookingId]:
        """End the decisions on these: they are judged as all others; which had one.

        Raises:
            NotAllowed: this person may not decide what is owed.
            BadList: no reason was given, or nothing was decided of any.
        """
        actor.require(Act.DECIDE_OWED)
        _require_reason(reason)
        withdrawn: set[BookingId] = set()
        for start in range(0, len(ids), PORTION):
            withdrawn |= self.journal.withdraw_decisions(
                ids[start : start + PORTION], by=actor.email, at=self.now(), reason=reason.strip()
            )
        if not withdrawn:
            raise BadList(["no decision is in effect on any of these bookings"])
        return withdrawn


def _require_reason(reason: str) -> None:
    if faults := reason_faults(reason, missing=NO_REASON):
        raise BadList(faults)
