"""How long a sign-in goes on, and for whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.access.sign_in_records import SignIns
from core.access.sign_ins import LASTS, RECORD, SKEW, SignInEnded
from tests.fakes.journal import MemoryJournal
from tests.pages.stage import NOON, Clock

ANN: dict[str, Any] = {"email": "Ann@example.test", "email_verified": True, "sub": "1"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sign_ins(clock: Clock) -> SignIns:
    ids = iter("abcdef")
    return SignIns(MemoryJournal(), clock, lambda: next(ids))


def begun(sign_ins: SignIns, **claims: Any) -> dict[str, Any]:
    return sign_ins.begin(ANN | {"iat": sign_ins.now().timestamp()} | claims)


def goes_on(sign_ins: SignIns, claims: dict[str, Any]) -> bool:
    try:
        sign_ins.require(claims)
    except SignInEnded:
        return False
    return True


def test_a_sign_in_goes_on_until_it_is_ended_and_no_other_with_it(sign_ins: SignIns) -> None:
    one, other = begun(sign_ins), begun(sign_ins)
    assert goes_on(sign_ins, one)

    sign_ins.end(one)

    assert (False, True) == (goes_on(sign_ins, one), goes_on(sign_ins, other))


@pytest.mark.parametrize("changed", [{RECORD: ""}, {RECORD: None}, {RECORD: "z"}, {RECORD: ["a"]}])
def test_claims_without_a_record_open_nothing(sign_ins: SignIns, changed: dict[str, Any]) -> None:
    claims = begun(sign_ins)

    assert not goes_on(sign_ins, claims | changed)
    sign_ins.end(claims | changed)
    assert goes_on(sign_ins, claims), "and end nobody else's sign-in"


def test_a_record_is_for_one_address_in_whatever_letters(sign_ins: SignIns) -> None:
    claims = begun(sign_ins)

    assert goes_on(sign_ins, claims | {"email": "ANN@example.test"})
    assert not goes_on(sign_ins, claims | {"email": "admin@example.test"})


def test_a_record_stands_as_long_as_any_claims_may(sign_ins: SignIns, clock: Clock) -> None:
    """A provider whose clock is ahead begins its sign-ins in our future."""
    claims = begun(sign_ins, iat=(NOON + SKEW).timestamp())

    clock.pass_(seconds=(LASTS + SKEW - timedelta(seconds=1)).total_seconds())
    begun(sign_ins)
    assert goes_on(sign_ins, claims)
    clock.pass_(seconds=1)
    assert not goes_on(sign_ins, claims)


def test_the_end_of_the_provider_s_token_is_the_end(sign_ins: SignIns, clock: Clock) -> None:
    claims = begun(sign_ins, exp=(NOON + timedelta(minutes=5)).timestamp())

    clock.pass_(minutes=5)

    assert not goes_on(sign_ins, claims)


def test_what_is_kept_of_the_claims_is_what_is_asked_for_later(sign_ins: SignIns) -> None:
    much = {"groups": ["g"] * 900, "picture": "data:", "name": "Ann", "sub": "s" * 301}

    kept = begun(sign_ins, **much, is_logged_in=True, origin="https://desk.example.test")

    assert {"email", "email_verified", "iat", "is_logged_in", "origin", RECORD} == kept.keys()
