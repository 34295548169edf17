"""What the audit says of writes that are settled. Ids alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.audit.entries import SUBJECTS, Entry, What
from core.credits.adjustments import named, replaces
from core.credits.catalogue import Balances
from core.credits.records import Kind
from core.credits.writes import MovementKind, Settlement, WriteState

FOUND = {
    WriteState.OPEN: What.UNDECIDED,
    WriteState.LANDED: What.WRITTEN,
    WriteState.VOID: What.NOT_WRITTEN,
    WriteState.UNDECIDED: What.UNDECIDED,
}

assert FOUND.keys() == set(WriteState)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """On whose word, why and when writes were made: of whoever confirmed their operation."""

    operation_id: str
    by: str
    reason: str
    at: datetime


class Counters(Protocol):
    """What is kept of a write, whole or as a row of its table."""

    @property
    def kind(self) -> Kind:
        """Of the target."""
        ...

    @property
    def target_id(self) -> str:
        """A contact or an exam."""
        ...

    @property
    def before(self) -> Balances:
        """As they were read."""
        ...

    @property
    def after(self) -> Balances:
        """As they were set."""
        ...


def settled(
    word: Word, outcome: Settlement, of: Counters, moves: Iterable[tuple[MovementKind, str]]
) -> Entry:
    """What became of a write, with each counter as it was read and as it was set.

    Of one that could not be read the text that stood there.

    ``moves``: the kind and the booking of each of its movements.
    """
    bookings: dict[str, list[str]] = {}
    for kind, booking in moves:
        bookings.setdefault(kind.value, []).append(booking)
    why = {"why": outcome.reason} if outcome.reason else {}
    return Entry(
        at=word.at,
        actor=word.by,
        what=FOUND[outcome.state],
        operation_id=word.operation_id,
        subject=SUBJECTS[of.kind],
        subject_id=of.target_id,
        reason=word.reason,
        before={str(credit): n for credit, n in of.before.items()} | _replaced(bookings),
        after={str(credit): n for credit, n in of.after.items()},
        detail={"write": outcome.write_id, "bookings": bookings} | why,
    )


def _replaced(names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What stood, letter by letter, in counters that could not be read and were written over."""
    adjusted = names.get(MovementKind.ADJUSTMENT.value, ())
    return {str(named(n).credit): text for n in adjusted if (text := replaces(n)) is not None}
