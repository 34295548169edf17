"""Plans: what an operation would do to each booking, and why not (design, sections 2 to 4).

The preview and the run judge with the same function, so what an admin sees is what will be done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from core.domain.credits import ADMIN_OVERRIDE, Catalogue, CreditType, UnknownToken
from core.domain.exam_times import begins, ends, has_begun, is_over
from core.domain.records import Booking, BookingId, BookingStatus, Contact, ContactId, ExamId
from core.domain.terms import ORDINARY, Inclusion, Terms
from core.domain.verdicts import OperationKind, Verdict, Why

__all__ = ["OperationKind", "Verdict", "Why"]  # read with the plans that bear them


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One booking of a plan."""

    booking_id: BookingId
    verdict: Verdict
    why: Why
    #: More than ``why`` says, with the values found; may be empty.
    detail: str = ""
    #: The credit that comes back, or is taken; None when none is.
    credit: CreditType | None = None
    contact_id: ContactId | None = None
    exam_id: ExamId | None = None
    #: For people: taken from the reads that the verdict was made on.
    booking_name: str = ""
    contact_name: str = ""
    contact_email: str = ""
    exam_date: date | None = None
    mock_type: str = ""
    #: Only of a booking to be: what its exam asks the student.
    attending_location: str = ""
    dominant_hand: str = ""
    #: Balance of ``credit`` before this row and after it, rows of one contact counted in order.
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A frozen answer to "what would this do". Its id becomes the operation's."""

    id: str
    kind: OperationKind
    #: How the rows were chosen, in words ("exam Clinical Skills, 4 May 2026").
    selection: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    rows: tuple[Row, ...] = field(repr=False)
    #: Of an undo: the refund whose credits it takes back.
    undoes: str = ""
    #: What may be missing from the rows, and why; empty: nothing is.
    caveat: str = ""
    #: What an admin includes on purpose that would be blocked otherwise.
    include: frozenset[Inclusion] = ORDINARY

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many rows have each verdict, all of them named."""
        found = Counter(row.verdict for row in self.rows)
        return {verdict: found[verdict] for verdict in Verdict}

    @property
    def credits(self) -> dict[CreditType, int]:
        """Credits that move, by type."""
        return dict(Counter(row.credit for row in self.will_change if row.credit is not None))

    @property
    def contacts(self) -> int:
        """How many students get something back or lose a seat."""
        return len({row.contact_id for row in self.will_change})

    @property
    def will_change(self) -> tuple[Row, ...]:
        """The rows that the operation would carry out."""
        return tuple(row for row in self.rows if row.verdict is Verdict.WILL_CHANGE)

    @property
    def excluded(self) -> frozenset[BookingId]:
        """The bookings that whoever previewed left out."""
        return frozenset(r.booking_id for r in self.rows if r.verdict is Verdict.EXCLUDED)


#: Why a row is blocked, to what an admin must include on purpose to have it all the same.
INCLUDED_BY: Mapping[Why, Inclusion] = {
    Why.ATTENDED: Inclusion.ATTENDED,
    Why.ATTENDANCE_UNCLEAR: Inclusion.ATTENDED,
    Why.EXAM_PAST: Inclusion.PAST,
    Why.EXAM_BEGUN: Inclusion.PAST,
    Why.DATE_UNCLEAR: Inclusion.PAST,
}


def includable(plan: Plan) -> dict[Inclusion, int]:
    """How many of its blocked rows each choice would take in; only of bookings that are judged."""
    if plan.kind not in OF_BOOKINGS:
        return {}
    blocked = (row for row in plan.rows if row.verdict is Verdict.BLOCKED)
    found = Counter(INCLUDED_BY[row.why] for row in blocked if row.why in INCLUDED_BY)
    return {one: found[one] for one in Inclusion if found[one]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict on a booking by itself, before its contact was looked at."""

    verdict: Verdict
    why: Why
    detail: str = ""
    credit: CreditType | None = None


def judge(
    kind: OperationKind, booking: Booking | None, catalogue: Catalogue, terms: Terms
) -> Judgement:
    """What this operation does to this booking, from the booking's own fields.

    What cannot be read decides nothing: it blocks, with the value that was found.
    """
    if booking is None:
        return _blocked(Why.NOT_FOUND)
    return _JUDGES[kind](booking, catalogue, terms)


def _judge_cancel(booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:
    match booking.status:
        case BookingStatus.UNKNOWN:
            return _blocked(Why.STATUS_UNKNOWN, _status_found(booking))
        case BookingStatus.CANCELLED:
            return _skip(Why.ALREADY_CANCELLED)
        case BookingStatus.COMPLETED:
            return _skip(Why.COMPLETED)
    fault = (
        _active_mark_fault(booking)
        or _association_fault(booking)
        or _exam_fault(booking)
        or _attendance_fault(booking, terms)
        or _time_fault(booking, terms)
        or _token_fault(booking)
    )
    if fault:
        return fault
    if spent_nothing(booking):
        return Judgement(verdict=Verdict.WILL_CHANGE, why=Why.CANCEL_ONLY)
    return _credit_back(booking, catalogue, Why.CANCEL_AND_GIVE_BACK)


def _judge_refund(booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:
    if booking.status is BookingStatus.UNKNOWN:
        return _blocked(Why.STATUS_UNKNOWN, _status_found(booking))
    if booking.status is not BookingStatus.CANCELLED:
        return _skip(Why.NOT_CANCELLED)
    if booking.mark_unclear:
        return _blocked(Why.REFUND_UNCLEAR, booking.mark_unclear)
    if booking.refunded:
        return _skip(Why.ALREADY_REFUNDED)
    if fault := _token_fault(booking):
        return fault
    if spent_nothing(booking):
        return _skip(Why.OVERRIDE if booking.token else Why.NO_TOKEN)
    return (
        _attendance_fault(booking, terms)
        or _association_fault(booking)
        or _credit_back(booking, catalogue, Why.GIVE_BACK)
    )


_JUDGES = {
    OperationKind.CANCEL: _judge_cancel,
    OperationKind.REFUND: _judge_refund,
}
#: Operations whose rows are bookings, judged by their own fields. The others measure.
OF_BOOKINGS = frozenset({OperationKind.CANCEL, OperationKind.REFUND})
assert _JUDGES.keys() == OF_BOOKINGS, "every kind of operation on bookings has its judge"


#: The property that names the credit a booking spent.
TOKEN = "token_used"
#: The values of ``attendance``, in small letters. Nothing is written before the exam.
ATTENDED, ABSENT = "yes", frozenset({"", "no"})


def attended(booking: Booking) -> bool | None:
    """Whether the student was there; None when the value says neither."""
    said = booking.attendance.strip().casefold()
    if said == ATTENDED:
        return True
    return False if said in ABSENT else None


def _active_mark_fault(booking: Booking) -> Judgement | None:
    """A booking that holds its seat cannot have had its credit back."""
    if booking.mark_unclear:
        return _blocked(Why.REFUND_UNCLEAR, booking.mark_unclear)
    return _blocked(Why.REFUNDED_YET_ACTIVE) if booking.refunded else None


def _exam_fault(booking: Booking) -> Judgement | None:
    if len(booking.exam_ids) == 1:
        return None
    return _blocked(Why.SEVERAL_EXAMS if booking.exam_ids else Why.NO_EXAM)


def _token_fault(booking: Booking) -> Judgement | None:
    found = booking.unclear.get(TOKEN)
    return _blocked(Why.TOKEN_UNREADABLE, found) if found else None


def _attendance_fault(booking: Booking, terms: Terms) -> Judgement | None:
    """A credit is not given back for an exam that the student sat, cancelled or not."""
    there = attended(booking)
    if there is False or Inclusion.ATTENDED in terms.include:
        return None
    found = f"attendance is {booking.attendance!r}"
    return _blocked(Why.ATTENDED if there else Why.ATTENDANCE_UNCLEAR, found)


def _time_fault(booking: Booking, terms: Terms) -> Judgement | None:
    """A seat is given up before its exam begins, by the school's clock."""
    if Inclusion.PAST in terms.include:
        return None
    start, end = begins(booking, terms.zone), ends(booking, terms.zone)
    if start is None or end is None:
        return _blocked(Why.DATE_UNCLEAR, booking.unclear.get("exam_date", "exam_date is empty"))
    if is_over(booking, terms.at, terms.zone):
        return _blocked(Why.EXAM_PAST, f"it ended {_told(end, terms)}")
    if has_begun(booking, terms.at, terms.zone):
        return _blocked(Why.EXAM_BEGUN, f"it began {_told(start, terms)}")
    return None


def _told(at: datetime, terms: Terms) -> str:
    return f"{at.astimezone(terms.zone):%-d %B %Y, %H:%M %Z}"


def _status_found(booking: Booking) -> str:
    return f"is_active is {booking.raw_status!r}"


def spent_nothing(booking: Booking) -> bool:
    """Whether it has no token, or the one that costs nothing."""
    token = booking.token.strip()
    return not token or token.casefold() == ADMIN_OVERRIDE.casefold()


def _association_fault(booking: Booking) -> Judgement | None:
    if len(booking.contact_ids) != 1:
        return _blocked(Why.SEVERAL_CONTACTS if booking.contact_ids else Why.NO_CONTACT)
    if booking.contact_hint and booking.contact_hint != booking.contact_ids[0]:
        found = f"association {booking.contact_ids[0]}, hint {booking.contact_hint}"
        return _blocked(Why.HINT_DISAGREES, found)
    return None


def _credit_back(booking: Booking, catalogue: Catalogue, why: Why) -> Judgement:
    try:
        credit = catalogue.by_token(booking.token)
    except UnknownToken:
        return _blocked(Why.UNKNOWN_TOKEN, f"token_used is {booking.token!r}")
    return Judgement(verdict=Verdict.WILL_CHANGE, why=why, credit=credit.key)


def _blocked(why: Why, detail: str = "") -> Judgement:
    return Judgement(verdict=Verdict.BLOCKED, why=why, detail=detail)


def _skip(why: Why) -> Judgement:
    return Judgement(verdict=Verdict.SKIP, why=why)


def with_current_hint(booking: Booking, contacts: Mapping[ContactId, Contact | None]) -> Booking:
    """The booking, its hint made current: after a merge it still names a former id."""
    named = contacts.get(ContactId(booking.contact_hint))
    if named is None or named.id == booking.contact_hint:
        return booking
    return replace(booking, contact_hint=named.id)


def contacts_named(bookings: Iterable[Booking | None]) -> set[ContactId]:
    """Every contact that these bookings name, by association or by hint."""
    return {
        ContactId(id_)
        for booking in bookings
        if booking is not None
        for id_ in (booking.contact_id, booking.contact_hint)
        if id_
    }


def plan_rows(
    kind: OperationKind,
    ids: Iterable[BookingId],
    bookings: Mapping[BookingId, Booking | None],
    contacts: Mapping[ContactId, Contact | None],
    catalogue: Catalogue,
    terms: Terms,
    without: Collection[BookingId] = (),
) -> tuple[Row, ...]:
    """A row for each id, once, in the order asked; balances run on from row to row of a contact.

    ``without``: those left out. They keep their rows, and nothing is done to them.
    """
    running: dict[tuple[str, CreditType], int] = {}
    left = frozenset(without)
    rows = []
    for id_ in dict.fromkeys(ids):
        found = judged(kind, bookings.get(id_), contacts, catalogue, terms)
        if id_ in left:
            rows.append(excluded(_row(id_, found, contacts, {})))
        else:
            rows.append(_row(id_, found, contacts, running))
    return tuple(rows)


def excluded(row: Row) -> Row:
    """The row, left out by whoever previews."""
    return replace(
        row,
        verdict=Verdict.EXCLUDED,
        why=Why.EXCLUDED,
        detail="",
        credit=None,
        before=None,
        after=None,
    )


def judged(
    kind: OperationKind,
    booking: Booking | None,
    contacts: Mapping[ContactId, Contact | None],
    catalogue: Catalogue,
    terms: Terms,
) -> tuple[Booking | None, Judgement]:
    """The booking, its hint made current, and the verdict on it by itself."""
    booking = booking and with_current_hint(booking, contacts)
    return booking, judge(kind, booking, catalogue, terms)


def _row(
    id_: BookingId,
    found: tuple[Booking | None, Judgement],
    contacts: Mapping[ContactId, Contact | None],
    running: dict[tuple[str, CreditType], int],
) -> Row:
    booking, judgement = found
    if booking is None:
        return Row(booking_id=id_, verdict=judgement.verdict, why=judgement.why)
    contact = contacts.get(booking.contact_id) if booking.contact_id else None
    if judgement.verdict is Verdict.WILL_CHANGE:
        judgement = judge_contact(judgement, contact)
    before = after = None
    if judgement.credit is not None and contact is not None:
        before = running.get((contact.id, judgement.credit), contact.balances[judgement.credit])
        after = running[(contact.id, judgement.credit)] = before + 1
    return Row(
        booking_id=id_,
        verdict=judgement.verdict,
        why=judgement.why,
        detail=judgement.detail,
        credit=judgement.credit,
        contact_id=booking.contact_id,
        exam_id=booking.exam_id,
        booking_name=booking.booking_id,
        contact_name=contact.name if contact else "",
        contact_email=contact.email if contact else "",
        exam_date=booking.exam_date,
        mock_type=booking.mock_type,
        before=before,
        after=after,
    )


def judge_contact(judgement: Judgement, contact: Contact | None) -> Judgement:
    """Block a credit that has no contact to go to, or whose own balance cannot be read.

    Another balance that cannot be read stops nothing: it is named, so that somebody corrects it.
    """
    if judgement.credit is None:
        return judgement
    if contact is None:
        return _blocked(Why.CONTACT_GONE)
    if judgement.credit in contact.unreadable:
        found = f"{judgement.credit} {contact.unreadable[judgement.credit]}"
        return _blocked(Why.BALANCE_UNREADABLE, found)
    others = others_unreadable(contact, {judgement.credit})
    return replace(judgement, detail=others) if others else judgement


def others_unreadable(contact: Contact, moved: Collection[CreditType]) -> str:
    """Balances beside these that somebody has to correct in HubSpot; empty: none."""
    held = sorted(contact.unreadable.items())
    found = [f"{key} {why}" for key, why in held if key not in moved]
    return f"another balance needs correcting in HubSpot: {'; '.join(found)}" if found else ""
