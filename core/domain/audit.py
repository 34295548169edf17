"""The audit: what was done, by whom, and a chain that shows when any of it was changed since.

Each entry's hash is over its place, the hash before it and all its fields, as fixed bytes. So an
entry that is changed, taken out or put elsewhere does not fit its neighbours any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from core.domain.operations import OperationState
from core.domain.roles import Role


class What(StrEnum):
    """The acts that are recorded, as people read them after "who"."""

    SIGNED_IN = "signed in"
    LOOKED = "looked at a contact"
    PLANNED = "made a preview"
    CONFIRMED = "confirmed"
    BEGAN = "began"
    CALLED_OFF = "called off"
    STOP_ASKED = "asked to stop"
    TAKEN_UP = "taken up again"
    ENDED = "ended"
    DECIDED = "decided on a write"
    WRITTEN = "write landed"
    NOT_WRITTEN = "write did not land"
    UNDECIDED = "write undecided"
    REPAIR = "asked for a repair"
    SWEEP = "asked for a sweep"
    COPY = "asked for a copy"
    DEAD_LETTERS = "retried dead letters"
    EXAM_ASKED = "asked to change an exam"
    EXAM_ANSWERED = "exam change answered"
    ACTIVATION_ASKED = "asked to open exams"
    ACTIVATED = "opened exams"
    ROLE_GIVEN = "gave a role"
    ROLE_WITHDRAWN = "withdrew a role"
    SETTINGS = "settings changed"


#: What a move of an operation is called, by where it led.
MOVED: Mapping[OperationState, What] = {
    OperationState.HELD: What.CONFIRMED,
    OperationState.RUNNING: What.BEGAN,
    OperationState.STOPPING: What.STOP_ASKED,
    OperationState.DONE: What.ENDED,
    OperationState.STOPPED: What.ENDED,
    OperationState.CALLED_OFF: What.CALLED_OFF,
}

assert MOVED.keys() == set(OperationState), "every move of an operation has its word"


class Subject(StrEnum):
    """What an entry is about, beside the operation; ``subject_id`` says which."""

    CONTACT = "contact"
    EXAM = "exam"
    BOOKING = "booking"
    #: Somebody who signs in, by their e-mail.
    PERSON = "person"
    SWEEP = "sweep"
    REPAIR = "repair"
    KEY = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act. Ids, and the e-mail of whoever acted; never a student's name or e-mail.

    ``before``, ``after`` and ``detail`` hold what JSON knows.
    """

    at: datetime
    #: An e-mail, or what acts by itself ("the schedule").
    actor: str
    #: "": the journal looks up which one the actor has as this is saved.
    role: str = ""
    what: str
    operation_id: str = ""
    subject: str = ""
    subject_id: str = ""
    reason: str = ""
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)
    #: Saved unless there is an entry with the same; None: always saved.
    once: str | None = None


def as_recorded(entry: Entry, role: Role | None) -> Entry:
    """Addresses in small letters; the role that its actor has now, unless the entry says one."""
    actor = entry.actor.casefold() if "@" in entry.actor else entry.actor
    return replace(entry, actor=actor, role=entry.role or (role.value if role else ""))


def change_of(entry: Entry) -> str:
    """Before and after of what it changed: "cs_credits 2 → 3"."""
    names = dict.fromkeys([*entry.before, *entry.after])
    return "; ".join(
        f"{name} {_said(entry.before.get(name))} → {_said(entry.after.get(name))}" for name in names
    )


def _said(value: object) -> str:
    return "–" if value is None or value == "" else str(value)


#: The fields under the hash, in their order. Never changed: old entries are verified by it.
FIELDS = tuple(each.name for each in fields(Entry))
JSON_FIELDS = frozenset({"before", "after", "detail"})
#: So that a later form can be told from this one.
FORM = "credit desk audit 1"

_ENCODE = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
).encode

#: Each field as the database keeps it.
Texts = tuple[str | None, ...]


def texts(entry: Entry) -> Texts:
    """The fields of an entry as text, each in one way only, in the order of ``FIELDS``."""
    return (
        timestamp(entry.at),
        entry.actor,
        entry.role,
        str(entry.what),
        entry.operation_id,
        str(entry.subject),
        entry.subject_id,
        entry.reason,
        *(_json(each) for each in (entry.before, entry.after, entry.detail)),
        entry.once,
    )


def _json(value: Mapping[str, Any]) -> str:
    return _ENCODE(dict(value)) if value else "{}"


def timestamp(at: datetime) -> str:
    """UTC, of fixed width."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def canonical(n: int, previous: str, of: Texts) -> bytes:
    """The bytes under the hash: no two entries have the same, nor one in two places."""
    return _ENCODE([FORM, n, previous, *of]).encode()


def digest(n: int, previous: str, of: Texts) -> str:
    """The hash of the entry in place ``n`` after the one with the hash ``previous``."""
    return sha256(canonical(n, previous, of)).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last entry of a chain: its place, from 1, and its hash."""

    n: int
    hash: str


#: Before the first entry.
EMPTY = Head(n=0, hash="0" * 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An entry in its place, as it is kept."""

    n: int
    texts: Texts
    hash: str

    @property
    def head(self) -> Head:
        """The head of the chain that ends here."""
        return Head(n=self.n, hash=self.hash)

    @property
    def entry(self) -> Entry:
        """For reading. What cannot be read, because somebody changed it, is shown as it is."""
        told = dict(zip(FIELDS, self.texts, strict=True))
        given: dict[str, Any] = {
            name: _loaded(text) if name in JSON_FIELDS else text or ""
            for name, text in told.items()
        }
        return Entry(**given | {"at": _time(told["at"]), "once": told["once"]})


def _loaded(text: str | None) -> Mapping[str, Any]:
    try:
        value = json.loads(text or "")
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"unreadable": text}


def _time(text: str | None) -> datetime:
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def chained(head: Head, entries: Iterable[Texts]) -> list[Link]:
    """These entries as they follow on the head."""
    links = []
    for of in entries:
        n = head.n + 1
        link = Link(n=n, texts=of, hash=digest(n, head.hash, of))
        links.append(link)
        head = link.head
    return links


@dataclass(slots=True)
class Walk:
    """Goes along a chain and tells what does not fit."""

    #: As far as it went, by what stands there.
    head: Head = EMPTY
    faults: list[str] = field(default_factory=list)

    def along(self, links: Iterable[Link]) -> None:
        """Go on; ``links`` by their place."""
        for link in links:
            if link.n != self.head.n + 1:
                self.faults.append(missing(self.head.n + 1, link.n - 1))
            elif link.hash != digest(link.n, self.head.hash, link.texts):
                self.faults.append(
                    f"entry {link.n} is not what was recorded after entry {self.head.n}: "
                    "one of the two was changed"
                )
            self.head = link.head

    def end(self, noted: Head, last: int) -> None:
        """Compare with the head that the database notes apart, and the last place it holds."""
        if noted.n > self.head.n:
            self.faults.append(missing(self.head.n + 1, noted.n))
        elif noted != self.head:
            self.faults.append(
                f"the noted head is entry {noted.n} with the hash {noted.hash}, "
                f"and the chain has {self.head.hash} at entry {self.head.n}"
            )
        if last > noted.n:
            self.faults.append(f"entries up to {last} stand after the noted head {noted.n}")


def missing(first: int, last: int) -> str:
    """In words."""
    return (
        f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which entries; what is not given does not restrict."""

    since: datetime | None = None
    #: Not itself among them.
    until: datetime | None = None
    actor: str = ""
    what: tuple[str, ...] = ()
    operation_id: str = ""
    contact_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a walk along the chain found."""

    at: datetime
    head: Head
    #: How many entries the chain has; more than ``head.n``: not yet gone along all of it.
    total: int
    faults: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """All of it was gone along and fits."""
        return not self.faults and self.head.n >= self.total
