"""Exam sessions as staff see them, and what an admin may change of one: whether it is open."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from core.audit.entries import Entry, Subject, What
from core.credits.catalogue import Catalogue
from core.credits.errors import GatewayError
from core.credits.records import (
    TOTAL_BOOKINGS,
    Booking,
    BookingId,
    CancelledExam,
    ContactId,
    Exam,
    ExamId,
    Kind,
)
from core.credits.roles import Act, Actor
from core.credits.sessions import ExamChange, Opening, Session, count
from core.credits.writes import QUIET_PERIOD
from core.hubspot.ports.crm import Fate, Outcome
from core.hubspot.ports.lookup import CrmLookUp
from core.mirror.copier import MirrorCopier
from core.mirror.port import MirrorLookUp, MirrorRow
from core.mirror.rows import moment, source_time
from core.mirror.store.outbox_port import Due
from core.operations.choosing.exams import exam_read, with_cancellations
from core.operations.owed.check import OwedCheck
from core.operations.owed.rules import waiting
from core.students.search import name_of
from core.students.store.port import StudentStore

#: Sessions of one list.
SESSIONS_MAX = 1000
#: A change whose outcome is unknown is read back and, if need be, sent so often.
TRIES = 3
CHANGED = "changed an exam"
#: Before any version of a record.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Sessions of some days."""

    sessions: tuple[Session, ...]
    #: Why the mirror was not used; then nothing is counted.
    mirror_fault: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Detailed:
    """One session, live from HubSpot."""

    session: Session
    bookings: tuple[Booking, ...]
    #: What to call the students, as far as the mirror knows them.
    names: Mapping[ContactId, str]
    read_at: datetime
    #: Whose credits students wait for; without what an admin took back.
    owed: tuple[BookingId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamSessions:
    """Lists come from the mirror; what is opened, and all that counts, from HubSpot."""

    crm: CrmLookUp
    mirror: MirrorLookUp
    journal: StudentStore
    mirroring: MirrorCopier
    catalogue: Catalogue
    now: Callable[[], datetime]
    check: OwedCheck
    #: Longer than a request can be on its way.
    quiet: timedelta = QUIET_PERIOD

    def sessions(self, since: date | None, until: date | None, actor: Actor) -> Listed:
        """Soonest first; from HubSpot's search, uncounted, when the mirror does not answer.

        Raises:
            NotAllowed: this person may not look exams up.
            GatewayError: neither of the two answers.
        """
        actor.require(Act.LOOK_UP)
        tokens = [credit.token for credit in self.catalogue.credits]
        try:
            rows = self.mirror.sessions(since, until, tokens, limit=SESSIONS_MAX)
        except GatewayError as error:
            searched = self.crm.search_exams(since=since, until=until, limit=SESSIONS_MAX)
            exams = with_cancellations(self.journal, searched)
            found = tuple(Session(exam=exam, counts=None) for exam in exams)
            return Listed(sessions=found, mirror_fault=str(error), more=len(found) >= SESSIONS_MAX)
        exams = with_cancellations(self.journal, [_exam(row) for row, _ in rows])
        counted = zip(exams, (counts for _, counts in rows), strict=True)
        held = tuple(Session(exam=exam, counts=counts) for exam, counts in counted)
        return Listed(sessions=held, more=len(held) >= SESSIONS_MAX)

    def exam(self, id_: ExamId) -> Exam | None:
        """As HubSpot states it now, with the desk's word on it. None: no such exam.

        Raises:
            GatewayError: HubSpot or the journal does not answer.
        """
        return exam_read(self.crm, self.journal, id_)

    def session(self, id_: ExamId, actor: Actor) -> Detailed | None:
        """One session with its bookings, as HubSpot states them now. None: no such exam.

        Raises:
            NotAllowed: this person may not look exams up.
            GatewayError: HubSpot does not answer.
        """
        actor.require(Act.LOOK_UP)
        exam = self.exam(id_)
        if exam is None:
            return None
        ids = self.crm.booking_ids_of(Kind.EXAM, [exam.id]).get(exam.id, ())
        bookings = [one for one in self.crm.bookings(ids).values() if one is not None]
        wait = [one.booking.id for one in waiting(self.check.of(bookings))]
        session = Session(exam=exam, counts=count(bookings, len(wait)))
        return Detailed(
            session=session,
            bookings=tuple(bookings),
            names=self._names({each.contact_id for each in bookings if each.contact_id}),
            read_at=self.now(),
            owed=tuple(wait),
        )

    def change(self, id_: ExamId, change: ExamChange, actor: Actor) -> Outcome:
        """Open, close or schedule one exam, in HubSpot at once and in the mirror soon.

        One that is cancelled is only closed: nothing else is sent for it.

        Raises:
            NotAllowed: this person may not.
            GatewayError: what became of it cannot be read back.
        """
        actor.require(Act.RUN_BATCHES)
        exam = self.exam(id_)
        if exam is None:
            return Outcome(fate=Fate.REFUSED, reason="the exam is gone from HubSpot")
        if exam.cancelled and change.opening is not Opening.INACTIVE:
            return _refused(exam.cancelled)
        entry = _entry(exam, change, actor, self.now())
        self.journal.record(entry)  # before it is sent: what becomes of it may stay unknown
        outcome = self.set({ExamId(exam.id): change})[ExamId(exam.id)]
        what_came = {"outcome": outcome.fate.value, "why": outcome.reason}
        answered = replace(entry, at=self.now(), what=What.EXAM_ANSWERED, detail=what_came)
        self.journal.record(answered)
        return outcome

    def set(self, changes: Mapping[ExamId, ExamChange]) -> dict[ExamId, Outcome]:
        """Set these, read back what is unknown, and have all that may have changed copied.

        The values are absolute, so that a request sent twice changes nothing more. The copies are
        due before anything is sent, for when no request can be on its way any more; they are made
        at once where it is known what became of it.

        Raises:
            GatewayError: what became of one cannot be read back; copies are due all the same.
            JournalError: nothing was sent, or nobody knows whether one was cancelled meanwhile.
        """
        outcomes = self._set(changes)
        return outcomes | self._closed_again(changes)

    def _closed_again(self, changes: Mapping[ExamId, ExamChange]) -> dict[ExamId, Outcome]:
        """Those that an admin cancelled as they were being opened: closed, and refused."""
        opened = [i for i, change in changes.items() if change.opening is not Opening.INACTIVE]
        late = self.journal.cancelled_exams(opened) if opened else {}
        if late:
            self._set({id_: ExamChange(opening=Opening.INACTIVE) for id_ in late})
        return {id_: _refused(word) for id_, word in late.items()}

    def _set(self, changes: Mapping[ExamId, ExamChange]) -> dict[ExamId, Outcome]:
        self.mirroring.put_later(_dues(changes), self.quiet)
        outcomes: dict[ExamId, Outcome] = {}
        todo = dict(changes)
        for _ in range(TRIES):
            outcomes |= self.crm.change_exams(todo)
            todo = self._unsure(todo, outcomes)
            if not todo:
                break
        if sure := {id_ for id_, told in outcomes.items() if told.fate is not Fate.UNKNOWN}:
            self.mirroring.put(_dues(sure))
        return outcomes

    def _unsure(
        self, sent: Mapping[ExamId, ExamChange], outcomes: dict[ExamId, Outcome]
    ) -> dict[ExamId, ExamChange]:
        """What is to be sent again; what a read-back shows as done is noted as landed."""
        again = {
            id_: change
            for id_, change in sent.items()
            if outcomes[id_].fate in {Fate.UNKNOWN, Fate.NOT_SENT}
        }
        unknown = [id_ for id_ in again if outcomes[id_].fate is Fate.UNKNOWN]
        read = self.crm.exams(unknown) if unknown else {}
        for id_, exam in read.items():
            if exam is not None and _is_so(exam, again[id_]):
                outcomes[id_] = Outcome(fate=Fate.LANDED, modified_at=exam.modified_at)
                del again[id_]
        return again

    def _names(self, ids: Collection[ContactId]) -> dict[ContactId, str]:
        """From the mirror, which costs no call to HubSpot; empty when it does not answer."""
        try:
            rows = self.mirror.rows(Kind.CONTACT, sorted(ids)) if ids else {}
        except GatewayError:
            return {}
        return {ContactId(id_): name_of(row) for id_, row in rows.items()}


def _refused(word: CancelledExam) -> Outcome:
    return Outcome(fate=Fate.REFUSED, reason=f"{word}; an admin can reopen it")


def _entry(exam: Exam, change: ExamChange, actor: Actor, at: datetime) -> Entry:
    activates = {"activates_at": change.at.isoformat()} if change.at else {}
    return Entry(
        at=at,
        actor=actor.email,
        role=actor.role.value,
        what=What.EXAM_ASKED,
        subject=Subject.EXAM,
        subject_id=exam.id,
        before={"is_active": exam.is_active},
        after={"is_active": change.opening.value} | activates,
    )


def _is_so(exam: Exam, change: ExamChange) -> bool:
    """Whether it is as it should be; HubSpot keeps milliseconds of a time."""
    if exam.is_active != change.opening:
        return False
    at = exam.scheduled_activation_at
    return change.at is None or (at is not None and abs((at - change.at).total_seconds()) < 1)


def _dues(ids: Iterable[ExamId]) -> list[Due]:
    return [Due(kind=Kind.EXAM, record_id=id_, row=None) for id_ in sorted(ids)]


def _exam(row: MirrorRow) -> Exam:
    """The mirror's copy of an exam."""

    def text(name: str) -> str:
        return str(row.get(name) or "")

    held, capacity = row.get(TOTAL_BOOKINGS), row.get("capacity")
    seats = {TOTAL_BOOKINGS: held} if isinstance(held, int) else {}
    return Exam(
        id=text("hubspot_id"),
        balances=seats,
        # nobody knows then how many seats are left: HubSpot holds what cannot be read
        unreadable={} if seats else {TOTAL_BOOKINGS: "is empty in Supabase"},
        modified_at=source_time(row) or EPOCH,
        name=text("mock_exam_name"),
        mock_type=text("mock_type"),
        exam_date=_day(row.get("exam_date")),
        start_time=text("start_time"),
        end_time=text("end_time"),
        location=text("location"),
        capacity=capacity if isinstance(capacity, int) else None,
        is_active=text("is_active"),
        scheduled_activation_at=moment(row.get("scheduled_activation_datetime")),
    )


def _day(value: object) -> date | None:
    """Of a column of days, or of moments as older tables have it; None for what is neither."""
    at = moment(value)
    return at.date() if at else None
