"""DBOS: what of it we use, behind our own words. Nothing else names it.

A workflow is one sitting of a piece of work: ``<its key>:<n>``. DBOS gives each sitting to one
process, records each look, and refuses the records of a process that lost it. Whether another
sitting is needed is not DBOS's to say: the journal knows what has not ended.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.engine import make_url

from core.credits.private_files import make_private
from core.database.database import REACHABLE
from core.database.sqlite import log_ahead
from core.workers.engine.attempt import Look
from core.workers.engine.in_hand import Leave
from core.workers.engine.rows import RowRefused, from_row, plain_rows, to_row

if TYPE_CHECKING:
    from dbos import DBOSConfig

#: Fixed by hand: else DBOS hashes our code, and a new release would leave the old one's work.
APPLICATION_VERSION = "1"
SCHEMA = "credit_desk_engine"
NAME = "credit-desk"
LAST_SITTINGS = 5
LIVE = ("PENDING", "ENQUEUED", "DELAYED")
#: A process that stands still in a transaction loses it after this, as it does in the journal.
STANDS_STILL_S = 10.0
STANDS_STILL = "idle_in_transaction_session_timeout"
CONNECTIONS = 5
#: A channel is a session's, too.
USE_LISTEN_NOTIFY = False
#: Nobody is sent messages through DBOS: its look for some asks nothing, and it is only waited for
#: when a process ends.
LISTENER_S = 0.02
#: For how long a process waits for another that makes the tables, and how soon it looks again.
TURN_S, TURN_AGAIN_S = 30.0, 0.2
ONE_MAKES_TABLES = text("SELECT pg_try_advisory_xact_lock(hashtext('credit desk engine'))")

log = logging.getLogger(__name__)

#: Looks once and records what it found.
LookOnce = Callable[[str, int], Look]
#: One sitting.
Sit = Callable[[str, LookOnce], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """One that has not ended."""

    workflow_id: str
    key: str
    #: Who has it; "" while nobody has.
    executor_id: str


def load_mapper() -> None:
    """Load SQLAlchemy's mapper, where no query can meet it half loaded and fail: DBOS loads it."""
    import_module("sqlalchemy.orm")


def load() -> None:
    """Load DBOS, after ``load_mapper``, for whoever starts an engine soon."""
    import_module("dbos")


def system_url(url: str) -> str:
    """DBOS's own database: a file beside the journal's, or a schema of the same PostgreSQL."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    path = Path(parsed.database or "")
    return f"sqlite:///{path.with_name(f'{path.stem}-engine.sqlite')}"


def pooled_engine(url: str) -> Engine:
    """DBOS's connections to a PostgreSQL, which may stand behind a pooler of transactions.

    Each transaction may there be on another connection of the server, shared with other programs.
    So no statement is prepared and no setting outlives its transaction, as they do in DBOS's own.
    """
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args=REACHABLE,
    )
    limit = f"SET LOCAL {STANDS_STILL} = {round(1000 * STANDS_STILL_S)}"

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(limit)

    return engine


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """One process at a time makes tables.

    Tried again and again: a transaction that waited would keep an index from being made.
    """
    apart = create_engine(engine.url, poolclass=NullPool, connect_args=REACHABLE)
    deadline = time.monotonic() + TURN_S
    with apart.connect() as connection:
        while not connection.execute(ONE_MAKES_TABLES).scalar():
            connection.rollback()
            if time.monotonic() > deadline:
                log.warning("another process makes the engine's tables for long; going on")
                break
            time.sleep(TURN_AGAIN_S)
        connection.exec_driver_sql(f"SET LOCAL {STANDS_STILL} = {round(2000 * TURN_S)}")
        yield


class System:
    """DBOS in this process, of which there can be only one."""

    def __init__(
        self, url: str, executor_id: str, look: LookOnce, sit: Sit, *, schema: str = SCHEMA
    ) -> None:
        """``url``: the journal's. ``schema``: in PostgreSQL. Loads and starts nothing yet."""
        self._schema = schema
        self._url = system_url(url)
        self._executor_id = executor_id
        self._look = look
        self._sit = sit
        self._workflow: Any = None
        #: In PostgreSQL: our own, which a pooler of transactions bears.
        self._engine: Engine | None = None

    def launch(self) -> None:
        """Load DBOS, make its tables if need be, take up what was left. Takes seconds.

        Raises whatever DBOS raises; it may then be called again.
        """
        from dbos import DBOS  # noqa: PLC0415

        self._prepare_file()
        if self._engine is None and not self._url.startswith("sqlite"):
            self._engine = pooled_engine(self._url)
        try:
            if self._engine is not None:
                self._make_tables(self._engine)
            DBOS(config=self._config())
            _quiet()
            self._register()
            DBOS.launch()
        except BaseException:
            self.destroy()
            raise

    def _make_tables(self, engine: Engine) -> None:
        """As DBOS does it, but for its lock: that is a session's, which no pooler keeps."""
        from dbos import _migration as tables  # noqa: PLC0415

        _quiet()
        asked = (engine, self._schema, USE_LISTEN_NOTIFY)
        if not tables.should_migrate(*asked):
            return
        with _turn(engine):
            if tables.should_migrate(*asked):
                tables.ensure_dbos_schema(engine, self._schema)
                tables.run_dbos_migrations(*asked)

    def _config(self) -> DBOSConfig:
        return {
            "name": NAME,
            "system_database_url": self._url,
            "dbos_system_schema": self._schema,
            "application_version": APPLICATION_VERSION,
            "executor_id": self._executor_id,
            "enable_otlp": False,
            "log_level": "WARNING",
            "sys_db_pool_size": CONNECTIONS,
            "system_database_engine": self._engine,
            "use_listen_notify": USE_LISTEN_NOTIFY,
            "notification_listener_polling_interval_sec": LISTENER_S,
            "serializer": plain_rows(),
        }

    def _prepare_file(self) -> None:
        """Its owner's alone, and readers shall not wait for writers: the file keeps this mode."""
        database = make_url(self._url).database
        if self._url.startswith("sqlite") and database:
            make_private(Path(database))
            with closing(sqlite3.connect(database, timeout=30)) as connection:
                log_ahead(connection)

    def _register(self) -> None:
        from dbos import DBOS  # noqa: PLC0415
        from dbos._error import DBOSWorkflowConflictIDError  # noqa: PLC0415

        @DBOS.step(name="look")
        def recorded(key: str, failures: int) -> dict[str, Any]:
            return to_row(self._look(key, failures))

        def look(key: str, failures: int) -> Look:
            try:
                return from_row(recorded(key, failures))
            except RowRefused as refused:
                log.error("%s: %s; it is begun anew from the journal", key, refused)  # noqa: TRY400
                raise
            except DBOSWorkflowConflictIDError:
                raise Leave from None  # DBOS would keep this thread waiting for the other's end

        @DBOS.workflow(name="carry")
        def carry(key: str) -> None:
            self._sit(key, look)

        self._workflow = carry

    def sittings(self) -> list[Sitting]:
        """All that have not ended, whoever has them."""
        from dbos import DBOS  # noqa: PLC0415

        return [
            Sitting(
                workflow_id=found.workflow_id,
                key=found.workflow_id.rpartition(":")[0],
                executor_id=(found.executor_id or "") if found.status == "PENDING" else "",
            )
            for found in DBOS.list_workflows(
                status=list(LIVE), name="carry", load_input=False, load_output=False
            )
        ]

    def sit(self, key: str) -> None:
        """Begin the next sitting here, unless there is one already."""
        from dbos import DBOS, SetWorkflowID  # noqa: PLC0415

        before = DBOS.list_workflows(
            workflow_id_prefix=f"{key}:",
            sort_desc=True,
            limit=LAST_SITTINGS,
            load_input=False,
            load_output=False,
        )
        if any(found.status in LIVE for found in before):
            return
        # Two workers that saw the same give the next sitting the same number: one begins it.
        numbers = (int(found.workflow_id.rpartition(":")[2]) for found in before)
        with SetWorkflowID(f"{key}:{max(numbers, default=0) + 1}"):
            DBOS.start_workflow(self._workflow, key)

    def hand_over(self, sitting: Sitting) -> None:
        """Let any live worker go on with a sitting whose process is dead."""
        from dbos import DBOS  # noqa: PLC0415

        DBOS.resume_workflow(sitting.workflow_id)

    def destroy(self) -> None:
        """Stop DBOS's threads. What is still in hand stays what it is: not ended."""
        from dbos import DBOS  # noqa: PLC0415

        DBOS.destroy(destroy_registry=True)
        if self._engine is not None:
            self._engine.dispose()


def _quiet() -> None:
    """Let DBOS speak through our own logging, and only when something is wrong."""
    logger = logging.getLogger("dbos")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.propagate = True
    logger.setLevel(logging.WARNING)
