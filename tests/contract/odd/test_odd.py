"""No odd value crashes the desk, makes it wait for ever, guess, or drop a record without a word."""

from __future__ import annotations

import json
from contextlib import ExitStack
from urllib.parse import quote

import pytest

from core.credits.records import ContactId, Kind
from core.credits.typed_reasons import reason_faults
from core.drift.causes import Cause
from core.drift.repairs import UNSETTLED, RowState
from core.operations.commands import NotConfirmed
from core.operations.states import SETTLED, ItemState
from core.operations.verdicts import OperationKind, Verdict
from tests.contract.odd.conftest import Ran
from tests.contract.odd.values import ODD
from tests.contract.odd.world import BALANCE, CREDIT, Oddity
from tests.unit.services.desk import ADMIN

#: What a balance may hold and be read: the value before, in HubSpot's forms of a whole number.
READABLE = {
    "point zero": 3,
    "in blanks": 7,
    "arabic digits": 3,
    "number": 3,
    "null": 0,
    "nothing": 0,
}
#: Properties of a booking that an operation sets.
SET = {"is_active", "token_refunded", "token_refunded_at", "token_refund_admin", "credit_forfeited"}


def before(odd: Oddity, credit: str = CREDIT) -> int | None:
    """The balance of its contact, None where it cannot be read."""
    if (odd.kind, odd.name) != (Kind.CONTACT, credit):
        return BALANCE
    return READABLE.get(odd.value)


def named(odd: Oddity) -> str:
    return f"{odd.kind} {odd.record}: {odd.name} {odd.value}"


def test_every_booking_that_was_asked_for_has_a_verdict_with_its_reason(ran: Ran) -> None:
    for kind, plan in ran.plans.items():
        asked = {o.booking for o in ran.school.all if o.to_cancel is (kind is OperationKind.CANCEL)}
        assert asked == {row.booking_id for row in plan.rows}
        assert all(row.why for row in plan.rows)


def test_every_booking_that_would_change_was_settled_and_told(ran: Ran) -> None:
    for plan in ran.plans.values():
        for row in plan.rows:
            if row.verdict is Verdict.WILL_CHANGE:
                item = ran.items[row.booking_id]
                assert item.state in SETTLED, item
                assert item.state is ItemState.DONE or item.why, item


def test_a_credit_is_given_back_once_where_the_booking_was_done_and_nowhere_else(ran: Ran) -> None:
    held = ran.school.held(Kind.CONTACT, [odd.contact for odd in ran.school.all])
    wrong = []
    for odd in ran.school.all:
        item = ran.items.get(odd.booking)
        done = item is not None and item.state is ItemState.DONE and item.credit == CREDIT
        was, now = before(odd), held[odd.contact].get(CREDIT)
        if not done:
            if now not in {str(BALANCE), odd.held}:
                wrong.append(f"{named(odd)}: {now} though it was not done")
        elif was is None or float(now or "nan") != was + 1:
            wrong.append(f"{named(odd)}: {was} became {now}")
    assert not wrong, "\n".join(wrong)


def test_no_odd_value_is_written_over_that_was_not_asked_to_be(ran: Ran) -> None:
    """But for a balance that can be read, and the seats of an exam, which the desk counts."""
    wrong = []
    for kind in Kind:
        mine = [odd for odd in ran.school.all if odd.kind is kind]
        held = ran.school.held(kind, [odd.record for odd in mine])
        for odd in mine:
            counts = odd.name in {CREDIT, "total_bookings"} and odd.value in READABLE
            item = ran.items.get(odd.booking)
            asked = kind is Kind.BOOKING and odd.name in SET and item is not None
            marker = odd.name == "credit_desk_last_write"
            if held[odd.record].get(odd.name) != odd.held and not (counts or asked or marker):
                wrong.append(f"{named(odd)}: now {held[odd.record].get(odd.name)!r}")
    assert not wrong, "\n".join(wrong)


def test_a_balance_that_cannot_be_read_is_named_where_its_credit_is_asked_for(ran: Ran) -> None:
    rows = {str(row.booking_id): row for plan in ran.plans.values() for row in plan.rows}
    for odd in ran.school.all:
        if before(odd) is None:
            assert Verdict.BLOCKED is rows[odd.booking].verdict, named(odd)
            assert len(rows[odd.booking].detail) < 400, "told in a line"


def test_a_refund_mark_that_is_unclear_moves_no_credit(ran: Ran) -> None:
    marks = [odd for odd in ran.school.all if odd.name == "token_refunded"]
    done = {o.value for o in marks if ran.items[o.booking].state is ItemState.DONE}
    assert {"null", "nothing"} == done


def test_every_sweep_ended_and_compared_every_record(ran: Ran) -> None:
    for sweep, _ in ran.sweeps:
        assert sweep.complete
        assert sum(sweep.known.values()) == sum(sweep.compared.values()) + sweep.left_alone


def test_what_drifts_at_the_end_is_odd_and_needs_a_person(ran: Ran) -> None:
    """All that can be copied is equal by then; the rest is listed, with the value."""
    _, drifts = ran.sweeps[-1]
    odd = {(o.kind, o.record): o for o in ran.school.all}
    strangers = [d for d in drifts if (d.kind, d.record_id) not in odd]
    assert not strangers
    for drift in drifts:
        assert drift.cause in {Cause.UNREADABLE_VALUE, Cause.COPY_FAILED}, drift
        assert drift.evidence
        assert len(drift.evidence) < 2000


@pytest.mark.parametrize("value", [name for name in ODD if name not in READABLE])
def test_a_balance_that_cannot_be_read_is_listed_by_the_sweep(ran: Ran, value: str) -> None:
    listed = {(d.kind, d.record_id): d for d in ran.sweeps[-1][1]}
    for odd in ran.school.all:
        if odd.value == value and odd.name in {CREDIT, "total_bookings"}:
            drift = listed[odd.kind, odd.record]
            assert Cause.UNREADABLE_VALUE is drift.cause
            assert odd.name in drift.columns


def test_a_failed_copy_is_that_of_an_odd_record_and_says_why(ran: Ran) -> None:
    odd = {(o.kind, o.record) for o in ran.school.all}
    for dead in ran.dead:
        assert (dead.kind, dead.record_id) in odd
        assert dead.error


def test_every_other_contact_is_copied(ran: Ran) -> None:
    others = [odd.contact for odd in ran.school.all if odd.kind is not Kind.CONTACT]
    held = ran.school.held(Kind.CONTACT, others)
    rows = ran.school.mirror.rows(Kind.CONTACT, others)
    assert {id_: float(held[id_][CREDIT]) for id_ in others} == {
        id_: row[CREDIT] for id_, row in rows.items()
    }


def test_a_repair_settles_every_record_and_says_what_is_left(ran: Ran) -> None:
    for row in ran.repaired:
        assert row.state not in UNSETTLED
        assert row.state is RowState.REPAIRED or row.why


def test_every_contact_with_an_odd_value_can_be_opened(ran: Ran) -> None:
    """Some of each property and value, their bookings with them."""
    for odd in ran.school.all[::13]:
        shown = ran.school.core.contact_page.contact(ContactId(odd.contact), ADMIN)
        assert not shown.truth_fault, named(odd)
        assert shown.contact is not None
        assert [odd.booking] == [booking.id for booking in shown.bookings]


@pytest.mark.parametrize("what", ["balances", "bookings", "sessions"])
def test_student_apps_get_an_answer_of_every_student(ran: Ran, what: str) -> None:
    for odd in ran.school.all[::37]:
        answer = ran.school.ask("GET", f"/contacts/{odd.contact}/{what}")
        assert answer.status_code in {200, 409, 422}, f"{named(odd)}: {answer.text[:300]}"
        assert answer.json()


def test_student_apps_cancel_no_booking_on_a_guess(ran: Ran) -> None:
    """Those that are still active were blocked before: by the API they are, too."""
    items = {b for b, item in ran.items.items() if item.state is ItemState.DONE}
    left = [odd for odd in ran.school.all if odd.to_cancel and odd.booking not in items]
    for odd in left[::7]:
        body = {"record_ids": [odd.booking]}
        answer = ran.school.ask("POST", f"/contacts/{odd.contact}/cancellations", json=body)
        assert answer.status_code in {200, 409, 422}, f"{named(odd)}: {answer.text[:300]}"
    held = ran.school.held(Kind.CONTACT, [odd.contact for odd in left])
    assert {held[odd.contact][CREDIT] for odd in left} <= {str(BALANCE), *(o.held for o in left)}


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud83d", "x" * 5000, "%_'\"\\", "\u202e"])
def test_odd_words_in_a_search_a_reason_and_an_id_are_answered(ran: Ran, text: str) -> None:
    core = ran.school.core
    core.student_search.find(f"ad{text}", ADMIN)
    shown = core.contact_page.contact(ContactId(text), ADMIN)
    assert shown.contact is None
    odd = ran.school.all[0]
    wanted = {"exam_id": f"7{text}", "dominant_hand": text, "attending_location": text}
    for answer in (
        ran.school.ask("POST", f"/contacts/{odd.contact}/bookings", content=json.dumps(wanted)),
        ran.school.ask("GET", f"/operations/{quote(text, errors='replace')}"),
    ):
        assert 400 <= answer.status_code < 500, answer.text[:300]
    plan = ran.school.preview(OperationKind.REFUND, [odd.booking])
    if any(row.verdict is Verdict.WILL_CHANGE for row in plan.rows):
        reason = f"because {text}"
        with ExitStack() as refused:
            if reason_faults(reason):
                refused.enter_context(pytest.raises(NotConfirmed, match="the reason has"))
            core.operation_commands.confirm(plan.id, ADMIN, reason=reason)
