"""Adjustments by their names: what an admin grants, takes or sets. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from core.credits.catalogue import BALANCE_MAX, CreditType
from core.credits.records import ChangeName, ContactId

#: What stands in a balance and cannot be read is kept whole, or left where it is.
STOOD_MAX = 60
#: Of a name's parts, what tells text that cannot be read from a number.
_UNREAD = "~"
UNDO_OF = "undo of "
_WORDS = {"give": "+", "grant": "+", "add": "+", "take": "-", "set": "=", "set to": "="}
_CHANGE = re.compile(r"(\+|-|=|give|grant|add|take|set to|set)\s*([0-9]{1,9})")


class BadChange(ValueError):
    """What is written for a change is none; the words say what to write, after the cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """So many credits more or fewer; or, ``to``, what the balance shall be."""

    by: int = 0
    to: int | None = None


def read_change(text: str) -> Change:
    """``+2`` or *give 2*, ``-2`` or *take 2*, ``=2`` or *set 2*.

    A number alone is refused: it may be a change, or a balance. A spreadsheet drops the sign of
    ``+2`` and of ``=2``, so each has a word.

    Raises:
        BadChange: it is none of these, or changes nothing, or is more than a balance can hold.
    """
    tidy = " ".join(text.replace("\N{MINUS SIGN}", "-").casefold().split())
    found = _CHANGE.fullmatch(tidy)
    if found is None:
        if re.fullmatch(r"[0-9]+", tidy):
            raise BadChange(
                f"says neither to give nor to set: write give {tidy}, take {tidy} or set {tidy}"
            )
        raise BadChange("is no change: write give, take or set and a whole number, as in give 2")
    sign, number = _WORDS.get(found[1], found[1]), int(found[2])
    if number > BALANCE_MAX:
        raise BadChange(f"is more than a balance can hold, which is {BALANCE_MAX:,}")
    if sign == "=":
        return Change(to=number)
    if number == 0:
        raise BadChange("changes nothing: write set 0 to set the balance to 0")
    return Change(by=number if sign == "+" else -number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """One change of one balance of one student."""

    #: The preview that asked for it first; of an undo, what is undone.
    request: str
    contact_id: ContactId
    credit: CreditType
    change: Change
    #: Of a balance that is set: what stood there at the preview. None: it is not known yet.
    stood: int | str | None = None
    #: Its own, where it has another than its operation.
    reason: str = ""

    @property
    def name(self) -> ChangeName:
        """What stands in a booking's place: who, which, by how much or from what to what."""
        change = f"{self.change.by:+d}"
        if self.change.to is not None:
            change = f"{_kept(self.stood)}={self.change.to}"
        return ChangeName(f"{self.request}/{self.contact_id}/{self.credit}/{change}")

    @property
    def by(self) -> int:
        """By how much it moves the balance.

        Raises:
            ValueError: what stood there is not known.
        """
        if self.change.to is None:
            return self.change.by
        if self.stood is None:
            raise ValueError(f"what {self.name} replaces is not known")
        return self.change.to - counted_as(self.stood)

    @property
    def written(self) -> str:
        """As ``read_change`` reads it, and a spreadsheet leaves it: "give 2"."""
        if self.change.to is not None:
            return f"set {self.change.to}"
        return f"{'give' if self.change.by > 0 else 'take'} {abs(self.change.by)}"

    @property
    def told(self) -> str:
        """For people, with its own reason: "+2: for the delay", "set to 5"."""
        return f"{_told(self.change)}: {self.reason}" if self.reason else _told(self.change)


def _told(change: Change) -> str:
    return f"{change.by:+,}" if change.to is None else f"set to {change.to:,}"


def _kept(stood: int | str | None) -> str:
    if stood is None:
        return ""
    return str(stood) if isinstance(stood, int) else f"{_UNREAD}{_escaped(stood)}"


def _escaped(text: str) -> str:
    """Without the sign that parts a name."""
    return text.replace("%", "%25").replace("/", "%2F")


def _unescaped(text: str) -> str:
    return text.replace("%2F", "/").replace("%25", "%")


def counted_as(stood: int | str) -> int:
    """What a balance counts as before it is set: a negative number as itself, other text as 0."""
    if isinstance(stood, int):
        return stood
    try:
        number = Decimal(stood.strip())
    except InvalidOperation:
        return 0
    below = number.is_finite() and -BALANCE_MAX <= number < 0
    return int(number) if below and number == number.to_integral_value() else 0


def named(name: str, told: str = "") -> Adjustment:
    """The adjustment of this name. ``told``: as ``Adjustment.told`` said it."""
    request, contact, credit, change = name.rsplit("/", 3)
    was, to_set, number = change.rpartition("=")
    made = Change(to=int(number)) if to_set else Change(by=int(number))
    return Adjustment(
        request=request,
        contact_id=ContactId(contact),
        credit=CreditType(credit),
        change=made,
        stood=_stood(was) if was else None,
        reason=told.removeprefix(_told(made)).removeprefix(": "),
    )


def _stood(kept: str) -> int | str:
    return _unescaped(kept[1:]) if kept.startswith(_UNREAD) else int(kept)


def replaces(name: str) -> str | None:
    """The text that could not be read and that this adjustment writes over; None: a number."""
    stood = named(name).stood
    return stood if isinstance(stood, str) else None


def undoing(name: str, contact_id: ContactId) -> Adjustment:
    """What takes it back. Its name follows from it alone, so nothing is taken back twice."""
    one = named(name)
    return Adjustment(
        request=f"{UNDO_OF}{name}",
        contact_id=contact_id,
        credit=one.credit,
        change=Change(by=-one.by),
    )
