"""Stand-ins for the school's two apps, its people and its cron, with a ledger of what they meant.

Written from the facts of the school alone: a cancellation in an app gives the credit back and marks
nothing; the admin app may keep the credit on purpose; people set balances by hand; the cron writes
what it read from HubSpot some time ago over Supabase, without our source time. All of them have the
token of the desk's own account, so HubSpot names one source for everybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from psycopg import sql

from core.credits.account import OBJECT_TYPES
from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from tests.contract.school.world import TOKEN, School

#: A student's balance: contact and credit.
Balance = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Copy:
    """What the cron read of HubSpot, to be written later."""

    balances: dict[Balance, int]
    statuses: dict[str, str]


@dataclass(slots=True)
class OldApps:
    """What else writes in this school."""

    school: School
    #: What each balance must be, by what every writer meant.
    ledger: Counter[Balance] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.ledger = Counter(self.balances())

    def later(self, minutes: float) -> None:
        """Time passes for the desk and for HubSpot alike."""
        self.school.ahead += timedelta(minutes=minutes)
        ms = round(self.school.ahead.total_seconds() * 1000)
        url = f"{self.school.url}/_sandbox/options"
        httpx.put(url, json={"clock_offset_ms": ms}, trust_env=False).raise_for_status()

    # what HubSpot holds

    def balances(self) -> dict[Balance, int]:
        return {
            (id_, key): int(float(self.school.hubspot(Kind.CONTACT, id_).get(key) or 0))
            for id_ in self._ids("hubspot_contact_credits")
            for key in SCHOOL.keys
        }

    def differences(self) -> dict[Balance, tuple[int, int]]:
        """Balances that are not what the ledger says: ledger, HubSpot."""
        held = self.balances()
        return {key: (self.ledger[key], n) for key, n in held.items() if n != self.ledger[key]}

    # what they do

    def student_cancels(self, booking: str, contact: str, credit: str) -> None:
        """In the student app: the booking, then the credit; no mark."""
        self.cancels_and_keeps(booking)
        self.later(0.02)
        self.sets_by_hand(contact, credit, +1)

    def cancels_and_keeps(self, booking: str) -> None:
        """In the admin app with *refund tokens* off, or in HubSpot itself."""
        self._write(Kind.BOOKING, booking, {"is_active": "Cancelled"})

    def sets_by_hand(self, contact: str, credit: str, change: int) -> None:
        now = int(float(self.school.hubspot(Kind.CONTACT, contact).get(credit) or 0))
        self._write(Kind.CONTACT, contact, {credit: str(now + change)})
        self.ledger[contact, credit] += change

    def cron_reads(self) -> Copy:
        status = {
            id_: str(self.school.hubspot(Kind.BOOKING, id_).get("is_active") or "")
            for id_ in self._ids("hubspot_bookings")
        }
        return Copy(self.balances(), status)

    def cron_writes(self, copy: Copy) -> None:
        """Row by row, whatever came in between."""
        of_schema = self.school.tables.schema
        students = sql.Identifier(of_schema, "hubspot_contact_credits")
        bookings = sql.Identifier(of_schema, "hubspot_bookings")
        for (contact, key), value in copy.balances.items():
            self._puts(students, key, value, contact)
        for booking, status in copy.statuses.items():
            self._puts(bookings, "is_active", status, booking)

    def _puts(self, table: sql.Identifier, column: str, value: object, id_: str) -> None:
        query = sql.SQL(
            "update {} set {} = %s, updated_at = now(), synced_at = now() where hubspot_id = %s"
        )
        self.school.db.execute(query.format(table, sql.Identifier(column)), (value, id_))

    # what their readers see

    def wrong_rows(self) -> dict[str, object]:
        """What a reader of Supabase sees that HubSpot does not say."""
        balances = self.balances()
        wrong: dict[str, object] = {
            f"{row['hubspot_id']} {key}": (row[key], balances[row["hubspot_id"], key])
            for row in self.school.held("hubspot_contact_credits")
            for key in SCHOOL.keys
            if row[key] != balances[row["hubspot_id"], key]
        }
        for row in self.school.held("hubspot_bookings"):
            says = self.school.hubspot(Kind.BOOKING, row["hubspot_id"])["is_active"]
            if row["is_active"] != says:
                wrong[f"booking {row['hubspot_id']}"] = (row["is_active"], says)
        return wrong

    def _ids(self, table: str) -> Collection[str]:
        return [row["hubspot_id"] for row in self.school.held(table)]

    def _write(self, kind: Kind, id_: str, properties: dict[str, str]) -> None:
        url = f"{self.school.url}/crm/v3/objects/{OBJECT_TYPES[kind]}/{id_}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = httpx.patch(url, json={"properties": properties}, headers=headers, trust_env=False)
        answer.raise_for_status()
