"""Adjustments: credits that an admin grants or takes, and balances that one sets. Pure.

A change has a name, under which it is claimed and moved once. The name of a balance that is set
holds what stood there at the preview: only that is written over, and by how much is known before
anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from core.domain.credits import BALANCE_MAX, CreditType
from core.domain.plans import Row, Verdict, Why, excluded
from core.domain.records import ChangeName, Contact, ContactId, Counted, ItemKey

#: What stands in a balance and cannot be read is kept whole, or left where it is.
STOOD_MAX = 60
#: Of a name's parts, what tells text that cannot be read from a number.
_UNREAD = "~"
_UNDO = "undo of "
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
        request=f"{_UNDO}{name}",
        contact_id=contact_id,
        credit=one.credit,
        change=Change(by=-one.by),
    )


def judged(one: Adjustment, target: Counted | None, running: Mapping[CreditType, int]) -> Row:
    """What it would do to this balance now, as a row without the names of people.

    ``running``: balances as earlier rows of the same record leave them. A balance that is set is
    frozen in the row's name, unless it was before; one that moved since is blocked.
    """
    if target is None:
        return _row(one, Verdict.BLOCKED, Why.CONTACT_GONE)
    if one.request.startswith(_UNDO) and replaces(one.request.removeprefix(_UNDO)) is not None:
        return _row(one, Verdict.SKIP, Why.NOT_PUT_BACK)
    if one.credit in target.unreadable and one.credit not in running:
        return _unreadable(one, target)
    now = running.get(one.credit, target.balances.get(one.credit))
    if now is None:
        return _row(one, Verdict.BLOCKED, Why.BALANCE_UNREADABLE, f"{one.credit} was not read")
    if one.change.to is not None:
        return _set(one, now)
    after = now + one.change.by
    if after < 0:
        return _too_little(one, now)
    if after > BALANCE_MAX:
        most = f"{now:,} → {after:,}; a balance holds {BALANCE_MAX:,} at most"
        return _row(one, Verdict.BLOCKED, Why.OUT_OF_RANGE, most)
    why = Why.GRANT if one.change.by > 0 else Why.TAKE
    return replace(_row(one, Verdict.WILL_CHANGE, why), before=now, after=after)


def _too_little(one: Adjustment, now: int) -> Row:
    take = -one.change.by
    if one.request.startswith(_UNDO):
        left = f"{now:,} left, and {take:,} to be taken back"
        return _row(one, Verdict.BLOCKED, Why.CREDITS_SPENT, left)
    remedy = f"take at most {now:,}" if now else "there is nothing to take"
    told = f"the balance is {now:,} and {take:,} would be taken; {remedy}"
    return _row(one, Verdict.BLOCKED, Why.BELOW_ZERO, told)


def _set(one: Adjustment, now: int) -> Row:
    if one.stood is not None and one.stood != now:
        return _moved(one, f"{now:,}")
    frozen = replace(one, stood=now)
    if one.change.to == now:
        return _row(frozen, Verdict.SKIP, Why.ALREADY_SO)
    return replace(_row(frozen, Verdict.WILL_CHANGE, Why.SET), before=now, after=one.change.to)


def _unreadable(one: Adjustment, target: Counted) -> Row:
    """A balance that cannot be read is set, in place of the very text that was seen."""
    found = f"{one.credit} {target.unreadable[one.credit]}"
    text = target.held.get(one.credit)
    if text is None:
        return _row(one, Verdict.BLOCKED, Why.BALANCE_UNREADABLE, found)
    if one.change.to is None:
        told = f"{found}; set the balance instead of changing it"
        return _row(one, Verdict.BLOCKED, Why.BALANCE_UNREADABLE, told)
    if len(text) > STOOD_MAX:
        told = f"{found}; too long to be kept, so correct it in HubSpot"
        return _row(one, Verdict.BLOCKED, Why.BALANCE_UNREADABLE, told)
    if one.stood is not None and one.stood != text:
        return _moved(one, repr(text))
    row = _row(replace(one, stood=text), Verdict.WILL_CHANGE, Why.MEND, found)
    return replace(row, before=counted_as(text), after=one.change.to)


def _moved(one: Adjustment, now: str) -> Row:
    was = f"{one.stood:,}" if isinstance(one.stood, int) else repr(one.stood)
    told = f"it was {was} and is {now} now; nothing was set, preview it again"
    return _row(one, Verdict.BLOCKED, Why.BALANCE_MOVED, told)


def _row(one: Adjustment, verdict: Verdict, why: Why, detail: str = "") -> Row:
    return Row(
        booking_id=one.name,
        verdict=verdict,
        why=why,
        detail=detail,
        credit=one.credit,
        contact_id=one.contact_id,
        booking_name=one.told,
    )


def plan_rows(
    wanted: Sequence[Adjustment],
    contacts: Mapping[ContactId, Contact | None],
    done: Iterable[ItemKey] = (),
    without: Iterable[ItemKey] = (),
) -> tuple[Row, ...]:
    """A row for each, in order; balances run on from row to row of a contact.

    ``done``: those that moved already, or are about to. ``without``: those left out, which keep
    their rows, and nothing is done to them.
    """
    over, left = frozenset(done), frozenset(without)
    running: dict[str, dict[CreditType, int]] = {}
    rows = []
    for one in wanted:
        contact = contacts.get(one.contact_id)
        so_far = running.setdefault(contact.id if contact else one.contact_id, {})
        row = judged(one, contact, so_far)
        if one.name in left:
            row = excluded(row)
        elif row.booking_id in over:
            row = _row(named(row.booking_id, row.booking_name), Verdict.SKIP, Why.ADJUSTED)
        elif row.after is not None:
            so_far[one.credit] = row.after
        if contact is not None:
            row = replace(
                row,
                contact_id=ContactId(contact.id),
                contact_name=contact.name,
                contact_email=contact.email,
            )
        rows.append(row)
    return tuple(rows)
