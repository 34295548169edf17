"""Plants what a manager is to find: drift of every cause, and contacts that need a person.

Drift whose cause lies in the desk's own outbox (copy due, copy failed) comes from using the desk.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.demo import school
from sandbox.demo.balances import Contact
from sandbox.demo.exams import Exam, Part
from sandbox.demo.mirror import Differences, Row, Stamps
from sandbox.demo.seats import Seat
from sandbox.hubspot.portal import CREDITS

UNREADABLE = ("abc", "-1", "1.5")
#: Other ways of writing whole numbers, which are to be understood.
ODD_BUT_READABLE = ("3.0", "")
ORPHANS_FROM = 20_999_000_001

Planted = dict[str, list[str]]


@dataclass(slots=True, kw_only=True)
class Planter:
    """Changes the truth it is given, and collects how the mirror differs from it."""

    contacts: Sequence[Contact]
    seats: Sequence[Seat]
    exams: Sequence[Exam]
    now: datetime
    chance: random.Random
    contact_differences: Differences = field(default_factory=Differences)
    seat_differences: Differences = field(default_factory=Differences)
    exam_differences: Differences = field(default_factory=Differences)
    #: pairs of HubSpot ids to merge once they are in the store: the first one's values win
    merges: list[tuple[int, int]] = field(default_factory=list)
    _free: deque[Contact] = field(default_factory=deque)

    def plant(self) -> dict[str, Planted]:
        """Cause -> ids, for each kind of record; and the odd contacts, by what is odd."""
        self._free = deque(self._in_order())
        few = min(max(3, len(self.contacts) // 400), max(1, len(self.contacts) // 40))
        odd = {
            "unreadable_value": self._each(2 * few, self._unreadable),
            "contact_gone": self._each(few, self._gone),
            "contact_merged": self._each(min(few, 25), self._merged),
        }
        written_oddly = self._each(few, self._odd_but_readable)
        drift = odd | {
            "missing_row": self._each(few, self._missing),
            "changed_in_hubspot": self._each(2 * few, self._changed_in_hubspot),
            "changed_in_mirror": self._each(few, self._changed_in_mirror),
            "older_copy": self._each(few, self._older_copy),
            "orphan_row": [self._orphan(number) for number in range(few)],
        }
        return {
            "contacts": drift,
            "bookings": self._bookings(few),
            "exams": self._exams(),
            "odd_contacts": {"odd_but_readable": written_oddly},
        }

    def _in_order(self) -> list[Contact]:
        """First, in turn, students of the cancelled and of the coming exam: there they show up."""
        shown: list[list[Contact]] = []
        for part in (Part.CANCELLED, Part.COMING):
            seated = [s for s in self.seats if s.exam.part is part and s.contact == s.hint]
            shown.append([self.contacts[s.student] for s in seated[12:18]])
        first = [contact for pair in zip(*shown, strict=False) for contact in pair]
        every = list(self.contacts)
        self.chance.shuffle(every)
        return list({contact.id: contact for contact in [*first, *every]}.values())

    def _each(self, count: int, plant: Callable[[Contact, int], None]) -> list[str]:
        done: list[str] = []
        while len(done) < count and self._free:
            contact = self._free.popleft()
            plant(contact, len(done))
            done.append(str(contact.id))
        return done

    def _lately(self, contact: Contact, hours: float = 20) -> datetime:
        ago = timedelta(minutes=self.chance.uniform(4, hours * 60))
        return max(self.now - ago, contact.updated + timedelta(seconds=30))

    def _changed(self, contact: Contact, credit: str, value: str, source: tuple[str, str]) -> None:
        """The truth moves on; the mirror keeps what it had."""
        self.contact_differences.changed[contact.id] = {
            **contact.balances,
            "source_modified_at": contact.updated,
        }
        contact.change(credit, value, self._lately(contact), source)

    def _unreadable(self, contact: Contact, number: int) -> None:
        credit = CREDITS[number % 2]
        value = UNREADABLE[number // 2 % len(UNREADABLE)]
        self._changed(contact, credit, value, school.STAFF)

    def _odd_but_readable(self, contact: Contact, number: int) -> None:
        value = ODD_BUT_READABLE[number % 2]
        credit = CREDITS[number % len(CREDITS)]
        contact.change(credit, value, self._lately(contact), school.STAFF)
        contact.balances[credit] = 3 if value else 0

    def _gone(self, contact: Contact, _: int) -> None:
        self.contact_differences.changed[contact.id] = {"source_modified_at": contact.updated}
        contact.archived, contact.updated = True, self._lately(contact)

    def _merged(self, contact: Contact, _: int) -> None:
        if self._free:
            self.merges.append((contact.id, self._free.pop().id))

    def _missing(self, contact: Contact, _: int) -> None:
        self.contact_differences.missing.add(contact.id)

    def _changed_in_hubspot(self, contact: Contact, number: int) -> None:
        credit = self.chance.choice(CREDITS)
        value = contact.balances[credit] + (1 if number % 3 else 2)
        self._changed(contact, credit, str(value), (school.STAFF, school.STUDENT_APP)[number % 2])

    def _changed_in_mirror(self, contact: Contact, _: int) -> None:
        credit = self.chance.choice(CREDITS)
        edited = self.now - timedelta(minutes=self.chance.uniform(1, 55))
        value = contact.balances[credit] + self.chance.choice((1, 4))
        had = {version.value for version in contact.history.get(credit, ())}
        while str(value) in had:  # else it could be an older copy
            value += 1
        self.contact_differences.changed[contact.id] = {
            credit: value,
            "synced_at": edited - timedelta(hours=1),
            "credit_desk_synced_at": edited - timedelta(hours=1),
            "updated_at": edited,
            "credit_desk_changed_at": edited,
        }

    def _older_copy(self, contact: Contact, _: int) -> None:
        """The desk had copied it; then another app wrote over the row what it had read before."""
        credit = self.chance.choice(CREDITS)
        before = contact.balances[credit]
        if not contact.history.get(credit):
            contact.change(credit, str(before), contact.created, school.STAFF)
        contact.change(credit, str(before + 1), self._lately(contact), school.STUDENT_APP)
        third = (self.now - contact.updated) / 3
        copied, edited = contact.updated + third, contact.updated + 2 * third
        self.contact_differences.changed[contact.id] = {
            credit: before,
            # HubSpot tells milliseconds: a row of a later moment would be ahead of it
            "source_modified_at": contact.updated.replace(
                microsecond=contact.updated.microsecond // 1000 * 1000
            ),
            "synced_at": copied,
            "credit_desk_synced_at": copied,
            "updated_at": edited,
            "credit_desk_changed_at": edited,
        }

    def _orphan(self, number: int) -> str:
        id_ = ORPHANS_FROM + number
        row: Row = {
            "hubspot_id": str(id_),
            "student_id": str(500_000 + number),
            "email": f"left.behind.{number}@example.test",
            "firstname": "Left",
            "lastname": "Behind",
            **dict.fromkeys(CREDITS, 1),
            "ndecc_exam_date": None,
            **Stamps(self.now, self.chance).of(
                self.now - timedelta(days=300), self.now - timedelta(days=90)
            ),
        }
        self.contact_differences.orphans.append(row)
        return str(id_)

    def _bookings(self, few: int) -> Planted:
        """Cancelled in HubSpot but still active in the mirror; and some the mirror never got."""
        cancelled = [seat for seat in self.seats if seat.status == "Cancelled"]
        stale = self.chance.sample(cancelled, min(few, len(cancelled)))
        for seat in stale:
            self.seat_differences.changed[seat.id] = {
                "is_active": "Active",
                "token_refunded": None,
                "token_refunded_at": None,
                "token_refund_admin": None,
                "source_modified_at": seat.created,
            }
        others = [seat for seat in self.seats if seat.status != "Cancelled"]
        missing = self.chance.sample(others, min(few, len(others)))
        self.seat_differences.missing.update(seat.id for seat in missing)
        return {
            "changed_in_hubspot": [str(seat.id) for seat in stale],
            "missing_row": [str(seat.id) for seat in missing],
        }

    def _exams(self) -> Planted:
        counted = [exam for exam in self.exams if exam.part is Part.PLAIN and exam.taken > 1]
        wrong = self.chance.sample(counted, min(2, len(counted)))
        for exam in wrong:
            self.exam_differences.changed[exam.id] = {
                "total_bookings": exam.taken - 1,
                "updated_at": self.now - timedelta(minutes=20),
                "credit_desk_changed_at": self.now - timedelta(minutes=20),
                "synced_at": self.now - timedelta(minutes=90),
                "credit_desk_synced_at": self.now - timedelta(minutes=90),
            }
        return {"changed_in_mirror": [str(exam.id) for exam in wrong]}
