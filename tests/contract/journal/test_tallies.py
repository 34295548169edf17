"""What was done, counted by stretch, person, reason and exam; and how long repairs took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from core.app.journal import Journal
from core.credits.records import BookingId, ExamId
from core.credits.writes import MovementKind, WriteState
from core.drift.repairs import Repair, RepairRow, RepairState, RowState
from core.health.store.tallies_port import ActTally, ExamTally, RepairTally
from core.operations.states import Item, ItemState, OperationState
from core.operations.verdicts import OperationKind
from tests.contract.journal.given import ADMIN, NOW, item, operation, outcome, running, saved, write
from tests.contract.journal.test_trends import drift

DAY = timedelta(days=1)
EDGES = (NOW - 7 * DAY, NOW - 3 * DAY, NOW - DAY)
DONE = ItemState.DONE
RUNNING = OperationState.RUNNING


def did(
    journal: Journal,
    id_: str,
    *items: Item,
    ago: timedelta,
    kind: OperationKind = OperationKind.CANCEL,
    by: str = ADMIN,
    reason: str = "ill",
) -> None:
    """An operation that has left these items."""
    of = operation(
        id_, kind=kind, state=RUNNING, confirmed_at=NOW - ago, confirmed_by=by, reason=reason
    )
    own = [replace(each, operation_id=id_, n=n) for n, each in enumerate(items)]
    assert journal.confirm(of, own)


def gone(n: int, exam: str | None = "e1", *, cancelled: bool = True, **more: Any) -> Item:
    return item(n, state=DONE, cancelled=cancelled, exam_id=exam and ExamId(exam), **more)


def refunded(journal: Journal, id_: str, *bookings: str, ago: timedelta) -> None:
    """Each with a write of its own; the last one's never landed."""
    items = [item(n, booking_id=BookingId(each)) for n, each in enumerate(bookings)]
    run = running(
        journal, id_, [replace(each, operation_id=id_) for each in items],
        kind=OperationKind.REFUND, confirmed_at=NOW - ago, reason="owed",
    )  # fmt: skip
    writes = [write(f"{id_}{each}", each, operation_id=id_, target=each) for each in bookings]
    saved(journal, run, writes)
    landed = [outcome(each.id) for each in writes[:-1]]
    journal.settle(run, [*landed, outcome(writes[-1].id, WriteState.VOID)], at=NOW)


# acts


def test_an_empty_journal_has_nothing_to_count(journal: Journal) -> None:
    assert [] == journal.tally_acts(EDGES)
    assert [] == journal.tally_exams(NOW - 90 * DAY)
    assert [] == journal.tally_repairs(EDGES)


def test_cancellations_and_bookings_are_counted_by_stretch_kind_person_and_reason(
    journal: Journal,
) -> None:
    did(journal, "a", gone(0), gone(1), item(2), ago=2 * DAY)
    did(journal, "b", gone(3), ago=2 * DAY)
    did(journal, "c", gone(4), ago=2 * DAY, by="bo@example.test")
    did(journal, "d", gone(5), ago=2 * DAY, reason="moved away")
    did(journal, "e", gone(6), ago=timedelta(hours=1))
    did(journal, "f", item(7, state=DONE), ago=5 * DAY, kind=OperationKind.BOOK)

    def tally(slot: int, cancelled: int, **more: object) -> ActTally:
        given: dict[str, object] = {"kind": OperationKind.CANCEL, "by": ADMIN, "reason": "ill"}
        numbers = {"booked": 0, "cancelled": cancelled, "refunded": 0}
        return ActTally(slot=slot, **given | numbers | more)  # type: ignore[arg-type]

    assert [
        tally(0, 0, kind=OperationKind.BOOK, booked=1),
        tally(1, 3),
        tally(1, 1, reason="moved away"),
        tally(1, 1, by="bo@example.test"),
        tally(2, 1),
    ] == journal.tally_acts(EDGES)


def test_each_stretch_begins_with_its_edge_and_what_was_before_the_first_is_left_out(
    journal: Journal,
) -> None:
    moments = [*EDGES, *(edge - timedelta(microseconds=1) for edge in EDGES)]
    for n, at in enumerate(moments):
        did(journal, f"o{n}", gone(n), ago=NOW - at, reason=f"r{n}")

    found = {each.reason: each.slot for each in journal.tally_acts(EDGES)}

    assert {"r0": 0, "r1": 1, "r2": 2, "r4": 0, "r5": 1} == found


def test_refunds_are_the_credits_that_landed(journal: Journal) -> None:
    refunded(journal, "r", "b0", "b1", "b2", ago=2 * DAY)

    (found,) = journal.tally_acts(EDGES)

    assert (2, 0, 0) == (found.refunded, found.cancelled, found.booked)
    assert (1, OperationKind.REFUND, "owed") == (found.slot, found.kind, found.reason)


def test_a_refund_that_was_undone_was_a_refund(journal: Journal) -> None:
    refunded(journal, "r", "b0", "b1", ago=2 * DAY)
    run = running(
        journal, "u", [item(0, operation_id="u")],
        kind=OperationKind.UNDO, undoes="r", confirmed_at=NOW - DAY,
    )  # fmt: skip
    back = write("u0", "b0", operation_id="u", movement=MovementKind.UNDO_REFUND, delta=-1)
    saved(journal, run, [back])
    journal.settle(run, [outcome("u0")], at=NOW)

    assert [("owed", 1)] == [(t.reason, t.refunded) for t in journal.tally_acts(EDGES)]


def test_one_stretch_holds_everything_since_its_edge(journal: Journal) -> None:
    did(journal, "a", gone(0), ago=6 * DAY)
    did(journal, "b", gone(1), ago=timedelta(0))

    assert [2] == [each.cancelled for each in journal.tally_acts(EDGES[:1])]


# exams


def test_exams_are_told_with_their_type_and_day_the_most_cancelled_first(journal: Journal) -> None:
    day: dict[str, Any] = {"mock_type": "Clinical Skills", "exam_date": date(2026, 6, 1)}
    did(journal, "a", gone(0, "e1"), gone(1, "e2", **day), gone(2, None), ago=DAY)
    did(journal, "b", gone(3, "e2", **day), gone(4, "e3", cancelled=False), ago=DAY)
    did(journal, "c", gone(5, "e1"), ago=9 * DAY)
    made = item(6, state=DONE, exam_id=ExamId("e1"))
    did(journal, "d", made, ago=DAY, kind=OperationKind.BOOK)

    e1: dict[str, Any] = {"mock_type": "", "exam_date": date(2026, 5, 4)}
    assert [
        ExamTally(exam_id=ExamId("e2"), booked=0, cancelled=2, **day),
        ExamTally(exam_id=ExamId("e1"), booked=1, cancelled=1, **e1),
    ] == journal.tally_exams(EDGES[0])


# repairs


def repaired(journal: Journal, id_: str, ended: datetime, *hours: float) -> None:
    """Records that had drifted for so long; beside them one that still differs."""
    rows = [
        RepairRow(drift=drift(f"c{n}", since=ended - timedelta(hours=each)), n=n)
        for n, each in enumerate((*hours, 99))
    ]
    journal.ask_repair(Repair(id=id_, asked_by=ADMIN, asked_at=ended - DAY, digest=id_), rows)
    states: Sequence[RowState] = [*([RowState.REPAIRED] * len(hours)), RowState.STILL_DIFFERS]
    ending = replace(journal.take_repair(id_), state=RepairState.DONE, ended_at=ended, counts={})
    done = [replace(row, state=state) for row, state in zip(rows, states, strict=True)]
    journal.save_repair(ending, done)


def test_repairs_are_told_by_the_median_and_the_longest_drift(journal: Journal) -> None:
    repaired(journal, "odd", NOW - 2 * DAY, 1, 10, 3)
    repaired(journal, "even", NOW, 8, 2)
    repaired(journal, "more", NOW, 4, 100)
    repaired(journal, "nothing", NOW - 4 * DAY)
    repaired(journal, "before", NOW - 8 * DAY, 1)
    journal.ask_repair(Repair(id="open", asked_by=ADMIN, asked_at=NOW, digest="open"), [])

    hour = 3600.0
    assert [
        RepairTally(slot=1, records=3, median_s=3 * hour, longest_s=10 * hour),
        RepairTally(slot=2, records=4, median_s=6 * hour, longest_s=100 * hour),
    ] == journal.tally_repairs(EDGES)
