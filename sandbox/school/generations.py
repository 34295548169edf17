"""The generations of the school's tables: how they are made, and what they call things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import psycopg


class Generation(StrEnum):
    """Which of the school's tables."""

    CURRENT = "current"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """One generation. ``settings``: what a reader of HubSpot's and these tables' names needs."""

    file: str
    schema: str
    contact: str
    exam: str
    name: str
    #: By table, columns that it does not have, of those that the current one has.
    without: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: For portal.toml.
    portal: str = ""

    def make(self, db_url: str) -> None:
        """In a project that has none of them. Harmless where they are."""
        with psycopg.connect(db_url) as connection:
            found = connection.execute(
                "select to_regclass(%s)", [f"{self.schema}.hubspot_bookings"]
            ).fetchone()
            if found == (None,):
                text = Path(__file__).with_name(self.file).read_text(encoding="utf-8")
                connection.execute(text)


#: What the account calls things, whatever the tables are.
ACCOUNT = """[properties.bookings]
student_name = "name"
student_email = "email"
associated_mock_exam = "associated_mock_exam"

[values.bookings.dominant_hand]
Right = "true"
Left = "false"
"""

TABLES = {
    Generation.CURRENT: Tables(
        file="current.sql",
        schema="hubspot_sync",
        contact="associated_contact_id",
        exam="associated_mock_exam",
        name="name",
        portal=f"""{ACCOUNT}
[columns.bookings]
contact_hubspot_id = "associated_contact_id"
exam_hubspot_id = "associated_mock_exam"
is_active = ["is_active", "booking_status"]
""",
    ),
    Generation.OLDEST: Tables(
        file="oldest.sql",
        schema="public",
        contact="contact_id",
        exam="mock_exam_id",
        name="student_name",
        without={
            "hubspot_bookings": frozenset(
                {"booking_status", "token_refunded", "token_refunded_at", "token_refund_admin"}
                | {"start_time", "end_time", "ndecc_exam_date", "idempotency_key"}
            ),
            "hubspot_mock_exams": frozenset({"scheduled_activation_datetime"}),
        },
        portal=f"""{ACCOUNT}
[columns.bookings]
contact_hubspot_id = "contact_id"
exam_hubspot_id = "mock_exam_id"
name = "student_name"
""",
    ),
}
