"""What the story can be about: records that nothing was planted in, each used once."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from core.credits.catalogue import Catalogue
from core.credits.records import Kind
from core.mirror.port import MirrorLookUp
from core.mirror.rows import CONTACT_OF, ID, SOURCE_TIME, moment

Record = dict[str, Any]
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Planted:
    """What the demo data has on purpose; it stays as a person is to find it."""

    ids: frozenset[str]
    #: What drifts, of each kind of record.
    drifting: dict[Kind, list[str]]
    #: The exam that is to be cancelled as a batch; "" where there is none.
    coming: str


def planted_in(state: Path) -> Planted:
    """As the state folder tells. Raises OSError where it does not."""
    told = json.loads((state / "planted.json").read_text(encoding="utf-8"))
    parts = ("drift", "odd_contacts", "merged", "bookings", "exams")
    ids = frozenset(id_ for part in parts for id_ in _ids(told[part]))
    owed = frozenset(told["bookings"].get("owed", ()))
    kinds = {"contacts": Kind.CONTACT, "bookings": Kind.BOOKING, "exams": Kind.EXAM}
    drifting = {kind: list(_ids(told["drift"][name])) for name, kind in kinds.items()}
    return Planted(ids - owed, drifting, next(iter(told["exams"].get("coming", ())), ""))


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _ids(each)
    elif isinstance(value, list):
        for each in value:
            yield from _ids(each)


@dataclass(slots=True, kw_only=True)
class Pool:
    """The mirror as it was before the story. A record changed later than a moment of the story is
    none for that moment: HubSpot's history would tell of a change before the one that it knew.
    """

    contacts: dict[str, Record]
    bookings: list[Record]
    exams: dict[str, Record]
    catalogue: Catalogue
    today: date
    chance: random.Random
    #: Contacts whose story is told.
    used: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        mirror: MirrorLookUp,
        catalogue: Catalogue,
        odd: Collection[str],
        today: date,
        chance: random.Random,
    ) -> Pool:
        """Read once, by pages."""
        bookings = [b for b in _all(mirror, Kind.BOOKING) if b[ID] not in odd]
        chance.shuffle(bookings)
        return cls(
            contacts={c[ID]: c for c in _all(mirror, Kind.CONTACT) if c[ID] not in odd},
            bookings=bookings,
            exams={e[ID]: e for e in _all(mirror, Kind.EXAM) if e[ID] not in odd},
            catalogue=catalogue,
            today=today,
            chance=chance,
        )

    def owed(self, at: datetime) -> list[Record]:
        """Cancelled by then, of one exam, and never given back: the exam with the most."""
        found = defaultdict(list)
        for one in self._free(at, "Cancelled"):
            if not one["token_refunded"]:
                found[one["exam_hubspot_id"]].append(one)
        return max(found.values(), key=len, default=[])

    def active(self, at: datetime) -> list[Record]:
        """Still to come as of today, and booked by then."""
        return [b for b in self._free(at, "Active") if self._coming(b["exam_hubspot_id"])]

    def exam_for(self, at: datetime, mock_type: str, *, beside: str = "") -> str | None:
        """A coming one of this type with a seat left."""
        fit = [
            id_
            for id_, exam in self.exams.items()
            if id_ != beside
            and self._coming(id_)
            and exam["mock_type"] == mock_type
            and (exam["capacity"] or 0) - (exam["total_bookings"] or 0) > 1
            and _before(exam, at)
        ]
        return self.chance.choice(fit) if fit else None

    def student_with(self, at: datetime, credit: str) -> str | None:
        """Somebody whose balance of this credit is at least 1."""
        fit = [
            id_
            for id_, c in self.contacts.items()
            if id_ not in self.used and (c[credit] or 0) > 0 and _before(c, at)
        ]
        return self._taken(self.chance.choice(fit)) if fit else None

    def anybody(self, at: datetime) -> str | None:
        """None where nobody is left."""
        free = [i for i, c in self.contacts.items() if i not in self.used and _before(c, at)]
        return self._taken(self.chance.choice(free)) if free else None

    def take(self, bookings: Collection[Record]) -> tuple[str, ...]:
        """Their ids; their students are used from now on, each with one of them."""
        first = {b[CONTACT_OF]: b for b in bookings}
        self.used |= first.keys()
        return tuple(b[ID] for b in first.values())

    def _taken(self, id_: str) -> str:
        self.used.add(id_)
        return id_

    def _free(self, at: datetime, state: str) -> Iterator[Record]:
        tokens = {credit.token for credit in self.catalogue.credits}
        for one in self.bookings:
            contact = self.contacts.get(one[CONTACT_OF] or "")
            if (
                one["is_active"] == state
                and one["token_used"] in tokens
                and one["exam_hubspot_id"] in self.exams
                and contact is not None
                and contact[ID] not in self.used
                and _before(one, at)
                and _before(contact, at)
            ):
                yield one

    def _coming(self, exam: str) -> bool:
        record = self.exams.get(exam)
        return (
            record is not None
            and record["is_active"] == "true"
            and date.fromisoformat(str(record["exam_date"])) > self.today + timedelta(days=2)
        )


def _before(record: Record, at: datetime) -> bool:
    changed = moment(record[SOURCE_TIME])
    return changed is not None and changed < at - timedelta(hours=1)


def _all(mirror: MirrorLookUp, kind: Kind) -> Iterator[Record]:
    after = ""
    while rows := mirror.page(kind, after, PAGE):
        yield from (dict(row) for row in rows)
        after = str(rows[-1][ID])
