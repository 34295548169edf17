"""Planning: a preview is a plan, judged on fresh reads, frozen and stored with its id."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from core.domain.credits import Catalogue
from core.domain.owed import Owed, heeding
from core.domain.plans import (
    Judge,
    Plan,
    Row,
    Verdict,
    contacts_named,
    plan_rows,
    with_current_hint,
)
from core.domain.records import Booking, BookingId, ItemKey
from core.domain.roles import Act, Actor
from core.domain.terms import ORDINARY, Inclusion, Terms
from core.domain.verdicts import OperationKind
from core.gateways.ports import Crm, Journal
from core.operations.kinds.permissions import act_for
from core.operations.kinds.registry import booking_of, chosen_kind_of
from core.services.finding import ByContact, ByIds, ByReference, Finding, Selection
from core.services.owed_check import OwedCheck
from core.services.preflight import Preflight

#: A preview older than this is made anew: too much may have changed for a person to confirm it.
PLAN_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Planning:
    """Nothing here changes a credit."""

    crm: Crm
    journal: Journal
    finding: Finding
    catalogue: Catalogue
    preflight: Preflight
    now: Callable[[], datetime]
    #: The school's, by whose clock an exam begins and is over.
    zone: tzinfo
    new_id: Callable[[], str]
    check: OwedCheck

    def preview(
        self,
        kind: OperationKind,
        selection: Selection,
        actor: Actor,
        *,
        include: frozenset[Inclusion] = ORDINARY,
        without: Collection[str] = (),
    ) -> Plan:
        """What this operation would do to each booking chosen. Stored before it is returned.

        ``include``: what an admin includes on purpose that would be blocked otherwise.
        ``without``: bookings that are left out, by record id or ``booking_id``.

        Raises:
            NotAllowed: the actor may not run batches, or not include these; staff cancel for one
                student alone.
            BadList, NotReady, GatewayError: as ``judged``; nothing was stored.
        """
        plan = self.judged(kind, selection, actor, include=include, without=without)
        actor.require(act_for(plan))
        self.journal.save_plan(plan)
        return plan

    def judged(
        self,
        kind: OperationKind,
        selection: Selection,
        actor: Actor,
        *,
        plan_id: str = "",
        include: frozenset[Inclusion] = ORDINARY,
        without: Collection[str] = (),
    ) -> Plan:
        """The same, not stored, and perhaps not this actor's to confirm.

        Raises:
            UnknownKind: no bookings are chosen for operations of this kind.
            NotAllowed: the actor may not cancel even for one student, or not include these.
            BadList: nothing or too much was chosen, references that no booking has, or what is
                left out was not chosen.
            NotReady: HubSpot lacks what the writes would need, all of it named.
            GatewayError: HubSpot did not answer.
        """
        least = chosen_kind_of(kind).least(few=_few(selection))
        actor.require(Act.RUN_BATCHES if include else least)
        self.preflight.check(chosen_kind_of(kind).also_needs)
        found = self.finding.bookings(selection)
        left = self.finding.among(found, without)
        made_at = self.now()
        rows = self._rows(kind, found.ids, include, left)
        return Plan(
            id=plan_id or self.new_id(),
            kind=kind,
            selection=found.words,
            made_by=actor.email,
            made_at=made_at,
            expires_at=made_at + PLAN_LIFE,
            rows=rows,
            include=include,
            caveat=found.caveat,
        )

    def afresh(self, plan: Plan) -> tuple[Row, ...]:
        """The same bookings, judged on fresh reads.

        Raises:
            NotReady, GatewayError: as ``preview``.
        """
        self.preflight.check(chosen_kind_of(plan.kind).also_needs)
        ids = [booking_of(row, plan.kind) for row in plan.rows]
        return self._rows(plan.kind, ids, plan.include, plan.excluded)

    def _rows(
        self,
        kind: OperationKind,
        ids: Sequence[BookingId],
        include: frozenset[Inclusion],
        without: Collection[ItemKey],
    ) -> tuple[Row, ...]:
        of = chosen_kind_of(kind)
        bookings = self.crm.bookings(ids)
        contacts = self.crm.contacts(contacts_named(bookings.values()))
        terms = Terms(at=self.now(), zone=self.zone, include=include)
        if not of.of_owed:
            return plan_rows(of.judge, ids, bookings, contacts, self.catalogue, terms, without)
        current = [with_current_hint(one, contacts) for one in bookings.values() if one]
        given = [one for one in current if self._gives_back(of.judge, one, terms)]
        kept_too = Inclusion.FORFEITED in include
        found = {one.booking.id: one for one in self.check.of(given, kept_too=kept_too)}
        judge = heeding(of.judge, found)
        rows = plan_rows(judge, ids, bookings, contacts, self.catalogue, terms, without)
        return tuple(_told(row, found.get(booking_of(row, kind))) for row in rows)

    def _gives_back(self, judge: Judge, booking: Booking, terms: Terms) -> bool:
        """Whether by its own fields its credit is to be given back."""
        return judge(booking, self.catalogue, terms).verdict is Verdict.WILL_CHANGE


def _told(row: Row, found: Owed | None) -> Row:
    """Whoever gives back what an admin took on purpose, or decided on, sees who and why."""
    if found is None or row.verdict is not Verdict.WILL_CHANGE:
        return row
    words = [found.forfeited, found.taken_back, found.decision, row.detail]
    return replace(row, detail="; ".join(str(word) for word in words if word))


def _few(selection: Selection) -> bool:
    """Whether the choice names bookings, or one student."""
    return isinstance(selection, ByIds | ByReference) or (
        isinstance(selection, ByContact) and len(selection.ids) == 1
    )
