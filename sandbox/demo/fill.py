"""Makes the demo data and puts it into both stores."""

from __future__ import annotations

import gc
import json
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sandbox.demo import balances, exams, mirror, objects
from sandbox.demo.balances import Contact
from sandbox.demo.drift import Planted, Planter
from sandbox.demo.exams import Exam, Part
from sandbox.demo.people import person
from sandbox.demo.seats import Seat, Seating
from sandbox.demo.size import Size
from sandbox.hubspot.portal import CONTACTS
from sandbox.hubspot.seed import SeedObject
from sandbox.hubspot.store import Store
from sandbox.processes import ROOT, SandboxError

#: From so many records on, the mirror is filled by a process of its own.
LARGE = 20_000


@dataclass(frozen=True, slots=True)
class School:
    """All of the demo data."""

    contacts: list[Contact]
    exams: list[Exam]
    seats: list[Seat]


def make(
    size: Size,
    now: datetime,
    events_of: Callable[[Iterable[Seat]], dict[int, list[balances.Event]]] = balances.events_of,
) -> School:
    """The same for the same arguments. Every stream of chance is its own, so that they can grow.

    ``events_of``: what bookings do to balances.
    """
    sessions = exams.plan(size.exams, now, _chance(size, "exams"))
    seating = Seating(
        exams=sessions,
        contacts=size.contacts,
        bookings=size.bookings if size.contacts and sessions else 0,
        now=now,
        chance=_chance(size, "seats"),
    )
    seats = list(seating.seats())
    events = events_of(seats)
    names, chance = _chance(size, "people"), _chance(size, "balances")
    contacts = [
        balances.contact(n, person(n, names), events.get(n, []), now, chance)
        for n in range(size.contacts)
    ]
    return School(contacts, sessions, seats)


def plant(school: School, size: Size, now: datetime) -> tuple[Planter, dict[str, Planted]]:
    """Change the truth, and say how the mirror differs from it; again the same each time."""
    planter = Planter(
        contacts=school.contacts,
        seats=school.seats,
        exams=school.exams,
        now=now,
        chance=_chance(size, "drift"),
    )
    return planter, planter.plant()


def fill(store: Store, db_url: str, size: Size, now: datetime) -> dict[str, Any]:
    """What was planted, for STATE_DIR/planted.json. The HubSpot store is to be empty.

    Shape: size, now, counts, drift {contacts|bookings|exams: {cause: [HubSpot ids]}},
    odd_contacts, merged [{primary, other, into}], bookings {oddity: [ids]}, owed {credit: count},
    exams {part: [ids]}.
    """
    with _no_garbage(), _mirror_beside(db_url, size, now):
        school = make(size, now)
        planter, drift = plant(school, size, now)
        store.load(_objects(school, now), objects.links(school.seats, school.contacts))
        merged = [
            {"primary": str(a), "other": str(b), "into": str(store.merge(CONTACTS, a, b))}
            for a, b in planter.merges
        ]
    odd = drift.pop("odd_contacts")
    # where HubSpot keeps the primary's id, that contact's row is right already
    kept = {each["into"] for each in merged if each["into"] == each["primary"]}
    of_contacts = drift["contacts"]
    of_contacts["contact_merged"] = [i for i in of_contacts["contact_merged"] if i not in kept]
    return {
        "size": asdict(size),
        "now": now.isoformat(),
        "counts": _counts(school),
        "drift": drift,
        "odd_contacts": odd,
        "merged": merged,
        "bookings": _odd_bookings(school),
        "owed": dict(Counter(seat.credit for seat in school.seats if seat.owed)),
        "exams": _parts(school.exams),
    }


def fill_mirror(db_url: str, size: Size, now: datetime) -> None:
    """The mirror's half. Made from the arguments alone, so that another process can do it."""
    school = make(size, now)
    planter, _ = plant(school, size, now)
    stamps, apart = mirror.Stamps(now, _chance(size, "stamps")), mirror.with_differences
    contacts = (mirror.contact_row(contact, stamps) for contact in school.contacts)
    sessions = (mirror.exam_row(exam, stamps) for exam in school.exams)
    seats = (mirror.booking_row(seat, school.contacts, stamps) for seat in school.seats)
    mirror.write(
        db_url,
        {
            "hubspot_contact_credits": apart(contacts, planter.contact_differences),
            "hubspot_mock_exams": apart(sessions, planter.exam_differences),
            "hubspot_bookings": apart(seats, planter.seat_differences),
        },
    )


@contextmanager
def _mirror_beside(db_url: str, size: Size, now: datetime) -> Iterator[None]:
    """Fills the mirror while the block runs; both are done, or failed, when it ends.

    Raises:
        SandboxError: the other process failed.
    """
    if size.contacts + size.bookings < LARGE:
        fill_mirror(db_url, size, now)
        yield
        return
    order = json.dumps({"db_url": db_url, "size": asdict(size), "now": now.isoformat()})
    command = [sys.executable, "-m", "sandbox.demo"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT, text=True) as process:
        try:
            if process.stdin is not None:
                process.stdin.write(order)
                process.stdin.close()
            yield
            if process.wait():
                raise SandboxError("the mirror could not be filled with demo data; see above")
        finally:
            process.kill()


@contextmanager
def _no_garbage() -> Iterator[None]:
    """A hundred thousand records are no garbage, however often one looks."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _chance(size: Size, what: str) -> random.Random:
    return random.Random(f"{size.seed}:{what}")


def _objects(school: School, now: datetime) -> Iterator[SeedObject]:
    yield from (objects.contact_object(contact) for contact in school.contacts)
    yield from (objects.exam_object(exam, now) for exam in school.exams)
    yield from (objects.booking_object(seat, school.contacts) for seat in school.seats)


def _counts(school: School) -> dict[str, int]:
    return {
        "contacts": len(school.contacts),
        "exams": len(school.exams),
        "bookings": len(school.seats),
        "owed": sum(seat.owed for seat in school.seats),
        **{status: sum(seat.status == status for seat in school.seats) for status in STATUSES},
    }


STATUSES = ("Active", "Cancelled", "Completed")


def _odd_bookings(school: School) -> dict[str, list[str]]:
    known = {"", "Admin Override"}
    return {
        "without_contact": _ids(s for s in school.seats if s.contact is None),
        "hint_disagrees": _ids(
            s for s in school.seats if None not in (s.contact, s.hint) and s.contact != s.hint
        ),
        "unknown_token": _ids(s for s in school.seats if s.credit is None and s.token not in known),
        "empty_token": _ids(s for s in school.seats if not s.token),
        "admin_override": _ids(s for s in school.seats if s.token == "Admin Override"),
        "second_seat": _ids(s for s in school.seats if s.copy > 1),
        "owed": _ids(s for s in school.seats if s.owed),
    }


def _ids(seats: Iterator[Seat]) -> list[str]:
    return [str(seat.id) for seat in seats]


def _parts(sessions: Sequence[Exam]) -> dict[str, list[str]]:
    parts: defaultdict[str, list[str]] = defaultdict(list)
    for exam in sessions:
        if exam.part is not Part.PLAIN:
            parts[exam.part.name.lower()].append(str(exam.id))
    return dict(parts)
