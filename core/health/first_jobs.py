"""What somebody who tries the desk can begin with, found in its data as they are now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from core.credits.records import BookingId, BookingStatus, ContactId, ExamId, Kind
from core.credits.roles import Act, Actor, Role
from core.credits.sessions import Counts, Opening
from core.drift.past_sweeps import last_whole
from core.drift.repair import RepairRunner
from core.drift.store.trends_port import Narrow
from core.health.store.port import HealthStore
from core.hubspot.ports.crm import Crm
from core.mirror.port import Mirror
from core.operations.owed.check import OwedCheck
from core.operations.owed.rules import waiting
from core.operations.states import ItemState
from core.students.exam_sessions import ExamSessions
from core.work.kept_answers import KeptAnswers


class Try(StrEnum):
    """A kind of thing to do or to look at."""

    REFUND = "refund what is owed"
    STUDENT = "see a student's history"
    EXAM = "cancel an exam"
    BOOKING = "cancel a booking"
    DRIFT = "repair or see a drift"


#: What each role can do, most telling first.
OFFERED: Mapping[Role, tuple[Try, ...]] = {
    Role.ADMIN: (Try.REFUND, Try.STUDENT, Try.EXAM, Try.DRIFT),
    Role.MANAGER: (Try.DRIFT, Try.STUDENT),
    Role.STAFF: (Try.STUDENT, Try.BOOKING),
}

assert OFFERED.keys() == set(Role), "each role can begin with something"

#: How many candidates are read before nothing is offered.
BOOKINGS, DRIFTS, OPERATIONS, ITEMS = 40, 5, 60, 200
#: What is offered may be so many seconds old: nothing that counts is read through here.
KEPT_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstJob:
    """One thing to do, and what it would be done to."""

    kind: Try
    #: HubSpot's id of the student or the exam.
    of: str
    #: What people call it: the student's name, the exam's type.
    name: str
    #: Of a refund the credits owed, of an exam its active bookings; else 0.
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstJobs:
    """Reads only: about ten calls to HubSpot and three to Supabase, for all people of a role.
    What was found is kept for ``KEPT_S``.
    """

    crm: Crm
    mirror: Mirror
    journal: HealthStore
    check: OwedCheck
    exam_sessions: ExamSessions
    repairing: RepairRunner
    now: Callable[[], datetime]
    _kept: KeptAnswers = field(default_factory=KeptAnswers)

    def found(self, actor: Actor) -> Sequence[FirstJob]:
        """At most one of each kind that is offered to this person's role.

        Raises:
            NotAllowed: this person may not look anything up.
            GatewayError: a store cannot be read.
        """
        actor.require(Act.LOOK_UP)
        moment = int(self.now().timestamp()) // KEPT_S
        return self._kept.ask(actor.role, moment, lambda: self._look(actor))

    def _look(self, actor: Actor) -> Sequence[FirstJob]:
        looks: Mapping[Try, Callable[[Actor], FirstJob | None]] = {
            Try.REFUND: self._refund,
            Try.STUDENT: self._student,
            Try.EXAM: self._exam,
            Try.BOOKING: self._booking,
            Try.DRIFT: self._drift,
        }
        return tuple(job for kind in OFFERED[actor.role] if (job := looks[kind](actor)))

    def _refund(self, _: Actor) -> FirstJob | None:
        """To whom the most is owed, among the first bookings, where every balance can be read."""
        ids = [BookingId(id_) for id_ in self.mirror.unrefunded("", BOOKINGS)]
        owed = waiting(self.check.of(self.crm.bookings(ids).values()))
        credits_ = Counter(one.contact_id for one in owed if one.contact_id)
        contacts = self.crm.contacts(credits_)
        for id_, number in credits_.most_common():
            contact = contacts[id_]
            spent = {one.credit for one in owed if one.contact_id == id_}
            if contact is not None and spent <= contact.balances.keys():
                return FirstJob(kind=Try.REFUND, of=contact.id, name=contact.name, number=number)
        return None

    def _student(self, _: Actor) -> FirstJob | None:
        """To whom the latest operations did the most."""
        names: dict[ContactId, str] = {}
        times: Counter[ContactId] = Counter()
        for operation in self.journal.operations(limit=OPERATIONS):
            rows = self.journal.items(operation.id, states=[ItemState.DONE], limit=BOOKINGS)
            named = {row.contact_id: row.contact_name for row in rows if row.contact_name}
            names = {id_: name for id_, name in named.items() if id_} | names
            times.update(row.contact_id for row in rows if row.contact_id in names)
            if times.total() >= ITEMS:
                break
        for id_, _times in times.most_common(1):
            return FirstJob(kind=Try.STUDENT, of=id_, name=names[id_])
        return None

    def _exam(self, actor: Actor) -> FirstJob | None:
        """The one with the most bookings."""
        for id_, name, counts in self._exams(actor):
            return FirstJob(kind=Try.EXAM, of=id_, name=name, number=counts.active)
        return None

    def _booking(self, actor: Actor) -> FirstJob | None:
        """A student who is booked on one of the fullest exams."""
        for id_, *_ in self._exams(actor):
            detailed = self.exam_sessions.session(id_, actor)
            for one in detailed.bookings if detailed else ():
                name = detailed and one.contact_id and detailed.names.get(one.contact_id)
                if one.status is BookingStatus.ACTIVE and name:
                    return FirstJob(kind=Try.BOOKING, of=str(one.contact_id), name=name)
        return None

    def _exams(self, actor: Actor) -> Iterator[tuple[ExamId, str, Counts]]:
        """Open ones of later days with bookings, in no operation's hands; the fullest first."""
        tomorrow = self.now().date() + timedelta(days=1)
        listed = self.exam_sessions.sessions(tomorrow, None, actor).sessions
        booked = [(one.exam, one.counts) for one in listed if one.counts and one.counts.active]
        for exam, counts in sorted(booked, key=lambda each: -each[1].active):
            busy = self.journal.items_of_exam(exam.id, ended_since=self.now())
            if exam.is_active == Opening.ACTIVE and not exam.cancelled and not busy:
                yield ExamId(exam.id), exam.mock_type or exam.name, counts

    def _drift(self, actor: Actor) -> FirstJob | None:
        """A student with a wrong balance in Supabase, by the last check and at this moment."""
        sweep = last_whole(self.journal)
        narrow = Narrow(kinds=frozenset({Kind.CONTACT}), credits=self.check.catalogue.keys)
        rows = self.journal.drift_page(sweep.id, narrow, limit=DRIFTS).rows if sweep else ()
        contacts = self.crm.contacts([ContactId(row.record_id) for row in rows])
        for row in rows:
            contact = contacts[ContactId(row.record_id)]
            still = self.repairing.of_record(row.record_id, actor)
            if contact is not None and any(each.repairable for each in still):
                return FirstJob(kind=Try.DRIFT, of=row.record_id, name=contact.name)
        return None
