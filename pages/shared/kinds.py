"""How the screens speak of what an operation does, by its kind."""

from __future__ import annotations

from collections.abc import Mapping

from core.operations.kinds.registry import by_kind, named, titled
from core.operations.kinds.words import KindWords
from core.operations.states import ItemState, Operation, Progress
from core.operations.verdicts import OperationKind
from pages.shared import words

#: The words of each kind, from the registry.
SAID: Mapping[OperationKind, KindWords] = by_kind(lambda kind: kind.words)


def rows(kind: OperationKind, n: int) -> str:
    """A number of its rows: "12 bookings"."""
    return words.count(n, SAID[kind].row)


def done(kind: OperationKind, progress: Progress, n: int, *, of: int | None = None) -> str:
    """``n`` of all, and what became of credits: "2 of 3 bookings made, 2 credits spent".

    ``of``: all that are meant; None: everything that was asked for.
    """
    told = f"{n:,} of {rows(kind, progress.total if of is None else of)} {SAID[kind].done}"
    return f"{told}, {credits_of(kind, progress)} {SAID[kind].moved}" if SAID[kind].moved else told


def account(kind: OperationKind, progress: Progress) -> str:
    """Everything that was asked for: "64 of 73 bookings cancelled, 60 credits given back; 8
    skipped, 1 blocked".
    """
    told = done(kind, progress, progress.states.get(ItemState.DONE, 0))
    others = [
        f"{progress.states[state]:,} {words.ITEM[state][2:].lower()}"
        for state in ItemState
        if state is not ItemState.DONE and progress.states.get(state)
    ]
    return "; ".join(filter(None, [told, ", ".join(others)]))


def in_brief(operation: Operation, progress: Progress) -> str:
    """For a row of a list: "Bulk refund: 2 of 3 bookings, +2 credits; exam Mini-mock, 4 May".

    A selection that is a number has said how many: "Bulk refund of 3 bookings: 2 done, +2 credits".
    """
    return ": ".join(briefly(operation, progress))


def briefly(operation: Operation, progress: Progress) -> tuple[str, str]:
    """The same in two: what it is, and what came of it."""
    net = sum(progress.net.values())
    credits_ = [f"{net:+,} {'credit' if abs(net) == 1 else 'credits'}"] if progress.net else []
    if operation.selection.startswith(f"{progress.total:,} "):
        done = f"{progress.states.get(ItemState.DONE, 0):,} done"
        return titled(operation), ", ".join([done, *credits_])
    told = [f"{far(progress)} {SAID[operation.kind].row}s"] if progress.total else []
    told += credits_
    told_of = filter(None, [", ".join(told), operation.selection])
    return named(operation), "; ".join(told_of)


def credits_of(kind: OperationKind, progress: Progress) -> str:
    """Credits that landed: "3 credits"; with their sign where some come and others go."""
    net = sum(progress.net.values())
    if SAID[kind].moved:
        return words.count(abs(net), "credit")
    return f"{net:+,} {'credit' if abs(net) == 1 else 'credits'}"


def far(progress: Progress) -> str:
    """How many of its rows are done: "2 of 3"; a count of seats has none."""
    if not progress.total:
        return words.NOTHING
    return f"{progress.states.get(ItemState.DONE, 0):,} of {progress.total:,}"


def gain(progress: Progress) -> str:
    """What students have more, or less, by it: "+3"."""
    return f"{sum(progress.net.values()):+,}" if progress.net else words.NOTHING
