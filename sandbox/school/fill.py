"""What the school's HubSpot and tables hold before Credit Desk: as its own apps left both."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from sandbox.demo import balances, objects, school
from sandbox.demo.balances import Contact, Event
from sandbox.demo.exams import Exam
from sandbox.demo.fill import School, make
from sandbox.demo.seats import Seat
from sandbox.demo.size import Size
from sandbox.hubspot.portal import CREDITS
from sandbox.hubspot.seed import SeedObject
from sandbox.hubspot.store import Store
from sandbox.school.generations import TABLES, Generation

ZONE = ZoneInfo("America/Toronto")
#: Of the cancellations without a mark, one in so many was forfeited on purpose ...
FORFEITED_EVERY = 7
#: ... and one in so many is really owed: the app failed between cancelling and giving back.
OWED_EVERY = 11
#: One student in so many had a balance set by hand.
HAND_SET_EVERY = 9

Row = dict[str, object]


def fill(
    store: Store, db_url: str, size: Size, now: datetime, generation: Generation
) -> dict[str, Any]:
    """Both stores, which agree. What the history holds, for STATE_DIR/planted.json.

    Shape: size, now, generation, counts, unmarked {given_back|forfeited|owed: [booking ids]},
    hand_set [contact ids].
    """
    made = make(size, now, _events_of)
    by_hand = _set_by_hand(made.contacts, now, random.Random(f"hand {size.seed}"))
    store.load(_objects(made, now), objects.links(made.seats, made.contacts))
    _write(db_url, made, now, generation)
    return {
        "size": asdict(size),
        "now": now.isoformat(),
        "generation": str(generation),
        "counts": {
            "contacts": len(made.contacts),
            "exams": len(made.exams),
            "bookings": len(made.seats),
            **Counter(seat.status for seat in made.seats),
        },
        "unmarked": {
            fate: [str(seat.id) for seat in made.seats if fate_of(seat) == fate]
            for fate in ("given_back", "forfeited", "owed")
        },
        "hand_set": by_hand,
    }


def fate_of(seat: Seat) -> str:
    """What became of the credit of a cancellation that bears no mark; "" of any other booking."""
    if not seat.owed:
        return ""
    if seat.id % OWED_EVERY == 0:
        return "owed"
    return "forfeited" if seat.id % FORFEITED_EVERY == 0 else "given_back"


def _events_of(seats: Iterable[Seat]) -> dict[int, list[Event]]:
    """The apps' own cancellations give the credit back, and mark nothing."""
    held = list(seats)
    events = balances.events_of(held)
    for seat in held:
        if fate_of(seat) == "given_back" and seat.credit and seat.cancelled:
            back = Event(seat.cancelled + timedelta(seconds=2), seat.credit, +1)
            events.setdefault(seat.student, []).append(back)
    for mine in events.values():
        mine.sort(key=lambda event: event.at)
    return events


def _set_by_hand(contacts: Sequence[Contact], now: datetime, chance: random.Random) -> list[str]:
    changed = []
    for contact in contacts[::HAND_SET_EVERY]:
        credit = chance.choice(CREDITS)
        value = str(max(0, contact.balances[credit] + chance.choice((-1, 1, 2))))
        at = max(contact.updated, now - timedelta(days=40)) + timedelta(minutes=1)
        contact.change(credit, value, min(at, now - timedelta(minutes=30)), school.STAFF)
        changed.append(str(contact.id))
    return changed


# HubSpot


def _objects(made: School, now: datetime) -> Iterable[SeedObject]:
    yield from (objects.contact_object(contact) for contact in made.contacts)
    for number, exam in enumerate(made.exams, 1):
        plain = objects.exam_object(exam, now)
        yield _with(plain, mock_exam_id=str(number), **_times(exam))
    for seat in made.seats:
        plain = objects.booking_object(seat, made.contacts)
        more = {
            "name": plain.properties["student_name"],
            "email": plain.properties["student_email"],
            "dominant_hand": _hand(seat),
            "associated_mock_exam": str(seat.exam.id),
        }
        yield _with(plain, **more, **_times(seat.exam))


def _with(plain: SeedObject, **more: str | None) -> SeedObject:
    return replace(plain, properties={**plain.properties, **more})


def _hand(seat: Seat) -> str:
    return "false" if seat.student % 9 == 0 else "true"


def _times(exam: Exam) -> dict[str, str]:
    return {"start_time": _moment(exam, exam.start), "end_time": _moment(exam, exam.end)}


def _moment(exam: Exam, clock: str) -> str:
    local = datetime.combine(exam.date, time.fromisoformat(clock), ZONE)
    return f"{local.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


# the tables


def _write(db_url: str, made: School, now: datetime, generation: Generation) -> None:
    tables = TABLES[generation]
    rows: dict[str, list[Row]] = {
        "hubspot_contact_credits": [_contact_row(contact, now) for contact in made.contacts],
        "hubspot_mock_exams": [_exam_row(exam, now) for exam in made.exams],
        "hubspot_bookings": [
            _booking_row(seat, made.contacts, now, generation) for seat in made.seats
        ],
    }
    with psycopg.connect(db_url) as connection, connection.cursor() as cursor:
        for table, all_ in rows.items():
            without = tables.without.get(table, frozenset())
            kept = [
                {name: value for name, value in row.items() if name not in without} for row in all_
            ]
            _copy(cursor, sql.Identifier(tables.schema, table), kept)


def _copy(cursor: psycopg.Cursor, table: sql.Identifier, rows: Sequence[Row]) -> None:
    if not rows:
        return
    columns = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
    with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(table, columns)) as copy:
        for row in rows:
            copy.write_row(tuple(row.values()))


def _stamps(created: datetime, now: datetime) -> Row:
    """As the cron leaves them: without a zone, and all of one run."""
    synced = (now - timedelta(minutes=35)).replace(tzinfo=None)
    return {"created_at": created.replace(tzinfo=None), "updated_at": synced, "synced_at": synced}


def _contact_row(contact: Contact, now: datetime) -> Row:
    who = contact.person
    return {
        "hubspot_id": str(contact.id),
        "student_id": who.student_id,
        "email": who.email,
        "firstname": who.firstname or None,
        "lastname": who.lastname or None,
        **contact.balances,
        "ndecc_exam_date": contact.ndecc.isoformat() if contact.ndecc else None,
        **_stamps(contact.created, now),
    }


def _exam_row(exam: Exam, now: datetime) -> Row:
    return {
        "hubspot_id": str(exam.id),
        "mock_exam_name": exam.name,
        "mock_type": exam.mock_type,
        "exam_date": exam.date,
        **_times(exam),
        "location": exam.location,
        "capacity": exam.capacity,
        "total_bookings": exam.taken,
        "is_active": exam.state(now),
        "scheduled_activation_datetime": exam.activation,
        **_stamps(exam.created, now),
    }


def _booking_row(
    seat: Seat, contacts: Sequence[Contact], now: datetime, generation: Generation
) -> Row:
    tables, contact = TABLES[generation], contacts[seat.student]
    row: Mapping[str, object] = {
        "hubspot_id": str(seat.id),
        "booking_id": objects.booking_id(seat, contacts),
        tables.exam: str(seat.exam.id),
        tables.contact: None if seat.contact is None else str(contacts[seat.contact].id),
        "student_id": contact.person.student_id,
        tables.name: f"{contact.person.firstname} {contact.person.lastname}".strip() or None,
        "student_email": contact.person.email,
        "booking_status": seat.status,
        "is_active": seat.status,
        "attendance": seat.attendance,
        "attending_location": seat.exam.location,
        "exam_date": datetime.combine(seat.exam.date, datetime.min.time()),
        "dominant_hand": _hand(seat),
        "token_used": seat.token or None,
        "token_refunded": "true" if seat.refunded else None,
        "token_refunded_at": seat.refunded,
        "token_refund_admin": seat.refunder,
        **_times(seat.exam),
        "ndecc_exam_date": contact.ndecc,
        "idempotency_key": f"demo-{seat.id}",
        "mock_type": seat.exam.mock_type,
        **_stamps(seat.created, now),
    }
    return dict(row)
