"""From what an admin chose to the bookings that are meant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Self

from core.credits.errors import BadList
from core.credits.exam_times import day_in
from core.credits.records import BookingId, Contact, ContactId, Exam, ExamId, Kind
from core.credits.roles import Act, Actor
from core.hubspot.ports.crm import BookingFilter, Crm
from core.operations.choosing.references import is_record_id
from core.operations.choosing.selections import FAULTS_TOLD, BookingList, ranges

#: A filter is completed through no more exams, and by no more bookings that the search did not
#: name: about 100 calls to HubSpot, 5 s of its limit.
EXAMS_MAX = 400
COMPLETED_MAX = 6_000
#: How far back exams are offered: refunds of older ones are chosen by list or filter.
PAST = timedelta(days=183)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByExam:
    """All bookings of these exams."""

    ids: tuple[ExamId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByContact:
    """All bookings of these contacts."""

    ids: tuple[ContactId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByFilter:
    """All bookings that a search finds."""

    narrow: BookingFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class ByReference:
    """Bookings by record id or ``booking_id``, as pasted or uploaded."""

    references: tuple[str, ...]
    #: The line of each, where it has one.
    lines: tuple[int, ...] = ()
    #: How often one of them was named again.
    again: int = 0

    @classmethod
    def of(cls, found: BookingList) -> Self:
        """What a pasted or uploaded list names."""
        return cls(references=found.references, lines=found.lines, again=found.repeated)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByIds:
    """Bookings that the app itself has listed, and what that list is called."""

    ids: tuple[BookingId, ...]
    words: str
    #: What may be missing from the list, and why.
    caveat: str = ""


Selection = ByExam | ByContact | ByFilter | ByReference | ByIds


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Which bookings a selection means."""

    ids: tuple[BookingId, ...]
    #: The selection in words, for the plan and the operation's page.
    words: str
    #: What may be missing, and why; empty: nothing is.
    caveat: str = ""


@dataclass(frozen=True, slots=True)
class BookingFinder:
    """Reads only. Searches find ids; whatever counts is read again by id.

    A search shows a new or changed booking only after a while. What a filter finds is therefore
    completed by the associations of the exams that fit, which HubSpot has at once.
    """

    crm: Crm
    now: Callable[[], datetime]
    #: The school's, by whose clock an exam begins and is over.
    zone: tzinfo

    def bookings(self, selection: Selection) -> Found:
        """The bookings meant, each once. For a plan, which asks who may make it.

        Raises:
            BadList: none found, or references that no booking has.
            GatewayError: HubSpot did not answer.
        """
        caveat = ""
        found: Sequence[BookingId]
        match selection:
            case ByExam(ids=ids):
                found = self._of(Kind.EXAM, ids)
                words = self._exam_words(ids)
            case ByContact(ids=ids):
                found = self._of(Kind.CONTACT, ids)
                words = self._contact_words(ids)
            case ByFilter(narrow=narrow):
                found, caveat = self._by_filter(narrow)
                words = filter_words(narrow)
            case ByReference():
                found = self._by_reference(selection.references, selection.lines)
                words = list_words(len(set(found)), len(found) + selection.again)
            case ByIds(ids=found, words=words, caveat=caveat):
                pass
        once = tuple(dict.fromkeys(found))
        if not once:
            raise BadList([f"no bookings found for {words}"])
        return Found(ids=once, words=words, caveat=caveat)

    def among(self, found: Found, references: Collection[str]) -> frozenset[BookingId]:
        """Those of the bookings found that these references name.

        Raises:
            BadList: one of them is not among those found.
            GatewayError: HubSpot did not answer.
        """
        if not references:
            return frozenset()
        named = self._by_reference(tuple(references))
        chosen = set(found.ids)
        strangers = [ref for ref, id_ in zip(references, named, strict=True) if id_ not in chosen]
        if strangers:
            raise BadList([f"{ref} is not among {found.words}" for ref in strangers])
        return frozenset(named)

    def exams(self, actor: Actor, text: str = "", *, limit: int = 200) -> list[Exam]:
        """Exams to choose from: those to come, soonest first, then the past half-year backwards.

        Raises:
            NotAllowed: this person may not look exams up.
            GatewayError: HubSpot did not answer.
        """
        actor.require(Act.LOOK_UP)
        today = day_in(self.zone, self.now())
        coming = self.crm.search_exams(text=text, since=today, limit=limit)
        past = self.crm.search_exams(
            text=text, since=today - PAST, until=today - timedelta(days=1), limit=limit
        )
        return (coming + past[::-1])[:limit]

    def contacts(self, actor: Actor, text: str, *, limit: int = 20) -> list[Contact]:
        """Contacts to choose from.

        Raises:
            NotAllowed, GatewayError: as ``exams``.
        """
        actor.require(Act.LOOK_UP)
        return self.crm.search_contacts(text, limit=limit)

    def _of(self, kind: Kind, ids: Sequence[str]) -> list[BookingId]:
        by_owner = self.crm.booking_ids_of(kind, ids)
        return [booking for owner in ids for booking in by_owner.get(owner, ())]

    def _by_filter(self, narrow: BookingFilter) -> tuple[list[BookingId], str]:
        """What the search finds, completed; and what may be missing where that costs too much."""
        found = self.crm.search_bookings(narrow)
        exams = self.crm.search_exams(
            since=narrow.exam_date_from, until=narrow.exam_date_to, limit=EXAMS_MAX + 1
        )
        if len(exams) > EXAMS_MAX:
            return found, _lags(f"more than {EXAMS_MAX:,} exams fit this filter")
        linked = self._of(Kind.EXAM, [exam.id for exam in exams if narrow.fits_exam(exam)])
        known = set(found)
        rest = [id_ for id_ in dict.fromkeys(linked) if id_ not in known]
        if len(rest) > COMPLETED_MAX:
            return found, _lags(f"the exams of this filter have {len(linked):,} bookings")
        read = self.crm.bookings(rest) if rest else {}
        late = [id_ for id_ in rest if (one := read[id_]) is not None and narrow.fits(one)]
        return [*found, *late], ""

    def _by_reference(
        self, references: Sequence[str], lines: Sequence[int] = ()
    ) -> list[BookingId]:
        """Record ids as they are (the plan says which do not exist); names looked up."""
        names = [ref for ref in references if not is_record_id(ref)]
        named = self.crm.booking_ids_named(names) if names else {}
        unknown = [name for name in names if named.get(name) is None]
        if unknown:
            raise BadList(_unknown(unknown, dict(zip(references, lines, strict=False))))
        return [named.get(ref) or BookingId(ref) for ref in references]

    def _exam_words(self, ids: Sequence[ExamId]) -> str:
        exams = self.crm.exams(ids)
        missing = [id_ for id_ in ids if exams.get(id_) is None]
        if missing:
            raise BadList([f"HubSpot has no exam {id_}" for id_ in missing[:10]])
        return _listed("exam", [exam_words(exam) for exam in exams.values() if exam])

    def _contact_words(self, ids: Sequence[ContactId]) -> str:
        contacts = self.crm.contacts(ids)
        missing = [id_ for id_ in ids if contacts.get(id_) is None]
        if missing:
            raise BadList([f"HubSpot has no contact {id_}" for id_ in missing[:10]])
        return _listed("contact", [contact.name for contact in contacts.values() if contact])


def _lags(why: str) -> str:
    return (
        "bookings made or changed within the last minute may be missing: HubSpot's search shows "
        f"them a little later, and {why}, too many to read. Narrow it by date to have them all"
    )


def list_words(bookings: int, rows: int) -> str:
    """A list as a phrase: every row of it is a booking, or names one again."""
    told = f"a list of {bookings:,} booking{'' if bookings == 1 else 's'}"
    return told if bookings == rows else f"{told} in {rows:,} rows, {rows - bookings:,} repeated"


def _unknown(names: Sequence[str], lines: Mapping[str, int]) -> list[str]:
    """The first in full, of the others the lines."""
    told = [
        f"{f'line {lines[name]}: ' if name in lines else ''}"
        f"no booking in HubSpot has booking_id {name!r}"
        for name in names[:FAULTS_TOLD]
    ]
    if more := names[FAULTS_TOLD:]:
        where = ranges(lines[name] for name in more if name in lines)
        told.append(
            f"and {len(more):,} more unknown booking_ids{f': lines {where}' if where else ''}"
        )
    return told


def exam_words(exam: Exam) -> str:
    """An exam as people call it: type, date, place."""
    day = f"{exam.exam_date:%-d %B %Y}" if exam.exam_date else "no date"
    return ", ".join(part for part in (exam.mock_type or exam.name, day, exam.location) if part)


def filter_words(narrow: BookingFilter) -> str:
    """A filter as a phrase: "bookings: Active, Clinical Skills, from 2026-05-01"."""
    parts = [
        *(str(status) for status in narrow.statuses),
        narrow.mock_type,
        narrow.location,
        narrow.token,
        f"from {narrow.exam_date_from}" if narrow.exam_date_from else "",
        f"to {narrow.exam_date_to}" if narrow.exam_date_to else "",
        {True: "refunded", False: "not refunded", None: ""}[narrow.refunded],
    ]
    return "bookings: " + (", ".join(part for part in parts if part) or "all")


def _listed(noun: str, names: Sequence[str]) -> str:
    shown = "; ".join(names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{noun}{'s' if len(names) > 1 else ''} {shown}{more}"
