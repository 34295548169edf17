"""Balances with a past: bought, spent on each booking, given back for each refund."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.demo import school
from sandbox.demo.people import Person
from sandbox.demo.seats import Seat
from sandbox.hubspot.portal import CREDITS
from sandbox.hubspot.seed import SeedVersion

#: Credits left over: half of the students have none of a type.
SPARE = (0,) * 10 + (1,) * 4 + (2,) * 3 + (3, 3, 5)


@dataclass(slots=True)
class Contact:
    id: int
    person: Person
    created: datetime
    updated: datetime
    ndecc: date | None
    #: credit -> balance as a whole number
    balances: dict[str, int]
    #: credit -> versions, oldest first
    history: dict[str, list[SeedVersion]]
    archived: bool = False

    def change(self, credit: str, value: str, at: datetime, source: tuple[str, str]) -> None:
        """One more version. A value that is no whole number leaves ``balances`` as it is."""
        user = school.STAFF_USER if source == school.STAFF else None
        self.history.setdefault(credit, []).append(SeedVersion(value, at, *source, user))
        if value.isdigit():
            self.balances[credit] = int(value)
        self.updated = max(self.updated, at)


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    credit: str
    delta: int


def events_of(seats: Iterable[Seat]) -> dict[int, list[Event]]:
    """Contact number -> what the bookings did to the balances, oldest first."""
    events: defaultdict[int, list[Event]] = defaultdict(list)
    for seat in seats:
        if seat.credit is None:
            continue
        mine = events[seat.student]
        mine.append(Event(seat.created, seat.credit, -1))
        if seat.refunded:
            mine.append(Event(seat.refunded, seat.credit, +1))
    for mine in events.values():
        mine.sort(key=lambda event: event.at)
    return events


def contact(
    number: int, person: Person, events: list[Event], now: datetime, chance: random.Random
) -> Contact:
    """Bought enough at first for no balance ever to have been below zero."""
    first = events[0].at if events else now - timedelta(days=chance.randint(3, 200))
    created = first - timedelta(minutes=chance.randint(60, 90 * 24 * 60))
    ndecc = now.date() + timedelta(days=chance.randint(-60, 240)) if number % 5 else None
    made = Contact(
        school.FIRST_CONTACT + number,
        person,
        created,
        created,
        ndecc,
        dict.fromkeys(CREDITS, 0),
        {},
    )
    lowest, level = dict.fromkeys(CREDITS, 0), dict.fromkeys(CREDITS, 0)
    for event in events:
        level[event.credit] += event.delta
        lowest[event.credit] = min(lowest[event.credit], level[event.credit])
    for place, credit in enumerate(CREDITS):
        spare = chance.choice(SPARE)
        bought = spare - lowest[credit]
        if bought:
            at = created + timedelta(seconds=20 + place)
            made.change(credit, str(bought), at, school.PAYMENTS)
    for event in events:
        value = str(made.balances[event.credit] + event.delta)
        source = school.STUDENT_APP if event.delta < 0 else school.STAFF
        made.change(event.credit, value, event.at, source)
    return made
