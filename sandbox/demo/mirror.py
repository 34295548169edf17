"""The mirror, filled in bulk as a copy of the truth, but for what has been planted to differ."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
from psycopg import sql

from sandbox.demo.balances import Contact
from sandbox.demo.exams import Exam
from sandbox.demo.objects import booking_id
from sandbox.demo.seats import Seat

Row = dict[str, object]


@dataclass(slots=True)
class Differences:
    """How one table is to differ from the truth, by HubSpot id."""

    #: columns that hold something else
    changed: dict[int, Row] = field(default_factory=dict)
    #: rows that are not there
    missing: set[int] = field(default_factory=set)
    #: rows of nothing in HubSpot
    orphans: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stamps:
    """When the copies were made: within the last two hours before ``now``."""

    now: datetime
    chance: random.Random

    def of(self, created: datetime, modified: datetime) -> Row:
        copied = max(self.now - timedelta(seconds=self.chance.randint(60, 7200)), modified)
        return {
            "created_at": created,
            "updated_at": copied,
            "synced_at": copied,
            "credit_desk_synced_at": copied,
            "credit_desk_changed_at": None,
            "source_modified_at": modified,
        }


def contact_row(contact: Contact, stamps: Stamps) -> Row:
    who = contact.person
    return {
        "hubspot_id": str(contact.id),
        "student_id": who.student_id,
        "email": who.email,
        "firstname": who.firstname or None,
        "lastname": who.lastname or None,
        **contact.balances,
        "ndecc_exam_date": contact.ndecc,
        **stamps.of(contact.created, contact.updated),
    }


def exam_row(exam: Exam, stamps: Stamps) -> Row:
    return {
        "hubspot_id": str(exam.id),
        "mock_exam_name": exam.name,
        "mock_type": exam.mock_type,
        "exam_date": exam.date,
        "start_time": exam.start,
        "end_time": exam.end,
        "location": exam.location,
        "capacity": exam.capacity,
        "total_bookings": exam.taken,
        "is_active": exam.state(stamps.now),
        "scheduled_activation_datetime": exam.activation,
        **stamps.of(exam.created, exam.updated),
    }


def booking_row(seat: Seat, contacts: Sequence[Contact], stamps: Stamps) -> Row:
    return {
        "hubspot_id": str(seat.id),
        "booking_id": booking_id(seat, contacts),
        "contact_hubspot_id": None if seat.contact is None else str(contacts[seat.contact].id),
        "exam_hubspot_id": str(seat.exam.id),
        "is_active": seat.status,
        "token_used": seat.token or None,
        "token_refunded": True if seat.refunded else None,
        "token_refunded_at": seat.refunded,
        "token_refund_admin": seat.refunder,
        "attendance": seat.attendance,
        "attending_location": seat.exam.location,
        "dominant_hand": "Left" if seat.student % 9 == 0 else "Right",
        "idempotency_key": f"demo-{seat.id}",
        "mock_type": seat.exam.mock_type,
        "exam_date": seat.exam.date,
        "location": seat.exam.location,
        "start_time": seat.exam.start,
        "end_time": seat.exam.end,
        **stamps.of(seat.created, seat.updated),
    }


def with_differences(rows: Iterable[Row], differences: Differences) -> Iterator[Row]:
    for row in rows:
        id_ = int(str(row["hubspot_id"]))
        if id_ in differences.missing:
            continue
        yield {**row, **differences.changed[id_]} if id_ in differences.changed else row
    yield from differences.orphans


def write(db_url: str, tables: Mapping[str, Iterable[Row]]) -> None:
    """Every table at once or none: what stood there before is replaced."""
    with psycopg.connect(db_url) as connection, connection.cursor() as cursor:
        for table, rows in tables.items():
            name = sql.Identifier("public", table)
            cursor.execute(sql.SQL("truncate {}").format(name))
            _copy(cursor, name, iter(rows))
    with psycopg.connect(db_url, autocommit=True) as connection:
        for table in tables:
            connection.execute(sql.SQL("analyze {}").format(sql.Identifier("public", table)))


def _copy(cursor: psycopg.Cursor, name: sql.Identifier, rows: Iterator[Row]) -> None:
    first = next(rows, None)
    if first is None:
        return
    columns = sql.SQL(", ").join(map(sql.Identifier, first))
    with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(name, columns)) as copy:
        copy.write_row(tuple(first.values()))
        for row in rows:
            copy.write_row(tuple(row.values()))
