"""Stand-ins for the school's own two apps and its cron, written from the facts about them.

They write HubSpot and the tables as the real ones do: with the token that they share with whoever
else has it, without a mark of a refund where the real ones make none, and with no times but their
own. Each says in the ledger what it did to a credit, so that a test can add up what must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from sandbox.demo import school
from sandbox.hubspot.portal import BOOKINGS, CONTACTS, CREDITS, EXAMS
from sandbox.hubspot.values import to_ms
from sandbox.school.generations import Tables

TIMEOUT_S = 60
#: The real cron asks for so many at a time.
PAGE = 100
_CONTACT = ("student_id", "email", "firstname", "lastname", "ndecc_exam_date", *CREDITS)
_BOOKING = (
    "booking_id",
    "is_active",
    "token_used",
    "token_refunded",
    "token_refund_admin",
    "attendance",
    "attending_location",
    "dominant_hand",
    "idempotency_key",
    "mock_type",
    "exam_date",
    "start_time",
    "end_time",
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """What one act of an app did to one balance."""

    contact: str
    credit: str
    delta: int
    why: str


@dataclass(slots=True)
class Ledger:
    """Every movement of a credit by the old apps, in their order."""

    entries: list[Entry] = field(default_factory=list)

    def of(self, contact: str, credit: str) -> int:
        """By how much they changed this balance."""
        mine = (e for e in self.entries if (e.contact, e.credit) == (contact, credit))
        return sum(entry.delta for entry in mine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """HubSpot by its API and the tables by theirs, as a server of the school reaches both."""

    hubspot_url: str
    hubspot_token: str
    supabase_url: str
    supabase_key: str
    tables: Tables
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def hubspot(self, method: str, path: str, **body: Any) -> Any:
        """What HubSpot answers. Raises ``httpx.HTTPStatusError`` when it refuses."""
        headers = {"Authorization": f"Bearer {self.hubspot_token}"}
        answer = httpx.request(
            method, f"{self.hubspot_url}{path}", headers=headers, timeout=TIMEOUT_S, **body
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def record(self, type_: str, id_: str, names: Sequence[str]) -> dict[str, str | None]:
        params = {"properties": ",".join(names)}
        found = self.hubspot("GET", f"/crm/v3/objects/{type_}/{id_}", params=params)
        properties: dict[str, str | None] = found["properties"]
        return properties

    def update(self, type_: str, id_: str, **values: str) -> None:
        self.hubspot("PATCH", f"/crm/v3/objects/{type_}/{id_}", json={"properties": values})

    def linked(self, id_: str, to: str) -> str:
        """The one contact or exam of a booking."""
        path = f"/crm/v4/objects/{BOOKINGS}/{id_}/associations/{to}"
        (one,) = self.hubspot("GET", path)["results"]
        return str(one["toObjectId"])

    def link(self, id_: str, to: str, to_id: str) -> None:
        path = f"/crm/v4/objects/{BOOKINGS}/{id_}/associations/default/{to}/{to_id}"
        self.hubspot("PUT", path)

    def unlink(self, id_: str, to: str, to_id: str) -> None:
        self.hubspot("DELETE", f"/crm/v4/objects/{BOOKINGS}/{id_}/associations/{to}/{to_id}")

    def put(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Upsert by ``hubspot_id``, with the app's own times and nothing of anybody else's."""
        at = self.now().replace(tzinfo=None).isoformat()
        without = self.tables.without.get(table, frozenset())
        kept = [
            {n: v for n, v in row.items() if n not in without} | {"synced_at": at, "updated_at": at}
            for row in rows
        ]
        answer = httpx.post(
            f"{self.supabase_url}/rest/v1/{table}",
            params={"on_conflict": "hubspot_id"},
            headers={
                "apikey": self.supabase_key,
                "Content-Profile": self.tables.schema,
                "Prefer": "resolution=merge-duplicates,return=minimal",
            },
            json=kept,
            timeout=TIMEOUT_S,
        )
        answer.raise_for_status()


@dataclass(frozen=True, slots=True)
class App:
    """What both apps do alike."""

    stores: Stores
    ledger: Ledger

    def _move(self, contact: str, credit: str, delta: int, why: str) -> None:
        """Read, add, write: whoever writes in between is written over, as with the real ones."""
        held = self.stores.record(CONTACTS, contact, [credit])[credit]
        value = int(float(held or 0)) + delta
        self.stores.update(CONTACTS, contact, **{credit: str(value)})
        self.ledger.entries.append(Entry(contact, credit, delta, why))
        self._show(contact)

    def _show(self, contact: str) -> None:
        self.stores.put("hubspot_contact_credits", [contact_row(self.stores, contact)])

    def _show_booking(self, id_: str) -> None:
        self.stores.put("hubspot_bookings", [booking_row(self.stores, id_)])


@dataclass(frozen=True, slots=True)
class StudentApp(App):
    """Books and cancels for one student. Gives a credit back without saying so on the booking."""

    def book(self, contact: str, exam: str) -> str:
        """The new booking's id. Takes one credit of the exam's own type."""
        stores = self.stores
        who = stores.record(CONTACTS, contact, _CONTACT)
        what = stores.record(EXAMS, exam, ["mock_type", "exam_date", "location"])
        credit, token = school.SPECIFIC[str(what["mock_type"])]
        day = datetime.fromisoformat(str(what["exam_date"]))
        name = f"{who['firstname'] or ''} {who['lastname'] or ''}".strip()
        made = stores.hubspot(
            "POST",
            f"/crm/v3/objects/{BOOKINGS}",
            json={
                "properties": {
                    "booking_id": f"{what['mock_type']}-{who['student_id']}-{day:%B} {day.day}, "
                    f"{day.year}",
                    "name": name,
                    "email": who["email"],
                    "associated_contact_id": contact,
                    "associated_mock_exam": exam,
                    "is_active": "Active",
                    "dominant_hand": "true",
                    "attending_location": what["location"],
                    "token_used": token,
                }
            },
        )
        id_ = str(made["id"])
        stores.link(id_, CONTACTS, contact)
        stores.link(id_, EXAMS, exam)
        self._move(contact, credit, -1, f"booked {id_}")
        self._show_booking(id_)
        return id_

    def cancel(self, *bookings: str) -> None:
        """Each credit back, and no ``token_refunded``."""
        for id_ in bookings:
            held = self.stores.record(BOOKINGS, id_, ["token_used"])
            contact = self.stores.linked(id_, CONTACTS)
            self.stores.update(BOOKINGS, id_, is_active="Cancelled")
            credit = school.CREDIT_OF.get(held["token_used"] or "")
            if credit:
                self._move(contact, credit, +1, f"cancelled {id_}")
            self._show_booking(id_)


@dataclass(frozen=True, slots=True)
class AdminApp(App):
    """Cancels in batches, moves bookings, sets balances by hand."""

    admin: str = "dana@school.example"

    def cancel_batch(self, bookings: Sequence[str], *, refund: bool) -> None:
        """With the switch off the credits are forfeited on purpose, and nothing says so."""
        for id_ in bookings:
            self.stores.update(BOOKINGS, id_, is_active="Cancelled")
            held = self.stores.record(BOOKINGS, id_, ["token_used"])
            credit = school.CREDIT_OF.get(held["token_used"] or "")
            if refund and credit:
                contact = self.stores.linked(id_, CONTACTS)
                self._move(contact, credit, +1, f"refunded {id_}")
                mark = {"token_refunded": "true", "token_refund_admin": self.admin}
                at = str(to_ms(self.stores.now()))
                self.stores.update(BOOKINGS, id_, **mark, token_refunded_at=at)
            self._show_booking(id_)

    def set_balance(self, contact: str, credit: str, value: int) -> None:
        held = self.stores.record(CONTACTS, contact, [credit])[credit]
        self.stores.update(CONTACTS, contact, **{credit: str(value)})
        delta = value - int(float(held or 0))
        self.ledger.entries.append(Entry(contact, credit, delta, f"set by {self.admin}"))
        self._show(contact)

    def move(self, booking: str, exam: str) -> None:
        """To another session; the credit stays spent."""
        self.stores.unlink(booking, EXAMS, self.stores.linked(booking, EXAMS))
        self.stores.link(booking, EXAMS, exam)
        self.stores.update(BOOKINGS, booking, associated_mock_exam=exam)
        self._show_booking(booking)


@dataclass(slots=True)
class Cron:
    """Copies HubSpot over the tables from what it read when it began."""

    stores: Stores
    _contacts: list[Row] = field(default_factory=list)

    def begin(self, contacts: Sequence[str]) -> None:
        """Read. Minutes may pass until ``finish``."""
        self._contacts = [contact_row(self.stores, id_) for id_ in contacts]

    def finish(self) -> None:
        """Write what was read, whatever has been written since."""
        for start in range(0, len(self._contacts), PAGE):
            self.stores.put("hubspot_contact_credits", self._contacts[start : start + PAGE])


def contact_row(stores: Stores, id_: str) -> Row:
    held = stores.record(CONTACTS, id_, _CONTACT)
    plain = {name: held[name] for name in _CONTACT if name not in CREDITS}
    credits_ = {credit: int(float(held[credit] or 0)) for credit in CREDITS}
    return {"hubspot_id": id_, **plain, **credits_}


def booking_row(stores: Stores, id_: str) -> Row:
    tables = stores.tables
    held = stores.record(BOOKINGS, id_, [*_BOOKING, "token_refunded_at"])
    contact = stores.linked(id_, CONTACTS)
    who = stores.record(CONTACTS, contact, _CONTACT)
    marked = held["token_refunded_at"]
    return {
        "hubspot_id": id_,
        **{name: held[name] for name in _BOOKING},
        "booking_status": held["is_active"],
        "token_refunded_at": _moment(marked) if marked else None,
        tables.contact: contact,
        tables.exam: stores.linked(id_, EXAMS),
        "student_id": who["student_id"],
        tables.name: f"{who['firstname'] or ''} {who['lastname'] or ''}".strip() or None,
        "student_email": who["email"],
    }


def _moment(milliseconds: str) -> str:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC).isoformat()
