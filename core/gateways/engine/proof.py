"""Whether an engine starts on this machine and database, by starting one that carries nothing."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from core.gateways.engine.system import System

log = logging.getLogger(__name__)

#: Beside the engine's own schema, so that a proof takes no work from a worker.
SCHEMA = "credit_desk_engine_proof"


def start_fault(url: str) -> str:
    """Why no engine starts, in one line; "" when one does. Takes seconds.

    Not for a process that has an engine: there can be only one. ``url``: the journal's.
    """
    try:
        with _apart(url) as apart:
            system = System(apart, "proof", _never, _never, schema=SCHEMA)
            system.launch()
            system.destroy()
    except Exception as error:
        log.info("the engine did not start", exc_info=True)
        return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
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
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
        engine.dispose()


def _never(*_: object) -> NoReturn:
    raise AssertionError("a proof carries nothing")
