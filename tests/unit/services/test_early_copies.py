"""Copies set out while the journal still saves that they are due."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from core.credits.errors import JournalError
from core.credits.records import BookingId, ContactId, Kind
from core.credits.writes import Run
from core.mirror.direct_copies import HANDED
from core.mirror.rows import Row, booking_row, contact_row
from core.mirror.store.outbox_port import Due
from core.operations.protocol.record import Recording
from core.operations.states import ItemState
from core.operations.verdicts import OperationKind
from tests.fakes.crm import Fault, Request
from tests.fakes.journal import MemoryJournal
from tests.unit.services.desk import CS, TestDesk


@dataclass
class Watched(MemoryJournal):
    """Lets a mirror thread run before it saves, and may fail then."""

    desk: TestDesk
    fails: bool = False
    seen: list[Row] = field(default_factory=list)
    due: list[Due] = field(default_factory=list)

    def __post_init__(self) -> None:
        MemoryJournal.__init__(self)

    def settle(self, *args: Any, **kwargs: Any) -> list[Due]:
        self.due += kwargs.get("due", ())
        self.desk.drain()
        if not self.desk.mirror.dead:
            self.seen += self.desk.mirror.rows(Kind.CONTACT, ["1"]).values()
        if self.fails:
            raise JournalError("the disk is full")
        return super().settle(*args, **kwargs)


@pytest.fixture
def desk() -> TestDesk:
    desk = TestDesk(journal=Watched)
    desk.crm.add_contact("1", {"cs_credits": 2})
    desk.booked("51", "1", token=CS)
    desk.mirror.put(Kind.CONTACT, row(desk))
    booking = desk.crm.bookings([BookingId("51")])[BookingId("51")]
    assert booking is not None
    desk.mirror.put(Kind.BOOKING, booking_row(booking))
    return desk


def row(desk: TestDesk) -> Row:
    contact = desk.crm.contacts([ContactId("1")])[ContactId("1")]
    assert contact is not None
    return contact_row(contact, desk.core.catalogue)


def test_a_copy_is_there_before_the_journal_has_it_and_is_not_made_again(desk: TestDesk) -> None:
    desk.run("51")
    made = desk.mirror.calls
    desk.time += HANDED
    desk.drain()

    assert isinstance(desk.journal, Watched)
    assert 3 in [seen["cs_credits"] for seen in desk.journal.seen]
    assert desk.journal.outbox().due == 0
    assert desk.mirror.calls == made


def test_a_cancelled_booking_without_a_credit_is_not_read_again_for_its_copy(
    desk: TestDesk,
) -> None:
    """It settles after its cancel was answered, and copied: nothing was sent since."""
    desk.booked("52", "1", token="Admin Override", status="Active")
    booking = desk.crm.bookings([BookingId("52")])[BookingId("52")]
    assert booking is not None
    desk.mirror.put(Kind.BOOKING, booking_row(booking))
    desk.run("52", kind=OperationKind.CANCEL)

    assert desk.mirror.rows(Kind.BOOKING, ["52"])["52"]["is_active"] == "Cancelled"
    assert isinstance(desk.journal, Watched)
    assert [due.row is None for due in desk.journal.due if due.kind is Kind.BOOKING] == [False]


def test_a_cancel_that_only_its_second_look_shows_as_ours_is_copied(desk: TestDesk) -> None:
    """Its answer was lost, and so was the history that the first look asked for."""
    desk.booked("52", "1", token="Admin Override", status="Active")
    booking = desk.crm.bookings([BookingId("52")])[BookingId("52")]
    assert booking is not None
    desk.mirror.put(Kind.BOOKING, booking_row(booking))
    operation = desk.confirm("52", kind=OperationKind.CANCEL)
    desk.time = operation.hold_until

    desk.crm.sending = lambda r: Fault.ANSWER_LOST if r.changes else Fault.NONE
    desk.crm.unreadable_histories.add("52")
    assert desk.core.operation_runner.carry_out(operation.id) is not None
    looks: list[Request] = []

    def told_at_the_second_look(request: Request) -> Fault:
        if request.what == "history" and request.kind is Kind.BOOKING:
            looks.append(request)
            if len(looks) == 2:
                desk.crm.unreadable_histories.clear()
        return Fault.NONE

    desk.crm.sending = told_at_the_second_look
    desk.time += timedelta(minutes=2)
    desk.carry(operation)
    desk.time += HANDED
    desk.drain()

    assert (ItemState.DONE, True) == (
        desk.item(operation, "52").state,
        desk.item(operation, "52").cancelled,
    )
    assert desk.mirror.rows(Kind.BOOKING, ["52"])["52"]["is_active"] == "Cancelled"


def test_a_mirror_that_is_down_gets_its_copies_from_the_outbox(desk: TestDesk) -> None:
    desk.mirror.die()
    desk.run("51")
    desk.mirror.come_back()
    desk.time += HANDED + timedelta(minutes=1)
    desk.core.mirror_copier.probe()
    desk.drain()

    assert desk.journal.outbox().due == 0
    assert desk.mirror.rows(Kind.CONTACT, ["1"])["1"]["cs_credits"] == 3


def test_what_was_never_saved_was_no_lie(desk: TestDesk) -> None:
    """The write landed in HubSpot; the journal fails as its outcome is to be saved."""
    assert isinstance(desk.journal, Watched)
    recording = Recording(desk.journal, desk.core.mirror_copier, desk.now)
    desk.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 3})
    due = Due(kind=Kind.CONTACT, record_id="1", row=row(desk))
    desk.journal.fails = True

    with pytest.raises(JournalError):
        recording.record(Run(operation_id="op", epoch=1), [], [], [due])
    desk.time += HANDED
    desk.drain()

    assert desk.mirror.rows(Kind.CONTACT, ["1"])["1"]["cs_credits"] == 3
    assert desk.journal.outbox().due == 0
