"""How the screens speak of what an operation does, by its kind."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.operations import ItemState, Progress
from core.domain.plans import OperationKind
from pages.shared import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The words of one kind."""

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
    item: str = ""
    credit: str = ""


SAID: dict[OperationKind, Said] = {
    OperationKind.CANCEL: Said(
        row="booking",
        begins="cancellation begins",
        begin="cancellations begin",
        done="cancelled",
        moved="given back",
        credit="credit given back",
    ),
    OperationKind.REFUND: Said(
        row="booking",
        begins="refund begins",
        begin="refunds begin",
        done="refunded",
        moved="given back",
        credit="credit given back",
    ),
    OperationKind.RECOUNT: Said(
        row="exam",
        begins="recount begins",
        begin="recounts begin",
        done="counted anew",
        moved="",
    ),
    OperationKind.CORRECT: Said(
        row="balance",
        begins="correction begins",
        begin="corrections begin",
        done="corrected",
        moved="",
        credit="balance corrected",
    ),
    OperationKind.BOOK: Said(
        row="booking",
        begins="booking begins",
        begin="bookings begin",
        done="made",
        moved="spent",
        item="booked",
        credit="credit spent",
    ),
    OperationKind.UNDO: Said(
        row="booking",
        begins="credit is taken back",
        begin="credits are taken back",
        done="owed again",
        moved="taken back",
        credit="credit taken back, mark cleared",
    ),
}

assert SAID.keys() == set(OperationKind), "every kind has its words"


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
