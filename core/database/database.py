"""The database under the journal: connections, transactions, and what its errors mean."""

from __future__ import annotations

import logging
import random
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import orjson
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError

from core.credits.errors import JournalError, StoreFull
from core.credits.private_files import make_private
from core.credits.room import Room
from core.credits.texts import is_storable, storable, storable_json
from core.database.full_disk import for_lack_of_room, free
from core.database.sqlite import Commits, log_ahead, scrub

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


def _json(value: Any) -> str:
    """As JSON that SQLite and PostgreSQL both take, and can look into."""
    try:
        told = orjson.dumps(value)
    except TypeError:  # a lone surrogate, or a number of more than 64 bits
        told = orjson.dumps(storable_json(value))
    if b"\\u0000" in told:
        told = orjson.dumps(storable_json(value))
    return told.decode()


#: PostgreSQL keeps our tables apart from whatever else lives there: Supabase serves ``public``.
SCHEMA = "credit_desk"
#: Rows of the outbox are JSON: the standard library's took a tenth of a large operation's time.
OPTIONS: dict[str, Any] = {
    "json_serializer": _json,
    "json_deserializer": orjson.loads,
    # values are names and e-mails: they belong neither in logs nor in errors
    "hide_parameters": True,
}
#: Files are made by whoever comes first, and SQLite needs to write even to read.
_USER_MENDS = (
    "Run this as the user that the service runs as, or set OPS_DATABASE_URL to a file that this "
    "user may write (docs/deploy.md, One store)"
)
#: Supabase's, without its pooler.
DIRECT_HOST = re.compile(r"db\.[a-z0-9]+\.supabase\.(co|com|red)$")
IPV6_ONLY = (
    "This is Supabase's direct host, which answers over IPv6 alone. Set OPS_DATABASE_URL to the "
    "URL of the pooler, which answers over IPv4 (Supabase: Connect, Session pooler, port 5432; the "
    "Transaction pooler, port 6543, works too)"
)
#: For psycopg. A pooler hands the next transaction to another connection, which knows no statement.
#: A server whose machine is gone says no word, and Linux waits two hours for one: so after 10 s of
#: silence the connection is tried, and given up after 25 s. A server at work answers such a try.
REACHABLE: dict[str, Any] = {
    "prepare_threshold": None,
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
#: Under this name a transaction that writes keeps what is left to its end (``recording.record``).
AT_END = "desk_at_end"
#: How long one try waits for another writer. Ours hold the pen for milliseconds.
PATIENCE_S = 5.0
ATTEMPTS_MAX = 4
#: SQLSTATEs after which the same transaction may simply be tried again: serialization,
#: deadlock, lock not available, starting up.
PASSING = frozenset({"40001", "40P01", "55P03", "57P03"})
#: A process that stands still in the middle of a transaction (a suspended machine, say) loses it
#: after this: its locks would keep from its work whoever takes that over.
STANDS_STILL_S = 10.0


def _bindable(values: Any) -> Any:
    """Parameters of a statement, or of many, with the text that the database can keep."""
    if isinstance(values, list):
        return [_bindable(each) for each in values]
    if isinstance(values, dict):
        return _each_bindable(values) if _is_odd(values.values()) else values
    if isinstance(values, tuple):
        return tuple(map(_storable, values)) if _is_odd(values) else values
    return values


def _each_bindable(values: dict[Any, Any]) -> dict[Any, Any]:
    return {name: _storable(each) for name, each in values.items()}


def _storable(value: Any) -> Any:
    return storable(value) if type(value) is str else value


def _is_odd(values: Iterable[Any]) -> bool:
    """Of a whole row at once, for a large operation saves millions of values."""
    return not is_storable("".join([each for each in values if type(each) is str]))


def _keep_text_storable(engine: Engine) -> None:
    """One name with a NUL must not stop the transaction that saves a thousand others."""

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def _bound(
        connection: Connection,  # noqa: ARG001
        cursor: Any,  # noqa: ARG001
        statement: str,
        parameters: Any,
        context: Any,  # noqa: ARG001
        executemany: bool,  # noqa: ARG001
    ) -> tuple[str, Any]:
        return statement, _bindable(parameters)


class Database:
    """One SQLite file or PostgreSQL database. Safe to share between threads."""

    def __init__(
        self,
        url: str,
        patience_s: float = PATIENCE_S,
        stands_still_s: float = STANDS_STILL_S,
        at_end: Callable[[Connection], None] = lambda _: None,
    ) -> None:
        """Connects to nothing yet. ``url``: ``sqlite:///path`` or ``postgresql://...``.

        ``stands_still_s``: how long PostgreSQL waits for the next word of a writing transaction.
        ``at_end``: called in each transaction that writes, just before it commits.

        Raises:
            JournalError: it is no such URL, or a SQLite file that this user may not make or write.
        """
        self._at_end = at_end
        self._full = False
        self.url = _normal(url)
        self.on_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = (
            _sqlite(self.url, patience_s) if self.on_sqlite else _postgres(self.url, stands_still_s)
        )
        _keep_text_storable(self.engine)
        self._commits = Commits(self.url.database or "") if self.on_sqlite else None
        # SQLite has one writer at a time. Waiting here is fair and quick; its own waiting polls.
        self._turn: AbstractContextManager[Any] = (
            threading.Lock() if self.on_sqlite else nullcontext()
        )

    def read(self, work: Callable[[Connection], R]) -> R:
        """Run ``work`` in one transaction.

        Raises:
            JournalError: the database failed, in words for people.
        """
        return self._patiently(lambda: self._transaction(work, self.engine.connect()))

    def write(self, work: Callable[[Connection], R]) -> R:
        """Run ``work`` in one transaction: all of it is durable when this returns, or none is.

        ``work`` may be run several times, each in a transaction of its own.

        Raises:
            StoreFull: its disk is full, and nothing was saved.
            JournalError: the database failed, in words for people.
        """

        def to_its_end(connection: Connection) -> R:
            result = work(connection)
            self._at_end(connection)
            return result

        def once() -> R:
            with self._turn:
                options: dict[str, Any] = {"desk_writes": True, AT_END: []}
                connection = self.engine.connect().execution_options(**options)
                result = self._transaction(to_its_end, connection)
            self._full = False
            return result

        return self._patiently(once)

    def _transaction(self, work: Callable[[Connection], R], connection: Connection) -> R:
        with connection:
            result = work(connection)
            try:
                connection.commit()
            except DBAPIError as error:
                if _passing(error) and not error.connection_invalidated:
                    raise
                told = "broke while saving; it may be saved or not"
                # a server that ends while it commits has said too little, whatever it lacked
                raise self._failure(error, told, sure=not error.connection_invalidated) from None
            return result

    def _patiently(self, once: Callable[[], R]) -> R:
        attempt = 1
        while True:
            try:
                return once()
            except IntegrityError as error:
                raise self._failure(error, "refused what contradicts its records") from None
            except DBAPIError as error:
                if attempt == ATTEMPTS_MAX or not _passing(error):
                    raise self._failure(error, "failed") from None
                log.warning("%s was busy, trying again: %s", self, _said(error))
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
            attempt += 1

    def _failure(self, error: DBAPIError, what: str, *, sure: bool = True) -> JournalError:
        """To be raised from None: PostgreSQL's own words go on to quote the row.

        ``sure``: that nothing was saved, if it was for lack of room.
        """
        if for_lack_of_room(error, self.room().free):
            self._full = True
            if sure:
                return StoreFull(
                    f"the disk of {self} is full. Nothing of this was saved; all that was saved "
                    "before is there. Free space on it, or enlarge it: what waits then goes on by "
                    "itself"
                )
        return JournalError(f"{self} {what}: {_said(error)}{self._remedy(error)}")

    def _remedy(self, error: DBAPIError) -> str:
        """For a host that cannot be reached at all: no server has said anything yet."""
        unreached = isinstance(error, OperationalError) and not getattr(
            error.orig, "sqlstate", None
        )
        return f". {IPV6_ONLY}" if unreached and DIRECT_HOST.match(self.url.host or "") else ""

    def scrub(self) -> None:
        """What was deleted or blanked leaves the bytes of a SQLite file too. Never raises.

        PostgreSQL does so by itself, in its time (docs/access.md, Privacy).
        """
        if not self.on_sqlite:
            return
        try:
            with self._turn, self.engine.connect() as connection:
                raw: Any = connection.connection.driver_connection
                gone = scrub(raw)
        except (sqlite3.Error, DBAPIError) as error:
            log.warning("%s: what was forgotten is still in its file: %s", self, error)
            return
        if not gone:
            log.warning("%s: somebody reads; what was forgotten leaves its log later", self)

    def room(self) -> Room:
        """Whether there is room for more, as far as this process knows. Asks no database."""
        there = free(Path(self.url.database or "")) if self.on_sqlite else None
        return Room(full=self._full, free=there)

    def commits(self) -> int | None:
        """Another number after each commit by anybody; None: the database does not tell.

        PostgreSQL counts those of all its databases together, which never rest.
        """
        return self._commits.count() if self._commits is not None else None

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
        if self._commits is not None:
            self._commits.close()

    def __str__(self) -> str:
        """For error messages; never with a password."""
        return f"the operational store {self.address}"

    @property
    def address(self) -> str:
        """The URL, without a password."""
        return self.url.render_as_string(hide_password=True)


class _Part(Protocol):
    @property
    def _db(self) -> Database: ...


S = TypeVar("S", bound=_Part)


def reading(
    method: Callable[Concatenate[S, Connection, P], R],
) -> Callable[Concatenate[S, P], R]:
    """A method that is one transaction which only reads."""

    @wraps(method)
    def read(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._db.read(lambda connection: method(self, connection, *args, **kwargs))

    return read


def writing(
    method: Callable[Concatenate[S, Connection, P], R],
) -> Callable[Concatenate[S, P], R]:
    """A method that is one transaction: all or nothing, durable when it returns."""

    @wraps(method)
    def write(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._db.write(lambda connection: method(self, connection, *args, **kwargs))

    return write


def forgetting(
    method: Callable[Concatenate[S, Connection, P], R],
) -> Callable[Concatenate[S, P], R]:
    """As ``writing``; and what it blanked or deleted is gone from the files when it returns."""
    written = writing(method)

    @wraps(method)
    def forget(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        done = written(self, *args, **kwargs)
        self._db.scrub()
        return done

    return forget


def _normal(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise JournalError("OPS_DATABASE_URL is not a database URL") from error
    match url.drivername:
        case "sqlite" if url.database:
            return url
        case "postgres" | "postgresql" | "postgresql+psycopg":
            return url.set(drivername="postgresql+psycopg")
    raise JournalError(
        "OPS_DATABASE_URL must be sqlite:///<file> or postgresql://..., "
        f"not {url.render_as_string(hide_password=True)}"
    )


def _private_file(url: URL) -> None:
    """Make the file and its folder where they are missing, for their owner alone.

    Raises:
        JournalError: this user may not.
    """
    path = Path(url.database or "")
    try:
        make_private(path)
    except OSError as error:
        shown = url.render_as_string(hide_password=True)
        raise JournalError(
            f"the operational store {shown} cannot be opened: {error.filename or path}: "
            f"{error.strerror}. {_USER_MENDS}"
        ) from error


def _sqlite(url: URL, patience_s: float) -> Engine:
    _private_file(url)
    engine = create_engine(url, connect_args={"timeout": patience_s}, **OPTIONS)

    @event.listens_for(engine, "connect")
    def _connected(raw: Any, _: object) -> None:
        raw.isolation_level = None  # BEGIN is ours, below
        log_ahead(raw)
        cursor = raw.cursor()
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # A reader that turns writer cannot wait for the other writer; it fails at once.
        writes = connection.get_execution_options().get("desk_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(url: URL, stands_still_s: float) -> Engine:
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=15,
        connect_args=REACHABLE,
        execution_options={"schema_translate_map": {None: SCHEMA}},
        **OPTIONS,
    )
    limit = f"SET LOCAL idle_in_transaction_session_timeout = {round(1000 * stands_still_s)}"

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        if connection.get_execution_options().get("desk_writes"):
            connection.exec_driver_sql(limit)

    return engine


def _passing(error: DBAPIError) -> bool:
    """Whether nothing was saved and the same transaction may be tried again."""
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in PASSING
    said = str(error.orig).lower()
    return isinstance(error, OperationalError) and any(
        word in said for word in ("locked", "busy", "connect")
    )


def _said(error: DBAPIError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
