"""The SQLite file behind the sandbox: tables, connections, transactions.

WAL mode: a commit is in the system's file cache before the request is answered, so killing the
process loses no acknowledged write, and searches read beside the one writer. Nothing is forced
to the disk itself (`synchronous = off`): that would only help when the machine loses its power.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TABLES = """
create table if not exists kinds (
    kind integer primary key,
    object_type text not null unique,
    body text not null
);
create table if not exists definitions (
    kind integer not null,
    name text not null,
    body text not null,
    primary key (kind, name)
) without rowid;
-- properties: {name: text or null}; history: {name: [[value, ms, source...], oldest first]}
-- origin: the source of the values that have no history; merged_into: the object it became
create table if not exists objects (
    kind integer not null,
    id integer not null,
    properties text not null,
    created_at integer not null,
    updated_at integer not null,
    archived_at integer,
    merged_into integer,
    history text,
    origin text,
    primary key (kind, id)
);
create table if not exists uniques (
    kind integer not null,
    name text not null,
    value text not null,
    id integer not null,
    primary key (kind, name, value)
) without rowid;
create table if not exists association_types (
    no integer primary key,
    kind integer not null,
    to_kind integer not null,
    category text not null,
    type_id integer not null,
    name text,
    label text,
    inverse integer,
    unique (kind, to_kind, category, type_id)
);
create table if not exists links (
    kind integer not null,
    to_kind integer not null,
    id integer not null,
    to_id integer not null,
    type_no integer not null,
    primary key (kind, to_kind, id, to_id, type_no)
) without rowid;
create table if not exists journal_subscriptions (
    id integer primary key autoincrement,
    body text not null
);
create table if not exists journal_entries (
    no integer primary key autoincrement,
    offset text not null unique,
    at integer not null,
    body text not null
);
create table if not exists mails (
    no integer primary key autoincrement,
    status_id text not null unique,
    send_id text,
    at integer not null,
    pending_ms integer not null,
    result text not null,
    body text not null
);
create table if not exists association_limits (no integer primary key, most integer not null);
-- what free-text search looks through, in lower case
create table if not exists words (
    kind integer not null,
    id integer not null,
    text text not null,
    primary key (kind, id)
) without rowid;
create table if not exists settings (name text primary key, value text not null);
create table if not exists counters (name text primary key, value integer not null);
"""


class Database:
    """One writing connection behind a lock, and one reading connection for searches."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self.path = path
        self.main = _connection(path)
        self.main.executescript(TABLES)
        self.reading_lock = threading.Lock()
        self.reading = _connection(path)
        self.reading.execute("pragma query_only = on")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; an inner one is part of the outer one."""
        with self._lock:
            if self._depth:
                yield self.main
                return
            self._depth += 1
            try:
                self.main.execute("begin immediate")
                yield self.main
                self.main.execute("commit")
            except BaseException:
                self.main.execute("rollback")
                raise
            finally:
                self._depth -= 1

    @contextmanager
    def looking(self) -> Iterator[sqlite3.Connection]:
        """The writing connection, for reads that must see every write before them."""
        with self._lock:
            yield self.main

    def close(self) -> None:
        """Fold the log into the file, and let go of it."""
        with self._lock, self.reading_lock:
            self.reading.close()
            self.main.close()


def _connection(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = off")
    connection.execute("pragma busy_timeout = 10000")
    connection.execute("pragma cache_size = -65536")
    connection.execute("pragma mmap_size = 1073741824")
    return connection
