"""Plans: what an operation would do to each booking, and why not (design, sections 2 to 4).

The preview and the run judge with the same function, so what an admin sees is what will be done.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from itertools import islice
from typing import TypeVar

from core.credits.catalogue import ADMIN_OVERRIDE, Catalogue, CreditType
from core.credits.records import Booking, BookingId, Contact, ContactId, ExamId, ItemKey
from core.operations.terms import ORDINARY, Inclusion, Terms
from core.operations.verdicts import OperationKind, Verdict, Why

T = TypeVar("T")

__all__ = ["OperationKind", "Verdict", "Why"]  # read with the plans that bear them


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One booking of a plan."""

    booking_id: ItemKey
    verdict: Verdict
    why: Why
    #: More than ``why`` says, with the values found; may be empty.
    detail: str = ""
    #: The credit that comes back, is taken, or is kept; None when none is.
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
    #: Only of a move: what the booking is called at the exam that it moves to.
    new_name: str = ""
    #: Balance of ``credit`` before this row and after it, rows of one contact counted in order.
    before: int | None = None
    after: int | None = None

    @property
    def told(self) -> str:
        """The reason of its verdict, with the values found."""
        return self.why.told(self.detail)

    @property
    def moves(self) -> int:
        """How many credits, in either direction; one, where no balance is told."""
        if self.before is None or self.after is None:
            return 1
        return abs(self.after - self.before)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A frozen answer to "what would this do". Its id becomes the operation's.

    What is told of all its rows is told once: there may be a hundred thousand.
    """

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
    #: Of a move: the exam that the bookings go to.
    to_exam: ExamId | None = None
    #: What may be missing from the rows, and why; empty: nothing is.
    caveat: str = ""
    #: What an admin includes on purpose that would be blocked otherwise.
    include: frozenset[Inclusion] = ORDINARY

    @cached_property
    def by_verdict(self) -> Mapping[Verdict, tuple[Row, ...]]:
        """The rows of each verdict, all of them named, in plan order."""
        found: dict[Verdict, list[Row]] = {verdict: [] for verdict in Verdict}
        for row in self.rows:
            found[row.verdict].append(row)
        return {verdict: tuple(rows) for verdict, rows in found.items()}

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many rows have each verdict, all of them named."""
        return {verdict: len(rows) for verdict, rows in self.by_verdict.items()}

    @cached_property
    def credits(self) -> dict[CreditType, int]:
        """Credits that move, or are kept, by type; one row of an adjustment may move several."""
        found: Counter[CreditType] = Counter()
        for row in self.will_change:
            if row.credit is not None:
                found[row.credit] += row.moves
        return dict(found)

    @cached_property
    def contacts(self) -> int:
        """How many students get something back or lose a seat."""
        return len({row.contact_id for row in self.will_change})

    @property
    def will_change(self) -> tuple[Row, ...]:
        """The rows that the operation would carry out."""
        return self.by_verdict[Verdict.WILL_CHANGE]

    @cached_property
    def excluded(self) -> frozenset[ItemKey]:
        """The bookings that whoever previewed left out."""
        return frozenset(row.booking_id for row in self.by_verdict[Verdict.EXCLUDED])


#: Why a row is blocked, to what an admin must include on purpose to have it all the same.
INCLUDED_BY: Mapping[Why, Inclusion] = {
    Why.ATTENDED: Inclusion.ATTENDED,
    Why.ATTENDANCE_UNCLEAR: Inclusion.ATTENDED,
    Why.EXAM_PAST: Inclusion.PAST,
    Why.EXAM_BEGUN: Inclusion.PAST,
    Why.DATE_UNCLEAR: Inclusion.PAST,
    Why.FORFEITED: Inclusion.FORFEITED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict on a booking by itself, before its contact was looked at."""

    verdict: Verdict
    why: Why
    detail: str = ""
    credit: CreditType | None = None
    #: Its credit stays spent: no balance changes, and none has to be readable.
    kept: bool = False

    @property
    def told(self) -> str:
        """The reason, with the values found."""
        return self.why.told(self.detail)


#: What a kind of operation makes of a booking, by the booking's own fields. What cannot be read
#: decides nothing: it blocks, with the value that was found.
Judge = Callable[[Booking, Catalogue, Terms], Judgement]

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


def spent_nothing(booking: Booking) -> bool:
    """Whether it has no token, or the one that costs nothing."""
    token = booking.token.strip()
    return not token or token.casefold() == ADMIN_OVERRIDE.casefold()


def blocked(why: Why, detail: str = "") -> Judgement:
    """Not done until somebody mends what ``detail`` shows."""
    return Judgement(verdict=Verdict.BLOCKED, why=why, detail=detail)


def merged_away(into: str) -> Judgement:
    """Of a booking that has another id by now, under which alone it is changed."""
    return blocked(Why.MERGED_AWAY, f"merged into booking {into} in HubSpot; choose that one")


def skipped(why: Why) -> Judgement:
    """Nothing is to be done."""
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


#: Rows judged in one go: what they are judged by is in memory with them, and then let go.
PORTION = 10_000


def portions(asked: Iterable[T]) -> Iterator[Sequence[T]]:
    """What is asked for, ``PORTION`` at a time, in order, and no more of it taken than that."""
    left = iter(asked)
    while some := list(islice(left, PORTION)):
        yield some


def _named_before(booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:  # noqa: ARG001
    """Of a row that names a booking of another row."""
    return skipped(Why.NAMED_BEFORE)


#: The balance of each contact's credit after the rows so far.
Running = dict[tuple[str, CreditType], int]


def plan_rows(
    judge: Judge,
    ids: Iterable[BookingId],
    bookings: Mapping[BookingId, Booking | None],
    contacts: Mapping[ContactId, Contact | None],
    catalogue: Catalogue,
    terms: Terms,
    without: Collection[ItemKey] = (),
    running: Running | None = None,
) -> tuple[Row, ...]:
    """A row for each id, once, in the order asked; balances run on from row to row of a contact.

    One whose id is not its booking's own names a booking of another row (``by_own_ids``).
    ``without``: those left out. They keep their rows, and nothing is done to them.
    ``running``: from the rows before these, and on to those after them.
    """
    running = {} if running is None else running
    left = frozenset(without)
    rows = []
    for id_ in dict.fromkeys(ids):
        booking = bookings.get(id_)
        again = booking is not None and booking.id != id_
        found = judged(_named_before if again else judge, booking, contacts, catalogue, terms)
        names = {id_, *(booking.former_ids if booking else ())}
        if again or left.isdisjoint(names):
            rows.append(_row(id_, found, contacts, running))
        else:
            rows.append(excluded(_row(id_, found, contacts, {})))
    return tuple(rows)


def by_own_ids(
    asked: Iterable[BookingId],
    found: Mapping[BookingId, Booking | None],
    named: dict[BookingId, BookingId],
) -> dict[BookingId, Booking | None]:
    """What was found, in the order asked, each booking under the id that it has now.

    One that was merged has several ids, and is changed under its own alone, so that nobody else
    changes it under another. A row that names it again is known by another id that was asked for.

    ``named``: by the id that each has now, the one that it was first asked for by; added to.
    """
    held: dict[BookingId, Booking | None] = {}
    for id_ in dict.fromkeys(asked):
        booking = found.get(id_)
        if booking is None:
            held[id_] = None
        elif booking.id in named:
            held[named.get(id_, id_)] = booking
        else:
            named[booking.id] = id_
            held[booking.id] = booking
    return held


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
    judge: Judge,
    booking: Booking | None,
    contacts: Mapping[ContactId, Contact | None],
    catalogue: Catalogue,
    terms: Terms,
) -> tuple[Booking | None, Judgement]:
    """The booking, its hint made current, and the verdict on it by itself."""
    if booking is None:
        return None, blocked(Why.NOT_FOUND)
    booking = with_current_hint(booking, contacts)
    return booking, judge(booking, catalogue, terms)


def _row(
    id_: BookingId,
    found: tuple[Booking | None, Judgement],
    contacts: Mapping[ContactId, Contact | None],
    running: Running,
) -> Row:
    booking, judgement = found
    if booking is None:
        return Row(booking_id=id_, verdict=judgement.verdict, why=judgement.why)
    contact = contacts.get(booking.contact_id) if booking.contact_id else None
    if judgement.verdict is Verdict.WILL_CHANGE:
        judgement = judge_contact(judgement, contact)
    before = after = None
    if judgement.credit is not None and not judgement.kept and contact is not None:
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
    if judgement.credit is None or judgement.kept:
        return judgement
    if contact is None:
        return blocked(Why.CONTACT_GONE)
    if judgement.credit in contact.unreadable:
        found = f"{judgement.credit} {contact.unreadable[judgement.credit]}"
        return blocked(Why.BALANCE_UNREADABLE, found)
    others = others_unreadable(contact, {judgement.credit})
    return replace(judgement, detail=others) if others else judgement


def others_unreadable(contact: Contact, moved: Collection[CreditType]) -> str:
    """Balances beside these that somebody has to correct in HubSpot; empty: none."""
    held = sorted(contact.unreadable.items())
    found = [f"{key} {why}" for key, why in held if key not in moved]
    return f"another balance needs correcting in HubSpot: {'; '.join(found)}" if found else ""
