"""Credits, tokens and balances (design, section 3). The only table of them in the project. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NewType

#: A credit type's key: the mirror's column and, by default, the HubSpot property.
CreditType = NewType("CreditType", str)

#: What each counter of one contact or exam holds, by its key.
Balances = Mapping[CreditType, int]

#: A booking made with this token spent nothing, so nothing is given back.
ADMIN_OVERRIDE = "Admin Override"

#: HubSpot numbers go further; a school's counter beyond this is a typing error.
BALANCE_MAX = 1_000_000


class UnreadableValue(ValueError):
    """A counter on the wire that is not a whole number from 0 up. Never written over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """One of the counters on a contact."""

    #: The mirror's column and this type's name in code, plans and the journal.
    key: CreditType
    #: What a booking stores in ``token_used`` for a credit of this type.
    token: str
    #: What a person reads.
    label: str
    #: The exams it pays for; empty for the shared credit, which pays for those that allow it.
    mock_type: str = ""
    #: Whether a booking of that mock type may spend the shared credit instead.
    falls_back_to_shared: bool = False


class UnknownToken(ValueError):
    """A booking names a token that no credit type has."""


class DayRule(StrEnum):
    """Which active booking of a day keeps a student from another one of that day."""

    ANY = "any type"
    SAME = "same type"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The credit types of one school, and its rule of booking. Checked as it is made.

    Raises:
        ValueError: two types share a key, a token or a mock type.
    """

    credits: tuple[Credit, ...]
    #: Whether one student sits one exam a day.
    day_rule: DayRule = DayRule.ANY

    def __post_init__(self) -> None:
        """Refuse a table in which a token or a mock type would mean two credits."""
        for what, values in (
            ("key", [c.key for c in self.credits]),
            ("token", [c.token.casefold() for c in self.credits]),
            ("mock type", [c.mock_type for c in self.credits if c.mock_type]),
        ):
            if len(set(values)) != len(values):
                raise ValueError(f"two credit types share a {what}: {sorted(values)}")

    @property
    def keys(self) -> tuple[CreditType, ...]:
        """Every credit type, in the order people see them."""
        return tuple(c.key for c in self.credits)

    def by_key(self, key: CreditType) -> Credit:
        """The credit with this key; ``KeyError`` for a stranger."""
        for credit in self.credits:
            if credit.key == key:
                return credit
        raise KeyError(key)

    def by_token(self, token: str) -> Credit:
        """The credit that a booking's ``token_used`` names; ``UnknownToken`` for a stranger."""
        for credit in self.credits:
            if credit.token.casefold() == token.strip().casefold():
                return credit
        raise UnknownToken(token)

    def payable_with(self, mock_type: str) -> tuple[Credit, ...]:
        """What may pay for such an exam, the specific credit first."""
        own = [c for c in self.credits if c.mock_type == mock_type]
        shared = [c for c in self.credits if not c.mock_type]
        return tuple(own + shared) if own and own[0].falls_back_to_shared else tuple(own)


def _credit(key: str, label: str, mock_type: str = "", *, shared: bool = False) -> Credit:
    return Credit(
        key=CreditType(key),
        token=f"{label} Token",
        label=label,
        mock_type=mock_type,
        falls_back_to_shared=shared,
    )


#: The school's own types, and the default of ``portal.toml``.
SCHOOL = Catalogue(
    (
        _credit("sj_credits", "Situational Judgment", "Situational Judgment", shared=True),
        _credit("cs_credits", "Clinical Skills", "Clinical Skills", shared=True),
        _credit("sjmini_credits", "Mini-mock", "Mini-mock"),
        _credit("mock_discussion_token", "Mock Discussion", "Mock Discussion"),
        _credit("shared_mock_credits", "Shared"),
    )
)


class CountFault(StrEnum):
    """Why a counter on the wire cannot be read."""

    NOT_A_NUMBER = "is not a number"
    FRACTIONAL = "is not a whole number"
    NEGATIVE = "is negative"
    TOO_LARGE = "is implausibly large"


def parse_count(raw: str | None) -> int:
    """A counter as HubSpot sends it: null and "" are 0, "3.0" is 3.

    Raises:
        UnreadableValue: negative, fractional, not a number, or past ``BALANCE_MAX``.
    """
    if raw is None or not raw.strip():
        return 0
    try:
        value = Decimal(raw.strip())
    except InvalidOperation:
        raise UnreadableValue(CountFault.NOT_A_NUMBER) from None
    if not value.is_finite():
        raise UnreadableValue(CountFault.NOT_A_NUMBER)
    if value < 0:
        raise UnreadableValue(CountFault.NEGATIVE)
    if value > BALANCE_MAX:
        raise UnreadableValue(CountFault.TOO_LARGE)
    if value != value.to_integral_value():
        raise UnreadableValue(CountFault.FRACTIONAL)
    return int(value)
