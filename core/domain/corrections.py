"""Corrections: what a write of ours took from somebody else's change, given its due."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.credits import BALANCE_MAX, CreditType
from core.domain.plans import Row, Verdict, Why
from core.domain.records import BookingId, Contact, ContactId, Kind
from core.domain.writes import ForeignWrite, Movement, MovementKind


def correctable(found: Sequence[ForeignWrite]) -> list[ForeignWrite]:
    """Those of contacts. A seat count is set right by a recount, from its bookings."""
    return [each for each in found if each.kind is Kind.CONTACT and each.correction]


def name_of(foreign: ForeignWrite) -> BookingId:
    """What stands in a booking's place: the write, the counter, and by how much it is wrong.

    The journal lets each name move once, so no foreign write is ever made up for twice.
    """
    return BookingId(f"{foreign.write_id}/{foreign.credit}/{foreign.correction:+d}")


def movements(name: BookingId) -> list[Movement]:
    """Single credits, each with a name of its own; the first has the correction's."""
    _, credit, delta = name.rsplit("/", 2)
    step = 1 if int(delta) > 0 else -1
    return [
        Movement(
            booking_id=name if n == 0 else f"{name}#{n}",
            kind=MovementKind.CORRECTION,
            credit=CreditType(credit),
            delta=step,
        )
        for n in range(abs(int(delta)))
    ]


def row(foreign: ForeignWrite, contact: Contact | None, *, done: bool, balance: int | None) -> Row:
    """``balance``: as the rows before have left it. ``done``: it was made up for already."""
    verdict, why, detail = Verdict.WILL_CHANGE, Why.CORRECT, ""
    after = None if balance is None else balance + foreign.correction
    if done:
        verdict, why = Verdict.SKIP, Why.CORRECTED
    elif contact is None:
        verdict, why = Verdict.BLOCKED, Why.CONTACT_GONE
    elif contact.unreadable or after is None:
        verdict, why = Verdict.BLOCKED, Why.BALANCE_UNREADABLE
        detail = "; ".join(f"{key} {said}" for key, said in sorted(contact.unreadable.items()))
    elif not 0 <= after <= BALANCE_MAX:
        verdict, why, detail = Verdict.BLOCKED, Why.OUT_OF_RANGE, f"{balance} → {after}"
    return Row(
        booking_id=name_of(foreign),
        verdict=verdict,
        why=why,
        detail=detail,
        credit=foreign.credit,
        contact_id=ContactId(contact.id if contact else foreign.target_id),
        booking_name=f"{foreign.read} → {foreign.theirs} by somebody else",
        contact_name=contact.name if contact else "",
        contact_email=contact.email if contact else "",
        before=balance if verdict is Verdict.WILL_CHANGE else None,
        after=after if verdict is Verdict.WILL_CHANGE else None,
    )
