"""The store whole, in SQLite or PostgreSQL: what each package keeps, in one object."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from core.access.store.accounts import Accounts
from core.access.store.api_keys import Clients
from core.access.store.chain import Chain
from core.access.store.pacing import Uses
from core.access.store.roles import Roles
from core.access.store.saved_filters import Filters
from core.access.store.sign_ins import SignIns
from core.audit.store.events import History
from core.credits.errors import JournalError
from core.database.database import PATIENCE_S, Database
from core.database.migrate import upgrade
from core.drift.store.repairs import Repairs
from core.drift.store.retention import Names
from core.drift.store.sweeps import Sweeps
from core.drift.store.trends import Trends
from core.health.store.alarms import Alarms
from core.health.store.attention import Attention
from core.health.store.audit import Audit
from core.health.store.figures import Counts
from core.health.store.tallies import Tallies
from core.health.store.times import Times
from core.health.store.week import Weeks
from core.mirror.outgoing.store.events import Outgoing, announce
from core.mirror.store.outbox import Outbox
from core.operations.crew.store.groups import Groups
from core.operations.desks.store.desks import Desks
from core.operations.owed.store.settled import Settled
from core.operations.protocol.store.claims import Claims
from core.operations.protocol.store.verification import Verification
from core.operations.protocol.store.writes import Writes
from core.operations.store.blocked_items import Accounting
from core.operations.store.cancelled_exams import CancelledExams
from core.operations.store.items import Items
from core.operations.store.leftovers import Warnings
from core.operations.store.operations import Operations
from core.operations.store.plans import Plans
from core.operations.store.trail import Trail
from core.operations.store.undo import Undoing
from core.operations.telling.store.tellings import Tellings
from core.students.store.exam_acts import ExamActs
from core.workers.store.workers import Workers
from core.workers.store.works import Slots, Works


class SqlJournal(
    Plans,
    Operations,
    Items,
    Claims,
    Writes,
    Verification,
    Outbox,
    History,
    Workers,
    Sweeps,
    Repairs,
    Works,
    Slots,
    Trends,
    Trail,
    Alarms,
    Roles,
    Counts,
    Clients,
    Audit,
    Accounting,
    Attention,
    Names,
    Undoing,
    Warnings,
    Desks,
    Settled,
    SignIns,
    CancelledExams,
    ExamActs,
    Outgoing,
    Times,
    Tellings,
    Weeks,
    Accounts,
    Uses,
    Filters,
    Tallies,
    Groups,
):
    """``core.app.journal.Journal``. Threads and processes may share it.

    Each method is one transaction; each raises ``JournalError`` when the database fails.
    """

    def __init__(
        self,
        url: str,
        *,
        patience_s: float = PATIENCE_S,
        admins: Collection[str] = (),
        announces: bool = False,
    ) -> None:
        """Opens the database and brings its tables up to date, whoever else does so too.

        ``url``: ``sqlite:///path`` or ``postgresql://user:password@host/name``. ``patience_s``:
        how long one of a few tries waits for another writer of a SQLite file. ``admins``: those
        of the settings, for the role that stands in the audit. ``announces``: keep an event for
        other apps of each change, until it is sent.

        Raises:
            JournalError: it cannot be opened, was made by a newer version of this program, or is
                older than the first revision (``core.database.migrate``).
        """
        chain = Chain(admins)

        def at_end(connection: Connection) -> None:
            if announces:
                announce(connection)
            chain.append(connection)  # the last: who holds its head waits for nobody

        self._db = Database(url, patience_s, at_end=at_end)
        try:
            upgrade(self._db)
        except JournalError:
            self._db.close()  # else each further try to open it would keep a connection
            raise

    @property
    def address(self) -> str:
        """The database's URL, without a password."""
        return self._db.address

    @property
    def on_sqlite(self) -> bool:
        """Whether it is a file, which has one writer at a time."""
        return self._db.on_sqlite

    def close(self) -> None:
        """Give all connections back."""
        self._db.close()
