from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.app.journal import Journal
from core.credits.records import BookingId, Kind, WriteId
from core.credits.writes import MovementKind, Run, WriteState
from core.operations.states import ItemState
from tests.contract.journal.given import NOW, REFUND, after, item, outcome, running, saved, write

B0, B1, B2 = BookingId("b0"), BookingId("b1"), BookingId("b2")


def test_the_first_to_claim_owns(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")

    assert {B0: "one", B1: "one"} == journal.claim(one, [B0, B1], REFUND)
    assert {B1: "one", B2: "two"} == journal.claim(two, [B1, B2], REFUND)
    assert {B0: "one"} == journal.claim(one, [B0], REFUND)
    assert {} == journal.claim(one, [], REFUND)


def test_each_kind_of_movement_is_claimed_apart(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    journal.claim(one, [B0], REFUND)

    assert {B0: "two"} == journal.claim(two, [B0], MovementKind.UNDO_REFUND)


def test_a_claim_outlives_the_run_that_made_it(journal: Journal) -> None:
    journal.claim(running(journal, "one"), [B0], REFUND)
    later, _ = journal.begin_run("one", at=NOW)

    assert {B0: "one"} == journal.claim(later, [B0], REFUND)


def test_two_threads_never_both_own_a_booking(journal: Journal) -> None:
    bookings = [BookingId(f"b{n}") for n in range(40)]
    runs = [running(journal, f"op{n}", 0) for n in range(4)]
    together = threading.Barrier(4)

    def claim(n: int) -> list[BookingId]:
        together.wait()
        mine = bookings if n % 2 else bookings[::-1]
        owners = [journal.claim(runs[n], mine[at : at + 4], REFUND) for at in range(0, 40, 4)]
        return [b for found in owners for b, owner in found.items() if owner == f"op{n}"]

    with ThreadPoolExecutor(4) as pool:
        owned = Counter(b for mine in pool.map(claim, range(4)) for b in mine)

    assert Counter(bookings) == owned


@pytest.mark.parametrize(
    "state", [s for s in ItemState if s.value in ("skipped", "failed", "blocked")]
)
def test_an_item_that_ended_without_moving_frees_its_claim(
    journal: Journal, state: ItemState
) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    journal.claim(one, [B0, B1], REFUND)

    journal.update_items(one, [item(0, operation_id="one", state=state)])

    assert {B0: "two", B1: "one"} == journal.claim(two, [B0, B1], REFUND)


@pytest.mark.parametrize("state", [WriteState.OPEN, WriteState.LANDED, WriteState.UNDECIDED])
def test_a_claim_that_moved_or_may_have_moved_is_kept(journal: Journal, state: WriteState) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    journal.claim(one, [B0], REFUND)
    saved(journal, one, [write("w1", "b0", operation_id="one")])
    journal.settle(one, [outcome("w1", state)], at=NOW)

    journal.update_items(one, [item(0, operation_id="one", state=ItemState.FAILED)])

    assert {B0: "one"} == journal.claim(two, [B0], REFUND)


def test_a_claim_is_free_once_its_write_is_known_not_to_have_landed(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    journal.claim(one, [B0], REFUND)
    saved(journal, one, [write("w1", "b0", operation_id="one")])
    failed = item(0, operation_id="one", state=ItemState.FAILED)
    journal.settle(one, [outcome("w1", WriteState.VOID)], items=[failed], at=NOW)

    assert {B0: "two"} == journal.claim(two, [B0], REFUND)


def test_an_item_still_under_way_keeps_its_claim(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    journal.claim(one, [B0], REFUND)
    journal.update_items(one, [item(0, operation_id="one", state=ItemState.CANCELLED)])

    assert {B0: "one"} == journal.claim(two, [B0], REFUND)


def test_an_item_never_frees_the_claim_of_another_operation(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    journal.claim(one, [B0], REFUND)
    journal.update_items(two, [item(0, operation_id="two", state=ItemState.SKIPPED)])

    assert {B0: "one"} == journal.claim(two, [B0], REFUND)


def test_a_lease_keeps_others_out_until_it_expires(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    ids = ["c0", "c1"]

    assert set(ids) == journal.lease(one, Kind.CONTACT, ids, now=NOW, until=after(60))
    assert {"c2"} == journal.lease(two, Kind.CONTACT, ["c1", "c2"], now=after(59), until=after(90))
    assert {"c1"} == journal.lease(two, Kind.CONTACT, ["c1"], now=after(60), until=after(90))
    assert set() == journal.lease(one, Kind.CONTACT, ["c1"], now=after(61), until=after(90))
    assert set() == journal.lease(one, Kind.CONTACT, [], now=NOW, until=after(60))


def test_a_lease_is_on_one_kind_of_record(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    journal.lease(one, Kind.CONTACT, ["7"], now=NOW, until=after(60))

    assert {"7"} == journal.lease(two, Kind.EXAM, ["7"], now=NOW, until=after(60))


def test_a_lease_of_our_own_is_ours_again_and_so_is_one_of_an_earlier_run(journal: Journal) -> None:
    one = running(journal, "one")
    journal.lease(one, Kind.CONTACT, ["c0"], now=NOW, until=after(60))

    assert {"c0"} == journal.lease(one, Kind.CONTACT, ["c0"], now=after(1), until=after(60))
    later, _ = journal.begin_run("one", at=NOW)
    assert {"c0"} == journal.lease(later, Kind.CONTACT, ["c0"], now=after(2), until=after(60))


def test_a_lease_is_one_threads_and_a_later_run_takes_it_over(journal: Journal) -> None:
    one = running(journal, "one")

    def leased(run: Run, holder: str) -> set[str]:
        return journal.lease(
            run, Kind.CONTACT, ["c0"], now=after(1), until=after(60), holder=holder
        )

    assert {"c0"} == leased(one, "left")
    assert (set(), {"c0"}) == (leased(one, "right"), leased(one, "left"))
    journal.release_leases(one, Kind.CONTACT, ["c0"], holder="right")
    assert set() == leased(one, "right")
    later, _ = journal.begin_run("one", at=NOW)
    assert {"c0"} == leased(later, "right")


def test_an_intent_is_saved_under_the_lease_of_its_read_and_no_other(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    for run, ids, now, holder in (
        (one, ["c0", "c1", "c2", "c3"], 0, "left"),  # read under these
        (two, ["c0", "c1"], 60, ""),  # they lapsed, and another operation writes two
        (one, ["c2"], 60, "right"),  # and another thread of this one
    ):
        journal.lease(run, Kind.CONTACT, ids, now=after(now), until=after(now + 60), holder=holder)
    journal.release_leases(two, Kind.CONTACT, ["c1"])
    intents = [write(f"w{n}", f"b{n}", target=f"c{n}", operation_id="one") for n in range(5)]

    assert {WriteId("w3")} == journal.save_intents(one, intents, holder="left")  # lapsed alone
    assert ["w3"] == [each.id for each in journal.open_writes(operation_id="one")]
    assert set() == journal.save_intents(one, intents[:3], holder="left")
    assert {WriteId("w2")} == journal.save_intents(one, intents, holder="right")


def test_a_released_lease_is_free_and_only_the_owner_releases(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    journal.lease(one, Kind.CONTACT, ["c0", "c1"], now=NOW, until=after(60))

    journal.release_leases(two, Kind.CONTACT, ["c0"])
    journal.release_leases(one, Kind.EXAM, ["c0"])
    still_held = journal.lease(two, Kind.CONTACT, ["c0"], now=NOW, until=after(60))
    journal.release_leases(one, Kind.CONTACT, ["c0", "unknown"])

    assert set() == still_held
    assert {"c0"} == journal.lease(two, Kind.CONTACT, ["c0", "c1"], now=NOW, until=after(60))


def test_claimed_tells_which_bookings_anybody_owns_for_that_kind(journal: Journal) -> None:
    one, two = running(journal, "one"), running(journal, "two")
    journal.claim(one, [BookingId("b0")], REFUND)
    journal.claim(two, [BookingId("b1")], REFUND)
    journal.claim(two, [BookingId("b2")], MovementKind.SPEND)
    asked = [BookingId(f"b{n}") for n in range(2500)]

    assert {"b0", "b1"} == journal.claimed(asked, REFUND)
    assert set() == journal.claimed([], REFUND)
