"""When writes are looked at again, and what a person decides of an unclear change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.app.journal import Journal
from core.audit.entries import Entry, Sought, What
from core.audit.store.event_port import Event
from core.credits.errors import Superseded
from core.credits.records import BookingId, Kind, WriteId
from core.credits.writes import MovementKind
from core.operations.foreign.changes import Conflict, ForeignWrite
from core.operations.foreign.corrections import name_of
from core.operations.leftovers import UNCHECKED
from core.operations.states import OperationState
from core.operations.verdicts import OperationKind
from tests.contract.journal.given import (
    ADMIN,
    CS,
    NOW,
    after,
    outcome,
    running,
    saved,
    write,
)

W1, W2, W3 = WriteId("w1"), WriteId("w2"), WriteId("w3")
CORRECTION = MovementKind.CORRECTION


def landed(journal: Journal, operation_id: str = "op", *ids: str, end: bool = True) -> None:
    run = running(journal, operation_id, state=OperationState.RUNNING)
    for n, id_ in enumerate(ids):
        saved(journal, run, [write(id_, f"{id_}-{n}", operation_id=operation_id, target=id_)])
        journal.settle(run, [outcome(id_)], at=NOW)
    if end:
        journal.move(operation_id, OperationState.DONE, at=NOW, actor=ADMIN)


def unclear(write_id: str = "w1") -> ForeignWrite:
    return ForeignWrite(
        write_id=WriteId(write_id),
        kind=Kind.CONTACT,
        target_id="c0",
        credit=CS,
        conflict=Conflict.UNCLEAR,
        read=3,
        theirs=4,
        ours=3,
        at=after(9),
        source="INTEGRATION",
        source_id="app",
        user_id="",
        evidence="counted from 2 it is +2",
    )


def entry() -> Entry:
    return Entry(at=NOW, actor=ADMIN, what=What.JUDGED, operation_id="op")


def test_writes_are_due_when_they_were_said_to_be_oldest_first(journal: Journal) -> None:
    landed(journal, "op", "w1", "w2", "w3")
    found = {W1: "clean", W2: "clean", W3: "clean"}

    journal.record_verified(found, [], at=NOW, again={W1: after(60), W2: after(30)})

    assert [] == journal.to_look_at(after(29), 9)
    assert [W2] == [record.write.id for record in journal.to_look_at(after(30), 9)]
    assert [W1, W2] == [record.write.id for record in journal.to_look_at(after(99), 9)]
    assert [W2] == [record.write.id for record in journal.to_look_at(after(99), 1)]
    first = journal.to_look_at(after(99), 9)[0]
    assert ("clean", NOW, after(60)) == (first.verified, first.verified_at, first.look_at)


def test_a_write_that_was_looked_at_for_the_last_time_is_not_due(journal: Journal) -> None:
    landed(journal, "op", "w1")
    journal.record_verified({W1: "clean"}, [], at=NOW, again={W1: after(60)})

    journal.record_verified({W1: "clean"}, [], at=after(61))

    assert [] == journal.to_look_at(after(10**6), 9)


def test_writes_of_an_operation_that_runs_are_its_own_to_look_at(journal: Journal) -> None:
    landed(journal, "op", "w1", end=False)
    journal.record_verified({W1: "clean"}, [], at=NOW, again={W1: NOW})

    assert [] == journal.to_look_at(after(1), 9)


def test_what_could_not_be_checked_needs_eyes_when_it_is_given_up(journal: Journal) -> None:
    landed(journal, "op", "w1")
    journal.record_verified({W1: f"{UNCHECKED}: gone"}, [], at=NOW, again={W1: after(60)})
    assert [] == journal.needs_eyes()

    journal.record_verified({W1: f"{UNCHECKED}: gone"}, [], at=after(60))

    (eyes,) = journal.needs_eyes()
    assert ("op", 1) == (eyes.operation.id, eyes.unchecked)


def test_changes_of_one_counter_after_a_write_are_kept_each(journal: Journal) -> None:
    landed(journal, "op", "w1")
    one, two = unclear(), replace(unclear(), at=after(12), theirs=1, conflict=Conflict.LOST)

    journal.record_verified({W1: "foreign write"}, [two, one], at=NOW)
    journal.record_verified({W1: "foreign write"}, [one, two], at=NOW)

    assert [one, two] == journal.foreign_writes("op")


def test_a_decision_is_kept_once_with_its_entry(journal: Journal) -> None:
    landed(journal, "op", "w1")
    journal.record_verified({W1: "foreign write"}, [unclear()], at=NOW)
    (over,) = journal.written_over()
    assert 1 == over.number

    told = Event(at=NOW, actor=ADMIN, what="decided", operation_id="op")
    assert journal.decide_foreign(unclear(), 1, entry(), told)
    assert not journal.decide_foreign(unclear(), 2, entry(), told)

    (found,) = journal.foreign_writes("op")
    assert (1, 1) == (found.decided, found.correction)
    assert 1 == journal.audit_count(Sought(what=(What.JUDGED,)))
    assert 1 == [each.what for each in journal.events(operation_id="op")].count("decided")
    assert 1 == len(journal.written_over()), "now its correction is on offer"


def test_an_unclear_change_decided_to_cost_nothing_waits_for_nobody(journal: Journal) -> None:
    landed(journal, "op", "w1")
    journal.record_verified({W1: "foreign write"}, [unclear()], at=NOW)

    journal.decide_foreign(unclear(), 0, entry())

    assert [] == journal.written_over()


def test_an_entry_of_what_was_found_is_kept_once(journal: Journal) -> None:
    landed(journal, "op", "w1")
    told = replace(entry(), what=What.CONFLICT, once="conflict/w1")

    for _ in range(2):
        journal.record_verified({W1: "foreign write"}, [], at=NOW, entries=[told])

    assert 1 == journal.audit_count(Sought(what=(What.CONFLICT,)))


def test_a_claim_that_moved_nothing_is_let_go_and_one_that_did_is_not(journal: Journal) -> None:
    run = running(journal)
    names = [BookingId("w1/cs_credits/+1"), BookingId("w2/cs_credits/+1")]
    journal.claim(run, names, CORRECTION)
    saved(journal, run, [write("w9", names[1], movement=CORRECTION)])

    journal.release_claims(run, names, CORRECTION)

    assert {names[1]} == journal.claimed(names, CORRECTION)


def test_claims_of_another_operation_or_kind_are_left_alone(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    name = BookingId("w1/cs_credits/+1")
    journal.claim(one, [name], CORRECTION)
    journal.claim(two, [name], MovementKind.REFUND)

    journal.release_claims(two, [name], CORRECTION)

    assert {name} == journal.claimed([name], CORRECTION)
    assert {name} == journal.claimed([name], MovementKind.REFUND)


def test_a_run_that_was_superseded_lets_no_claim_go(journal: Journal) -> None:
    run = running(journal)
    journal.claim(run, [BookingId("x/cs_credits/+1")], CORRECTION)
    journal.begin_run("op", at=NOW)

    with pytest.raises(Superseded):
        journal.release_claims(run, [BookingId("x/cs_credits/+1")], CORRECTION)


@pytest.mark.parametrize(
    ("kind", "net"), [(OperationKind.REFUND, {CS: 1}), (OperationKind.CORRECT, {CS: 2})]
)
def test_a_lost_credit_that_was_given_again_is_counted_once(
    journal: Journal, kind: OperationKind, net: dict[str, int]
) -> None:
    run = running(journal, kind=kind)
    first = MovementKind.REFUND if kind is OperationKind.REFUND else CORRECTION
    saved(journal, run, [write("w1", "b0", movement=first)])
    journal.settle(run, [outcome("w1")], at=NOW)
    again = write("w2", BookingId(name_of(replace(unclear(), decided=1))), movement=CORRECTION)
    saved(journal, run, [again])
    journal.settle(run, [outcome("w2")], at=NOW)

    assert net == journal.progress("op").net
    (moved,) = journal.moved_since(after(-1))
    assert net[CS] == moved.given
