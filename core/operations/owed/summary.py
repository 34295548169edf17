"""What is owed, summed up while it is found: totals over all, and the first of each group in full.

A long history has a hundred thousand cancelled bookings, most of them settled: they are counted,
and not kept. Pure.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.credits.catalogue import CreditType
from core.credits.records import BookingId, ContactId
from core.operations.owed.rules import (
    NotOwed,
    Owed,
    doubtful,
    longest,
    settled,
    taken,
    unclear,
    waiting,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedGroup:
    """One of the groups of unmarked cancelled bookings."""

    number: int
    by_credit: Mapping[CreditType, int]
    #: Students of them, each once.
    students: int
    #: Bookings that have no student, or several.
    nobodys: int
    #: The longest owed, in full; of the settled ones those that a person decided on first.
    first: Sequence[Owed]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedSummary:
    """All unmarked cancelled bookings, and by what is to be done about them."""

    every: OwedGroup
    waiting: OwedGroup
    taken: OwedGroup
    doubtful: OwedGroup
    unclear: OwedGroup
    settled: OwedGroup
    #: Why the settled ones are.
    not_owed: Mapping[NotOwed, int]
    #: For which students wait, the longest first: what giving back everything gives back.
    everything: tuple[BookingId, ...]

    @property
    def whole(self) -> Sequence[Owed] | None:
        """Every booking, where all are kept in full; None: there are more."""
        return self.every.first if len(self.every.first) == self.every.number else None


def summed_up(found: Iterable[Sequence[Owed]], *, first: int) -> OwedSummary:
    """Of portions, each of which is let go when it is counted.

    ``first``: so many of each group are kept in full.
    """
    kept = {name: _Group(first, order) for name, order in _ORDERS.items()}
    why: Counter[NotOwed] = Counter()
    everything: list[tuple[tuple[datetime, str], BookingId]] = []
    for some in found:
        for name, of in _GROUPS.items():
            kept[name].add(of(some))
        why.update(one.not_owed for one in some if one.not_owed is not None)
        everything += [(longest(one), one.booking.id) for one in waiting(some)]
    return OwedSummary(
        **{name: group.summed_up() for name, group in kept.items()},
        not_owed=dict(why),
        everything=tuple(id_ for _, id_ in sorted(everything)),
    )


_GROUPS: Mapping[str, Callable[[Iterable[Owed]], list[Owed]]] = {
    "every": list,
    "waiting": waiting,
    "taken": taken,
    "doubtful": doubtful,
    "unclear": unclear,
    "settled": settled,
}


def _decided_first(one: Owed) -> tuple[bool, tuple[datetime, str]]:
    return one.decision is None, longest(one)


_ORDERS: Mapping[str, Callable[[Owed], Any]] = dict.fromkeys(_GROUPS, longest) | {
    "settled": _decided_first
}


@dataclass(slots=True)
class _Group:
    """One group while it is found."""

    most: int
    order: Callable[[Owed], Any]
    number: int = 0
    nobodys: int = 0
    by_credit: Counter[CreditType] = field(default_factory=Counter)
    students: set[ContactId] = field(default_factory=set)
    first: list[Owed] = field(default_factory=list)

    def add(self, found: Sequence[Owed]) -> None:
        self.number += len(found)
        self.by_credit.update(one.credit for one in found if one.credit is not None)
        self.students |= {one.contact_id for one in found if one.contact_id is not None}
        self.nobodys += sum(one.contact_id is None for one in found)
        self.first = heapq.nsmallest(self.most, [*self.first, *found], key=self.order)

    def summed_up(self) -> OwedGroup:
        return OwedGroup(
            number=self.number,
            by_credit=dict(self.by_credit),
            students=len(self.students),
            nobodys=self.nobodys,
            first=tuple(self.first),
        )
