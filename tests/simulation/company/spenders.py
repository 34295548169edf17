"""Students who book and cancel in their app, which reads, thinks, and then writes what it made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import MARKER, Kind
from core.credits.writes import Write
from tests.simulation.world import World

#: Between an app's read and its write.
THINKS_S = (0.2, 30.0)


@dataclass
class ThinkingSpenders:
    """Not atomic: what they write over between their read and their write is lost."""

    #: At each request of ours, one of them begins.
    often: float = 0.1
    #: Of those that begin: they cancel, and get a credit back.
    cancels: float = 0.3
    begun: int = 0
    #: What they took from each other with none of our writes between: no fault of ours.
    among_themselves: Counter[tuple[str, CreditType]] = field(default_factory=Counter)
    #: Counters where one wrote over ours the very value that stood there: HubSpot keeps no trace.
    unseen: set[tuple[str, CreditType]] = field(default_factory=set)
    #: Those that wrote over one of ours, with a trace.
    erased: int = 0

    def act(self, world: World) -> None:
        if world.rng.random() < self.often:
            self._begin(world)

    def _begin(self, world: World) -> None:
        contact, key = _of_a_booking(world)
        read, read_at = world.crm.balance(Kind.CONTACT, contact, key), world.time
        step = 1 if world.rng.random() < self.cancels else -1
        if read + step < 0:
            return
        self.begun += 1

        def write() -> None:
            self._write(world, contact, key, read, read_at, step)

        world.later(timedelta(seconds=world.rng.uniform(*THINKS_S)), write)

    def _write(
        self, world: World, contact: str, key: CreditType, read: int, read_at: datetime, step: int
    ) -> None:
        stood = world.crm.balance(Kind.CONTACT, contact, key)
        if not _ours_since(world, contact, key, read_at):
            self.among_themselves[contact, key] += stood - read
        elif stood == read + step:
            self.unseen.add((contact, key))
        elif stood != read:
            self.erased += 1
        world.spent[contact, key] -= step
        world.crm.foreign_write(
            Kind.CONTACT,
            contact,
            {key: read + step},
            source="INTEGRATION",
            source_id="student-app",
        )


def _of_a_booking(world: World) -> tuple[str, CreditType]:
    """A balance that the desk may be about to write."""
    booking = world.crm.truth.need(Kind.BOOKING, world.rng.choice(world.bookings))
    tokens = {credit.token: credit.key for credit in SCHOOL.credits}
    key = tokens.get(booking.properties["token_used"] or "", world.rng.choice(SCHOOL.keys))
    return booking.linked(Kind.CONTACT)[0].id, key


def _ours_since(world: World, contact: str, key: CreditType, since: datetime) -> bool:
    """Whether a write of ours that moved this counter landed since then."""
    markers = world.crm.truth.need(Kind.CONTACT, contact).versions.get(MARKER, ())
    return any(version.at >= since and _moves(world, version.value, key) for version in markers)


def _moves(world: World, marker: str, key: CreditType) -> bool:
    writes: list[Write] = [
        record.write
        for operation in (*world.operations, *world.corrective)
        for record in world.store.writes(operation)
        if record.write.id == marker
    ]
    return any(w.after.get(key, 0) != w.before.get(key, 0) for w in writes)
