"""Whether a contact's balances may be read off the mirror just now: truth and copy side by side.

Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.credits.catalogue import CreditType
from core.credits.records import Contact


class Copy(StrEnum):
    """How the mirror's copy of one contact stands."""

    #: Both sides were read and say the same.
    EQUAL = "equal"
    #: The copy is in the outbox and follows by itself.
    BEHIND = "behind"
    #: The copy was given up: students see older balances until somebody retries it.
    FAILED = "copy failed"
    #: Nothing is on its way, and yet they differ: drift.
    DIFFERS = "differs"
    MISSING = "missing"
    #: A balance in HubSpot is no number, so there is nothing to compare.
    UNREADABLE = "unreadable"
    #: Supabase did not answer.
    UNKNOWN = "unknown"
    #: HubSpot did not answer, or has no such contact: there is nothing to compare with.
    NO_TRUTH = "no truth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The badge over the balances."""

    copy: Copy
    #: When both sides were read.
    at: datetime
    #: What of the balances differs, in the order of the catalogue.
    differing: tuple[CreditType, ...] = ()
    #: Since when the copy is due.
    since: datetime | None = None
    #: Its place in the outbox, from 1; None when it is far behind others.
    place: int | None = None
    #: Why it was given up, or why a side could not be read.
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What the outbox says of the contact."""

    since: datetime | None
    dead: bool
    place: int | None = None
    error: str = ""


def differing(
    contact: Contact, row: Mapping[str, object], keys: Collection[CreditType]
) -> tuple[CreditType, ...]:
    """Those of the readable balances that the mirror tells otherwise."""
    return tuple(
        key for key in keys if key in contact.balances and row.get(key) != contact.balances[key]
    )


def stands(
    contact: Contact | None,
    row: Mapping[str, object] | None,
    waiting: Waiting | None,
    keys: Collection[CreditType],
    *,
    at: datetime,
    mirror_fault: str = "",
) -> Standing:
    """The badge, from what was read of both sides and of the outbox."""
    if contact is None:
        return Standing(copy=Copy.NO_TRUTH, at=at, error=mirror_fault)
    if mirror_fault:
        since = waiting.since if waiting else None
        return Standing(copy=Copy.UNKNOWN, at=at, since=since, error=mirror_fault)
    differ = differing(contact, row, keys) if row is not None else ()
    if waiting is not None and (differ or row is None or waiting.dead):
        copy = Copy.FAILED if waiting.dead else Copy.BEHIND
        return Standing(
            copy=copy,
            at=at,
            differing=differ,
            since=waiting.since,
            place=waiting.place,
            error=waiting.error,
        )
    if row is None:
        return Standing(copy=Copy.MISSING, at=at)
    if differ:
        return Standing(copy=Copy.DIFFERS, at=at, differing=differ)
    if contact.unreadable:
        told = "; ".join(f"{key} {why}" for key, why in sorted(contact.unreadable.items()))
        return Standing(copy=Copy.UNREADABLE, at=at, error=told)
    return Standing(copy=Copy.EQUAL, at=at)
