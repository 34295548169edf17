from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.credits.catalogue import (
    BALANCE_MAX,
    SCHOOL,
    Catalogue,
    Credit,
    CreditType,
    UnknownToken,
    UnreadableValue,
    parse_count,
)


@pytest.mark.parametrize(
    ("raw", "count"),
    [(None, 0), ("", 0), ("  ", 0), ("0", 0), ("3", 3), ("3.0", 3), ("3.", 3), ("1e2", 100)],
)
def test_a_whole_number_is_read_however_hubspot_writes_it(raw: str | None, count: int) -> None:
    assert count == parse_count(raw)


@pytest.mark.parametrize(
    "raw", ["abc", "-1", "1.5", "1e-14", "NaN", "Infinity", "1,5", "0x3", "1000001", "3 credits"]
)
def test_what_is_not_a_plausible_whole_number_is_never_guessed(raw: str) -> None:
    with pytest.raises(UnreadableValue):
        parse_count(raw)


@given(st.text(max_size=20))
def test_any_text_is_a_count_or_a_fault_and_nothing_else(raw: str) -> None:
    try:
        count = parse_count(raw)
    except UnreadableValue:
        pass
    else:
        assert 0 <= count <= BALANCE_MAX


@given(st.integers(0, BALANCE_MAX))
def test_a_count_survives_the_wire(count: int) -> None:
    assert count == parse_count(str(count)) == parse_count(f"{count}.0")


def test_every_token_names_its_credit_whatever_its_case() -> None:
    for credit in SCHOOL.credits:
        assert SCHOOL.by_token(f" {credit.token.upper()} ") is credit


def test_a_strange_token_is_refused_not_guessed() -> None:
    with pytest.raises(UnknownToken):
        SCHOOL.by_token("Clinical Token")


def test_two_types_may_not_share_a_token() -> None:
    one = Credit(key=CreditType("a"), token="T", label="A")

    with pytest.raises(ValueError, match="share a token"):
        Catalogue((one, Credit(key=CreditType("b"), token="t", label="B")))


@pytest.mark.parametrize(
    ("mock_type", "payable"),
    [
        ("Situational Judgment", ["sj_credits", "shared_mock_credits"]),
        ("Clinical Skills", ["cs_credits", "shared_mock_credits"]),
        ("Mini-mock", ["sjmini_credits"]),
        ("Mock Discussion", ["mock_discussion_token"]),
        ("Juggling", []),
    ],
)
def test_the_specific_credit_is_spent_first_and_only_two_fall_back(
    mock_type: str, payable: list[str]
) -> None:
    assert payable == [credit.key for credit in SCHOOL.payable_with(mock_type)]
