"""What went wrong, for people: what is wrong, how to mend it, and what was not done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st

from core.access.rationing import TooMany
from core.app import wiring
from core.credits.errors import (
    BadList,
    Forbidden,
    GatewayError,
    JournalError,
    LimitReached,
    NoRoom,
    NotReady,
    NotSent,
    OutcomeUnknown,
    StateConflict,
    Store,
    StoreFull,
    Unauthorized,
    UnknownId,
    UnknownWord,
)
from core.credits.roles import NotAllowed
from core.operations.approve import NotApproved
from core.operations.commands import NotConfirmed
from core.operations.desks.takeover import AnotherDesk
from core.operations.kinds.registry import UnknownKind
from pages.shared import words

#: What services say no with. Anything else is a fault of ours.
REFUSALS = (
    AnotherDesk,
    BadList,
    NotConfirmed,
    NotApproved,
    NotAllowed,
    GatewayError,
    JournalError,
    TooMany,
    UnknownKind,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One box on the screen."""

    title: str
    #: All that is wrong, one sentence each.
    faults: Sequence[str]
    #: The next step; empty when the faults say it.
    mend: str = ""


@contextmanager
def told(undone: str) -> Iterator[None]:
    """Show what the services refuse, or cannot do, in place of the rest of the block.

    ``undone`` says what did not happen because of it: "Nothing was changed."
    """
    try:
        yield
    except REFUSALS as error:
        if isinstance(error, NotAllowed):
            wiring.get().access_log.refused(error)
        show(explain(error), undone)


@contextmanager
def kept(key: str) -> Iterator[None]:
    """For callbacks, which draw nothing: what was refused is kept for ``show_kept``."""
    try:
        yield
    except REFUSALS as error:
        st.session_state[key] = explain(error)


def show_kept(key: str, undone: str) -> None:
    """Draw what ``kept`` kept under this key, once."""
    problem = st.session_state.pop(key, None)
    if problem is not None:
        show(problem, undone)


def show(problem: Problem, undone: str = "") -> None:
    """All faults at once, then the next step and what was not done."""
    faults = [_sentence(words.plain(fault)) for fault in problem.faults]
    lines = faults if len(faults) == 1 else ["\n".join(f"- {fault}" for fault in faults)]
    after = " ".join(filter(None, (problem.mend, undone)))
    st.error(
        "\n\n".join(filter(None, [*lines, after])),
        title=problem.title,
        icon=":material/error:",
    )


def explain(error: Exception) -> Problem:
    """The error in words."""
    match error:
        case BadList(faults=faults):
            return Problem("Fix this first", faults)
        case NotReady(faults=faults):
            return Problem("HubSpot is not ready for this", faults)
        case NotConfirmed(faults=faults):
            return Problem("Not confirmed", faults)
        case NotApproved(faults=faults):
            return Problem("Not approved", faults)
        case UnknownId():
            return Problem(
                "There is nothing at this address",
                ["No preview and no operation has this id"],
                "The address may be cut short, or from another installation.",
            )
        case GatewayError():
            return _explain_gateway(error)
    return _explain_plain(error) or _explain_stored(error)


def _explain_plain(error: Exception) -> Problem | None:
    """Of those that say all themselves, also of their subclasses; None: it is none of them."""
    match error:
        case AnotherDesk():
            title = "Another Credit Desk works on this HubSpot account"
        case NotAllowed():
            title = "You may not do this"
        case StoreFull():
            title = "The disk of the desk's database is full"
        case StateConflict():
            title = "This operation changed since you opened the page"
        case TooMany():
            title = "Too many students in a short time"
        case _:
            return None
    return Problem(title, [str(error)])


def _explain_stored(error: Exception) -> Problem:
    if isinstance(error, UnknownKind | UnknownWord):
        return Problem("This version of Credit Desk does not know this", [str(error)])
    return Problem("The desk's database returned an error", [str(error)], "Reload the page.")


def _explain_gateway(error: GatewayError) -> Problem:
    match error:
        case _ if error.store is Store.SUPABASE:
            return _explain_supabase(error)
        case LimitReached():
            return Problem("HubSpot's limit for today is used up", [str(error)])
        case NoRoom():
            return Problem(
                "HubSpot's limit of calls is reached", [str(error)], "Try again in a moment."
            )
        case Unauthorized():
            return Problem(
                "HubSpot does not accept our token",
                [str(error)],
                "Put a valid token into `HUBSPOT_TOKEN`; `python -m core doctor` checks it.",
            )
        case Forbidden(missing=missing):
            scopes = ", ".join(f"`{scope}`" for scope in missing)
            return Problem(
                "Our HubSpot token may not do this",
                [str(error)],
                f"Give the HubSpot app {scopes or 'the missing scope'} and install it again.",
            )
        case NotSent():
            return Problem("HubSpot cannot be reached", [str(error)], "Try again in a moment.")
        case OutcomeUnknown():
            return Problem("HubSpot did not answer", [str(error)], "Try again in a moment.")
    return Problem(
        "HubSpot refused the request",
        [str(error)],
        "`python -m core doctor` checks the account and says how to mend it.",
    )


def _explain_supabase(error: GatewayError) -> Problem:
    match error:
        case NotSent():
            return Problem("Supabase cannot be reached", [str(error)], "Try again in a moment.")
        case OutcomeUnknown():
            return Problem("Supabase did not answer", [str(error)], "Try again in a moment.")
    return Problem(
        "Supabase refused the request",
        [str(error)],
        "`python -m core doctor` checks the project and says how to fix it.",
    )


def _sentence(text: str) -> str:
    text = text.strip()
    end = "" if text.endswith((".", "!", "?", ":")) else "."
    return f"{words.sentence(text)}{end}"
