"""Two transactions at once on PostgreSQL: what one has begun, the other waits for or sees.

A SQLite file has one writer at a time, so none of this can happen there. Each case chooses the one
moment in which a guard is all that keeps the two apart.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.app.stores import SqlJournal
from core.audit.entries import What
from core.credits.errors import JournalError, StateConflict, Superseded
from core.credits.records import BookingId, Kind, WriteId
from core.credits.roles import Grant, Role
from core.credits.writes import Run, WriteState
from core.mirror.rows import SOURCE_TIME
from core.operations.states import ItemState, OperationState
from tests.contract.journal.given import (
    ADMIN,
    NOW,
    REFUND,
    after,
    due,
    item,
    operation,
    outcome,
    plan_of,
    running,
    saved,
    stamped,
    write,
)
from tests.contract.journal.interleaved import interleaved
from tests.contract.journal.test_audit import entries, faults
from tests.contract.journal.test_fencing import CALLS

B0 = BookingId("b0")
SECOND = "second.admin@example.test"


@pytest.fixture
def url(postgres_journal_url: str) -> str:
    return postgres_journal_url


@pytest.fixture
def given(postgres_keeper: SqlJournal, url: str) -> SqlJournal:
    """For what stands before the two meet, and for what is looked at afterwards."""
    assert url
    return postgres_keeper


# --- the fence: an older run and the one that takes the operation over


@pytest.mark.parametrize("name", CALLS)
def test_a_new_run_begins_only_after_a_transaction_of_the_older_one(
    given: SqlJournal, url: str, name: str
) -> None:
    run = running(given)
    saved(given, run, [write("w1", "b0")])
    given.lease(run, Kind.CONTACT, ["c0", "c9"], now=NOW, until=after(60))

    with interleaved(url, after=r"credit_desk\.operations\b") as both:
        older = both.begin(lambda journal: CALLS[name](journal, run))
        newer, waits = both.meanwhile(lambda journal: journal.begin_run("op", at=NOW))
        both.first.go_on()

        older.result()
        assert waits, f"a new run began in the middle of {name}"
        assert 2 == newer.result()[0].epoch
    with pytest.raises(Superseded):
        CALLS[name](given, run)


def test_a_new_run_sees_every_intent_that_the_older_one_saved(given: SqlJournal, url: str) -> None:
    run = running(given)
    given.lease(run, Kind.CONTACT, ["c0"], now=NOW, until=after(60))

    def takes_over(journal: SqlJournal) -> list[str]:
        journal.begin_run("op", at=NOW)
        return [each.id for each in journal.open_writes(operation_id="op")]

    with interleaved(url, after=r"FROM credit_desk\.operations\b") as both:
        older = both.begin(lambda journal: journal.save_intents(run, [write("w1", "b0")]))
        newer, _ = both.meanwhile(takes_over)
        both.first.go_on()

        assert {"w1"} == older.result()
        assert ["w1"] == newer.result(), "a write that may be on its way was not seen"


def test_threads_of_one_run_do_not_wait_for_each_other(given: SqlJournal, url: str) -> None:
    run = running(given)
    given.lease(run, Kind.CONTACT, ["c0", "c1"], now=NOW, until=after(60))

    with interleaved(url, after=r"FROM credit_desk\.operations\b") as both:
        one = both.begin(lambda journal: journal.save_intents(run, [write("w1", "b0")]))
        intent = write("w2", "b1", target="c1")
        two, waits = both.meanwhile(lambda journal: journal.save_intents(run, [intent]))

        assert not waits
        assert {"w2"} == two.result()
        both.first.go_on()
        assert {"w1"} == one.result()


def test_two_that_ask_at_once_never_get_one_group(given: SqlJournal, url: str) -> None:
    run = running(given)
    given.offer_groups(run, [[B0], [BookingId("b1")]])

    with interleaved(url, after=r"FROM credit_desk\.operation_groups\b") as both:
        one = both.begin(lambda journal: journal.take_group(run, "holder"))
        two, waits = both.meanwhile(lambda journal: journal.take_group(run, "mate"))
        both.first.go_on()

        assert waits
        assert [0, 1] == [group.n for group in (one.result(), two.result()) if group]


def test_two_runs_that_begin_at_once_get_two_epochs(given: SqlJournal, url: str) -> None:
    given.confirm(operation(), [])

    with interleaved(url, after=r"UPDATE credit_desk\.operations\b") as both:
        one = both.begin(lambda journal: journal.begin_run("op", at=NOW))
        two, waits = both.meanwhile(lambda journal: journal.begin_run("op", at=NOW))
        both.first.go_on()

        assert waits
        assert [1, 2] == [each.result()[0].epoch for each in (one, two)]


# --- claims


@pytest.mark.parametrize("kept", [True, False])
def test_a_claim_on_its_way_is_waited_for_and_has_one_owner(
    given: SqlJournal, url: str, kept: bool
) -> None:
    one, two = running(given, "one"), running(given, "two")

    def claims_and_may_die(journal: SqlJournal) -> None:
        journal.claim(one, [B0], REFUND)

    with interleaved(url, after=r"INSERT INTO credit_desk\.claims\b") as both:
        if not kept:
            both.first.journal._db._at_end = _dies
        first = both.begin(claims_and_may_die)
        second, waits = both.meanwhile(lambda journal: journal.claim(two, [B0], REFUND))
        both.first.go_on()

        assert waits, "two operations claim one booking at the same time"
        assert (first.exception() is None) == kept
        assert {B0: "one" if kept else "two"} == second.result()


def _dies(connection: object) -> None:
    raise RuntimeError("the process dies before it commits")


def test_a_claim_freed_while_another_asks_for_it_is_claimed_by_the_other(
    given: SqlJournal, url: str
) -> None:
    one, two = running(given, "one"), running(given, "two")
    given.claim(one, [B0], REFUND)
    skipped = [item(0, operation_id="one", state=ItemState.SKIPPED)]

    with interleaved(url, after=r"INSERT INTO credit_desk\.claims\b") as both:
        asks = both.begin(lambda journal: journal.claim(two, [B0], REFUND))
        frees, waits = both.meanwhile(lambda journal: journal.update_items(one, skipped))
        frees.result()
        both.first.go_on()

        assert not waits
        assert {B0: "two"} == asks.result()


# --- leases and intents


def test_a_lease_on_its_way_is_waited_for_and_has_one_holder(given: SqlJournal, url: str) -> None:
    one, two = running(given, "one"), running(given, "two")

    def leased(run: Run, journal: SqlJournal) -> set[str]:
        return journal.lease(run, Kind.CONTACT, ["c0"], now=NOW, until=after(60))

    with interleaved(url, after=r"INSERT INTO credit_desk\.leases\b") as both:
        first = both.begin(lambda journal: leased(one, journal))
        second, waits = both.meanwhile(lambda journal: leased(two, journal))
        both.first.go_on()

        assert waits
        assert [{"c0"}, set()] == [each.result() for each in (first, second)]


def test_a_lapsed_lease_is_not_taken_while_an_intent_is_saved_under_it(
    given: SqlJournal, url: str
) -> None:
    """Else two writes of one contact would be on their way, each on the same balance."""
    one, two = running(given, "one"), running(given, "two")
    given.lease(one, Kind.CONTACT, ["c0"], now=NOW, until=after(60))
    intent = write("w1", "b0", operation_id="one")

    def takes_the_lapsed(journal: SqlJournal) -> tuple[set[str], list[str]]:
        got = journal.lease(two, Kind.CONTACT, ["c0"], now=after(61), until=after(120))
        return got, [each.id for each in journal.open_writes(kind=Kind.CONTACT, ids=["c0"])]

    with interleaved(url, after=r"SELECT .*FROM credit_desk\.leases\b") as both:
        saves = both.begin(lambda journal: journal.save_intents(one, [intent]))
        takes, waits = both.meanwhile(takes_the_lapsed)
        both.first.go_on()

        assert {"w1"} == saves.result()
        assert waits, "the lease went to another while an intent was saved under it"
        assert ({"c0"}, ["w1"]) == takes.result(), "the open write bars the other"


def test_an_intent_is_not_saved_under_a_lease_that_is_being_taken(
    given: SqlJournal, url: str
) -> None:
    one, two = running(given, "one"), running(given, "two")
    given.lease(one, Kind.CONTACT, ["c0"], now=NOW, until=after(60))
    intent = write("w1", "b0", operation_id="one")

    with interleaved(url, after=r"INSERT INTO credit_desk\.leases\b") as both:
        takes = both.begin(
            lambda journal: journal.lease(
                two, Kind.CONTACT, ["c0"], now=after(61), until=after(120)
            )
        )
        saves, waits = both.meanwhile(lambda journal: journal.save_intents(one, [intent]))
        both.first.go_on()

        assert {"c0"} == takes.result()
        assert waits
        assert set() == saves.result()
    assert [] == given.open_writes()


def test_one_credit_is_never_carried_by_two_writes_that_are_saved_at_once(
    given: SqlJournal, url: str
) -> None:
    one, two = running(given, "one"), running(given, "two")
    given.lease(one, Kind.CONTACT, ["c0"], now=NOW, until=after(60))
    given.lease(two, Kind.CONTACT, ["c1"], now=NOW, until=after(60))
    of_one = write("w1", "b0", operation_id="one")
    of_two = write("w2", "b0", operation_id="two", target="c1")

    with interleaved(url, after=r"INSERT INTO credit_desk\.movements\b") as both:
        first = both.begin(lambda journal: journal.save_intents(one, [of_one]))
        second, waits = both.meanwhile(lambda journal: journal.save_intents(two, [of_two]))
        both.first.go_on()

        assert {"w1"} == first.result()
        assert waits
        with pytest.raises(JournalError):
            second.result()
    assert ["w1"] == [each.id for each in given.open_writes()]


# --- outcomes


def test_of_two_outcomes_at_once_the_second_is_held_against_the_first(
    given: SqlJournal, url: str
) -> None:
    run = running(given)
    saved(given, run, [write("w1", "b0")])

    with interleaved(url, after=r"SELECT .*FROM credit_desk\.writes\b") as both:
        landed = both.begin(lambda journal: journal.settle(run, [outcome("w1")], at=NOW))
        void = [outcome("w1", WriteState.VOID, reason="it never arrived")]
        denied, waits = both.meanwhile(lambda journal: journal.settle(run, void, at=NOW))
        both.first.go_on()

        landed.result()
        assert waits
        with pytest.raises(JournalError, match="w1 is landed and was now found void"):
            denied.result()
    assert [WriteState.LANDED] == [record.state for record in given.writes("op")]


def test_one_outcome_said_twice_at_once_is_recorded_once(given: SqlJournal, url: str) -> None:
    run = running(given)
    saved(given, run, [write("w1", "b0")])

    with interleaved(url, after=r"SELECT .*FROM credit_desk\.writes\b") as both:
        saying = [
            both.begin(lambda journal: journal.settle(run, [outcome("w1")], at=NOW)),
            both.meanwhile(lambda journal: journal.settle(run, [outcome("w1")], at=NOW))[0],
        ]
        both.first.go_on()
        for each in saying:
            each.result()

    told = [entry for entry in entries(given) if entry.what == What.WRITTEN]
    assert 1 == len(told), "the audit tells of one write twice"


# --- the state of an operation


def test_an_operation_called_off_meanwhile_does_not_begin(given: SqlJournal, url: str) -> None:
    given.confirm(operation(), [item(0)])

    with interleaved(url, after=r"SELECT .*FROM credit_desk\.operations\b") as both:
        begins = both.begin(
            lambda journal: journal.move("op", OperationState.RUNNING, at=after(10), actor=ADMIN)
        )
        called_off, waits = both.meanwhile(
            lambda journal: journal.move("op", OperationState.CALLED_OFF, at=NOW, actor=ADMIN)
        )
        called_off.result()
        both.first.go_on()

        assert not waits
        with pytest.raises(StateConflict):
            begins.result()
    assert OperationState.CALLED_OFF is given.operation("op").state


def test_an_operation_that_ends_while_somebody_stops_it_stays_ended(
    given: SqlJournal, url: str
) -> None:
    given.confirm(operation(state=OperationState.RUNNING), [item(0)])

    with interleaved(url, after=r"SELECT .*FROM credit_desk\.operations\b") as both:
        stops = both.begin(
            lambda journal: journal.move("op", OperationState.STOPPING, at=NOW, actor=ADMIN)
        )
        ends, _ = both.meanwhile(
            lambda journal: journal.move("op", OperationState.DONE, at=NOW, actor=ADMIN)
        )
        ends.result()
        both.first.go_on()

        with pytest.raises(StateConflict):
            stops.result()
    assert OperationState.DONE is given.operation("op").state
    assert ["done"] == [each.what for each in given.events(operation_id="op")], (
        "a move that did not happen is told"
    )


def test_an_operation_is_not_taken_up_while_it_is_ended(given: SqlJournal, url: str) -> None:
    given.confirm(operation(state=OperationState.RUNNING), [item(0, state=ItemState.DONE)])
    run, _ = given.begin_run("op", at=NOW)

    with interleaved(url, after=r"FROM credit_desk\.items\b") as both:
        ends = both.begin(lambda journal: journal.end(run, at=after(9), actor=ADMIN))
        begins, waits = both.meanwhile(lambda journal: journal.begin_run("op", at=NOW))
        both.first.go_on()

        assert OperationState.DONE is ends.result().state
        assert waits, "a new run began between the judging and the end"
        assert OperationState.DONE is begins.result()[1].state


def test_an_operation_does_not_end_while_a_write_of_it_is_saved(
    given: SqlJournal, url: str
) -> None:
    given.confirm(operation(state=OperationState.RUNNING), [item(0, state=ItemState.DONE)])
    run, _ = given.begin_run("op", at=NOW)
    given.lease(run, Kind.CONTACT, ["c0"], now=NOW, until=after(60))

    with interleaved(url, after=r"INSERT INTO credit_desk\.writes\b") as both:
        saves = both.begin(lambda journal: journal.save_intents(run, [write("w1", "b0")]))
        ends, waits = both.meanwhile(lambda journal: journal.end(run, at=after(9), actor=ADMIN))
        both.first.go_on()

        assert {"w1"} == saves.result()
        assert waits
        with pytest.raises(StateConflict, match="1 open writes"):
            ends.result()
    assert OperationState.RUNNING is given.operation("op").state


def test_an_operation_that_two_people_retry_at_once_goes_on_once(
    given: SqlJournal, url: str
) -> None:
    given.confirm(operation(state=OperationState.DONE), [item(0, state=ItemState.FAILED)])

    def retried(journal: SqlJournal) -> int:
        return journal.reopen("op", {ItemState.FAILED}, at=after(9), actor=ADMIN)

    with interleaved(url, after=r"UPDATE credit_desk\.items\b") as both:
        one = both.begin(retried)
        two, waits = both.meanwhile(retried)
        both.first.go_on()

        assert 1 == one.result()
        assert waits
        with pytest.raises(StateConflict):
            two.result()
    assert (OperationState.RUNNING, 1) == (given.operation("op").state, given.operation("op").epoch)


def test_an_approval_of_what_was_called_off_meanwhile_does_not_count(
    given: SqlJournal, url: str
) -> None:
    waiting = operation(state=OperationState.AWAITING, needs_approval="more than 10 bookings")
    given.confirm(waiting, [item(0)])

    with interleaved(url, after=r"SELECT .*FROM credit_desk\.operations\b") as both:
        approves = both.begin(
            lambda journal: journal.approve("op", by=SECOND, at=after(1), hold_until=after(2))
        )
        called_off, _ = both.meanwhile(
            lambda journal: journal.move("op", OperationState.CALLED_OFF, at=NOW, actor=ADMIN)
        )
        called_off.result()
        both.first.go_on()

        with pytest.raises(StateConflict):
            approves.result()
    kept = given.operation("op")
    assert (OperationState.CALLED_OFF, "") == (kept.state, kept.approved_by)


def test_of_two_approvals_at_once_one_counts(given: SqlJournal, url: str) -> None:
    waiting = operation(state=OperationState.AWAITING, needs_approval="more than 10 bookings")
    given.confirm(waiting, [item(0)])
    admins = (SECOND, "third.admin@example.test")

    with interleaved(url, after=r"UPDATE credit_desk\.operations\b") as both:
        one = both.begin(
            lambda journal: journal.approve("op", by=admins[0], at=after(1), hold_until=after(2))
        )
        two, waits = both.meanwhile(
            lambda journal: journal.approve("op", by=admins[1], at=after(1), hold_until=after(9))
        )
        both.first.go_on()

        assert waits
        assert admins[0] == one.result().approved_by
        with pytest.raises(StateConflict):
            two.result()
    assert admins[0] == given.operation("op").approved_by


def test_one_plan_confirmed_twice_at_once_is_one_operation(given: SqlJournal, url: str) -> None:
    given.save_plan(plan_of())

    with interleaved(url, after=r"INSERT INTO credit_desk\.operations\b") as both:
        one = both.begin(lambda journal: journal.confirm(operation(), [item(0)]))
        two, waits = both.meanwhile(lambda journal: journal.confirm(operation(), [item(0)]))
        both.first.go_on()

        assert waits
        assert [True, False] == [one.result(), two.result()]
    assert [item(0)] == given.items("op")


def test_one_plan_saved_twice_at_once_is_saved_and_recorded_once(
    given: SqlJournal, url: str
) -> None:
    with interleaved(url, after=r"INSERT INTO credit_desk\.plan_rows\b") as both:
        one = both.begin(lambda journal: journal.save_plan(plan_of()))
        two, _ = both.meanwhile(lambda journal: journal.save_plan(plan_of()))
        both.first.go_on()
        for each in (one, two):
            each.result()

    assert plan_of() == given.plan("op")
    assert [What.PLANNED] == [entry.what for entry in entries(given)]


# --- the outbox


def test_two_changes_of_one_record_at_once_leave_the_newer_copy_due(
    given: SqlJournal, url: str
) -> None:
    newer = due("c0", cs_credits=4, **{SOURCE_TIME: stamped(2)})
    older = due("c0", cs_credits=3, **{SOURCE_TIME: stamped(1)})
    given.put_due([due("c0", cs_credits=2, **{SOURCE_TIME: stamped(0)})], at=NOW)

    with interleaved(url, after=r"DELETE FROM credit_desk\.outbox\b") as both:
        one = both.begin(lambda journal: journal.put_due([newer], at=after(2)))
        two, waits = both.meanwhile(lambda journal: journal.put_due([older], at=after(3)))
        both.first.go_on()

        assert waits
        for each in (one, two):
            each.result()
    assert [newer.row] == [each.row for each in given.outbox_rows()]


def test_two_first_changes_of_one_record_at_once_are_one_copy(given: SqlJournal, url: str) -> None:
    newer = due("c0", cs_credits=4, **{SOURCE_TIME: stamped(2)})
    older = due("c0", cs_credits=3, **{SOURCE_TIME: stamped(1)})

    with interleaved(url, after=r"INSERT INTO credit_desk\.outbox\b") as both:
        one = both.begin(lambda journal: journal.put_due([newer], at=after(2)))
        two, _ = both.meanwhile(lambda journal: journal.put_due([older], at=after(3)))
        both.first.go_on()
        for each in (one, two):
            each.result()

    assert [newer.row] == [each.row for each in given.outbox_rows()]


def test_two_takers_at_once_share_the_due_copies_and_neither_waits(
    given: SqlJournal, url: str
) -> None:
    given.put_due([due("c0", cs_credits=1), due("c1", cs_credits=1)], at=NOW)

    def take(journal: SqlJournal, limit: int) -> list[str]:
        taken = journal.take_due(now=NOW, until=after(60), limit=limit)
        return [each.record_id for each in taken]

    with interleaved(url, after=r"ORDER BY credit_desk\.outbox\.take_at") as both:
        one = both.begin(lambda journal: take(journal, 1))
        two, waits = both.meanwhile(lambda journal: take(journal, 9))
        both.first.go_on()

        assert not waits, "a taker waits for another"
        assert ["c0", "c1"] == sorted([*one.result(), *two.result()]), "one copy was taken twice"


def test_a_version_that_came_while_an_older_one_was_taken_stays_due(
    given: SqlJournal, url: str
) -> None:
    given.put_due([due("c0", cs_credits=1, **{SOURCE_TIME: stamped(0)})], at=NOW)
    taken = given.take_due(now=NOW, until=after(60), limit=9)
    newer = due("c0", cs_credits=2, **{SOURCE_TIME: stamped(1)})

    with interleaved(url, after=r"INSERT INTO credit_desk\.outbox\b") as both:
        puts = both.begin(lambda journal: journal.put_due([newer], at=after(1)))
        copied, _ = both.meanwhile(lambda journal: journal.copied(taken, at=after(1)))
        both.first.go_on()
        for each in (puts, copied):
            each.result()

    assert [newer.row] == [each.row for each in given.outbox_rows()]


# --- undo


def test_a_refund_waits_for_an_undo_that_is_freeing_its_claim(given: SqlJournal, url: str) -> None:
    refund = running(given, "refund", items=[item(0, operation_id="refund")])
    given.claim(refund, [B0], REFUND)
    saved(given, refund, [write("w1", "b0", operation_id="refund")])
    given.settle(refund, [outcome("w1")], at=NOW)
    other = running(given, "again")

    # whoever asks while the claim is still there is told whose it is, and gets nothing
    with interleaved(url, after=r"SELECT .*FROM credit_desk\.claims\b") as both:
        asks = both.begin(lambda journal: journal.claim(other, [B0], REFUND))
        done = [item(0, operation_id="refund", state=ItemState.DONE)]
        ends, _ = both.meanwhile(lambda journal: journal.update_items(refund, done))
        ends.result()
        both.first.go_on()

        assert {B0: "refund"} == asks.result()
    assert {B0: "refund"} == given.claim(other, [B0], REFUND), "what moved stays claimed"


# --- schedules, roles, sweeps


def test_one_time_of_a_schedule_is_taken_by_one_process(given: SqlJournal, url: str) -> None:
    given.begin_job("sweep", at=NOW)

    def take(journal: SqlJournal) -> bool:
        return journal.take_slot("sweep", after(60), now=after(61), until=after(600))

    with interleaved(url, after=r"UPDATE credit_desk\.slots\b") as both:
        one = both.begin(take)
        two, waits = both.meanwhile(take)
        both.first.go_on()

        assert waits
        assert [True, False] == [one.result(), two.result()]


def test_two_admins_who_withdraw_each_other_at_once_leave_one_admin(
    given: SqlJournal, url: str
) -> None:
    for email in (ADMIN, SECOND):
        given.grant(Grant(email=email, role=Role.ADMIN, by="settings", at=NOW))

    with interleaved(url, after=r"FROM credit_desk\.roles\b") as both:
        one = both.begin(
            lambda journal: journal.withdraw(ADMIN, by=SECOND, at=NOW, keep_an_admin=True)
        )
        two, waits = both.meanwhile(
            lambda journal: journal.withdraw(SECOND, by=ADMIN, at=NOW, keep_an_admin=True)
        )
        both.first.go_on()

        assert Role.ADMIN is one.result()
        assert waits
        with pytest.raises(StateConflict, match="last admin"):
            two.result()
    assert [SECOND] == [grant.email for grant in given.grants()]


def test_two_audit_entries_at_once_are_one_chain(given: SqlJournal, url: str) -> None:
    """Each entry holds the hash of the one before it: two on one hash would be a fork."""
    with interleaved(url, after=r"FROM credit_desk\.audit_head\b") as both:
        one = both.begin(lambda journal: journal.confirm(operation("one"), []))
        two, waits = both.meanwhile(lambda journal: journal.confirm(operation("two"), []))
        both.first.go_on()

        assert [True, True] == [one.result(), two.result()]
        assert waits
    assert ["one", "two"] == sorted(entry.operation_id for entry in entries(given))
    assert [] == faults(given)


def test_an_intent_sent_again_meanwhile_is_not_sent_once_it_is_settled(
    given: SqlJournal, url: str
) -> None:
    run = running(given)
    saved(given, run, [write("w1", "b0")])
    later = NOW + timedelta(seconds=90)

    with interleaved(url, after=r"UPDATE credit_desk\.writes\b") as both:
        settles = both.begin(lambda journal: journal.settle(run, [outcome("w1")], at=NOW))
        resends, waits = both.meanwhile(
            lambda journal: journal.resend(run, [WriteId("w1")], at=later)
        )
        both.first.go_on()
        for each in (settles, resends):
            each.result()

        assert waits
    (record,) = given.writes("op")
    assert (WriteState.LANDED, NOW) == (record.state, record.write.sent_at)
    assert replace(record.write, sent_at=NOW) == record.write
