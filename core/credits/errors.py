"""What can go wrong outside, sorted by what the caller may do next.

GatewayError
├── NotSent          nothing happened; trying again is safe
│   ├── LimitReached the day's quota is used up; nothing will be sent until ``until``
│   └── Barred       the token is refused: nothing is taken until somebody mends it
├── NotReady         the account or the mirror is not as the desk needs it; nothing was begun
├── OutcomeUnknown   it may have happened; read before writing again
└── Refused          understood and denied; trying again cannot help
    ├── Unauthorized the token is missing, wrong or expired
    └── Forbidden    the token lacks a scope
JournalError
├── StoreFull        the disk of the store is full, and nothing of this was saved
├── Superseded       another process has taken this work up; this one must stop
├── UnknownId        no such plan or work
└── UnknownWord      a newer version wrote what this one does not know

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum


class Store(StrEnum):
    """Which of the two it was, for people."""

    HUBSPOT = "HubSpot"
    SUPABASE = "Supabase"


class GatewayError(Exception):
    """Base of what HubSpot and Supabase can do to us. ``str()`` is one line for people."""

    #: Supabase's gateway says so of its own.
    store = Store.HUBSPOT


class NotSent(GatewayError):
    """Nothing happened. Trying again is safe."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        """``retry_after_s``: what the other side asked for, if it did."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NoRoom(NotSent):
    """What the other side allows in a short time was used up, by others of ours, until too late."""


class LimitUnknown(NotSent):
    """Whether there is room cannot be known: the store that counts the calls does not answer."""


class LimitReached(NotSent):
    """The daily limit is used up."""


class Barred(NotSent):
    """The token is refused: nothing is taken until somebody mends it. Waited for, as an outage."""


class NotReady(GatewayError):
    """The account is not as the desk needs it. Nothing was begun."""

    def __init__(self, faults: Sequence[str]) -> None:
        """``faults``: all that was found, each with how to mend it."""
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class OutcomeUnknown(GatewayError):
    """It may have happened. Read before writing again."""


class Refused(GatewayError):
    """Understood and denied. Trying again cannot help."""

    def __init__(
        self, message: str, *, status: int = 0, category: str = "", missing: tuple[str, ...] = ()
    ) -> None:
        """``missing``: scopes or properties that the other side named as lacking or read-only."""
        super().__init__(message)
        self.status = status
        self.category = category
        self.missing = missing


class Unauthorized(Refused):
    """The token is missing, wrong or expired."""


class Forbidden(Refused):
    """The token lacks a scope."""


class JournalError(Exception):
    """Base of what the operational store can say no to."""


class EngineError(Exception):
    """The engine cannot run here, so that nothing which is confirmed would be carried out."""


class StoreFull(JournalError):
    """The disk of the store is full: nothing of this was saved. It goes on when there is room."""


class UnknownWord(JournalError):
    """The store holds a word that this version does not know: a kind of operation, a state."""


class Superseded(JournalError):
    """Another process has taken this work up; this one must stop without another word."""

    def __init__(self, id_: str, epoch: int, *, now: int, work: str = "operation") -> None:
        """``now``: the epoch that holds the work."""
        super().__init__(f"{work} {id_} is at epoch {now}, not {epoch}")
        self.id = id_


class UnknownId(JournalError):
    """No plan and no work has this id."""


class StateConflict(JournalError):
    """The operation is in a state from which this move does not exist."""

    def __init__(self, message: str, *, state: str, at: datetime | None = None) -> None:
        """``state``: where it stands; ``at``: since when, if known."""
        super().__init__(message)
        self.state = state
        self.at = at


def about_one(error: Refused) -> bool:
    """Whether one record of several may be what HubSpot refused: not a token, a path or a right."""
    return error.status in {400, 409, 413, 422}


class BadList(ValueError):
    """A list of bookings that cannot be used. ``faults`` are all of them, for people."""

    def __init__(self, faults: Sequence[str]) -> None:
        """``faults``: at least one sentence, each saying where and how to mend it."""
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)
