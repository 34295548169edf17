"""The account that the clients read: several pages of everything, and some that do not count."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sandbox.hubspot.portal import BOOKINGS, CONTACTS, EXAMS
from sandbox.hubspot.seed import SeedLink, SeedObject
from sandbox.hubspot.server import HubSpotServer

TOKEN = "pat-na1-clients"
#: what each client is to find: 1,000 bookings are ten pages
WHOLE = {"contacts": 250, "bookings": 1_000, "exams": 12}
MADE = datetime(2026, 10, 1, 8, tzinfo=UTC)


@contextmanager
def serving() -> Iterator[str]:
    """The account behind a port; gives its address."""
    with (
        tempfile.TemporaryDirectory() as folder,
        HubSpotServer(Path(folder), token=TOKEN, rate_limit=10_000) as server,
    ):
        server.store.load(_objects(), _ties())
        url = server.start()
        # two contacts become a new one, and one is archived: none of the three is a contact more
        server.store.merge(CONTACTS, 1_001, 1_002)
        yield url


def _objects() -> Iterator[SeedObject]:
    for n in range(WHOLE["contacts"] + 2):
        values = {
            "email": f"student{n}@school.example",
            "firstname": f"First{n}",
            "sj_credits": "3",
        }
        archived = n == WHOLE["contacts"] + 1
        yield SeedObject(CONTACTS, str(1_001 + n), values, MADE, MADE, archived=archived)
    for n in range(WHOLE["bookings"]):
        named = {"booking_id": f"booking-{n}", "is_active": "Active"}
        yield SeedObject(BOOKINGS, str(50_001 + n), named, MADE, MADE)
    for n in range(WHOLE["exams"]):
        exam = {"mock_exam_name": f"Exam {n}", "capacity": "40", "is_active": "true"}
        yield SeedObject(EXAMS, str(9_001 + n), exam, MADE, MADE)


def _ties() -> Iterator[SeedLink]:
    for n in range(WHOLE["bookings"]):
        booking = str(50_001 + n)
        yield SeedLink(BOOKINGS, booking, CONTACTS, str(1_001 + n % WHOLE["contacts"]))
        yield SeedLink(BOOKINGS, booking, EXAMS, str(9_001 + n % WHOLE["exams"]))
