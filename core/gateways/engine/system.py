"""DBOS: what of it we use, behind our own words. Nothing else names it.

A workflow is one sitting of a piece of work: ``<its key>:<n>``. DBOS gives each sitting to one
process, records each look, and refuses the records of a process that lost it. Whether another
sitting is needed is not DBOS's to say: the journal knows what has not ended.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url

from core.gateways.engine.hands import Leave
from core.gateways.engine.looking import Look

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


def system_url(url: str) -> str:
    """DBOS's own database: a file beside the journal's, or a schema of the same PostgreSQL."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    path = Path(parsed.database or "")
    return f"sqlite:///{path.with_name(f'{path.stem}-engine.sqlite')}"


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

    def launch(self) -> None:
        """Load DBOS, make its tables if need be, take up what was left. Takes seconds.

        Raises whatever DBOS raises; it may then be called again.
        """
        from dbos import DBOS  # noqa: PLC0415

        self._prepare_file()
        try:
            DBOS(config=self._config())
            _quiet()
            self._register()
            DBOS.launch()
        except BaseException:
            self.destroy()
            raise

    def _config(self) -> DBOSConfig:
        return {
            "name": NAME,
            "system_database_url": self._url,
            "dbos_system_schema": self._schema,
            "application_version": APPLICATION_VERSION,
            "executor_id": self._executor_id,
            "enable_otlp": False,
            "log_level": "WARNING",
            "sys_db_pool_size": 5,
            "sys_db_idle_transaction_timeout_sec": STANDS_STILL_S,
            "use_listen_notify": False,
        }

    def _prepare_file(self) -> None:
        """Readers shall not wait for writers. SQLite keeps this mode in the file."""
        database = make_url(self._url).database
        if self._url.startswith("sqlite") and database:
            with closing(sqlite3.connect(database, timeout=30)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")

    def _register(self) -> None:
        from dbos import DBOS  # noqa: PLC0415
        from dbos._error import DBOSWorkflowConflictIDError  # noqa: PLC0415

        @DBOS.step(name="look")
        def recorded(key: str, failures: int) -> Look:
            return self._look(key, failures)

        def look(key: str, failures: int) -> Look:
            try:
                return recorded(key, failures)
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


def _quiet() -> None:
    """Let DBOS speak through our own logging, and only when something is wrong."""
    logger = logging.getLogger("dbos")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.propagate = True
    logger.setLevel(logging.WARNING)
