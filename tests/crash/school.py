"""Students and sessions of a test's own, in a HubSpot that other tests use too."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import Kind
from core.mirror.store.outbox_port import Due
from tests.crash.desk import BOOKINGS, Desk

CONTACTS, EXAMS = "0-1", "2-50158913"
TABLES = {Kind.CONTACT: "hubspot_contact_credits", Kind.EXAM: "hubspot_mock_exams"}
#: Behind every session of the demo data.
FIRST_DAY = 400
#: One for all tests of a run, which may pass midnight.
TODAY = datetime.now(UTC).date()
Balances = dict[CreditType, int]


@dataclass
class School:
    """Makes them, and reads both stores."""

    desk: Desk
    #: Tells the students of one test from those of another that uses the same desk.
    tag: str = ""
    made: int = 0
    contacts: list[str] = field(default_factory=list)
    exams: list[str] = field(default_factory=list)
    #: Kinds of association from a booking, by the object type at the other end.
    types: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def contact(self, **credits_: int) -> str:
        """A student with these credits and none else."""
        self.made += 1
        properties = {
            **dict.fromkeys(SCHOOL.keys, "0"),
            **{key: str(n) for key, n in credits_.items()},
            "firstname": "Test",
            "lastname": f"Student {self.made}",
            "email": f"{self.word}.{self.made}@school.example.test",
            "student_id": str(self._number()),
        }
        self.contacts.append(self._made(CONTACTS, properties))
        return self.contacts[-1]

    @property
    def word(self) -> str:
        """Stands in every e-mail and place of this school, and nowhere else."""
        return f"school{zlib.crc32(f'{self.desk.folder}{self.tag}'.encode())}"

    def email(self, contact: str) -> str:
        """Of a student made here."""
        return str(self.desk.objects(CONTACTS, [contact], ["email"])[contact]["email"])

    def exam(self, mock_type: str, *, day: int, left: int = 10, taken: int = 3) -> str:
        """A session with seats left; those of one ``day`` fall on one date."""
        self.made += 1
        on = date_of(day)
        properties = {
            "mock_exam_name": f"{mock_type} {on} {self._number()}",
            "mock_type": mock_type,
            "exam_date": on.isoformat(),
            "location": self.word,
            "capacity": str(taken + left),
            "total_bookings": str(taken),
            "is_active": "true",
        }
        self.exams.append(self._made(EXAMS, properties))
        return self.exams[-1]

    def booking(self, contact: str, exam: str, token: str, *, status: str = "Active") -> str:
        """One that an app of the school made. Returns its record id."""
        self.made += 1
        properties = {
            "booking_id": f"Before-{self._number()}",
            "is_active": status,
            "token_used": token,
        }
        ends = ((CONTACTS, contact), (EXAMS, exam))
        links = [{"to": {"id": id_}, "types": self.types_to(to)} for to, id_ in ends]
        return self._made(BOOKINGS, properties, links)

    def known_to_the_mirror(self) -> None:
        """All of it is due for the mirror, so that what never moves can be compared as well."""
        due = [(Kind.CONTACT, id_) for id_ in self.contacts]
        due += [(Kind.EXAM, id_) for id_ in self.exams]
        rows = [Due(kind=kind, record_id=id_, row=None) for kind, id_ in due]
        self.desk.journal.put_due(rows, at=datetime.now(UTC))

    # --- what the stores hold

    def balances(self) -> dict[str, Balances]:
        """In HubSpot, of every student."""
        read = self.desk.objects(CONTACTS, self.contacts, SCHOOL.keys)
        return {id_: {key: _whole(row[key]) for key in SCHOOL.keys} for id_, row in read.items()}

    def seats(self) -> dict[str, int]:
        """Taken in HubSpot, of every session."""
        read = self.desk.objects(EXAMS, self.exams, ["total_bookings"])
        return {id_: _whole(row["total_bookings"]) for id_, row in read.items()}

    def mirrored(self) -> tuple[dict[str, Balances], dict[str, int]]:
        """The same two, in Supabase."""
        contacts = self._rows(Kind.CONTACT, self.contacts)
        exams = self._rows(Kind.EXAM, self.exams)
        balances = {id_: {key: row[key] for key in SCHOOL.keys} for id_, row in contacts.items()}
        return balances, {id_: row["total_bookings"] for id_, row in exams.items()}

    def bookings(self, contact: str) -> dict[str, dict[str, str]]:
        """Every booking of the student in HubSpot, by record id."""
        path = f"/crm/objects/2026-09/{CONTACTS}/{contact}"
        answer = self.desk.hubspot.get(path, params={"associations": BOOKINGS})
        answer.raise_for_status()
        tied = answer.json().get("associations") or {}
        ids = sorted({one["id"] for each in tied.values() for one in each["results"]})
        names = ["booking_id", "is_active", "token_used", "token_refunded", "idempotency_key"]
        return self.desk.objects(BOOKINGS, ids, names) if ids else {}

    def _rows(self, kind: Kind, ids: Sequence[str]) -> dict[str, Any]:
        wanted = {"hubspot_id": f"in.({','.join(ids)})"}
        answer = self.desk.supabase.get(f"/{TABLES[kind]}", params=wanted)
        answer.raise_for_status()
        return {row["hubspot_id"]: row for row in answer.json()}

    # --- making

    def _made(
        self, type_: str, properties: Mapping[str, str], links: Sequence[Mapping[str, Any]] = ()
    ) -> str:
        body = {"properties": properties, "associations": list(links)}
        answer = self.desk.hubspot.post(f"/crm/objects/2026-09/{type_}", json=body)
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    def types_to(self, to: str) -> list[dict[str, Any]]:
        if to not in self.types:
            path = f"/crm/associations/2026-09/{BOOKINGS}/{to}/labels"
            answer = self.desk.hubspot.get(path)
            assert answer.is_success, answer.text
            plain = next(one for one in answer.json()["results"] if not one.get("label"))
            self.types[to] = [
                {
                    "associationCategory": plain["category"],
                    "associationTypeId": plain["typeId"],
                }
            ]
        return self.types[to]

    def _number(self) -> int:
        """Unique in this HubSpot: other tests and runs make students, too."""
        return int(self.word.removeprefix("school")) * 1000 + self.made


def date_of(day: int) -> date:
    """The date of a session of that day."""
    return TODAY + timedelta(days=FIRST_DAY + day)


def _whole(held: str | None) -> int:
    """A count as HubSpot may write it: 3, 3.0."""
    number = Decimal(held or 0)
    assert number == int(number)
    return int(number)
