"""Adjustments: what a change is, what it is called, and what it does to a balance. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.credits.adjustments import (
    STOOD_MAX,
    Adjustment,
    BadChange,
    Change,
    counted_as,
    named,
    read_change,
    replaces,
    undoing,
)
from core.credits.catalogue import BALANCE_MAX, CreditType, UnreadableValue, parse_count
from core.credits.records import MARKER, Contact, ContactId, History, Kind, Version, WriteId
from core.credits.writes import (
    Belief,
    Movement,
    MovementKind,
    Write,
    WriteRefused,
    judge_outcome,
    plan_balances,
)
from core.operations.choosing.adjustments import judged, plan_rows
from core.operations.foreign.changes import Conflict, find_foreign_writes
from core.operations.verdicts import Verdict, Why
from tests.unit.given import AT, CS

WILL = Verdict.WILL_CHANGE
SJ = CreditType("sj_credits")
ANN = ContactId("100")
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=STOOD_MAX)


def contact(held: object, id_: str = ANN) -> Contact:
    """With this in one counter, as HubSpot holds it."""
    raw = str(held)
    try:
        return Contact(id=id_, balances={CS: parse_count(raw)}, modified_at=AT)
    except UnreadableValue as fault:
        told = {CS: f"holds {raw!r}, which {fault}"}
        return Contact(id=id_, balances={}, unreadable=told, held={CS: raw}, modified_at=AT)


def ask(change: str, **fields: object) -> Adjustment:
    made = {"request": "p1", "contact_id": ANN, "credit": CS, "change": read_change(change)}
    return Adjustment(**(made | fields))  # type: ignore[arg-type]


# what is written


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("+2", Change(by=2)),
        (" + 2 ", Change(by=2)),
        ("Give 2", Change(by=2)),
        ("grant 1", Change(by=1)),
        ("-1", Change(by=-1)),
        ("\N{MINUS SIGN}1", Change(by=-1)),
        ("take 3", Change(by=-3)),
        ("=0", Change(to=0)),
        ("set  to 5", Change(to=5)),
    ],
)
def test_a_change_is_read_by_its_sign_or_its_word(text: str, change: Change) -> None:
    assert change == read_change(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2", "write give 2, take 2 or set 2"),
        ("", "is no change"),
        ("+0", "changes nothing"),
        ("+1.5", "is no change"),
        ("give two", "is no change"),
        ("+-1", "is no change"),
        ("=1000001", "more than a balance can hold"),
        ("1e3", "is no change"),
    ],
)
def test_what_is_no_change_is_refused_with_what_to_write(text: str, told: str) -> None:
    with pytest.raises(BadChange, match=told):
        read_change(text)


# what it is called


@given(
    change=st.one_of(
        st.integers(-BALANCE_MAX, BALANCE_MAX).filter(bool).map(lambda n: Change(by=n)),
        st.integers(0, BALANCE_MAX).map(lambda n: Change(to=n)),
    ),
    stood=st.one_of(st.none(), st.integers(0, BALANCE_MAX), TEXTS),
    reason=TEXTS,
)
def test_its_name_tells_all_of_it(change: Change, stood: int | str | None, reason: str) -> None:
    stood = None if change.to is None else stood
    one = Adjustment(
        request="p1", contact_id=ANN, credit=CS, change=change, stood=stood, reason=reason
    )

    assert one == named(one.name, one.told)
    assert (stood if isinstance(stood, str) else None) == replaces(one.name)
    if change.to is None or stood is not None:
        back = undoing(one.name, ANN)
        assert -one.by == named(back.name).by
        assert back.name == undoing(one.name, ANN).name != one.name


@pytest.mark.parametrize(
    ("text", "counts"),
    [("-1", -1), ("-3.0", -3), ("abc", 0), ("2.5", 0), ("-2.5", 0), ("", 0), ("NaN", 0),
     ("-Infinity", 0), (str(BALANCE_MAX + 1), 0), (str(-BALANCE_MAX - 1), 0)],
)  # fmt: skip
def test_text_counts_as_nothing_and_a_negative_number_as_itself(text: str, counts: int) -> None:
    assert counts == counted_as(text)


# what it does


@given(
    held=st.one_of(st.integers(0, 5), st.integers(BALANCE_MAX - 5, BALANCE_MAX)),
    change=st.sampled_from(["+1", "+3", "-1", "-3", "=0", "=4", f"={BALANCE_MAX}"]),
)
def test_no_balance_leaves_what_a_balance_can_be(held: int, change: str) -> None:
    row = judged(ask(change), contact(held), {})

    if row.verdict is WILL:
        assert held == row.before
        assert row.after is not None
        assert 0 <= row.after <= BALANCE_MAX
        assert named(row.booking_id).by == row.after - held
    else:
        assert row.before is row.after is None


@pytest.mark.parametrize(
    ("held", "change", "why", "told"),
    [
        (1, "-2", Why.BELOW_ZERO, "the balance is 1 and 2 would be taken; take at most 1"),
        (0, "-2", Why.BELOW_ZERO, "there is nothing to take"),
        (BALANCE_MAX, "+1", Why.OUT_OF_RANGE, "a balance holds 1,000,000 at most"),
        ("abc", "+1", Why.BALANCE_UNREADABLE, "'abc', which is not a number; set the balance"),
        ("x" * 61, "=1", Why.BALANCE_UNREADABLE, "too long to be kept"),
    ],
)
def test_what_cannot_be_is_blocked_with_the_balance_and_what_to_do(
    held: object, change: str, why: Why, told: str
) -> None:
    row = judged(ask(change), contact(held), {})

    assert (Verdict.BLOCKED, why) == (row.verdict, row.why)
    assert told in row.detail


def test_a_balance_is_set_only_where_what_was_seen_still_stands() -> None:
    (row,) = plan_rows([ask("=5")], {ANN: contact(2)})
    frozen = named(row.booking_id)

    assert (2, 5) == (row.before, row.after)
    assert judged(frozen, contact(2), {}).verdict is WILL
    moved = judged(frozen, contact(3), {})
    assert (Verdict.BLOCKED, Why.BALANCE_MOVED) == (moved.verdict, moved.why)
    assert "it was 2 and is 3 now" in moved.detail
    assert judged(frozen, contact("abc"), {}).why is Why.BALANCE_MOVED


@pytest.mark.parametrize(("text", "before"), [("abc", 0), ("-1", -1), ("a/b%2F", 0)])
def test_what_cannot_be_read_is_set_in_place_of_that_very_text(text: str, before: int) -> None:
    (row,) = plan_rows([ask("=5")], {ANN: contact(text)})
    frozen = named(row.booking_id)

    assert (WILL, Why.MEND) == (row.verdict, row.why)
    assert (before, 5) == (row.before, row.after)
    assert text == replaces(row.booking_id)
    assert judged(frozen, contact(text), {}).verdict is WILL
    for other in (0, 5, f"{text}!"):
        assert judged(frozen, contact(other), {}).why is Why.BALANCE_MOVED


def test_a_balance_that_is_right_already_is_skipped() -> None:
    row = judged(ask("=2"), contact(2), {})

    assert (Verdict.SKIP, Why.ALREADY_SO) == (row.verdict, row.why)


def test_rows_of_two_ids_that_were_merged_run_on() -> None:
    one, other = ask("-2"), ask("-2", contact_id=ContactId("101"))
    survivor = contact(3)

    rows = plan_rows([one, other], {ANN: survivor, ContactId("101"): survivor})

    assert [WILL, Verdict.BLOCKED] == [row.verdict for row in rows]


def test_text_that_could_not_be_read_is_not_put_back() -> None:
    name = judged(ask("=5"), contact("abc"), {}).booking_id

    row = judged(undoing(name, ANN), contact(5), {})

    assert (Verdict.SKIP, Why.NOT_PUT_BACK) == (row.verdict, row.why)


def test_an_undo_takes_what_is_left_of_it_or_nothing() -> None:
    name = judged(ask("+3"), contact(0), {}).booking_id
    back = undoing(name, ANN)

    assert (3, 0) == ((row := judged(back, contact(3), {})).before, row.after)
    spent = judged(back, contact(2), {})
    assert (Verdict.BLOCKED, Why.CREDITS_SPENT) == (spent.verdict, spent.why)
    assert "2 left, and 3 to be taken back" == spent.detail


# the write


def movement(one: Adjustment, by: int | None = None) -> Movement:
    delta = one.by if by is None else by
    kind = MovementKind.ADJUSTMENT
    return Movement(booking_id=one.name, kind=kind, credit=CS, delta=delta)


@given(change=st.integers(-9, 9).filter(bool), held=st.integers(0, 20))
def test_a_write_carries_the_whole_change_or_is_refused(change: int, held: int) -> None:
    moves = [movement(ask(f"{change:+d}"))]

    if held + change < 0:
        with pytest.raises(WriteRefused):
            plan_balances(contact(held), moves)
    else:
        assert ({CS: held}, {CS: held + change}) == plan_balances(contact(held), moves)


def test_only_an_adjustment_moves_more_than_one_credit() -> None:
    with pytest.raises(ValueError, match="not 2"):
        Movement(booking_id="1", kind=MovementKind.REFUND, credit=CS, delta=2)


def mending(text: str = "abc", to: int = 5) -> Write:
    moves = (movement(ask(f"={to}", stood=text)),)
    before, after = plan_balances(contact(text), moves)
    return Write(
        id=WriteId("w1"),
        operation_id="o",
        kind=Kind.CONTACT,
        target_id=ANN,
        movements=moves,
        before=before,
        after=after,
        marker_before="",
        sent_at=AT,
    )


@pytest.mark.parametrize("held", ["abd", "-1", 0, 3])
def test_no_write_goes_out_over_anything_but_the_text_that_was_seen(held: object) -> None:
    with pytest.raises(WriteRefused):
        plan_balances(contact(held), mending().movements)


def test_a_write_over_text_is_planned_afresh_and_never_sent_again_as_it_is() -> None:
    """The text counts as 0, and somebody may have set 0 there since."""
    later = datetime(2026, 5, 4, 12, tzinfo=UTC)

    for held in ("abc", 0):
        assert Belief.PLAN_AFRESH is judge_outcome(mending(), contact(held), now=later)
    again = ask("+1")
    plain = Write(
        id=WriteId("w2"), operation_id="o", kind=Kind.CONTACT, target_id=ANN,
        movements=(movement(again),), before={CS: 0}, after={CS: 1}, marker_before="", sent_at=AT,
    )  # fmt: skip
    assert Belief.SEND_AGAIN is judge_outcome(plain, contact(0), now=later)


def count(raw: str) -> int | None:
    try:
        return parse_count(raw)
    except UnreadableValue:
        return None


def history(*values: tuple[int, str]) -> History:
    """Seconds after the start and what was set then; the last of them with our marker."""
    at = [(AT.replace(second=second), value) for second, value in values]
    versions = [Version(value=value, at=when, source="API", source_id="1") for when, value in at]
    marker = Version(value="w1", at=at[-1][0], source="API", source_id="1")
    return {CS: tuple(reversed(versions)), MARKER: (marker,)}


def test_what_stood_before_the_text_was_nobodys_write_over_ours() -> None:
    assert () == find_foreign_writes(mending(), history((1, "3"), (2, "abc"), (9, "5")), count)
    assert () == find_foreign_writes(mending("-1"), history((1, "0"), (2, "-1"), (9, "5")), count)


def test_a_number_set_in_place_of_the_text_just_before_is_a_persons_to_judge() -> None:
    (found,) = find_foreign_writes(mending(), history((2, "abc"), (8, "7"), (9, "5")), count)

    assert Conflict.UNCLEAR is found.conflict
    assert 0 == found.correction
    assert "7 was set in place of 'abc'" in found.evidence


@pytest.mark.parametrize("to", [5, 0], ids=["to a number", "to what the text counts as"])
def test_a_number_set_in_place_of_the_text_is_told_though_it_is_what_the_text_counts_as(
    to: int,
) -> None:
    """A person had set 1, and the student spent it, while ours was on its way."""
    line = history((2, "abc"), (7, "1"), (8, "0"), (9, str(to)))

    (found,) = find_foreign_writes(mending(to=to), line, count)

    assert Conflict.UNCLEAR is found.conflict
    assert "0 was set in place of 'abc'" in found.evidence


def test_a_number_set_in_place_of_the_text_is_told_though_ours_sets_what_the_text_counts_as() -> (
    None
):
    (found,) = find_foreign_writes(mending(to=0), history((2, "abc"), (8, "3"), (9, "0")), count)

    assert Conflict.UNCLEAR is found.conflict
    assert "3 was set in place of 'abc'" in found.evidence
