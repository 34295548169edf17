"""Bookings: who sits where, with which token, and what became of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.demo import school
from sandbox.demo.exams import Exam, Part

#: Of a thousand bookings so many have ...
SHARED, OVERRIDE, UNKNOWN, EMPTY = 120, 15, 3, 3
COMING_SEATS, CANCELLED_SEATS = 45, 32


@dataclass(slots=True)
class Seat:
    id: int
    exam: Exam
    #: number of the contact that the association names; None: it names nobody
    contact: int | None
    #: number of the contact that ``associated_contact_id`` names
    hint: int | None
    #: whose student id and name the booking carries
    student: int
    token: str
    created: datetime
    status: str = "Active"
    attendance: str | None = None
    cancelled: datetime | None = None
    refunded: datetime | None = None
    refunder: str | None = None
    #: 2 for the second seat of one student in one session
    copy: int = 1

    @property
    def credit(self) -> str | None:
        """The credit it spent, if its token names one."""
        return school.CREDIT_OF.get(self.token)

    @property
    def owed(self) -> bool:
        return self.status == "Cancelled" and self.refunded is None and self.credit is not None

    @property
    def updated(self) -> datetime:
        return max(moment for moment in (self.created, self.cancelled, self.refunded) if moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seating:
    """What the bookings are made from."""

    exams: list[Exam]
    contacts: int
    bookings: int
    now: datetime
    chance: random.Random

    def seats(self) -> Iterator[Seat]:
        """Up to ``bookings`` of them: fewer when there are not enough people for that many."""
        number = 0
        taken: set[tuple[str, object, int]] = set()
        for exam, wanted in self._shares():
            for place, (contact, copy) in enumerate(self._students(exam, wanted, taken)):
                seat = self._seat(school.FIRST_BOOKING + number, exam, contact, copy)
                self._play(seat, place)
                exam.taken += seat.status != "Cancelled"
                number += 1
                yield seat
            exam.capacity = max(exam.taken + self.chance.choice((0, 2, 5, 9)), 12)

    def _shares(self) -> list[tuple[Exam, int]]:
        """How many bookings each session gets; those with a part come first."""
        least = {Part.COMING: COMING_SEATS, Part.CANCELLED: CANCELLED_SEATS, Part.SET: 24}
        open_ = [e for e in self.exams if e.part not in (Part.SCHEDULED, Part.DUE)]
        left = self.bookings
        shares: list[tuple[Exam, int]] = []
        for place, exam in enumerate(open_):
            fair = left / (len(open_) - place)
            drawn = round(fair * self.chance.uniform(0.6, 1.4)) if place < len(open_) - 1 else left
            share = min(max(drawn, least.get(exam.part, 0)), left, self.contacts)
            shares.append((exam, share))
            left -= share
        return shares

    def _students(
        self, exam: Exam, wanted: int, taken: set[tuple[str, object, int]]
    ) -> Iterator[tuple[int, int]]:
        """(contact number, which seat of theirs). A booking id can stand only once."""
        doubles = 2 if exam.part is Part.COMING and wanted > 10 else 0
        pool = range(self.contacts)
        if exam.part is Part.SET:  # few enough to meet again in the other sessions of the set
            pool = range(min(self.contacts, wanted + wanted // 3))
        given = 0
        for contact in self.chance.sample(pool, min(len(pool), wanted + wanted // 4)):
            key = (exam.mock_type, exam.date, contact)
            if key in taken:
                continue
            taken.add(key)
            for copy in (1, 2) if doubles > 0 else (1,):
                if given == wanted:
                    return
                yield contact, copy
                given += 1
            doubles -= 1

    def _seat(self, id_: int, exam: Exam, contact: int, copy: int) -> Seat:
        chance, now = self.chance, self.now
        latest = min(datetime.combine(exam.date, now.timetz()), now) - timedelta(days=2)
        created = latest - timedelta(minutes=chance.randint(0, 55 * 24 * 60))
        hint = contact if chance.random() < 0.9 else None
        return Seat(id_, exam, contact, hint, contact, self._token(exam), created, copy=copy)

    def _token(self, exam: Exam) -> str:
        drawn = self.chance.randrange(1000)
        if drawn < OVERRIDE:
            return school.ADMIN_OVERRIDE
        if drawn < OVERRIDE + UNKNOWN:
            return self.chance.choice(school.UNKNOWN_TOKENS)
        if drawn < OVERRIDE + UNKNOWN + EMPTY:
            return ""
        if drawn < OVERRIDE + UNKNOWN + EMPTY + SHARED and exam.mock_type in school.TAKES_SHARED:
            return school.SHARED_TOKEN
        return school.SPECIFIC[exam.mock_type][1]

    def _play(self, seat: Seat, place: int) -> None:
        """What became of it; the first few of a session with a part are the odd ones."""
        self._oddities(seat, place)
        drawn = self.chance.random()
        if seat.exam.part is Part.CANCELLED:
            self._cancel(seat, refunded=place in (7, 8))
        elif seat.exam.part is Part.COMING:
            if place >= COMING_SEATS - 5 and drawn < 0.5:
                self._cancel(seat, refunded=drawn < 0.25)
        elif seat.exam.is_past(self.now):
            if drawn < 0.83:
                seat.status = "Completed"
                seat.attendance = "Yes" if self.chance.random() < 0.88 else "No"
            elif drawn < 0.98:
                self._cancel(seat, refunded=drawn < 0.935)
        elif drawn < 0.12:
            self._cancel(seat, refunded=drawn < 0.085)

    def _oddities(self, seat: Seat, place: int) -> None:
        """Those that a person must look at: one of each in every session with a part."""
        if seat.exam.part is Part.PLAIN or seat.exam.part is Part.SET:
            drawn = self.chance.randrange(1000)
            kind = {0: 3, 1: 4}.get(drawn)
        else:
            kind = place - 10 if 10 <= place <= 14 else None
        if kind == 0:
            seat.token = self.chance.choice(school.UNKNOWN_TOKENS)
        elif kind == 1:
            seat.token = ""
        elif kind == 2:
            seat.token = school.ADMIN_OVERRIDE
        elif kind == 3:
            seat.contact = None
        elif kind == 4:
            seat.hint = (seat.student + 1) % self.contacts

    def _cancel(self, seat: Seat, *, refunded: bool) -> None:
        span_s = (self.now - timedelta(hours=3) - seat.created).total_seconds()
        if not seat.exam.is_past(self.now):
            span_s = min(span_s, 40 * 86_400)
        after = timedelta(seconds=int(span_s * self.chance.uniform(0.1, 0.9)))
        seat.status, seat.cancelled = "Cancelled", seat.created + after
        if refunded and seat.credit:
            seat.refunded = seat.cancelled + timedelta(minutes=self.chance.randint(1, 90))
            seat.refunder = self.chance.choice(school.REFUNDERS)
