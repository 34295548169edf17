"""A second desk: another store on the same account, whose admin refunds the same list."""

from __future__ import annotations

from datetime import datetime
from itertools import count

from core.app.assembly import assemble
from core.app.assembly.parts import Core
from core.credits.roles import Actor, Role
from core.operations.choosing.select import ByReference
from core.operations.states import ENDED, ItemState
from tests.fakes.journal import MemoryJournal
from tests.fakes.mirror import FakeMirror
from tests.simulation.world import Crash, NoEngine, World

BEN = Actor(email="ben@example.test", role=Role.ADMIN)


class SecondDesk:
    """A companion. Each of its looks comes between two requests of the first desk."""

    def __init__(self, chance: float = 0.2) -> None:
        self.chance = chance
        self.store = MemoryJournal()
        self.mirror = FakeMirror()
        self.ids = count(1)
        self.operation = ""
        self.busy = False

    def act(self, world: World) -> None:
        if self.busy or world.rng.random() >= self.chance:
            return
        self.busy = True
        try:
            self.look(world)
        except Crash:
            pass  # the end of its process, not of its store
        finally:
            self.busy = False

    def look(self, world: World) -> datetime | None:
        """Confirm the list, once; then carry it on as far as it goes."""
        core = self.process(world)
        if self.operation:
            return core.operation_runner.carry_out(self.operation)
        chosen = ByReference(references=tuple(world.bookings))
        plan = core.operation_planner.preview(world.kind, chosen, BEN)
        if plan.will_change:
            core.operation_commands.confirm(plan.id, BEN, reason="the other desk")
            self.operation = plan.id
        return None

    def process(self, world: World) -> Core:
        return assemble(
            crm=world.crm,
            mirror=self.mirror,
            journal=self.store,
            engine=NoEngine(),
            admins=[BEN.email],
            now=world.now,
            make_id=lambda: f"other{next(self.ids)}",
            chance=world.rng.random,
            groups_at_once=1,
        )

    def see_through(self, world: World) -> None:
        """Until its operation has ended."""
        self.busy = True
        for _ in range(200):
            if not self.operation or self.store.operation(self.operation).state in ENDED:
                return
            again = self.look(world)
            world.time = max(world.time, again) if again is not None else world.time
            world.let_arrive()
        raise AssertionError(f"seed {world.seed}: the second desk did not end")

    def given(self) -> dict[str, tuple[str, str]]:
        """Contact and credit of each booking that it says it refunded."""
        return given(self.store, self.operation)


def given(store: MemoryJournal, operation: str) -> dict[str, tuple[str, str]]:
    if not operation:
        return {}
    return {
        str(item.booking_id): (str(item.contact_id), str(item.credit))
        for item in store.items(operation)
        if item.state is ItemState.DONE and item.credit is not None
    }
