"""A journal from a backup, beside a HubSpot that went on."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta

from core.credits.records import Kind
from core.operations.after_restore import Restored
from core.operations.states import ItemState
from tests.unit.services.desk import ADMIN, CS, SJ, TestDesk


def backed_up(desk: TestDesk) -> Callable[[], None]:
    """How to put the journal back to what it is now."""
    kept = {name: deepcopy(value) for name, value in vars(desk.journal).items() if name != "_lock"}
    return lambda: vars(desk.journal).update(deepcopy(kept))


def desk_with_owed() -> TestDesk:
    desk = TestDesk()
    desk.core.desks.id()  # a store has its name from its first process on
    desk.crm.add_contact("100", {"cs_credits": 1, "sj_credits": 5})
    desk.crm.add_contact("200", {"cs_credits": 3})
    for id_, contact, token in [("1", "100", CS), ("2", "100", SJ), ("3", "200", CS)]:
        desk.booked(id_, contact, token=token)
    return desk


def compared(desk: TestDesk, ago: timedelta) -> Restored:
    return desk.core.restore_check.compare(desk.now() - ago, ADMIN)


def test_a_journal_that_knows_every_write_forgot_nothing() -> None:
    desk = desk_with_owed()
    desk.run("1", "3")

    found = compared(desk, timedelta(hours=1))

    assert (0, 0, 0) == (len(found.forgotten), len(found.in_doubt), len(found.unended))
    assert found.changed >= 2


def test_a_write_made_after_the_backup_is_named_with_what_it_moved() -> None:
    desk = desk_with_owed()
    restore = backed_up(desk)
    desk.time += timedelta(minutes=5)
    desk.run("1")
    restore()

    found = compared(desk, timedelta(minutes=4))

    (contact,) = [one for one in found.forgotten if one.kind is Kind.CONTACT]
    assert ("100", {"cs_credits": ("1", "2")}) == (contact.record_id, contact.moved)
    assert ["2"] == [one.booking.id for one in found.in_doubt], "marked ones are settled in HubSpot"


def test_what_was_written_before_the_backup_is_not_asked_about() -> None:
    desk = desk_with_owed()
    desk.run("1")
    vars(desk.journal)["_writes"].clear()
    desk.time += timedelta(hours=2)

    assert [] == compared(desk, timedelta(hours=1)).forgotten


def test_operations_that_would_go_on_are_named() -> None:
    desk = desk_with_owed()
    operation = desk.confirm("3")

    assert [operation.id] == [one.id for one in compared(desk, timedelta(hours=1)).unended]


def test_a_credit_that_the_journal_forgot_does_not_come_back_twice() -> None:
    """The credit landed, the mark did not, and the journal forgot both: it is stopped."""
    desk = desk_with_owed()
    restore = backed_up(desk)
    desk.time += timedelta(minutes=5)
    desk.run("1")
    restore()
    marks = ("token_refunded", "token_refunded_at", "token_refund_admin")
    desk.crm.foreign_write(Kind.BOOKING, "1", dict.fromkeys(marks))

    assert "1" in [one.booking.id for one in compared(desk, timedelta(minutes=4)).in_doubt]
    desk.time += timedelta(hours=1)
    desk.still_owed("1")
    operation = desk.run("1")

    assert 2 == desk.held("100", "cs_credits")
    item = desk.item(operation, "1")
    assert ItemState.FAILED is item.state
    assert "restored from a backup" in item.why


def test_once_taken_over_a_restored_desk_writes_again_what_is_known() -> None:
    desk = desk_with_owed()
    restore = backed_up(desk)
    desk.time += timedelta(minutes=5)
    desk.run("1")
    restore()
    desk.core.desks.take_over(ADMIN, reason="compared with HubSpot")

    desk.time += timedelta(minutes=5)
    desk.run("2")

    assert 6 == desk.held("100", "sj_credits")


def test_a_takeover_names_what_is_in_doubt() -> None:
    desk = desk_with_owed()
    restore = backed_up(desk)
    desk.run("1")
    restore()
    desk.crm.foreign_write(Kind.BOOKING, "1", {"token_refunded": None})

    assert {"1", "2"} == {one.booking.id for one in desk.core.desks.look(ADMIN).in_doubt}


def test_a_record_whose_history_is_not_given_is_named() -> None:
    desk = desk_with_owed()
    desk.run("1")
    desk.crm.unreadable_histories.add("100")

    found = compared(desk, timedelta(hours=1))

    assert ["100"] == found.unreadable
    assert [] == found.forgotten
