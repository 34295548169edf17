"""Corrections: what a write of ours took from somebody else's change, given its due. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.credits.catalogue import BALANCE_MAX, CreditType
from core.credits.records import ChangeName, Contact, ContactId, Kind
from core.credits.writes import Movement, MovementKind
from core.operations.foreign.changes import Conflict, ForeignWrite
from core.operations.plans import Row
from core.operations.verdicts import Verdict, Why

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def correctable(found: Sequence[ForeignWrite]) -> list[ForeignWrite]:
    """Those of contacts. A seat count is set right by a recount, from its bookings."""
    return [each for each in found if each.kind is Kind.CONTACT and each.correction]


def waiting(found: Sequence[ForeignWrite]) -> list[ForeignWrite]:
    """Those with a correction on offer, and those of which a person has to say what they are."""
    undecided = (e for e in found if e.kind is Kind.CONTACT and e.undecided)
    return [*correctable(found), *undecided]


def automatic(found: Sequence[ForeignWrite]) -> list[ForeignWrite]:
    """Those of ``found`` that need no person: a credit that is certainly lost goes back.

    All of one balance together, and only where the student is given something, or nothing moves:
    a credit too many is taken back by a person.
    """
    by_counter: dict[tuple[Kind, str, CreditType], list[ForeignWrite]] = {}
    for each in correctable(found):
        by_counter.setdefault(each.counter, []).append(each)
    return [
        each
        for together in by_counter.values()
        if sum(one.correction for one in together) >= 0
        for each in together
    ]


def name_of(foreign: ForeignWrite) -> ChangeName:
    """What stands in a booking's place: the write, the counter, and by how much it is wrong.

    Of changes after our write, of which there may be several, their moment too. The journal lets
    each name move once, so no foreign write is ever made up for twice.
    """
    when = f"@{_ms(foreign.at)}" if foreign.conflict is not Conflict.WRITTEN_OVER else ""
    return ChangeName(f"{foreign.write_id}{when}/{foreign.credit}/{foreign.correction:+d}")


def _ms(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """By how much one balance is wrong, and what it is called."""

    name: ChangeName
    told: str
    contact_id: ContactId
    credit: CreditType
    by: int


def correction_of(foreign: ForeignWrite) -> Correction:
    """What makes up for this foreign write."""
    return Correction(
        name=name_of(foreign),
        told=_told(foreign),
        contact_id=ContactId(foreign.target_id),
        credit=foreign.credit,
        by=foreign.correction,
    )


def _told(foreign: ForeignWrite) -> str:
    match foreign.conflict:
        case Conflict.LOST:
            return (
                f"{foreign.ours} → {foreign.theirs} by somebody else, who had read {foreign.read}"
            )
        case Conflict.TWICE:
            return f"{foreign.ours} → {foreign.theirs} by our request, which arrived again"
        case _:
            return f"{foreign.read} → {foreign.theirs} by somebody else"


def planned(row: Row) -> Correction:
    """What this row of a plan would correct."""
    assert row.contact_id is not None, "every row of a correction has both"
    assert row.credit is not None, "every row of a correction has both"
    return Correction(
        name=ChangeName(row.booking_id),
        told=row.booking_name,
        contact_id=row.contact_id,
        credit=row.credit,
        by=int(row.booking_id.rpartition("/")[2]),
    )


def movements(name: ChangeName) -> list[Movement]:
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


def row(wrong: Correction, contact: Contact | None, *, done: bool, balance: int | None) -> Row:
    """``balance``: as the rows before have left it. ``done``: it was made up for already."""
    verdict, why, detail = Verdict.WILL_CHANGE, Why.CORRECT, ""
    after = None if balance is None else balance + wrong.by
    if done:
        verdict, why = Verdict.SKIP, Why.CORRECTED
    elif contact is None:
        verdict, why = Verdict.BLOCKED, Why.CONTACT_GONE
    elif wrong.credit in contact.unreadable or after is None:
        verdict, why = Verdict.BLOCKED, Why.BALANCE_UNREADABLE
        detail = f"{wrong.credit} {contact.unreadable.get(wrong.credit, 'was not read')}"
    elif not 0 <= after <= BALANCE_MAX:
        verdict, why, detail = Verdict.BLOCKED, Why.OUT_OF_RANGE, f"{balance} → {after}"
    return Row(
        booking_id=wrong.name,
        verdict=verdict,
        why=why,
        detail=detail,
        credit=wrong.credit,
        contact_id=ContactId(contact.id) if contact else wrong.contact_id,
        booking_name=wrong.told,
        contact_name=contact.name if contact else "",
        contact_email=contact.email if contact else "",
        before=balance if verdict is Verdict.WILL_CHANGE else None,
        after=after if verdict is Verdict.WILL_CHANGE else None,
    )
