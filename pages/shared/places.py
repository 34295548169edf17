"""The pages there are. ``app.py`` draws the navigation from this; links name pages by it."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.plans import OperationKind
from core.domain.roles import Act


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


BATCH_CANCELLATION = Place(
    path="pages/operate/batch_cancellation.py",
    title="Batch cancellation",
    icon=":material/event_busy:",
    help="Cancel many bookings at once. Each credit they spent goes back to its student.",
    act=Act.RUN_BATCHES,
)
BULK_REFUND = Place(
    path="pages/operate/bulk_refund.py",
    title="Bulk refund",
    icon=":material/redo:",
    help="Give credits back for bookings that are already cancelled and still owed one.",
    act=Act.RUN_BATCHES,
)
OPERATIONS = Place(
    path="pages/operate/operations.py",
    title="Operations",
    icon=":material/list_alt:",
    help="What ran, what runs and what failed; copies to Supabase that are due; workers.",
    act=Act.WATCH,
)

PLACES = (BULK_REFUND, BATCH_CANCELLATION, OPERATIONS)
#: Where operations of each kind are made.
OF_KIND = {
    OperationKind.CANCEL: BATCH_CANCELLATION,
    OperationKind.REFUND: BULK_REFUND,
}

assert OF_KIND.keys() == set(OperationKind), "every kind of operation has its page"
#: Where the bare address leads.
HOME = OPERATIONS
