"""A student with a past, copies in every state, exams that wait to open: for the lookup pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.credits.catalogue import SCHOOL
from core.credits.records import ContactId, ExamId, Kind, Version
from core.mirror.store.outbox_port import Due
from core.operations.booking_rules import Wish
from core.operations.verdicts import OperationKind
from tests.pages.stage import ACTOR, TYPES, Stage, confirmed

#: Source and its id, as HubSpot names them.
APP, PAYMENTS = ("INTEGRATION", "28463999"), ("INTEGRATION", "1160452")
STAFF = ("CRM_UI", "userId:61000001")


def play(made: Stage) -> None:
    """All of them."""
    lived(made)
    scheduled(made)


def lived(made: Stage, exam: str = "71000000002") -> str:
    """The id of a student who bought, booked, was helped by hand, and is given one back by us."""
    operation_id = confirmed(made, exam=exam, kind=OperationKind.REFUND)
    item = made.journal.items(operation_id)[0]
    contact = str(item.contact_id)
    with_past(made, contact, but=str(item.booking_id))
    made.carry(operation_id)
    return contact


def booked(made: Stage) -> str:
    """The id of the operation that booked a seat for a student with two credits."""
    contact, exam = "52000008001", "71000008001"
    made.crm.add_contact(contact, {"cs_credits": 2}, firstname="Rosa", student_id="900200")
    made.crm.add_exam(exam, 4, mock_type="Clinical Skills", exam_date="2036-08-01", capacity="5")
    wish = Wish(
        contact_id=ContactId(contact), exam_id=ExamId(exam), attending_location="Calgary",
        dominant_hand="Left", override=False,
    )  # fmt: skip
    plan = made.core.booking_preview.preview(wish, ACTOR)
    made.core.operation_commands.confirm(plan.id, ACTOR, reason="for the student")
    made.carry(plan.id)
    return plan.id


def with_past(made: Stage, contact: str, *, but: str = "") -> None:
    """Half a year of versions for each balance, and bookings made when the app took a credit."""
    record = made.crm.truth.need(Kind.CONTACT, contact)
    now = made.clock()
    for n, credit in enumerate(SCHOOL.keys):
        last = int(record.properties.get(credit) or 0)
        start = now - timedelta(days=170 - 9 * n)
        moves = [
            (0, last + 2, PAYMENTS),
            (40, last + 1, APP),
            (75, last, APP),
            (110, last + 1, STAFF),
        ]
        moves.append((130, last, APP))
        record.versions[credit] = [
            Version(
                value=str(value),
                at=start + timedelta(days=days),
                source=source,
                source_id=id_,
                user_id="61000001" if source == "CRM_UI" else "",
            )
            for days, value, (source, id_) in moves
        ]
    booked = now - timedelta(days=130)
    for booking in [one for one in record.linked(Kind.BOOKING) if one.id != but][:1]:
        booking.created_at = booked
        booking.properties["token_used"] = TYPES[0].token
        booking.view = None


def scheduled(made: Stage) -> tuple[str, str]:
    """An exam that is due, and one that opens in nine days."""
    due, later = "71000000006", "71000000007"
    for exam, at in ((due, -timedelta(hours=5)), (later, timedelta(days=9))):
        made.crm.foreign_write(
            Kind.EXAM,
            exam,
            {
                "is_active": "scheduled",
                "scheduled_activation_datetime": (made.clock() + at).isoformat(),
            },
        )
    made.core.mirror_copier.put(
        [Due(kind=Kind.EXAM, record_id=id_, row=None) for id_ in (due, later)]
    )
    made.core.mirror_copier.drain()
    return due, later


def behind(made: Stage, contact: str) -> None:
    """HubSpot has a new balance, and its copy waits for three seconds already."""
    made.crm.foreign_write(Kind.CONTACT, contact, {"cs_credits": 9})
    made.journal.put_due(
        [Due(kind=Kind.CONTACT, record_id=contact, row=None)],
        at=made.clock() - timedelta(seconds=3),
    )


def given_up(made: Stage, contact: str) -> None:
    """The copy of a new balance failed for good."""
    behind(made, contact)
    (due,) = made.journal.take_due(now=made.clock(), until=made.clock(), limit=1)
    made.journal.copy_failed(
        [replace(due, attempts=8, dead=True, error="value too long for column email")]
    )


def some_contact(made: Stage) -> ContactId:
    """One with bookings."""
    bookings = made.crm.truth.all(Kind.BOOKING)
    return ContactId(next(b.linked(Kind.CONTACT)[0].id for b in bookings if b.linked(Kind.CONTACT)))
