"""The pages there are. ``app.py`` draws the navigation from this; links name pages by it.

Streamlit follows every part of a page's path on the disk when it makes its object and when it finds
it by its path: for thirteen pages and a dozen links a tenth of the time of *Overview*. So its
objects are made once.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath

import streamlit as st

from core.credits.roles import Act
from core.operations.kinds.registry import by_kind
from core.operations.verdicts import OperationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One page. Its path's last part is its address in the browser."""

    path: str
    title: str
    icon: str
    #: One or two sentences: what it shows and what can be done there.
    help: str
    #: What a role must be allowed to see it.
    act: Act
    #: Leads there after "g"; "" for none. One letter, of one page alone.
    key: str = ""


OVERVIEW = Place(
    path="pages/watch/overview.py",
    title="Overview",
    icon=":material/monitor_heart:",
    help="What needs attention now; whether Supabase matches HubSpot; what runs today.",
    act=Act.WATCH,
    key="o",
)
CONTACTS = Place(
    path="pages/lookup/contacts.py",
    title="Contacts",
    icon=":material/person_search:",
    help="Find a student: balances with their proof and their history, bookings, what is owed.",
    act=Act.LOOK_UP,
    key="c",
)
EXAMS = Place(
    path="pages/lookup/exams.py",
    title="Exams",
    icon=":material/event:",
    help="Sessions with their seats and bookings; which are open, and when the others open.",
    act=Act.LOOK_UP,
    key="e",
)
BATCH_CANCELLATION = Place(
    path="pages/operate/batch_cancellation.py",
    title="Batch cancellation",
    icon=":material/event_busy:",
    help="Cancel many bookings at once. The credits they spent go back to their students, or are "
    "kept on purpose.",
    act=Act.RUN_BATCHES,
    key="b",
)
BULK_REFUND = Place(
    path="pages/operate/bulk_refund.py",
    title="Bulk refund",
    icon=":material/redo:",
    help="Give credits back for bookings that are already cancelled and still owed one.",
    act=Act.RUN_BATCHES,
    key="r",
)
MOVE_BOOKINGS = Place(
    path="pages/operate/move_bookings.py",
    title="Move bookings",
    icon=":material/move_down:",
    help="Move many bookings to another exam. Each keeps the credit it spent.",
    act=Act.RUN_BATCHES,
    key="m",
)
ADJUST_CREDITS = Place(
    path="pages/operate/adjust_credits.py",
    title="Adjust credits",
    icon=":material/balance:",
    help="Give or take credits, or set a balance: of one student, or of a list of many.",
    act=Act.RUN_BATCHES,
    key="j",
)
OPERATIONS = Place(
    path="pages/operate/operations.py",
    title="Operations",
    icon=":material/list_alt:",
    help="What ran, what runs and what failed; pending copies to Supabase; workers.",
    act=Act.WATCH,
    key="p",
)
DRIFT = Place(
    path="pages/watch/drift.py",
    title="Drift",
    icon=":material/difference:",
    help="Where Supabase differs from HubSpot, since when and why; checks and repairs.",
    act=Act.WATCH,
    key="d",
)

AUDIT = Place(
    path="pages/watch/audit.py",
    title="Audit",
    icon=":material/policy:",
    help="Who did what, when and why, with before and after; whether the log is intact.",
    act=Act.WATCH,
    key="a",
)
PEOPLE = Place(
    path="pages/manage/people.py",
    title="People",
    icon=":material/group:",
    help="Who may do what. Admins give roles and remove them.",
    act=Act.GIVE_ROLES,
)

API_KEYS = Place(
    path="pages/manage/api_clients.py",
    title="API keys",
    icon=":material/key:",
    help="Which student apps may book and cancel. Admins make keys and revoke them.",
    act=Act.GIVE_KEYS,
)

PLACES = (
    OVERVIEW,
    CONTACTS,
    EXAMS,
    BULK_REFUND,
    BATCH_CANCELLATION,
    MOVE_BOOKINGS,
    ADJUST_CREDITS,
    OPERATIONS,
    DRIFT,
    AUDIT,
    PEOPLE,
    API_KEYS,
)
#: Where operations of each kind are made.
OF_KIND: Mapping[OperationKind, Place] = by_kind(
    lambda kind: next(p for p in PLACES if PurePath(p.path).stem == kind.words.page)
)
#: Where the bare address leads: the first that a role may see.
HOMES = (OVERVIEW, CONTACTS)

_ROOT = Path(__file__).parents[2]


def as_page(place: Place, *, visible: bool = True) -> st.Page:
    """For the navigation and for links. A copy, because Streamlit notes on it whose turn it is.

    Only in a page's run: elsewhere Streamlit makes half of it.
    """
    return copy(_made(place, visible=visible))


@cache
def _made(place: Place, *, visible: bool) -> st.Page:
    return st.Page(
        _ROOT / place.path,
        title=place.title,
        icon=place.icon,
        help=place.help,
        visibility="visible" if visible else "hidden",
    )
