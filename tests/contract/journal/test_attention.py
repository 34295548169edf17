from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.app.journal import Journal
from core.audit.entries import Entry, Sought, What
from core.audit.store.event_port import Event
from core.credits.errors import StateConflict, UnknownId
from core.credits.records import BookingId, Kind, WriteId
from core.credits.writes import MovementKind, WriteState
from core.health.facts import NeedsEyes
from core.health.store.attention_port import Moved
from core.operations.foreign.changes import ForeignWrite
from core.operations.foreign.corrections import name_of
from core.operations.states import UNBEGUN, Item, ItemState, OperationState, Ruling
from core.operations.verdicts import OperationKind
from tests.contract.journal.given import (
    ADMIN,
    CS,
    NOW,
    after,
    item,
    operation,
    outcome,
    running,
    saved,
    write,
)

LONG_AGO = NOW - timedelta(days=30)
REFUND = OperationKind.REFUND
BAD = (ItemState.FAILED, ItemState.BLOCKED)


def ended(
    journal: Journal,
    id_: str,
    *states: ItemState,
    at: float = 0,
    contact: str | None = "c0",
    state: OperationState = OperationState.RUNNING,
    kind: OperationKind = OperationKind.CANCEL,
) -> None:
    """An operation on the bookings b0, b1 ... that left them so."""
    items = [
        item(n, operation_id=id_, state=each, contact_id=contact) for n, each in enumerate(states)
    ]
    assert journal.confirm(operation(id_, confirmed_at=after(at), state=state, kind=kind), items)


def end(journal: Journal, id_: str) -> None:
    run, _ = journal.begin_run(id_, at=after(9))
    assert OperationState.DONE is journal.end(run, at=after(9), actor=ADMIN).state


def undecided(journal: Journal, id_: str) -> None:
    """A count of seats that HubSpot does not tell of: no booking shows it."""
    run, _ = journal.begin_run(id_, at=NOW)
    seats = write(f"w-{id_}", "b9", operation_id=id_, kind=Kind.EXAM, target="7")
    saved(journal, run, [seats])
    journal.settle(run, [outcome(f"w-{id_}", WriteState.UNDECIDED)], at=NOW)


def eyes(journal: Journal) -> dict[str, tuple[int, int, int]]:
    found = journal.needs_eyes()
    return {each.operation.id: (each.failed, each.blocked, each.undecided) for each in found}


def test_an_empty_journal_needs_nobody(journal: Journal) -> None:
    assert [] == journal.needs_eyes()
    assert [] == journal.written_over()
    assert [] == list(journal.moved_since(LONG_AGO))


def test_what_went_through_or_was_left_out_needs_no_eyes(journal: Journal) -> None:
    states = (state for state in ItemState if state not in {*BAD, ItemState.UNDECIDED})
    ended(journal, "one", *states)

    assert {} == eyes(journal)


def test_each_operation_is_told_once_with_what_is_the_matter_the_oldest_first(
    journal: Journal,
) -> None:
    ended(journal, "two", *BAD, ItemState.FAILED, ItemState.DONE, at=5)
    undecided(journal, "two")
    ended(journal, "one", ItemState.BLOCKED)

    assert {"one": (0, 1, 0), "two": (2, 1, 1)} == eyes(journal)
    assert ["one", "two"] == list(eyes(journal))
    one = journal.needs_eyes()[0]
    assert NeedsEyes(operation=journal.operation("one"), blocked=1) == one


def test_operation_that_did_not_begin_needs_nobody(journal: Journal) -> None:
    for n, state in enumerate((*UNBEGUN, OperationState.CALLED_OFF)):
        items = [item(0, operation_id=f"o{n}", state=ItemState.BLOCKED, planned=False)]
        assert journal.confirm(operation(f"o{n}", state=state), items)

    assert {} == eyes(journal)


@pytest.mark.parametrize("contact", ["c0", None])
def test_blocked_booking_needs_eyes_until_a_later_operation_has_done_it(
    journal: Journal, contact: str | None
) -> None:
    done: dict[str, Any] = {"contact": contact, "state": OperationState.RUNNING}
    ended(journal, "early", ItemState.DONE, ItemState.DONE, at=-5, **done)
    end(journal, "early")
    ended(journal, "one", ItemState.FAILED, ItemState.BLOCKED, contact=contact)
    ended(journal, "later", ItemState.DONE, ItemState.FAILED, at=5, **done)
    assert {"one": (1, 1, 0), "later": (1, 0, 0)} == eyes(journal)

    end(journal, "later")

    assert {"one": (0, 1, 0), "later": (1, 0, 0)} == eyes(journal)
    (first, second) = journal.items("one")
    assert (ItemState.SKIPPED, "done since by operation later") == (first.state, first.why)
    assert ItemState.BLOCKED is second.state
    (told,) = journal.events(operation_id="one")
    assert ("dealt with", {"items": 1, "by_operation": "later"}) == (told.what, dict(told.detail))


def test_undo_does_not_deal_with_a_blocked_refund(journal: Journal) -> None:
    ended(journal, "one", ItemState.BLOCKED)
    running_undo: dict[str, Any] = {"state": OperationState.RUNNING, "kind": OperationKind.UNDO}
    ended(journal, "later", ItemState.DONE, at=5, **running_undo)

    end(journal, "later")

    assert {"one": (0, 1, 0)} == eyes(journal)


def put_away(journal: Journal, *items: Item, id_: str = "one") -> None:
    event = Event(at=NOW, actor=ADMIN, what="dismissed", operation_id=id_, detail={"items": 1})
    entry = Entry(at=NOW, actor=ADMIN, what=What.DISMISSED, operation_id=id_, reason="she moved")
    journal.put_away(id_, items, event=event, entry=entry)


def test_dismissed_booking_needs_no_eyes_and_its_dismissal_is_audited(journal: Journal) -> None:
    ended(journal, "one", *BAD, state=OperationState.DONE)
    failed, blocked = journal.items("one")

    put_away(journal, replace(blocked, state=ItemState.DISMISSED, why="dismissed"))

    assert {"one": (1, 0, 0)} == eyes(journal)
    assert [failed, replace(blocked, state=ItemState.DISMISSED, why="dismissed")] == journal.items(
        "one"
    )
    assert "dismissed" == journal.events(operation_id="one")[0].what
    (link,) = journal.audit(Sought(what=(What.DISMISSED,)))
    assert ("one", "she moved") == (link.entry.operation_id, link.entry.reason)


def test_bookings_are_put_away_all_or_none(journal: Journal) -> None:
    ended(journal, "one", ItemState.BLOCKED, ItemState.DONE, state=OperationState.DONE)
    before = journal.items("one")

    with pytest.raises(StateConflict, match="1 of these bookings no longer failed or blocked"):
        put_away(journal, *(replace(item, state=ItemState.DISMISSED) for item in before))

    assert before == journal.items("one")
    assert [] == journal.events(operation_id="one")
    assert [] == list(journal.audit(Sought(what=(What.DISMISSED,))))


@pytest.mark.parametrize("state", [OperationState.RUNNING, OperationState.CALLED_OFF])
def test_bookings_of_an_operation_that_goes_on_or_never_began_are_not_put_away(
    journal: Journal, state: OperationState
) -> None:
    ended(journal, "one", ItemState.BLOCKED, state=state)

    with pytest.raises(StateConflict, match=f"is {state}"):
        put_away(journal, replace(journal.items("one")[0], state=ItemState.DISMISSED))

    assert ItemState.BLOCKED is journal.items("one")[0].state


def test_bookings_of_an_unknown_operation_are_not_put_away(journal: Journal) -> None:
    with pytest.raises(UnknownId):
        put_away(journal, item(0), id_="none")


def foreign(write_id: str = "w1", **changes: object) -> ForeignWrite:
    values: dict[str, object] = {
        "write_id": WriteId(write_id),
        "kind": Kind.CONTACT,
        "target_id": "c0",
        "credit": CS,
        "read": 2,
        "theirs": 1,
        "ours": 3,
        "at": NOW,
        "source": "CRM_UI",
        "source_id": "",
        "user_id": "7",
    }
    return ForeignWrite(**values | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("theirs", [0, 1, 5])
def test_a_change_that_was_written_over_waits_until_its_correction_is_claimed(
    journal: Journal, theirs: int
) -> None:
    run = running(journal, "one")
    saved(journal, run, [write("w1", "b0", operation_id="one")])
    wrong = foreign(theirs=theirs, at=after(-3))
    journal.record_verified({wrong.write_id: "foreign write"}, [wrong], at=NOW)
    (found,) = journal.written_over()
    assert (journal.operation("one"), 1, after(-3)) == (found.operation, found.number, found.since)

    again = running(journal, "two", [item(0, operation_id="two", booking_id=name_of(wrong))])
    journal.claim(again, [name_of(wrong)], MovementKind.CORRECTION)

    assert [] == journal.written_over()


def test_seat_counts_and_changes_of_nothing_need_no_correction(journal: Journal) -> None:
    run = running(journal, "one")
    saved(journal, run, [write(f"w{n}", f"b{n}", operation_id="one") for n in range(2)])
    seats, same = foreign("w0", kind=Kind.EXAM), foreign("w1", theirs=2)
    journal.record_verified({}, [seats, same], at=NOW)

    assert [] == journal.written_over()


def test_credits_are_counted_by_kind_when_they_have_landed(journal: Journal) -> None:
    ended(journal, "before", ItemState.DONE, at=-60)
    run = running(journal, "one")
    saved(
        journal,
        run,
        [
            write("w1", "b0", "b1", operation_id="one"),
            write("w2", "b2", operation_id="one"),
            write("w3", "b3", operation_id="one", movement=MovementKind.SEAT_FREED),
        ],
    )
    journal.settle(run, [outcome("w1"), outcome("w2", WriteState.VOID), outcome("w3")], at=NOW)
    state = OperationState.AWAITING
    journal.confirm(operation("two", kind=OperationKind.REFUND, state=state), [])

    found = journal.moved_since(NOW)

    assert {
        Moved(kind=OperationKind.CANCEL, operations=1, given=2, taken=0),
        Moved(kind=OperationKind.REFUND, operations=1, given=0, taken=0),
    } == set(found)
    assert 2 == sum(each.operations for each in journal.moved_since(LONG_AGO)) - 1


def test_a_credit_that_was_spent_is_taken(journal: Journal) -> None:
    booked = operation("one", kind=OperationKind.BOOK)
    journal.confirm(booked, [item(0, operation_id="one")])
    run, _ = journal.begin_run("one", at=NOW)
    spend = write("w1", operation_id="one", movement=MovementKind.SPEND, delta=-1)
    saved(journal, run, [spend])
    journal.settle(run, [outcome("w1")], at=NOW)

    (moved,) = journal.moved_since(NOW)

    assert Moved(kind=OperationKind.BOOK, operations=1, given=0, taken=1) == moved


def test_refunds_landed_since_a_count_are_those_of_refunds_begun_after_it(journal: Journal) -> None:
    for id_, kind in (("early", REFUND), ("late", REFUND), ("cancelled", OperationKind.CANCEL)):
        started = after(-5) if id_ == "early" else after(5)
        journal.confirm(operation(id_, kind=kind), [item(0, operation_id=id_)])
        journal.move(id_, OperationState.RUNNING, at=started, actor="ann")
        run, _ = journal.begin_run(id_, at=started)
        writes = [write(f"{id_}{n}", f"{id_}{n}", operation_id=id_) for n in range(3)]
        saved(journal, run, writes)
        landed = [outcome(f"{id_}0"), outcome(f"{id_}1"), outcome(f"{id_}2", WriteState.VOID)]
        journal.settle(run, landed, at=started)

    assert 2 == journal.refunds_landed(since=NOW)
    assert 4 == journal.refunds_landed(since=LONG_AGO)
    assert 0 == journal.refunds_landed(since=after(60))


def test_when_an_operation_ended_last_is_known(journal: Journal) -> None:
    assert journal.last_ended() is None
    for id_, ended_at in (("one", 5.0), ("two", 3.0)):
        running(journal, id_, state=OperationState.RUNNING)
        journal.move(id_, OperationState.DONE, at=after(ended_at), actor="ann")
    running(journal, "three")

    assert after(5) == journal.last_ended()


def test_an_undecided_booking_that_no_write_carries_is_unclear(journal: Journal) -> None:
    ended(journal, "one", ItemState.UNDECIDED, ItemState.DONE)

    (found,) = journal.needs_eyes()

    assert (1, 0) == (found.unclear, found.undecided)
    assert "one" == found.operation.id


def test_no_other_operation_claims_a_booking_that_is_unclear_or_refunded_by_others(
    journal: Journal,
) -> None:
    run, other = running(journal, "one"), running(journal, "two")
    ids = [BookingId(f"b{n}") for n in range(3)]
    journal.claim(run, ids, MovementKind.REFUND)
    settled = [
        item(0, operation_id="one", state=ItemState.UNDECIDED),
        item(1, operation_id="one", state=ItemState.SKIPPED, ruling=Ruling.GIVEN),
        item(2, operation_id="one", state=ItemState.SKIPPED),
    ]

    journal.update_items(run, settled)

    owners = journal.claim(other, ids, MovementKind.REFUND)
    assert ["one", "one", "two"] == [owners[id_] for id_ in ids]
    assert Ruling.GIVEN is journal.items("one", bookings=[ids[1]])[0].ruling
