"""Selections are judged, and debts found, by portions: as if all had been read at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from core.credits.records import BookingId, Kind
from core.operations import plans
from core.operations.choosing.select import ByReference
from core.operations.owed import find
from core.operations.owed.rules import Owed, settled, waiting
from core.operations.owed.summary import OwedGroup
from core.operations.plans import Plan
from core.operations.protocol import each_item
from core.operations.states import Item, ItemState
from core.operations.verdicts import OperationKind, Verdict, Why
from tests.fakes.crm import Request
from tests.unit.services.desk import ADMIN, CS, SJ, TestDesk

BOOKINGS = tuple(str(500 + n) for n in range(9))


@pytest.fixture
def desk() -> TestDesk:
    """Nine bookings of three students, one after the other, and one that nobody has."""
    made = TestDesk()
    for contact in ("100", "101", "102"):
        made.crm.add_contact(contact, {"cs_credits": 1, "sj_credits": 2})
    for n, id_ in enumerate(BOOKINGS):
        made.booked(id_, str(100 + n % 3), token=CS if n % 2 else SJ)
    return made


def previewed(desk: TestDesk, kind: OperationKind) -> Plan:
    chosen = ByReference(references=(*BOOKINGS, "999"))
    return desk.core.operation_planner.preview(kind, chosen, ADMIN, without=["504"])


@pytest.mark.parametrize("kind", [OperationKind.REFUND, OperationKind.CANCEL])
@pytest.mark.parametrize("portion", [1, 2, 4])
def test_a_plan_made_by_portions_is_the_plan_made_at_once(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch, kind: OperationKind, portion: int
) -> None:
    for id_ in BOOKINGS if kind is OperationKind.CANCEL else ():
        desk.crm.foreign_write(Kind.BOOKING, id_, {"is_active": "Active"})
    whole = previewed(desk, kind)

    monkeypatch.setattr(plans, "PORTION", portion)
    parts = previewed(desk, kind)

    assert whole.rows == parts.rows
    assert {Verdict.WILL_CHANGE: 8, Verdict.EXCLUDED: 1, Verdict.BLOCKED: 1} == {
        verdict: n for verdict, n in parts.counts.items() if n
    }


def test_an_undo_planned_by_portions_is_the_undo_planned_at_once(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = desk.run(*BOOKINGS)
    whole = desk.core.undo_planner.preview(operation.id, ADMIN)

    monkeypatch.setattr(plans, "PORTION", 2)
    parts = desk.core.undo_planner.preview(operation.id, ADMIN)

    assert whole.rows == parts.rows
    assert len(BOOKINGS) == len(parts.will_change)


def test_what_is_undone_previewed_again_or_dismissed_is_read_by_portions(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = ("600", "601", "602", "603", "604")
    for id_ in blocked:
        desk.booked(id_, "100", token="Gift Token")
    operation = desk.run(*BOOKINGS, *blocked)
    read = desk.journal.items
    sizes: list[int] = []

    def items(*args: Any, **asked: Any) -> list[Item]:
        sizes.append(len(found := read(*args, **asked)))
        return found

    monkeypatch.setattr(desk.journal, "items", items)
    monkeypatch.setattr(each_item, "READ_AT_ONCE", 2)
    desk.crm.foreign_write(Kind.BOOKING, "602", {"is_active": "Active"})

    undo = desk.core.undo_planner.preview(operation.id, ADMIN)
    again = desk.core.blocked_items.look_again(operation.id, ADMIN)
    dismissed = desk.core.blocked_items.dismiss(operation.id, ADMIN, reason="gifts")

    assert sizes
    assert max(sizes) == 2
    assert list(BOOKINGS) == [row.booking_id for row in undo.will_change]
    assert list(blocked) == [row.booking_id for row in again.rows]
    assert len(blocked) - 1 == dismissed
    of = {item.booking_id: item.state for item in read(operation.id)}
    assert ItemState.SKIPPED is of[BookingId("602")]
    assert {ItemState.DISMISSED} == {of[BookingId(id_)] for id_ in blocked if id_ != "602"}


def test_a_portion_is_read_when_the_one_before_it_is_judged(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def look(request: Request) -> None:
        if request.what == "read" and request.kind is Kind.BOOKING:
            read.append(len(request.ids))

    desk.crm.answered = look
    monkeypatch.setattr(plans, "PORTION", 4)
    previewed(desk, OperationKind.CANCEL)

    assert [4, 4, 2] == read


@pytest.mark.parametrize("kind", [OperationKind.REFUND, OperationKind.CANCEL])
@pytest.mark.parametrize("portion", [1, 2, 100])
@pytest.mark.parametrize("without", [(), ("501",)])
def test_a_booking_that_was_merged_is_done_once_under_whatever_ids_it_is_named(
    desk: TestDesk,
    monkeypatch: pytest.MonkeyPatch,
    kind: OperationKind,
    portion: int,
    without: tuple[str, ...],
) -> None:
    monkeypatch.setattr(plans, "PORTION", portion)
    merged = desk.crm.merge(Kind.BOOKING, "501", "504")
    if kind is OperationKind.CANCEL:
        desk.crm.foreign_write(Kind.BOOKING, merged, {"is_active": "Active"})
    chosen = ByReference(references=("501", "504", merged))

    rows = desk.core.operation_planner.preview(kind, chosen, ADMIN, without=without).rows

    first = Verdict.EXCLUDED if without else Verdict.WILL_CHANGE
    assert [first, Verdict.SKIP, Verdict.SKIP] == [row.verdict for row in rows]
    assert [Why.NAMED_BEFORE] * 2 == [row.why for row in rows[1:]]


# what is owed


def mirrored(desk: TestDesk, *ids: str) -> None:
    for id_ in ids:
        held = {"hubspot_id": id_, "is_active": "Cancelled", "token_used": CS}
        desk.mirror.put(Kind.BOOKING, held | {"source_modified_at": desk.now().isoformat()})


@pytest.mark.parametrize("mirror", [(), BOOKINGS[:5], BOOKINGS[3:], BOOKINGS])
@pytest.mark.parametrize("portion", [1, 4])
def test_what_is_owed_is_found_once_whatever_of_it_the_mirror_has(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch, mirror: tuple[str, ...], portion: int
) -> None:
    monkeypatch.setattr(find, "PORTION", portion)
    monkeypatch.setattr(find, "PAGE", 2)
    mirrored(desk, *mirror)
    desk.time = desk.time.replace(hour=desk.time.hour + 1)

    found = [one.booking.id for one in desk.core.owed_credits.each(ADMIN)]

    assert sorted(BOOKINGS) == sorted(found)


@pytest.mark.parametrize("mirror", [(), ("501",), ("504",), ("501", "504"), BOOKINGS])
@pytest.mark.parametrize("portion", [1, 2, 100])
@pytest.mark.parametrize("hours", [0, 1])
def test_a_booking_that_was_merged_is_owed_once_whatever_ids_the_mirror_has_of_it(
    desk: TestDesk,
    monkeypatch: pytest.MonkeyPatch,
    mirror: tuple[str, ...],
    portion: int,
    hours: int,
) -> None:
    monkeypatch.setattr(find, "PORTION", portion)
    monkeypatch.setattr(find, "PAGE", 1)
    mirrored(desk, *mirror)
    merged = desk.crm.merge(Kind.BOOKING, "501", "504")
    desk.time = desk.time.replace(hour=desk.time.hour + hours)

    told = desk.core.owed_credits.summary(ADMIN, first=100)

    found = [one.booking.id for one in told.every.first]
    assert sorted(found) == sorted({*BOOKINGS, merged} - {"501", "504"})
    assert told.every.number == len(told.everything) == len(found)


def test_a_summary_counts_all_and_keeps_the_longest(desk: TestDesk) -> None:
    found = desk.core.owed_credits.listed()
    desk.core.owed_decisions.decide(found[1:3], owed=False, reason="no-shows", actor=ADMIN)
    found = desk.core.owed_credits.listed()

    told = desk.core.owed_credits.summary(ADMIN, first=2)

    def of(group: OwedGroup, pick: Callable[[Iterable[Owed]], list[Owed]]) -> tuple[int, int]:
        return group.number, len(pick(found))

    assert [(7, 7), (2, 2), (9, 9)] == [
        of(told.waiting, waiting),
        of(told.settled, settled),
        of(told.every, list),
    ]
    assert waiting(found)[:2] == list(told.waiting.first)
    assert tuple(one.booking.id for one in waiting(found)) == told.everything
    assert (3, 0) == (told.waiting.students, told.waiting.nobodys)
    assert 7 == sum(told.waiting.by_credit.values())
    assert told.whole is None
    assert found == list(desk.core.owed_credits.summary(ADMIN, first=9).whole or ())


def test_settled_bookings_that_a_person_decided_on_are_kept_first(desk: TestDesk) -> None:
    *_, last = desk.core.owed_credits.listed()
    for id_ in BOOKINGS[:3]:
        desk.crm.foreign_write(Kind.BOOKING, id_, {"credit_forfeited": "kept by an app"})
    desk.core.owed_decisions.decide([last], owed=False, reason="a no-show", actor=ADMIN)

    told = desk.core.owed_credits.summary(ADMIN, first=1)

    assert [last.booking.id] == [one.booking.id for one in told.settled.first]
