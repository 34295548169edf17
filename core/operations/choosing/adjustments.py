"""Adjustments: credits that an admin grants or takes, and balances that one sets. Pure.

A change has a name, under which it is claimed and moved once. The name of a balance that is set
holds what stood there at the preview: only that is written over, and by how much is known before
anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.credits.adjustments import STOOD_MAX, UNDO_OF, Adjustment, counted_as, named, replaces
from core.credits.catalogue import BALANCE_MAX, CreditType
from core.credits.records import Contact, ContactId, Counted, ItemKey
from core.operations.plans import Row, excluded
from core.operations.verdicts import Verdict, Why


def judged(one: Adjustment, target: Counted | None, running: Mapping[CreditType, int]) -> Row:
    """What it would do to this balance now, as a row without the names of people.

    ``running``: balances as earlier rows of the same record leave them. A balance that is set is
    frozen in the row's name, unless it was before; one that moved since is blocked.
    """
    if target is None:
        return _row(one, Verdict.BLOCKED, Why.CONTACT_GONE)
    if one.request.startswith(UNDO_OF) and replaces(one.request.removeprefix(UNDO_OF)) is not None:
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
    if one.request.startswith(UNDO_OF):
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
