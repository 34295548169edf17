"""The journal in SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from core.gateways.journal.accounting import Accounting
from core.gateways.journal.alarms import Alarms
from core.gateways.journal.attention import Attention
from core.gateways.journal.audit import Audit
from core.gateways.journal.cancelled_exams import CancelledExams
from core.gateways.journal.chain import Chain
from core.gateways.journal.claims import Claims
from core.gateways.journal.clients import Clients
from core.gateways.journal.database import PATIENCE_S, Database
from core.gateways.journal.desks import Desks
from core.gateways.journal.exam_acts import ExamActs
from core.gateways.journal.figures import Counts
from core.gateways.journal.history import History
from core.gateways.journal.items import Items
from core.gateways.journal.migrate import upgrade
from core.gateways.journal.names import Names
from core.gateways.journal.operations import Operations
from core.gateways.journal.outbox import Outbox
from core.gateways.journal.outgoing import Outgoing, announce
from core.gateways.journal.plans import Plans
from core.gateways.journal.repairs import Repairs
from core.gateways.journal.roles import Roles
from core.gateways.journal.settled import Settled
from core.gateways.journal.sweeps import Sweeps
from core.gateways.journal.telling import Tellings
from core.gateways.journal.times import Times
from core.gateways.journal.trail import Trail
from core.gateways.journal.trends import Trends
from core.gateways.journal.undoing import Undoing
from core.gateways.journal.verification import Verification
from core.gateways.journal.warnings import Warnings
from core.gateways.journal.workers import Workers
from core.gateways.journal.works import Slots, Works
from core.gateways.journal.writes import Writes


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
    CancelledExams,
    ExamActs,
    Outgoing,
    Times,
    Tellings,
):
    """``core.gateways.ports.journal.Journal``. Threads and processes may share it.

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
            JournalError: it cannot be opened, or was made by a newer version of this program.
        """
        chain = Chain(admins)

        def at_end(connection: Connection) -> None:
            if announces:
                announce(connection)
            chain.append(connection)  # the last: who holds its head waits for nobody

        self._db = Database(url, patience_s, at_end=at_end)
        upgrade(self._db)

    @property
    def address(self) -> str:
        """The database's URL, without a password."""
        return self._db.address

    def close(self) -> None:
        """Give all connections back."""
        self._db.close()
