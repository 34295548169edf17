"""The same mirror twice: in memory, and supabase-py over real PostgREST and PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString, Protocol

import psycopg
import pytest

from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.mirror.port import Mirror, MirrorRow
from core.mirror.rows import TABLES, columns
from core.mirror.supabase.client import Supabase
from sandbox.supabase import LocalSupabase
from tests.fakes.mirror import FakeMirror

_numbers = itertools.count(1)


class Setting(Protocol):
    """A mirror, and what a test does to it from outside."""

    @property
    def mirror(self) -> Mirror: ...

    def edit(self, kind: Kind, id_: str, column: str, value: object) -> None:
        """Change one value in the database, as a person could."""
        ...

    def referring(self, kind: Kind, id_: str, table: str) -> AbstractContextManager[None]:
        """A table of the school's with a row that refers to this one by foreign key."""
        ...

    def never_empty(self, kind: Kind, column: str) -> AbstractContextManager[None]:
        """A table whose column may not be empty, with a default, as a school's may be."""
        ...

    def die(self) -> None: ...
    def come_back(self) -> None: ...


@dataclass
class InMemory:
    mirror: FakeMirror

    @contextmanager
    def referring(self, kind: Kind, id_: str, table: str) -> Iterator[None]:
        self.mirror.referring[kind, id_] = table
        yield
        del self.mirror.referring[kind, id_]

    @contextmanager
    def never_empty(self, kind: Kind, column: str) -> Iterator[None]:
        self.mirror.never_empty.add((kind, column))
        yield
        self.mirror.never_empty.remove((kind, column))

    def edit(self, kind: Kind, id_: str, column: str, value: object) -> None:
        self.mirror.put(kind, {**self.mirror.rows(kind, [id_])[id_], column: value})

    def die(self) -> None:
        self.mirror.die()

    def come_back(self) -> None:
        self.mirror.come_back()


@dataclass
class OverSupabase:
    mirror: Supabase
    stack: LocalSupabase
    db: psycopg.Connection[Any]

    @contextmanager
    def referring(self, kind: Kind, id_: str, table: str) -> Iterator[None]:
        names = {
            "other": psycopg.sql.Identifier(table),
            "ours": psycopg.sql.Identifier(TABLES[kind]),
        }
        make = "create table {other} (student text references {ours} (hubspot_id))"
        self.db.execute(psycopg.sql.SQL(make).format(**names))
        try:
            fill = psycopg.sql.SQL("insert into {other} values (%s)").format(**names)
            self.db.execute(fill, [id_])
            yield
        finally:
            self.db.execute(psycopg.sql.SQL("drop table {other}").format(**names))

    @contextmanager
    def never_empty(self, kind: Kind, column: str) -> Iterator[None]:
        self._empty(kind, column, "update {table} set {column} = 0 where {column} is null")
        self._empty(kind, column, "alter table {table} alter column {column} set not null")
        try:
            yield
        finally:
            self._empty(kind, column, "alter table {table} alter column {column} drop not null")

    def _empty(self, kind: Kind, column: str, query: LiteralString) -> None:
        table, name = psycopg.sql.Identifier(TABLES[kind]), psycopg.sql.Identifier(column)
        self.db.execute(psycopg.sql.SQL(query).format(table=table, column=name))
        self.db.execute("call credit_desk_build()")

    def edit(self, kind: Kind, id_: str, column: str, value: object) -> None:
        self.db.execute(
            psycopg.sql.SQL("update {} set {} = %s where hubspot_id = %s").format(
                psycopg.sql.Identifier(TABLES[kind]), psycopg.sql.Identifier(column)
            ),
            [value, id_],
        )

    def die(self) -> None:
        self.stack.set_fault("dead")

    def come_back(self) -> None:
        self.stack.set_fault("up")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSupabase]:
    with LocalSupabase(tmp_path_factory.mktemp("mirror")) as local:
        yield local


@pytest.fixture(scope="session")
def db(stack: LocalSupabase) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack.settings.db_url, autocommit=True) as connection:
        yield connection


class Connect(Protocol):
    def __call__(self, **changed: Any) -> Supabase: ...


@pytest.fixture
def connect(stack: LocalSupabase) -> Iterator[Connect]:
    """Makes clients of the stack, right but for what the test changes. All are closed."""
    right = {"url": stack.settings.url, "service_key": stack.settings.secret_key}
    with ExitStack() as made:

        def connected(**changed: Any) -> Supabase:
            client = Supabase(**{"columns": columns(SCHOOL), **right, **changed})
            made.callback(client.close)
            return client

        yield connected
        stack.set_fault("up")


@pytest.fixture
def supabase(connect: Connect) -> Supabase:
    return connect()


@pytest.fixture(params=["fake", "supabase"])
def setting(request: pytest.FixtureRequest) -> Setting:
    if request.param == "fake":
        return InMemory(FakeMirror())
    return OverSupabase(*map(request.getfixturevalue, ("supabase", "stack", "db")))


@pytest.fixture
def mirror(setting: Setting) -> Mirror:
    return setting.mirror


@pytest.fixture
def new_id() -> Callable[[], str]:
    return lambda: f"m{next(_numbers):06d}"


def at(minute: int) -> str:
    return f"2026-11-23T12:{minute:02d}:00+00:00"


def row(id_: str, minute: int, **columns: object) -> MirrorRow:
    return {"hubspot_id": id_, "source_modified_at": at(minute), **columns}
