"""Activating: exams whose scheduled time has come are opened, in HubSpot and in the mirror."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.audit.entries import Entry, What
from core.audit.store.event_port import Event
from core.credits.records import Exam, ExamId
from core.credits.roles import Act, Actor
from core.credits.sessions import Activated, Activation, ActivationRow, ExamChange, Opening, is_due
from core.hubspot.ports.crm import Fate, Outcome
from core.hubspot.ports.lookup import CrmLookUp
from core.operations.choosing.exams import exams_read
from core.operations.choosing.select import exam_words
from core.students.exam_sessions import ExamSessions
from core.students.store.port import StudentStore
from core.work.schedules import Job, Schedule

#: Who acts when nobody does.
SCHEDULE = "the schedule"
#: The event that keeps one run.
RAN = "scheduled activation"


class NotActivated(Exception):
    """Exams that are due stayed inactive; the message names them."""


@dataclass(frozen=True, slots=True)
class ExamActivation:
    """Search names the exams, a read by id says which are due, absolute values open them.

    So a run may be repeated, cut short, or made twice at once: an exam that is open stays so.
    """

    crm: CrmLookUp
    journal: StudentStore
    exam_sessions: ExamSessions
    now: Callable[[], datetime]

    def due(self, actor: Actor) -> Activation:
        """What a run would do now. Changes nothing.

        Raises:
            NotAllowed: this person may not look exams up.
            GatewayError: HubSpot does not answer.
        """
        actor.require(Act.LOOK_UP)
        at = self.now()
        rows, exams = self._found(at)
        rows += [_row(exam, Activated.WOULD_ACTIVATE) for exam in exams]
        return Activation(at=at, by=actor.email, dry_run=True, rows=tuple(rows))

    def activate(self, actor: Actor) -> Activation:
        """Open every exam that is due, and keep what became of each.

        Raises:
            NotAllowed: this person may not.
            GatewayError: HubSpot does not answer; what was opened is opened, and the next run
                goes on.
        """
        actor.require(Act.RUN_BATCHES)
        asked = Entry(
            at=self.now(), actor=actor.email, role=actor.role.value, what=What.ACTIVATION_ASKED
        )
        self.journal.record(asked)  # before anything is sent, whatever becomes of it
        return self._activate(actor.email)

    def on_schedule(self, slot: datetime) -> None:
        """The same, for the scheduler, which is nobody.

        Raises:
            GatewayError: as ``activate``.
            NotActivated: some could not be activated; the scheduler tries again.
        """
        del slot  # what is due by now is due, whichever time it was asked for
        failed = self._activate(SCHEDULE).having(Activated.FAILED)
        if failed:
            told = "; ".join(f"{row.name}: {row.why}" for row in failed)
            raise NotActivated(f"{len(failed)} exams could not be activated: {told}")

    def past(self, actor: Actor, *, limit: int = 20) -> list[Activation]:
        """Runs before, newest first.

        Raises:
            NotAllowed: this person may not look exams up.
        """
        actor.require(Act.LOOK_UP)
        return [_kept(event) for event in self.journal.events_called([RAN], limit=limit)]

    def _activate(self, by: str) -> Activation:
        at = self.now()
        rows, exams = self._found(at)
        outcomes: dict[ExamId, Outcome] = {}
        if exams:
            change = ExamChange(opening=Opening.ACTIVE)
            outcomes = self.exam_sessions.set({ExamId(exam.id): change for exam in exams})
        rows += [_ended(exam, outcomes[ExamId(exam.id)]) for exam in exams]
        done = Activation(at=at, by=by, dry_run=False, rows=tuple(rows))
        self.journal.record(_event(done), *_entries(done))
        return done

    def _found(self, at: datetime) -> tuple[list[ActivationRow], list[Exam]]:
        """What search named for nothing, and the exams that are due, each once."""
        ids = self.crm.scheduled_exam_ids(at)
        read = exams_read(self.crm, self.journal, ids) if ids else {}
        gone = [ActivationRow(exam_id=i, what=Activated.GONE) for i, e in read.items() if e is None]
        found = {exam.id: exam for exam in read.values() if exam is not None}
        late = [exam for exam in found.values() if not is_due(exam, at)]
        due = [exam for exam in found.values() if is_due(exam, at)]
        return gone + [_row(exam, Activated.NOT_DUE, _not_due(exam)) for exam in late], due


def activation_jobs(activating: ExamActivation, schedule: Schedule | None) -> Iterable[Job]:
    """One, unless it is off."""
    if schedule is not None:
        yield Job(name=RAN, schedule=schedule, act=activating.on_schedule)


def _row(exam: Exam, what: Activated, why: str = "") -> ActivationRow:
    return ActivationRow(
        exam_id=ExamId(exam.id),
        what=what,
        name=exam_words(exam),
        due_at=exam.scheduled_activation_at,
        why=why,
    )


def _not_due(exam: Exam) -> str:
    """What keeps an exam that a search found from being opened, with its value."""
    if exam.cancelled:
        return str(exam.cancelled)
    if unread := exam.unclear.get("scheduled_activation_datetime"):
        return f"scheduled_activation_datetime {unread}"
    scheduled = exam.is_active == Opening.SCHEDULED
    return "" if scheduled else f"is_active is {exam.is_active!r}"


def _ended(exam: Exam, outcome: Outcome) -> ActivationRow:
    if outcome.fate is Fate.LANDED:
        return _row(exam, Activated.ACTIVATED)
    return _row(exam, Activated.FAILED, outcome.reason or "HubSpot did not say what became of it")


def _event(done: Activation) -> Event:
    rows = [
        {
            "exam": row.exam_id,
            "what": row.what.value,
            "name": row.name,
            "due_at": row.due_at.isoformat() if row.due_at else None,
            "why": row.why,
        }
        for row in done.rows
    ]
    return Event(at=done.at, actor=done.by, what=RAN, detail={"exams": rows})


def _entries(done: Activation) -> Iterator[Entry]:
    """Which exams were opened; none of a run that found nothing to open."""
    opened = [row.exam_id for row in done.having(Activated.ACTIVATED)]
    failed = {row.exam_id: row.why for row in done.having(Activated.FAILED)}
    if opened or failed:
        detail = {"opened": opened} | ({"failed": failed} if failed else {})
        yield Entry(at=done.at, actor=done.by, what=What.ACTIVATED, detail=detail)


def _kept(event: Event) -> Activation:
    rows: Sequence[Mapping[str, Any]] = event.detail.get("exams", ())
    return Activation(
        at=event.at,
        by=event.actor,
        dry_run=False,
        rows=tuple(
            ActivationRow(
                exam_id=ExamId(str(row["exam"])),
                what=Activated(row["what"]),
                name=str(row["name"]),
                due_at=datetime.fromisoformat(row["due_at"]) if row["due_at"] else None,
                why=str(row["why"]),
            )
            for row in rows
        ),
    )
