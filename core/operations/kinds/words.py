"""The words of a kind: one table for pages, command line and API. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class KindPage(StrEnum):
    """The page on which operations of a kind are made, by the last part of its path."""

    BATCH_CANCELLATION = "batch_cancellation"
    BULK_REFUND = "bulk_refund"
    CONTACTS = "contacts"
    EXAMS = "exams"
    MOVE_BOOKINGS = "move_bookings"
    OPERATIONS = "operations"
    ADJUST_CREDITS = "adjust_credits"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindWords:
    """How people are told of an operation of one kind. Singular nouns take an "s"."""

    #: What one is called: "Bulk refund".
    name: str
    #: What it does in HubSpot and Supabase, before it is confirmed.
    effect: str
    #: What each of its rows is: "12 bookings".
    row: str
    #: What begins when its hold is over, of one row and of several: "12 refunds begin".
    begins: str
    begin: str
    #: What has become of a row that is done: "12 bookings refunded".
    done: str
    #: What becomes of credits: "12 credits given back". Empty: it moves none, or either way.
    moved: str
    #: What has happened to a row that is done, beside its cancellation, and to its credit.
    item: str
    credit: str
    #: Above the ways to choose bookings, as Markdown. Empty: none are chosen for it.
    choosing: str
    #: Why it cannot be undone; empty: it can.
    not_undone: str
    #: Why it is not retried; empty: what failed of it is.
    not_retried: str
    page: KindPage


@dataclass(frozen=True, slots=True, kw_only=True)
class OneStudent:
    """How staff are told of one that they make for one student, who waits."""

    #: Kept with the operation and in the note, unless somebody says more.
    reason: str
    #: While it runs: "Booking in HubSpot".
    doing: str
    done: str
    not_done: str
    #: What to do when it did not go through; may be empty.
    next: str
    #: The title of its preview, and that of one of which nothing can be done. ``{bookings}`` and
    #: ``{credits}`` stand for how many.
    question: str
    nothing: str
    #: The button that confirms it; when no credit moves, the second.
    confirm: str
    confirm_free: str


def counted(n: int, noun: str) -> str:
    """A number with its unit: "1 credit", "1,312 credits"."""
    return f"{n:,} {noun if n == 1 else f'{noun}s'}"
