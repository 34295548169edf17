"""Each write to a booking stands in the audit, with the booking's id, before and after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.access.api_key_rules import ApiKey, Scope
from core.audit.entries import Entry, Sought, Subject, What
from core.credits.catalogue import ADMIN_OVERRIDE
from core.credits.errors import JournalError
from core.credits.records import BookingId, ContactId, ExamId, Kind
from core.mirror.store.outbox_port import Due
from core.operations.booking_rules import Wish
from core.operations.states import ItemState
from core.operations.verdicts import OperationKind
from core.students.eligibility import Eligibility
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, TestDesk
from tests.unit.services.test_acts import told

OF_BOOKINGS = (What.CANCELLED, What.MARKED, What.BOOKED)
WISH = Wish(contact_id=ContactId("1"), exam_id=ExamId("80"), dominant_hand="Left")

#: Where the seat is: of the exam of every desk here.
SEAT = {"exam": "70", "exam_date": "2036-06-02"}


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.crm.add_contact("1", {"cs_credits": 2}, student_id="S1")
    made.booked("51", "1", status="Active")
    of = {"mock_type": "Clinical Skills", "exam_date": "2026-06-01", "capacity": "10"}
    made.crm.add_exam("80", 3, is_active="true", **of)
    return made


def lose(desk: TestDesk, fault: Fault, *, nth: int = 1) -> None:
    """The n-th change of bookings meets this fault."""
    left = iter([Fault.NONE] * (nth - 1) + [fault])

    def sending(request: Request) -> Fault:
        of_bookings = request.changes and request.kind is Kind.BOOKING
        return next(left, Fault.NONE) if of_bookings else Fault.NONE

    desk.crm.sending = sending


def whats(desk: TestDesk) -> list[str]:
    """Acts that name a booking."""
    return [
        link.entry.what
        for link in reversed(desk.journal.audit(Sought()))
        if link.entry.subject == Subject.BOOKING
    ]


def test_a_cancellation_is_told_from_the_booking_to_its_mark(desk: TestDesk) -> None:
    operation = desk.run("51", kind=OperationKind.CANCEL)

    cancelled, marked = told(desk, *OF_BOOKINGS)

    assert (What.CANCELLED, What.MARKED) == (cancelled.what, marked.what)
    for entry in (cancelled, marked):
        assert ("booking", "51") == (entry.subject, entry.subject_id)
        assert (ADMIN.email, "a test", operation.id) == (
            entry.actor,
            entry.reason,
            entry.operation_id,
        )
        assert {"contact": "1", **SEAT} == entry.detail
    assert ({"status": "Active"}, {"status": "Cancelled"}) == (cancelled.before, cancelled.after)
    assert ({"refunded": "no"}, {"refunded": "yes"}) == (marked.before, marked.after)


def test_a_cancellation_that_gives_nothing_back_names_the_booking_all_the_same(
    desk: TestDesk,
) -> None:
    desk.booked("52", "1", token=ADMIN_OVERRIDE, status="Active")
    desk.run("52", kind=OperationKind.CANCEL)

    (entry,) = told(desk, *OF_BOOKINGS)

    assert (What.CANCELLED, "52") == (entry.what, entry.subject_id)


def test_a_refund_marks_and_does_not_cancel(desk: TestDesk) -> None:
    desk.booked("53", "1")
    desk.run("53")

    assert [(What.MARKED, "53")] == [(e.what, e.subject_id) for e in told(desk, *OF_BOOKINGS)]


@pytest.mark.parametrize("nth", [1, 2], ids=["the cancel", "the mark"])
@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.REQUEST_LOST, Fault.NOT_SENT])
def test_a_lost_request_or_answer_leaves_one_entry_of_each(
    desk: TestDesk, fault: Fault, nth: int
) -> None:
    lose(desk, fault, nth=nth)
    desk.run("51", kind=OperationKind.CANCEL)

    assert [What.CANCELLED, What.MARKED] == whats(desk)


def test_a_cancel_whose_answer_was_lost_says_how_it_was_found(desk: TestDesk) -> None:
    lose(desk, Fault.ANSWER_LOST)
    desk.run("51", kind=OperationKind.CANCEL)

    (entry,) = told(desk, What.CANCELLED)

    assert {"contact": "1", **SEAT, "found": "when it was read again"} == entry.detail


@pytest.mark.parametrize(
    ("nth", "change"),
    [
        (1, ({"status": "Active"}, {"status": "Cancelled"})),
        (2, ({"refunded": "no"}, {"refunded": "yes"})),
    ],
)
def test_what_hubspot_refuses_is_told_as_a_write_that_did_not_land(
    desk: TestDesk, nth: int, change: tuple[dict[str, str], dict[str, str]]
) -> None:
    lose(desk, Fault.REFUSED, nth=nth)
    operation = desk.run("51", kind=OperationKind.CANCEL)

    refused = told(desk, What.NOT_WRITTEN)[-1]

    assert ("booking", "51") == (refused.subject, refused.subject_id)
    assert change == (refused.before, refused.after)
    assert desk.item(operation, "51").why == refused.detail["why"]


def test_a_mark_that_is_tried_again_stands_there_when_it_lands(desk: TestDesk) -> None:
    lose(desk, Fault.REFUSED, nth=2)
    operation = desk.run("51", kind=OperationKind.CANCEL)
    desk.carry(desk.core.operation_commands.retry(operation.id, ADMIN))

    assert [What.CANCELLED, What.NOT_WRITTEN, What.MARKED] == whats(desk)


def book(desk: TestDesk) -> Entry:
    plan = desk.core.booking_preview.preview(WISH, ADMIN)
    desk.carry(desk.core.operation_commands.confirm(plan.id, ADMIN, reason="by phone"))
    return told(desk, What.BOOKED, What.NOT_WRITTEN)[-1]


@pytest.fixture
def free(desk: TestDesk) -> TestDesk:
    """Without a booking on the exam's day."""
    desk.run("51", kind=OperationKind.CANCEL)
    return desk


@pytest.mark.parametrize("fault", [Fault.NONE, Fault.ANSWER_LOST, Fault.REQUEST_LOST])
def test_a_booking_is_told_by_the_id_that_hubspot_gave_it(free: TestDesk, fault: Fault) -> None:
    lose(free, fault)

    entry = book(free)

    (made,) = [b for b in free.crm.bookings_of(ContactId("1")) if b.id != "51"]
    assert (What.BOOKED, "booking", made.id) == (entry.what, entry.subject, entry.subject_id)
    assert ({}, {"status": "Active", "token": made.token}) == (entry.before, entry.after)
    day = {"exam_date": "2026-06-01"}
    assert {"contact": "1", "exam": "80"} | day == entry.detail
    assert "by phone" == entry.reason


def test_a_booking_that_hubspot_refuses_is_told_as_one_that_did_not_land(free: TestDesk) -> None:
    lose(free, Fault.REFUSED)

    entry = book(free)

    assert (What.NOT_WRITTEN, "contact", "1") == (entry.what, entry.subject, entry.subject_id)
    assert "HubSpot refused the booking" in entry.detail["why"]
    assert ("80", {"booking": "Active"}) == (entry.detail["exam"], entry.after)
    assert [] == told(free, What.BOOKED)


def test_a_booking_and_a_contact_are_found_with_all_that_was_done_to_them(free: TestDesk) -> None:
    made = book(free)

    def found(**sought: str) -> list[str]:
        links = free.journal.audit(Sought(**sought))  # type: ignore[arg-type]  # a case's own
        return [link.entry.what for link in reversed(links)]

    assert [What.PLANNED, What.CONFIRMED, What.CANCELLED, What.WRITTEN, What.MARKED] == (
        found(booking_id="51")
    )
    assert [What.PLANNED, What.CONFIRMED, What.WRITTEN, What.BOOKED] == (
        found(booking_id=made.subject_id)
    )
    assert {What.CANCELLED, What.MARKED, What.BOOKED} < set(found(contact_id="1"))
    assert [] == found(booking_id="52")
    assert [] == found(contact_id="51")


def api_key(*scopes: Scope) -> ApiKey:
    return ApiKey(
        id="0123456789ab",
        client="app",
        scopes=frozenset(scopes),
        digest="d",
        made_by=ADMIN.email,
        made_at=TestDesk().time,
    )


READER = api_key(Scope.READ).actor


ANN = ContactId("1")
LOOKS: dict[str, Callable[[Eligibility], object]] = {
    "balances": lambda checking: checking.contact(ANN, READER),
    "bookings": lambda checking: checking.bookings(ANN, READER),
    "a booking": lambda checking: checking.booking(ANN, BookingId("51"), READER),
    "a type": lambda checking: checking.mock_type(ANN, "Clinical Skills", READER),
    "an exam": lambda checking: checking.exam(WISH, READER),
    "sessions": lambda checking: checking.open_sessions(ANN, READER),
}


@pytest.mark.parametrize("look", LOOKS)
def test_an_app_that_reads_a_student_has_looked(desk: TestDesk, look: str) -> None:
    LOOKS[look](desk.core.eligibility)

    (entry,) = told(desk, What.LOOKED)

    assert ("api:app/0123456789ab", "contact", "1") == (
        entry.actor,
        entry.subject,
        entry.subject_id,
    )


def test_an_app_that_reads_all_of_a_student_has_looked_once_in_a_while(desk: TestDesk) -> None:
    for look in LOOKS.values():
        look(desk.core.eligibility)

    assert 1 == len(told(desk, What.LOOKED))


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_that_cannot_be_recorded_sees_nothing(
    desk: TestDesk, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise JournalError("the store is away")

    monkeypatch.setattr(desk.journal, "record", broken)

    with pytest.raises(JournalError):
        LOOKS[look](desk.core.eligibility)


def test_looks_are_left_out_where_the_settings_say_so(desk: TestDesk) -> None:
    quiet = replace(desk.core.access_log, looks=False)
    for look in LOOKS.values():
        look(replace(desk.core.eligibility, access_log=quiet))

    assert [] == told(desk, What.LOOKED)


def test_a_correction_marks_no_booking(desk: TestDesk) -> None:
    def spends(request: Request) -> Fault:
        if request.changes and request.kind is Kind.CONTACT:
            desk.crm.sending = lambda _: Fault.NONE
            desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": "1"})
        return Fault.NONE

    desk.crm.sending = spends
    operation = desk.run("51", kind=OperationKind.CANCEL)
    plan = desk.core.corrections.preview(operation.id, ADMIN)
    corrected = desk.carry(
        desk.core.operation_commands.confirm(plan.id, ADMIN, reason="as verify found")
    )

    assert {ItemState.DONE} == {item.state for item in desk.journal.items(corrected.id)}
    assert [What.CANCELLED, What.MARKED] == whats(desk)


def test_a_session_whose_seats_cannot_be_read_in_supabase_is_offered_to_nobody(
    desk: TestDesk,
) -> None:
    def offered() -> list[str]:
        found = desk.core.eligibility.open_sessions(ANN, READER)
        return [] if found is None else [str(offer.exam.id) for offer in found.offers]

    copied = Due(kind=Kind.EXAM, record_id="80", row=None)
    desk.core.mirror_copier.put([copied])
    desk.drain()
    assert ["80"] == offered()
    held = desk.mirror.rows(Kind.EXAM, ["80"])["80"]
    desk.mirror.put(Kind.EXAM, {**held, "total_bookings": None})

    assert [] == offered()
