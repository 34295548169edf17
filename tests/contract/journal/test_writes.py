from __future__ import annotations

import pytest

from core.app.journal import Journal
from core.credits.errors import JournalError, UnknownId
from core.credits.records import Kind, WriteId
from core.credits.writes import MovementKind, WriteState
from core.operations.foreign.changes import ForeignWrite
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.states import ItemState
from tests.contract.journal.given import (
    CS,
    NOW,
    REFUND,
    SJ,
    after,
    due,
    item,
    outcome,
    running,
    saved,
    write,
)

W1, W2 = WriteId("w1"), WriteId("w2")


def test_an_intent_comes_back_as_it_was_saved(journal: Journal) -> None:
    run = running(journal)
    intent = write("w1", "b1", "b0")

    saved(journal, run, [intent])

    assert [intent] == journal.open_writes()
    assert [WriteRecord(write=intent, state=WriteState.OPEN)] == journal.writes("op")


def test_saving_an_intent_again_changes_nothing(journal: Journal) -> None:
    run = running(journal)
    saved(journal, run, [write("w1", "b0")])
    journal.settle(run, [outcome("w1")], at=NOW)

    saved(journal, run, [write("w1", "b0"), write("w2", "b1")])
    saved(journal, run, [])

    assert [WriteState.LANDED, WriteState.OPEN] == [r.state for r in journal.writes("op")]


@pytest.mark.parametrize("state", [WriteState.OPEN, WriteState.LANDED, WriteState.UNDECIDED])
def test_no_credit_moves_twice_for_one_reason(journal: Journal, state: WriteState) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    saved(journal, one, [write("w1", "b0", operation_id="one")])
    journal.settle(one, [outcome("w1", state)], at=NOW)

    with pytest.raises(JournalError, match="refund of booking b0 is already moved by w1"):
        saved(journal, two, [write("w2", "b7", "b0", operation_id="two")])

    assert [] == journal.writes("two")


def test_one_save_cannot_move_a_credit_twice_either(journal: Journal) -> None:
    run = running(journal)

    with pytest.raises(JournalError):
        saved(journal, run, [write("w1", "b0"), write("w2", "b0", target="c1")])

    assert [] == journal.writes("op")


def test_a_write_that_did_not_land_frees_its_movements(journal: Journal) -> None:
    run = running(journal)
    saved(journal, run, [write("w1", "b0")])
    journal.settle(run, [outcome("w1", WriteState.VOID, reason="not sent")], at=NOW)

    saved(journal, run, [write("w2", "b0")])

    assert [W2] == [w.id for w in journal.open_writes()]


def test_open_writes_can_be_asked_for_by_operation_kind_and_target(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    seat = MovementKind.SEAT_FREED
    saved(
        journal,
        one,
        [
            write("w1", "b0", operation_id="one", target="7"),
            write("w2", "b0", operation_id="one", target="7", kind=Kind.EXAM, movement=seat),
            write("w3", "b1", operation_id="one", target="8"),
        ],
    )
    saved(journal, two, [write("w4", "b4", operation_id="two", target="9")])
    journal.settle(one, [outcome("w3")], at=NOW)

    def found(**asked: object) -> list[str]:
        return [w.id for w in journal.open_writes(**asked)]  # type: ignore[arg-type]

    assert ["w1", "w2", "w4"] == found()
    assert ["w1", "w2"] == found(operation_id="one")
    assert ["w2"] == found(operation_id="one", kind=Kind.EXAM)
    assert ["w1", "w4"] == found(kind=Kind.CONTACT, ids=["7", "8", "9"])
    assert [] == found(operation_id="two", kind=Kind.CONTACT, ids={"7"})


def test_only_an_open_write_can_be_sent_again(journal: Journal) -> None:
    run = running(journal)
    saved(journal, run, [write("w1", "b0"), write("w2", "b1")])
    journal.settle(run, [outcome("w2")], at=NOW)

    journal.resend(run, [W1, W2], at=after(70))

    sent = {r.write.id: r.write.sent_at for r in journal.writes("op")}
    assert {W1: after(70), W2: NOW} == sent
    assert [after(70)] == [w.sent_at for w in journal.open_writes()]


def test_outcomes_items_and_copies_are_settled_together(journal: Journal) -> None:
    run = running(journal)
    saved(journal, run, [write("w1", "b0")])
    given = item(0, state=ItemState.GIVEN_BACK, before=2, after=3)

    journal.settle(run, [outcome("w1")], items=[given], due=[due("c0", cs_credits=3)], at=after(2))

    (record,) = journal.writes("op")
    assert (WriteState.LANDED, after(1), "") == (record.state, record.modified_at, record.reason)
    assert given == journal.items("op")[0]
    (waiting,) = journal.outbox_rows()
    assert ({"hubspot_id": "c0", "cs_credits": 3}, after(2)) == (waiting.row, waiting.due_since)
    assert [] == journal.open_writes()


def test_settling_is_all_or_nothing(journal: Journal) -> None:
    run = running(journal)
    saved(journal, run, [write("w1", "b0")])
    given = item(0, state=ItemState.GIVEN_BACK)

    with pytest.raises(UnknownId):
        journal.settle(run, [outcome("w1"), outcome("nothing")], items=[given], due=[due()], at=NOW)

    assert [W1] == [w.id for w in journal.open_writes()]
    assert item(0) == journal.items("op")[0]
    assert 0 == journal.outbox().due


def test_saying_an_outcome_again_is_harmless(journal: Journal) -> None:
    run = running(journal)
    saved(journal, run, [write("w1", "b0")])
    journal.settle(run, [outcome("w1")], at=NOW)
    before = journal.writes("op")

    journal.settle(run, [outcome("w1")], at=after(9))

    assert before == journal.writes("op")


@pytest.mark.parametrize("known", [WriteState.LANDED, WriteState.VOID])
@pytest.mark.parametrize("said", list(WriteState))
def test_a_known_outcome_is_never_contradicted(
    journal: Journal, known: WriteState, said: WriteState
) -> None:
    if known is said:
        return
    run = running(journal)
    saved(journal, run, [write("w1", "b0")])
    journal.settle(run, [outcome("w1", known)], at=NOW)

    with pytest.raises(JournalError, match="a person must look"):
        journal.settle(run, [outcome("w1", said)], due=[due()], at=NOW)

    assert [known] == [r.state for r in journal.writes("op")]
    assert 0 == journal.outbox().due


@pytest.mark.parametrize("decided", [WriteState.LANDED, WriteState.VOID])
def test_a_person_decides_what_was_undecided(journal: Journal, decided: WriteState) -> None:
    run = running(journal)
    saved(journal, run, [write("w1", "b0")])
    journal.settle(run, [outcome("w1", WriteState.UNDECIDED, reason="no history")], at=NOW)
    undecided = journal.writes("op")[0]
    journal.settle(run, [outcome("w1", decided, reason="ann looked")], at=NOW)

    assert ("no history", []) == (undecided.reason, journal.open_writes())
    assert (decided, "ann looked") == (
        journal.writes("op")[0].state,
        journal.writes("op")[0].reason,
    )


def test_moving_is_what_may_have_landed(journal: Journal) -> None:
    run = running(journal, items=5)
    saved(journal, run, [write(f"w{n}", f"b{n}", target=f"c{n}") for n in range(4)])
    states = [WriteState.LANDED, WriteState.VOID, WriteState.UNDECIDED]
    journal.settle(run, [outcome(f"w{n}", state) for n, state in enumerate(states)], at=NOW)

    assert {"b0", "b2", "b3"} == journal.moving("op", REFUND)
    assert set() == journal.moving("op", MovementKind.SPEND)
    assert set() == journal.moving("nothing", REFUND)


def test_landed_writes_wait_to_be_verified_in_their_order(journal: Journal) -> None:
    run = running(journal, items=5)
    saved(journal, run, [write(f"w{n}", f"b{n}", target=f"c{n}") for n in range(4)])
    journal.settle(run, [outcome(f"w{n}") for n in (3, 1, 0)], at=NOW)

    assert ["w0", "w1"] == [r.write.id for r in journal.unverified("op", 2)]
    journal.record_verified({WriteId("w0"): "clean", WriteId("w3"): "clean"}, [], at=NOW)
    assert ["w1"] == [r.write.id for r in journal.unverified("op", 9)]
    assert ["clean", None, None, "clean"] == [r.verified for r in journal.writes("op")]


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
        "source": "INTEGRATION",
        "source_id": "1234",
        "user_id": "",
    }
    return ForeignWrite(**values | changes)  # type: ignore[arg-type]


def test_foreign_writes_are_kept_once_as_first_found(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    saved(journal, one, [write("w1", "b0", operation_id="one")])
    saved(journal, two, [write("w2", "b4", operation_id="two")])
    later = foreign(credit=SJ, at=after(-1), source="CRM_UI", user_id="77")
    journal.record_verified({W1: "foreign write"}, [foreign(), later], at=NOW)
    journal.record_verified({W1: "foreign write"}, [foreign(theirs=9)], at=after(5))
    journal.record_verified({W2: "foreign write"}, [foreign("w2")], at=NOW)

    assert [later, foreign()] == journal.foreign_writes("one")
    assert [foreign("w2")] == journal.foreign_writes("two")


def test_notes_are_known_by_operation_and_contact(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    journal.record_noted(one, ["c0", "c1"])
    journal.record_noted(one, ["c1", "c2"])
    journal.record_noted(two, ["c9"])
    journal.record_noted(two, [])

    assert {"c0", "c1", "c2"} == journal.noted("one")
    assert set() == journal.noted("nothing")


def test_writes_are_turned_page_by_page_and_counted_by_how_they_ended(journal: Journal) -> None:
    run = running(journal, items=5)
    saved(journal, run, [write(f"w{n}", f"b{n}") for n in range(5)])
    journal.settle(run, [outcome(f"w{n}") for n in range(3)], at=NOW)
    journal.record_verified({WriteId("w0"): "clean"}, [], at=NOW)

    every = journal.writes("op")

    assert every[2:4] == journal.writes("op", limit=2, offset=2)
    assert every[4:] == journal.writes("op", limit=9, offset=4)
    assert {
        (WriteState.LANDED, "clean"): 1,
        (WriteState.LANDED, None): 2,
        (WriteState.OPEN, None): 2,
    } == dict(journal.writes_counted("op"))
    assert {} == dict(journal.writes_counted("another"))
