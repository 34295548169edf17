"""Everything that the desk does, done once to a school full of odd values, over each store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

import pytest
import stamina

from core.app.stores import SqlJournal
from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.drift.differences import Drift
from core.drift.repairs import RepairRow
from core.drift.sweeps import Sweep, SweepMode
from core.mirror.rows import columns
from core.mirror.store.outbox_port import Due
from core.mirror.supabase.client import Supabase
from core.operations.desks.rules import Takeover
from core.operations.plans import Plan
from core.operations.states import Item, Operation
from core.operations.verdicts import OperationKind
from core.work.work import Work
from sandbox.hubspot.server import HubSpotServer
from sandbox.supabase import LocalSupabase
from tests.contract.journal.stores import fresh_database
from tests.contract.odd.world import TOKEN, School
from tests.fakes.mirror import FakeMirror
from tests.unit.services.desk import ADMIN

RUNS = {OperationKind.REFUND: False, OperationKind.CANCEL: True}


@dataclass(slots=True)
class Ran:
    """What became of it all."""

    school: School
    plans: dict[OperationKind, Plan] = field(default_factory=dict)
    operations: dict[OperationKind, Operation] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    sweeps: list[tuple[Sweep, list[Drift]]] = field(default_factory=list)
    repaired: list[RepairRow] = field(default_factory=list)
    dead: list[Due] = field(default_factory=list)

    def swept(self) -> None:
        core, journal = self.school.core, self.school.journal
        asked = core.sweep_runner.ask(SweepMode.FULL, ADMIN)
        self.school.carry(Work.SWEEP, asked.id)
        self.sweeps.append((journal.sweep(asked.id), journal.drifts(asked.id)))

    def operated(self) -> None:
        school = self.school
        for kind, cancels in RUNS.items():
            ids = [odd.booking for odd in school.all if odd.to_cancel is cancels]
            plan = self.plans[kind] = school.preview(kind, ids)
            done = self.operations[kind] = school.run(plan)
            self.items |= {item.booking_id: item for item in school.journal.items(done.id)}

    def mended(self) -> None:
        core, journal = self.school.core, self.school.journal
        repair = core.repair_runner.confirm(core.repair_runner.of_all(ADMIN), ADMIN, "a test")
        self.school.carry(Work.REPAIR, repair.id)
        assert journal.repair(repair.id).ended
        self.repaired = journal.repair_rows(repair.id)


Stores = tuple[SqlJournal, FakeMirror | Supabase]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def stores(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stores]:
    """A SQLite file with a mirror in memory; PostgreSQL with the real Supabase beside it."""
    folder = tmp_path_factory.mktemp("odd")
    with ExitStack() as opened:
        if request.param == "sqlite":
            journal = SqlJournal(f"sqlite:///{folder / 'journal.sqlite'}")
            mirror: FakeMirror | Supabase = FakeMirror()
        else:
            stack = opened.enter_context(LocalSupabase(folder)).settings
            journal = SqlJournal(fresh_database(stack.db_url, "odd"))
            key = stack.service_role_key
            mirror = Supabase(url=stack.url, service_key=key, columns=columns(SCHOOL))
            opened.callback(mirror.close)
        opened.callback(journal.close)
        yield journal, mirror


@pytest.fixture(scope="module")
def ran(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("hubspot")
    journal, mirror = stores
    with (
        ExitStack() as opened,
        HubSpotServer(folder, token=TOKEN, rate_limit=5000) as server,
        stamina.set_testing(True, attempts=2, cap=True),
    ):
        school = opened.enter_context(closing(School(server, server.start(), journal, mirror)))
        made = Ran(school)
        records = [(Kind.CONTACT, odd.contact) for odd in school.all]
        records += [(odd.kind, odd.record) for odd in school.all if odd.kind is not Kind.CONTACT]
        dues = [Due(kind=kind, record_id=id_, row=None) for kind, id_ in records]
        school.core.mirror_copier.put(dues)
        school.copy_all()
        # odd markers would be taken for those of another desk, which stops an operation
        journal.take_over(
            Takeover(at=school.core.operation_commands.now(), by="a test", reason="odd ones")
        )
        made.operated()
        school.copy_all()
        made.swept()
        made.mended()
        school.copy_all()
        made.swept()
        made.dead = journal.outbox_rows(dead=True, limit=10_000)
        yield made
