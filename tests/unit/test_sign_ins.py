"""What the claims of a sign-in are worth."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access.sign_ins import LASTS, SKEW, address, ended
from core.credits.roles import NotAllowed

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADA = "ada@example.test"

#: What stands where a time should, in tokens that are broken or forged.
BOGUS: tuple[object, ...] = (
    math.nan,
    math.inf,
    -math.inf,
    1e300,
    10**400,
    -(10**20),
    "never",
    "1777900000",
    "",
    None,
    True,
    [],
    {},
)


def at(when: datetime) -> float:
    return when.timestamp()


def test_a_sign_in_lasts_as_long_as_its_token() -> None:
    claims = {"iat": at(NOON), "exp": at(NOON + HOUR)}

    assert not ended(claims, NOON + HOUR - timedelta(seconds=1))
    assert ended(claims, NOON + HOUR)


@pytest.mark.parametrize("claims", [{}, {"exp": at(NOON + 1000 * LASTS)}])
def test_no_sign_in_lasts_longer_than_a_working_day(claims: dict[str, Any]) -> None:
    claims |= {"iat": at(NOON)}

    assert not ended(claims, NOON + LASTS - timedelta(seconds=1))
    assert ended(claims, NOON + LASTS)


def test_a_provider_s_clock_may_be_a_little_ahead() -> None:
    assert not ended({"iat": at(NOON + SKEW)}, NOON)
    assert ended({"iat": at(NOON + SKEW + timedelta(seconds=1))}, NOON)


@pytest.mark.parametrize("bogus", BOGUS, ids=lambda bogus: f"{type(bogus).__name__} {bogus!r:.9}")
def test_a_time_that_cannot_be_read_has_come(bogus: object) -> None:
    assert ended({"iat": at(NOON), "exp": bogus}, NOON)
    assert ended({"iat": bogus, "exp": at(NOON + HOUR)}, NOON)
    assert ended({"iat": bogus}, NOON)


@pytest.mark.parametrize("claims", [{}, {"exp": at(NOON + HOUR)}])
def test_a_sign_in_without_a_beginning_is_over(claims: dict[str, Any]) -> None:
    assert ended(claims, NOON)


@given(st.dictionaries(st.sampled_from(["iat", "exp"]), st.floats() | st.integers() | st.text()))
def test_whatever_the_claims_are_a_sign_in_is_over_after_a_day(claims: dict[str, Any]) -> None:
    begun = claims.get("iat")
    late = NOON + LASTS + SKEW

    assert ended(claims, late) or (
        isinstance(begun, int | float) and at(late - LASTS) < begun <= at(late + SKEW)
    )


@pytest.mark.parametrize("verified", [True, "true", "True"], ids=repr)
def test_an_address_counts_when_its_provider_verified_it(verified: object) -> None:
    assert ADA == address({"email": f" {ADA} ", "email_verified": verified}, [])


@pytest.mark.parametrize("verified", [False, "false", "", 0, 1, [], "yes", {"a": 1}], ids=repr)
def test_an_address_that_was_not_verified_counts_from_nobody(verified: object) -> None:
    claims = {"email": ADA, "email_verified": verified, "provider": "microsoft"}

    with pytest.raises(NotAllowed, match="could be anybody's"):
        address(claims, ["microsoft"])


def test_who_never_says_whether_is_believed_only_when_the_settings_name_them() -> None:
    claims = {"email": ADA, "provider": "microsoft"}

    assert ADA == address(claims, ["microsoft"])
    for trusted in ([], ["google"]):
        with pytest.raises(NotAllowed, match="CREDIT_DESK_UNVERIFIED_PROVIDERS"):
            address(claims, trusted)


def test_the_provider_of_auth_itself_is_called_default() -> None:
    assert ADA == address({"email": ADA}, ["default"])


@pytest.mark.parametrize("email", [None, "", "  ", 7, [ADA], {"a": ADA}], ids=repr)
def test_a_sign_in_without_an_address_is_nobody_s(email: object) -> None:
    with pytest.raises(NotAllowed, match="no e-mail address"):
        address({"email": email, "email_verified": True}, [])
