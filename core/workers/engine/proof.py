"""Whether an engine starts on this machine and database, by starting one that carries nothing."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from core.database.database import REACHABLE
from core.workers.engine.dbos_runtime import SCHEMA as ENGINE_SCHEMA
from core.workers.engine.dbos_runtime import System, system_url
from core.workers.engine.versions import version_fault

log = logging.getLogger(__name__)

#: Beside the engine's own schema, so that a proof takes no work from a worker.
SCHEMA = "credit_desk_engine_proof"
#: The first table that a start writes.
TABLE = "application_versions"
TRIED = "INSERT INTO {} (version_id, version_name) VALUES ('tried by doctor', 'tried by doctor')"


def start_fault(url: str) -> str:
    """Why no engine starts, in one line; "" when one does. Takes seconds.

    Not for a process that has an engine: there can be only one. ``url``: the journal's.
    """
    if fault := version_fault(system_url(url)):
        return fault
    try:
        if fault := tables_fault(system_url(url)):
            return fault
        with _apart(url) as apart:
            system = System(apart, "proof", _never, _never, schema=SCHEMA)
            system.launch()
            system.destroy()
    except Exception as error:
        log.info("the engine did not start", exc_info=True)
        return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return ""


def tables_fault(url: str) -> str:
    """Why the tables of those at work take no row, tried and rolled back; "" when they do.

    "" too when there are no tables yet. Raises whatever the database raises.

    ``url``: DBOS's own database.
    """
    parsed = make_url(url)
    on_file = parsed.get_backend_name() == "sqlite"
    if on_file and not Path(parsed.database or "").exists():
        return ""
    made = parsed if on_file else parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(made, connect_args={} if on_file else REACHABLE)
    try:
        with engine.connect() as connection:
            tables = inspect(connection)
            if not tables.has_table(TABLE, schema=None if on_file else ENGINE_SCHEMA):
                return ""
            try:
                connection.execute(
                    text(TRIED.format(TABLE if on_file else f"{ENGINE_SCHEMA}.{TABLE}"))
                )
            finally:
                connection.rollback()
    except IntegrityError as error:
        return f"its tables take no row: {str(error.orig).splitlines()[0]}"
    finally:
        engine.dispose()
    return ""


@contextmanager
def _apart(url: str) -> Iterator[str]:
    """A database in which nobody works: a file of its own, or a schema that is dropped."""
    if make_url(url).get_backend_name() == "sqlite":
        with tempfile.TemporaryDirectory(prefix="credit-desk-") as folder:
            yield f"sqlite:///{Path(folder) / 'proof.sqlite'}"
        return
    try:
        yield url
    finally:
        made = make_url(url).set(drivername="postgresql+psycopg")
        engine = create_engine(made, connect_args=REACHABLE)
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
        engine.dispose()


def _never(*_: object) -> NoReturn:
    raise AssertionError("a proof carries nothing")
