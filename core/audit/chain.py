"""The audit's chain: each entry's hash is over its place, the hash before it and all its fields.

So an entry that is changed, taken out or put elsewhere does not fit its neighbours any more.

Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from core.audit.entries import Entry, What
from core.audit.reasons import COMMITTED, FORGOTTEN, Reason

#: The fields under the hash, in their order. Never changed: old entries are verified by it.
FIELDS = tuple(each.name for each in fields(Entry))
JSON_FIELDS = frozenset({"before", "after", "detail"})
_AT, _REASON, _WHAT = map(FIELDS.index, ("at", "reason", "what"))
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
    #: The words to which the entry's reason is a commitment; None: it is none, or they are gone.
    reason: Reason | None = None

    @property
    def unsaid(self) -> bool:
        """Its reason was forgotten."""
        return self.reason is None and self._committed

    @property
    def _committed(self) -> bool:
        return (self.texts[_REASON] or "").startswith(COMMITTED)

    @property
    def head(self) -> Head:
        """The head of the chain that ends here."""
        return Head(n=self.n, hash=self.hash)

    @property
    def entry(self) -> Entry:
        """For reading. What cannot be read, because somebody changed it, is shown as it is."""
        told = dict(zip(FIELDS, self.texts, strict=True))
        given: dict[str, Any] = {
            name: loaded(text) if name in JSON_FIELDS else text or "" for name, text in told.items()
        }
        if self._committed:
            given["reason"] = self.reason.words if self.reason else FORGOTTEN
        return Entry(**given | {"at": time_of(told["at"]), "once": told["once"]})


def loaded(text: str | None) -> Mapping[str, Any]:
    """What a JSON column holds; what cannot be read is shown as it is."""
    try:
        value = json.loads(text or "")
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"unreadable": text}


def time_of(text: str | None) -> datetime:
    """The time of an entry; one that cannot be read was before all others."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


#: Of the table.
COLUMNS = ("n", *FIELDS, "hash")
#: Of an export. Under the hash stands the commitment, where there is one, in place of the reason.
EXPORTED = (*COLUMNS, "reason_commitment", "reason_salt")


def told(link: Link) -> dict[str, int | str | None]:
    """An entry as it is kept, by ``COLUMNS``."""
    return {"n": link.n, **dict(zip(FIELDS, link.texts, strict=True)), "hash": link.hash}


def exported(link: Link) -> dict[str, int | str | None]:
    """An entry as an export has it: all that is kept of it, by ``EXPORTED``."""
    commitment = link.texts[_REASON] if link.reason or link.unsaid else None
    salt = link.reason.salt if link.reason else None
    words = {"reason": link.entry.reason} if commitment else {}
    return told(link) | words | {"reason_commitment": commitment, "reason_salt": salt}


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
    #: The time of the newest entry whose reason is gone, and before when reasons were forgotten.
    unsaid: datetime | None = None
    forgotten: datetime | None = None

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
            elif link.reason is not None and not link.reason.fits:
                self.faults.append(f"the reason of entry {link.n} is not the one that was given")
            self._note(link)
            self.head = link.head

    def _note(self, link: Link) -> None:
        if link.unsaid:
            self.unsaid = _later(self.unsaid, time_of(link.texts[_AT]))
        elif link.texts[_WHAT] == What.FORGOT:
            before = str(link.entry.detail.get("before"))
            self.forgotten = _later(self.forgotten, time_of(before))

    def end(self, noted: Head, last: int) -> None:
        """Compare with the head that the database notes apart, and the last place it holds."""
        if noted.n > self.head.n:
            self.faults.append(missing(self.head.n + 1, noted.n))
        elif noted != self.head:
            self.faults.append(
                f"the noted head is entry {noted.n} with the hash {noted.hash}, "
                f"and the chain has {self.head.hash} at entry {self.head.n}"
            )
        elif last < noted.n:
            self.faults.append(missing(last + 1, noted.n))  # cut off since it was gone along
        if last > noted.n:
            self.faults.append(f"entries up to {last} stand after the noted head {noted.n}")
        if self.unsaid and (self.forgotten is None or self.unsaid >= self.forgotten):
            self.faults.append(
                f"a reason of {timestamp(self.unsaid)} is gone, and no entry tells that it was "
                "forgotten"
            )


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)


def missing(first: int, last: int) -> str:
    """In words."""
    return (
        f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a walk along the chain found."""

    at: datetime
    head: Head
    #: How many entries the chain has; more than ``head.n``: not yet gone along all of it.
    total: int
    faults: tuple[str, ...] = ()
    #: When the walk set out from the first entry, where all that stood there was gone along.
    since: datetime | None = None

    @property
    def whole(self) -> bool:
        """All of it was gone along and fits."""
        return not self.faults and self.head.n >= self.total
