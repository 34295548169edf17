"""The engine's tables run no code: whoever can write them cannot act as the desk."""

from __future__ import annotations

import ast
import base64
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dbos
import pytest
from sqlalchemy import Column, Connection, Engine, Table, create_engine, select, update
from sqlalchemy.engine import make_url

from core.workers.engine.attempt import Look
from core.workers.engine.dbos_runtime import SCHEMA, System, system_url
from core.workers.engine.proof import _never
from core.workers.engine.rows import RowRefused
from tests.contract.engine.conftest import Desk, eventually

pytestmark = pytest.mark.timeout(300)

#: The columns that DBOS reads by a serializer.
KEPT_VALUES = {"inputs", "output", "error", "message", "value", "context"}
#: How a row may name its serializer. None: as old rows do, which name none.
NAMES = ("py_pickle", None)
ID = "forged:1"


class Payload:
    """Whoever unpickles this makes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.file),)


def pickled(value: object) -> str:
    """As DBOS keeps it."""
    return base64.b64encode(pickle.dumps(value)).decode()


@contextmanager
def engine_tables(desk: Desk) -> Iterator[tuple[Engine, list[Table]]]:
    from dbos._schemas.system_database import SystemSchema

    url = make_url(system_url(desk.url))
    on_file = url.get_backend_name() == "sqlite"
    engine = create_engine(url if on_file else url.set(drivername="postgresql+psycopg"))
    tables = [t for t in SystemSchema.metadata_obj.sorted_tables if KEPT_VALUES & {*t.c.keys()}]
    place = {table.schema: None if on_file else SCHEMA for table in tables}
    try:
        yield engine.execution_options(schema_translate_map=place), tables
    finally:
        engine.dispose()


def forged(column: Column[Any], evil: str, named: str | None) -> object:
    """What a forger writes into that column."""
    if column.name in KEPT_VALUES:
        return evil
    known = {
        "offset": 0,  # where a stream begins
        "serialization": named,
        "status": "SUCCESS",
        "name": "carry",
        "schedule": "* * * * * *",
        "workflow_name": "carry",
        "message_uuid": "message",
    }
    if column.name in known:
        return known[column.name]
    if column.name.endswith("_uuid"):
        return ID
    is_number = column.type.python_type is int
    return 1 if is_number else "k"


def forge(connection: Connection, table: Table, evil: str, named: str | None) -> None:
    needed = [
        column
        for column in table.columns
        if column.name in KEPT_VALUES | {"serialization", "status", "name"}
        or not (column.nullable or column.server_default)
        or column.name.endswith("_uuid")
    ]
    connection.execute(table.insert().values({c.name: forged(c, evil, named) for c in needed}))


@pytest.mark.parametrize("named", NAMES)
def test_no_row_of_any_table_of_the_engine_is_unpickled_whoever_asks_dbos_for_it(
    desk: Desk, named: str | None, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    system = System(desk.url, "reader", _never, _never)
    system.launch()
    try:
        with engine_tables(desk) as (engine, tables), engine.begin() as connection:
            for table in tables:
                forge(connection, table, pickled(Payload(ran)), named)
        asked = dbos.DBOS
        for read in (
            lambda: asked.retrieve_workflow(ID).get_result(),
            lambda: asked.get_event(ID, "k", 1),
            lambda: asked.get_all_events(ID),
            lambda: list(asked.read_stream(ID, "k")),
        ):
            refused(read)
        asked.list_workflows(workflow_ids=[ID])
        asked.list_workflow_steps(ID)
        asked.list_schedules()
    finally:
        system.destroy()

    assert not ran.exists()
    pickle.loads(base64.b64decode(pickled(Payload(ran))))  # noqa: S301  (the forger's does run)
    assert ran.exists()


def refused(read: Callable[[], Any]) -> None:
    with pytest.raises((RowRefused, ValueError)):
        read()


@pytest.mark.parametrize("named", NAMES)
def test_work_whose_rows_are_forged_is_refused_by_name_and_begun_anew_from_the_journal(
    desk: Desk, named: str | None, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    evil = pickled(Payload(ran))
    left_by_a_killed_worker(desk)
    poison(desk, args=evil, look=evil, named=named)

    desk.let_go("begun")
    desk.worker("second")

    eventually(lambda: desk.ended("begun", "waits"))
    assert not ran.exists()
    told = desk.log_of("second")
    assert "Error executing workflow begun:1" in told
    if named:
        assert "a row of the engine's tables holds a pickle: refused" in told
        assert "waits: a row of the engine's tables holds a pickle: refused" in told


def test_work_under_way_of_a_former_release_is_taken_up_after_the_upgrade(desk: Desk) -> None:
    """It pickled its rows: they are refused, and the journal has what is not done."""
    left_by_a_killed_worker(desk)
    args = pickled({"args": ("begun",), "kwargs": {}})
    poison(desk, args=args, look=pickled(Look(again=None)), named="py_pickle")

    desk.let_go("begun")
    desk.worker("second")

    eventually(lambda: desk.ended("begun", "waits"))
    assert ["second"] == desk.told("ended", "begun") == desk.told("ended", "waits")


def left_by_a_killed_worker(desk: Desk) -> None:
    """``begun`` was in its first look, ``waits`` has one look recorded."""
    first = desk.worker("first")
    desk.confirm("begun", "block")
    desk.confirm("waits", "wait 600")
    eventually(lambda: desk.told("carries", "begun") == ["first"])
    eventually(lambda: looks(desk, "waits:1") == 1)
    desk.kill(first)


def looks(desk: Desk, workflow_id: str) -> int:
    with engine_tables(desk) as (engine, tables), engine.connect() as connection:
        [kept] = [table for table in tables if table.name == "operation_outputs"]
        chosen = select(kept).where(kept.c.workflow_uuid == workflow_id)
        return len(connection.execute(chosen).all())


def poison(desk: Desk, *, args: str, look: str, named: str | None) -> None:
    """``args``: of ``begun``; ``look``: the one of ``waits``."""
    written = 0
    with engine_tables(desk) as (engine, tables), engine.begin() as connection:
        for table in tables:
            if table.name in {"workflow_status", "workflow_input"}:
                values: dict[str, Any] = {"inputs": args}
                of = table.c.workflow_uuid == "begun:1"
            elif table.name == "operation_outputs":
                values = {"output": look}
                of = table.c.workflow_uuid == "waits:1"
            else:
                continue
            if "serialization" in table.c:
                values["serialization"] = named
            written += connection.execute(update(table).where(of).values(values)).rowcount
    assert written >= 2


def test_dbos_unpickles_in_one_place_only_and_that_one_is_shut() -> None:
    """A release of DBOS that unpickles elsewhere fails here."""
    folder = Path(dbos.__file__).parent
    found = [
        f"{file.name}:{function.name}"
        for file in folder.rglob("*.py")
        for function in ast.walk(ast.parse(file.read_text()))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute)
        and node.attr in {"loads", "load", "Unpickler"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"pickle", "cloudpickle", "dill", "jsonpickle", "marshal"}
    ]
    assert ["_serialization.py:deserialize"] == found
