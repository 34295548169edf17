"""The school's own HubSpot and tables, and the desk over them; what its old apps read and write."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import sql

from core.app.assembly import assemble
from core.app.assembly.parts import Core
from core.app.stores import SqlJournal
from core.credits.account import OBJECT_TYPES, Portal
from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.drift.differences import Drift
from core.drift.sweeps import Sweep, SweepMode
from core.hubspot.client import HubSpot, connect
from core.mirror.names import MirrorNames
from core.mirror.rows import columns, probe_rows
from core.mirror.store.outbox_port import Due
from core.mirror.supabase import migrations
from core.mirror.supabase.client import Supabase
from core.operations.choosing.select import ByReference
from core.operations.states import ENDED, ItemState, Operation, OperationState
from core.operations.verdicts import OperationKind, Verdict
from core.settings.portal import Columns, make_names
from core.work.work import Work
from sandbox.demo.size import Size
from sandbox.hubspot.server import HubSpotServer
from sandbox.school.account import SchoolPortal
from sandbox.school.fill import fill
from sandbox.school.generations import TABLES, Generation, Tables
from sandbox.supabase import LocalSupabase
from tests.unit.services.desk import ADMIN, Account, HandEngine

TOKEN = "pat-school"
SIZE = Size(contacts=60, bookings=160, exams=10, seed=5)
LOOKS_MAX = 300
APPLIED_WITHIN_S = 10.0

#: What is of the school in its database, as the catalogue tells it: every difference is a change.
CATALOGUE = {
    "columns": """select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        pg_get_expr(d.adbin, d.adrelid)
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where c.relnamespace = %(schema)s::regnamespace and c.relkind = 'r' and a.attnum > 0
        and not a.attisdropped and c.relname not like 'credit_desk%%'""",
    "rules": """select conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        from pg_constraint where connamespace = %(schema)s::regnamespace
        and conrelid::regclass::text not like '%%credit_desk%%'""",
    "policies": """select tablename, policyname, cmd, roles::text, qual, with_check from pg_policies
        where schemaname = %(schema)s and tablename not like 'credit_desk%%'""",
    "access": """select relname, relrowsecurity, relforcerowsecurity, relacl::text
        from pg_class where relnamespace = %(schema)s::regnamespace and relkind = 'r'
        and relname not like 'credit_desk%%'""",
    "triggers": """select tgrelid::regclass::text, tgname from pg_trigger t
        join pg_class c on c.oid = t.tgrelid
        where c.relnamespace = %(schema)s::regnamespace and not tgisinternal""",
    "functions": """select proname, proacl::text from pg_proc
        where pronamespace = %(schema)s::regnamespace""",
    "indexes": """select tablename, indexname, indexdef from pg_indexes
        where schemaname = %(schema)s and tablename not like 'credit_desk%%'""",
}
#: What the desk adds to a table.
OWN = {"source_modified_at", "credit_desk_synced_at", "credit_desk_changed_at"}


@dataclass(slots=True)
class School:
    """One school before and after it takes Credit Desk in."""

    generation: Generation
    stack: LocalSupabase
    server: HubSpotServer
    url: str
    db: psycopg.Connection[Any]
    folder: Path
    planted: Mapping[str, Any]
    ahead: timedelta = timedelta()
    #: As they were before.
    catalogue: dict[str, set[tuple[Any, ...]]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    client: HubSpot = field(init=False)
    mirror: Supabase = field(init=False)
    journal: SqlJournal = field(init=False)
    core: Core = field(init=False)

    @property
    def tables(self) -> Tables:
        return TABLES[self.generation]

    @property
    def names(self) -> MirrorNames:
        told = tomllib.loads(self.tables.portal)["columns"]
        return make_names(Columns(**told), Portal())

    @property
    def sql(self) -> str:
        """What `python -m core mirror-sql` prints for this school."""
        return migrations.sql(self.tables.schema, self.names)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def open(self) -> None:
        """The desk, as the settings of this school make it."""
        self.client = connect(
            base_url=self.url, token=TOKEN, api_version="2026-09", portal=Portal(), now=self.now
        )
        self.mirror = Supabase(
            url=self.stack.settings.url,
            service_key=self.stack.settings.secret_key,
            columns=columns(SCHOOL),
            schema=self.tables.schema,
            names=self.names,
            probes=probe_rows(SCHOOL, self.now()),
        )
        self.journal = SqlJournal(f"sqlite:///{self.folder / 'ops.sqlite'}", admins=[ADMIN.email])
        self.core = assemble(
            crm=self.client,
            mirror=self.mirror,
            journal=self.journal,
            engine=HandEngine(),
            inspecting=Account(),
            admins=[ADMIN.email],
            now=self.now,
            chance=lambda: 0.5,
        )

    def close(self) -> None:
        self.client.close()
        self.mirror.close()
        self.journal.close()

    # what is of the school

    def told(self) -> dict[str, set[tuple[Any, ...]]]:
        return {
            what: set(self.db.execute(query, {"schema": self.tables.schema}).fetchall())
            for what, query in CATALOGUE.items()
        }

    def held(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, without what is the desk's."""
        name = sql.Identifier(self.tables.schema, table)
        rows = self.db.execute(sql.SQL("select to_jsonb(t) from {} as t").format(name))
        return [
            {name: value for name, value in row.items() if name not in OWN}
            for (row,) in sorted(rows, key=lambda row: str(row[0].get("hubspot_id") or row[0]))
        ]

    def execute(self, query: str, table: str, *values: object) -> None:
        """A statement over one of the school's tables, as a person in the database could."""
        name = sql.Identifier(self.tables.schema, table)
        self.db.execute(sql.SQL(query).format(name), values or ())

    # the old apps

    def ask(self, path: str, *, key: str = "", method: str = "GET", **more: Any) -> httpx.Response:
        """A request of an old app: with the server's key, in the school's schema."""
        headers = {
            "apikey": key or self.stack.settings.secret_key,
            "Accept-Profile": self.tables.schema,
            "Content-Profile": self.tables.schema,
            **more.pop("headers", {}),
        }
        url = f"{self.stack.settings.url}/rest/v1{path}"
        return httpx.request(method, url, headers=headers, timeout=60, **more)

    def read_as_before(self) -> dict[str, Any]:
        """What its readers ask for: a student's credits and bookings, an exam's, all exams."""
        tables = self.tables
        one = self.held("hubspot_contact_credits")[3]
        of_student = {
            "student_id": f"eq.{one['student_id']}",
            "email": f"eq.{one['email']}",
        }
        exam = self.held("hubspot_mock_exams")[0]["hubspot_id"]
        asked: dict[str, tuple[str, dict[str, str]]] = {
            "credits": ("/hubspot_contact_credits", {"select": "*", **of_student}),
            "bookings": (
                "/hubspot_bookings",
                {tables.contact: f"eq.{one['hubspot_id']}", "order": "hubspot_id"},
            ),
            "of an exam": (
                "/hubspot_bookings",
                {tables.exam: f"eq.{exam}", "is_active": "eq.Active", "order": "hubspot_id"},
            ),
            "exams": ("/hubspot_mock_exams", {"is_active": "eq.true", "order": "exam_date,id"}),
            "cancelled": (
                "/hubspot_bookings",
                {"is_active": "eq.Cancelled", "select": f"hubspot_id,{tables.name},exam_date"},
            ),
            "synced": ("/sync_metadata", {"select": "*", "order": "sync_type"}),
        }
        answers = {}
        for what, (path, params) in asked.items():
            answer = self.ask(path, params=params)
            assert answer.status_code == 200, answer.text
            assert answer.json(), what
            answers[what] = [
                {name: value for name, value in row.items() if name in self.own_columns(row)}
                for row in answer.json()
            ]
        return answers

    def own_columns(self, row: Mapping[str, Any]) -> set[str]:
        """Those of a row that the school's tables had before."""
        had = {str(name) for _, name, *_ in self.catalogue.get("columns", ())}
        return had or set(row)

    def wait_for_the_api(self) -> None:
        """It reads anew which functions there are, as the SQL tells it to."""
        deadline = time.monotonic() + APPLIED_WITHIN_S
        while self.ask("/rpc/credit_desk_schema", method="POST", json={}).status_code != 200:
            assert time.monotonic() < deadline, "the API never learnt of the functions"
            time.sleep(0.05)

    def booking(self, id_: str) -> dict[str, Any]:
        (row,) = self.ask("/hubspot_bookings", params={"hubspot_id": f"eq.{id_}"}).json()
        assert isinstance(row, dict)
        return row

    # what the desk does

    def swept(self, mode: SweepMode = SweepMode.FULL) -> tuple[Sweep, list[Drift]]:
        asked = self.core.sweep_runner.ask(mode, ADMIN)
        self.carry(Work.SWEEP, asked.id)
        return self.journal.sweep(asked.id), self.journal.drifts(asked.id)

    def done(self, kind: OperationKind, bookings: list[str]) -> Operation:
        chosen = ByReference(references=tuple(bookings))
        plan = self.core.operation_planner.preview(kind, chosen, ADMIN)
        told = [(row.booking_id, row.why, row.detail) for row in plan.rows]
        assert all(row.verdict is Verdict.WILL_CHANGE for row in plan.rows), told
        asked = self.core.operation_commands.confirm(plan.id, ADMIN, reason="a test")
        self.carry(Work.OPERATION, asked.id)
        self.copy_all()
        ended = self.journal.operation(asked.id)
        assert ended.state in ENDED
        assert ended.state is OperationState.DONE, ended
        items = self.journal.items(asked.id)
        assert {item.state for item in items} == {ItemState.DONE}, items
        return ended

    def carry(self, work: Work, id_: str) -> None:
        for _ in range(LOOKS_MAX):
            again = self.core.carries[work](id_)
            if again is None:
                return
            self.ahead += max(timedelta(), again - self.now())
        raise AssertionError(f"{work} {id_} did not end")

    def copy_all(self) -> None:
        for _ in range(20):
            while self.core.mirror_copier.drain().taken:
                pass
            if not self.journal.outbox().due:
                return
            self.ahead += timedelta(minutes=2)
        raise AssertionError("copies are due without an end")

    def hubspot(self, kind: Kind, id_: str) -> Mapping[str, Any]:
        type_ = self.server.store.catalog.kind(OBJECT_TYPES[kind])
        return self.server.store.rows(type_, [int(id_)])[int(id_)].properties


def due(contact: str) -> Due:
    """To be read from HubSpot and copied."""
    return Due(kind=Kind.CONTACT, record_id=contact, row=None)


@contextmanager
def school_before(folder: Path, generation: Generation, size: Size = SIZE) -> Iterator[School]:
    """As its developers left it: nothing of the desk is there."""
    tables = TABLES[generation]
    with ExitStack() as opened:
        stack = opened.enter_context(
            LocalSupabase(
                folder / "supabase",
                schemas=tuple(dict.fromkeys(("public", tables.schema))),
                instead=tables.make,
            )
        )
        server = HubSpotServer(folder, token=TOKEN, portal=SchoolPortal())
        opened.callback(server.stop)
        now = datetime.now(UTC).replace(microsecond=0)
        planted = fill(server.store, stack.settings.db_url, size, now, generation)
        db = opened.enter_context(psycopg.connect(stack.settings.db_url, autocommit=True))
        url = server.start()
        school = School(generation, stack, server, url, db, folder, planted)
        school.catalogue, school.answers = school.told(), school.read_as_before()
        yield school
