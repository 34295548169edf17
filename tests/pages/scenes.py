"""Things that happen to a desk, so that every state of a page can be looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.credits.records import Kind
from core.mirror.store.outbox_port import Due
from core.operations.foreign.changes import ForeignWrite
from core.operations.states import ItemState
from core.operations.verdicts import OperationKind
from tests.fakes.crm import Fault, Request
from tests.pages.stage import Stage, confirmed


def play(made: Stage) -> None:
    """A finished operation, one with failures, one undecided, one written over, copies due."""
    fine(made)
    failing(made)
    undecided(made)
    written_over(made)
    copies(made)
    given_up(made, "permission denied for table hubspot_bookings", Kind.BOOKING, range(130))
    given_up(made, "permission denied for table hubspot_bookings", Kind.EXAM, range(3))
    given_up(made, "cs_credits is -1, not a whole number from 0 up", Kind.CONTACT, range(2))


def fine(made: Stage) -> str:
    operation_id = confirmed(made, exam="71000000010", kind=OperationKind.CANCEL)
    made.carry(operation_id)
    return operation_id


def failing(made: Stage) -> str:
    """Two students are archived between the preview and the run."""
    operation_id = confirmed(made, exam="71000000011", kind=OperationKind.REFUND)
    for item in made.journal.items(operation_id, states=[ItemState.PENDING])[:2]:
        made.crm.archive(Kind.CONTACT, str(item.contact_id))
    made.carry(operation_id)
    return operation_id


def undecided(made: Stage) -> str:
    """The first student's write got no answer, and the student was then archived for a while."""
    operation_id = confirmed(made, exam="71000000003", kind=OperationKind.REFUND)
    contact = str(made.journal.items(operation_id, states=[ItemState.PENDING])[0].contact_id)

    def lose(request: Request) -> Fault | dict[str, Fault]:
        ours = request.what == "write" and request.kind is Kind.CONTACT
        return {contact: Fault.ANSWER_LOST} if ours and contact in request.ids else Fault.NONE

    def gone(request: Request) -> None:
        if request.what == "write" and contact in request.ids:
            made.crm.archive(Kind.CONTACT, contact)

    before = made.crm.sending, made.crm.answered
    made.crm.sending, made.crm.answered = lose, gone
    made.carry(operation_id)
    made.crm.sending, made.crm.answered = before
    made.crm.truth.restore(made.crm.truth._by_id[Kind.CONTACT][contact])
    return operation_id


def written_over(made: Stage) -> str:
    """A person in HubSpot took one away just before our write."""
    operation_id = confirmed(made, exam="71000000001", kind=OperationKind.REFUND)
    made.carry(operation_id)
    record = made.journal.writes(operation_id)[0]
    credit, read = next(iter(record.write.before.items()))
    foreign = ForeignWrite(
        write_id=record.write.id,
        kind=Kind.CONTACT,
        target_id=record.write.target_id,
        credit=credit,
        read=read,
        theirs=read - 1,
        ours=read + 1,
        at=made.clock() - timedelta(seconds=5),
        source="CRM_UI",
        source_id="userId:7",
        user_id="7",
    )
    made.journal.record_verified({record.write.id: "foreign write"}, [foreign], at=made.clock())
    return operation_id


def copies(made: Stage) -> None:
    """Some copies wait for a mirror that is away, and one was given up."""
    now = made.clock()
    made.journal.put_due(
        [Due(kind=Kind.CONTACT, record_id=f"5200000000{n}", row=None) for n in range(4)],
        at=now - timedelta(minutes=3),
    )
    taken = made.journal.take_due(now=now, until=now, limit=4)
    gone = "Supabase cannot be reached: connection refused"
    failed = [replace(row, error=gone, next_try_at=now + timedelta(days=1)) for row in taken[1:]]
    made.journal.copy_failed([*failed, _dead(taken[0], "value too long for column email")])


def given_up(made: Stage, error: str, kind: Kind, numbers: range) -> None:
    """Copies that failed eight times, all with this error."""
    now = made.clock()
    made.core.mirror_copier.drain()
    made.journal.put_due(
        [Due(kind=kind, record_id=f"{52_000_000_100 + n}", row=None) for n in numbers],
        at=now - timedelta(minutes=20),
    )
    taken = made.journal.take_due(now=now, until=now, limit=10_000)
    made.journal.copy_failed([_dead(due, error) for due in taken if due.kind is kind])


def _dead(due: Due, error: str) -> Due:
    return replace(due, attempts=8, dead=True, error=error)
