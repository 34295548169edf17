"""What the store of writes decides without a database: which outcomes stand."""

from __future__ import annotations

from core.credits.errors import JournalError
from core.credits.writes import MovementKind, WriteState

#: A movement of a write in one of these counts: nothing else may move that credit again.
LIVE = frozenset({WriteState.OPEN, WriteState.LANDED, WriteState.UNDECIDED})

#: The movement that takes another one back; landed, it frees the claims on both. That of a refund
#: does so only when its item is done: until the mark is cleared too, nobody may refund it again.
UNDOES = {
    MovementKind.UNDO_SPEND: MovementKind.SPEND,
    MovementKind.UNDO_SEAT: MovementKind.SEAT_TAKEN,
}
#: Both movements of a refund that is taken back. No operation makes both.
OF_AN_UNDO = (MovementKind.REFUND, MovementKind.UNDO_REFUND)


def check_outcome(write_id: str, now: WriteState, to: WriteState) -> None:
    """A decided write stays decided; saying the same again is harmless.

    Raises:
        JournalError: the write is known to have had another outcome.
    """
    if now in {WriteState.LANDED, WriteState.VOID} and to is not now:
        raise JournalError(f"write {write_id} is {now} and was now found {to}: a person must look")


def already_moved(booking_id: str, kind: MovementKind, by: str) -> JournalError:
    """Each booking has each kind of movement once (``MovementKind``)."""
    return JournalError(f"{kind} of booking {booking_id} is already moved by {by}")
