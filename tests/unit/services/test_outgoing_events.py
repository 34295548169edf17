"""Other apps are told of each booking and balance that the desk changes: at least once, signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from core.audit.entries import Sought, What
from core.credits.records import Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.mirror.outgoing.announcer import ALONE_AFTER, BATCH_MAX, HOLD, TRIES_MAX
from core.mirror.outgoing.rules import EventType, OutgoingEvent, body_of, signature
from core.operations.verdicts import OperationKind
from tests.fakes.journal import MemoryJournal
from tests.fakes.outgoing import FakeReceiver
from tests.unit.services.desk import ADMIN, SJ, TestDesk

CANCEL = OperationKind.CANCEL


class Announced(TestDesk):
    __test__ = False

    def __init__(self) -> None:
        super().__init__(lambda _: MemoryJournal(announces=True))
        self.receiver = FakeReceiver()
        self.core.event_announcer.sender = self.receiver
        self.crm.add_contact("100", {"cs_credits": 1, "sj_credits": 1})
        for n in range(3):
            self.booked(f"50{n}", "100", status="Active")
        self.time += timedelta(hours=1)

    def told(self) -> list[tuple[str, str]]:
        return [(one.type.value, str(one.data["contact_id"])) for one in self.receiver.taken]


@pytest.fixture
def desk() -> Announced:
    return Announced()


def test_a_cancellation_tells_of_the_booking_and_of_the_balance(desk: Announced) -> None:
    operation = desk.run("500", kind=CANCEL)

    assert 2 == desk.core.event_announcer.drain()

    booking, balance = desk.receiver.taken
    assert (EventType.BOOKING_CANCELLED, EventType.BALANCE_CHANGED) == (booking.type, balance.type)
    assert {
        "record_id": "500",
        "contact_id": "100",
        "exam_id": "70",
        "exam_date": "2036-06-02",
        "operation": operation.id,
    } == booking.data
    assert ({"cs_credits": 1}, {"cs_credits": 2}) == (
        {"cs_credits": balance.data["before"]["cs_credits"]},
        {"cs_credits": balance.data["after"]["cs_credits"]},
    )
    assert 0 == desk.core.event_announcer.drain(), "once it is taken it is not sent again"


def test_a_refund_an_undo_and_seats_tell_of_the_balance_alone(desk: Announced) -> None:
    desk.booked("600", "100", token=SJ)
    desk.time += timedelta(hours=1)
    refund = desk.run("600")
    desk.time += timedelta(minutes=5)
    undo = desk.core.undo_planner.preview(refund.id, ADMIN)
    desk.time += timedelta(minutes=5)
    desk.carry(desk.core.operation_commands.confirm(undo.id, ADMIN, reason="a mistake"))

    desk.core.event_announcer.drain()

    assert [("balance.changed", "100")] * 2 == desk.told()


def test_what_others_change_is_not_announced(desk: Announced) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "100", {"cs_credits": 7})
    desk.crm.foreign_write(Kind.BOOKING, "500", {"is_active": "Cancelled"})

    assert 0 == desk.core.event_announcer.drain()


def test_an_event_that_was_not_taken_is_sent_again_with_the_same_id(desk: Announced) -> None:
    desk.run("500", kind=CANCEL)
    desk.receiver.refuse = lambda _: "it answered 503"
    desk.core.event_announcer.drain()
    held = desk.journal.outgoing_rows(dead=False)
    assert ["it answered 503"] * 2 == [event.error for event in held]

    desk.receiver.refuse = lambda _: ""
    assert 0 == desk.core.event_announcer.drain(), "it rests after a failure"
    desk.time += timedelta(seconds=10)
    desk.core.event_announcer.drain()

    assert [event.id for event in held] == [event.id for event in desk.receiver.taken]


def test_a_clock_that_is_put_back_does_not_lengthen_the_rest_after_a_failure(
    desk: Announced,
) -> None:
    desk.run("500", kind=CANCEL)
    desk.receiver.refuse = lambda _: "it answered 503"
    desk.core.event_announcer.drain()
    desk.receiver.refuse = lambda _: ""

    desk.time -= timedelta(hours=1)
    desk.core.clock_watch.look()

    assert 2 == desk.core.event_announcer.drain()


def test_an_event_taken_by_a_process_that_died_is_sent_by_another_one(desk: Announced) -> None:
    desk.run("500", kind=CANCEL)
    now = desk.now()
    desk.journal.take_outgoing(now=now, until=now + timedelta(seconds=60), limit=BATCH_MAX)
    assert 0 == desk.core.event_announcer.drain()

    desk.time += timedelta(seconds=61)

    assert 2 == desk.core.event_announcer.drain()


def test_one_event_that_is_always_refused_holds_up_no_other(desk: Announced) -> None:
    desk.run("500", kind=CANCEL)
    desk.receiver.refuse = lambda events: (
        "400" if any(e.type is EventType.BOOKING_CANCELLED for e in events) else ""
    )

    for _ in range(ALONE_AFTER + 2):
        desk.core.event_announcer.drain()
        desk.time += timedelta(minutes=1)

    assert [("balance.changed", "100")] == desk.told()


def test_no_event_is_sent_by_two_processes_because_the_receiver_hangs(desk: Announced) -> None:
    desk.run("500", kind=CANCEL)
    desk.run("501", kind=CANCEL)
    desk.receiver.refuse = lambda _: "no answer"
    for _ in range(ALONE_AFTER):
        desk.core.event_announcer.drain()
        desk.time += timedelta(minutes=1)
    began = desk.time
    sent_at: list[timedelta] = []

    def hangs(_: object) -> str:
        sent_at.append(desk.time - began)
        desk.time += timedelta(seconds=20)
        return "no answer"

    desk.receiver.refuse = hangs
    desk.core.event_announcer.drain()

    assert [timedelta(0), timedelta(seconds=20)] == sent_at, "each to be answered within the hold"
    desk.receiver.refuse = lambda _: ""
    desk.time = began + HOLD
    assert 4 == desk.core.event_announcer.drain(), "those too that were taken and not sent"


def test_an_event_that_failed_for_a_day_waits_for_a_person(desk: Announced) -> None:
    desk.run("500", kind=CANCEL)
    desk.receiver.refuse = lambda _: "it answered 500"
    for _ in range(TRIES_MAX):
        desk.core.event_announcer.drain()
        desk.time += timedelta(minutes=31)
    state = desk.core.event_announcer.state(ADMIN)
    assert state is not None
    assert (0, 2) == (state.due, state.dead)
    with pytest.raises(NotAllowed):
        desk.core.event_announcer.retry(Actor(email="mia@example.test", role=Role.MANAGER))

    desk.receiver.refuse = lambda _: ""
    assert 2 == desk.core.event_announcer.retry(ADMIN)
    assert 2 == desk.core.event_announcer.drain()
    (link,) = desk.journal.audit(Sought(what=(What.EVENTS_RETRIED,)))
    assert (ADMIN.email, {"events": 2}) == (link.entry.actor, link.entry.detail)


def test_without_a_receiver_nothing_is_kept(desk: Announced) -> None:
    silent = TestDesk()
    silent.crm.add_contact("100", {"cs_credits": 1})
    silent.booked("500", "100", status="Active")
    silent.run("500", kind=CANCEL)

    assert [] == silent.journal.outgoing_rows(dead=False)
    assert silent.core.event_announcer.state(ADMIN) is None
    assert silent.core.event_announcer.fault() is None
    assert "" == desk.core.event_announcer.fault()
    desk.receiver.refuse = lambda _: "it answered 401"
    assert "it answered 401" == desk.core.event_announcer.fault()


def test_the_signature_is_of_the_timestamp_and_the_body(desk: Announced) -> None:
    event = OutgoingEvent(
        id="e1", type=EventType.BOOKING_MADE, at=desk.now(), data={"contact_id": "100"}
    )
    body = body_of([event])

    made = signature("s3cret", 1_700_000_000, body)

    expected = hmac.new(b"s3cret", b"1700000000." + body, hashlib.sha256).hexdigest()
    assert f"v1={expected}" == made
    assert made != signature("s3cret", 1_700_000_001, body)
    (told,) = json.loads(body)["events"]
    assert ("e1", "booking.made", "100") == (told["id"], told["type"], told["contact_id"])
