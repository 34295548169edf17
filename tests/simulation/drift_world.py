"""A school whose stores drift, while everybody goes on: by a seed, in one thread, on one clock.

Sweeps and repairs crash, lose requests and change hands; the desk cancels and refunds, copies are
made, students spend, staff edit, all between two requests of a sweep.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from core.app.assembly import assemble
from core.app.assembly.parts import Core
from core.credits.catalogue import SCHOOL
from core.credits.errors import NotSent, Superseded
from core.credits.records import MARKER, Kind
from core.drift.causes import Cause
from core.drift.sweeps import SweepMode
from core.mirror.rows import SOURCE_TIME
from core.mirror.store.outbox_port import Due
from core.operations.choosing.select import ByReference
from core.operations.states import ENDED
from core.operations.verdicts import OperationKind
from core.work.work import Work
from tests.fakes.crm import FakeCrm, Fault, Request
from tests.fakes.journal import MemoryJournal
from tests.fakes.mirror import FakeMirror
from tests.simulation.stores import differing
from tests.simulation.world import ADMIN, Crash, NoEngine

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
LOOKS_MAX = 2000
Key = tuple[Kind, str]


@dataclass
class Rates:
    """Probabilities for each request of a sweep or a repair."""

    crash: float = 0.03
    not_sent: float = 0.04
    mirror_dies: float = 0.02
    second_worker: float = 0.02
    desk_works: float = 0.2
    copies: float = 0.3
    somebody_acts: float = 0.1


@dataclass
class DriftWorld:
    seed: int
    contacts: int = 40
    rates: Rates = field(default_factory=Rates)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.time = START
        self.crm = FakeCrm(self.now, sending=self._sending, batch_max=self.rng.choice([3, 10, 100]))
        self.store = MemoryJournal()
        self.mirror = FakeMirror(now=self.now)
        self.ids = count(1)
        self.quiet = True
        self.inside = False
        self.down_until: datetime | None = None
        #: Work that a second worker may take up.
        self.carried: tuple[Work, str] | None = None
        self.expected: dict[Key, Cause] = {}
        #: Records that somebody else changed while a sweep ran: found or not, both are true.
        self.touched: set[Key] = set()
        self.operations: list[str] = []
        self._populate()
        self.core = self.process()
        self._copy_all()
        self.time += timedelta(hours=1)

    def now(self) -> datetime:
        return self.time

    def process(self) -> Core:
        """Nothing in memory but the stores."""
        return assemble(
            crm=self.crm,
            mirror=self.mirror,
            journal=self.store,
            engine=NoEngine(),
            admins=(ADMIN.email,),
            now=self.now,
            make_id=lambda: f"id{next(self.ids)}",
            chance=self.rng.random,
            groups_at_once=1,
            sweep_pages_at_once=1,
        )

    # --- the school

    def _populate(self) -> None:
        ids = [str(100 + n) for n in range(self.contacts)]
        self.rng.shuffle(ids)
        for id_ in sorted(ids):
            balances: dict[str, int | str | None] = {}
            balances |= {key: self.rng.randint(1, 4) for key in SCHOOL.keys}
            self.crm.add_contact(id_, balances, email=f"s{id_}@example.test")
        for exam in ("70", "71"):
            self.crm.add_exam(exam, 20, mock_type="Clinical Skills")
        self.free = iter(ids)
        self.busy = [next(self.free) for _ in range(4)]
        self.open = [next(self.free) for _ in range(4)]
        self.bookings: dict[str, str] = {}
        for n, contact in enumerate([*ids, *self.busy * 8]):
            self._book(str(500 + n), contact)

    def _book(self, id_: str, contact: str) -> None:
        exam = "71" if contact in self.busy else "70"
        token = "Clinical Skills Token"
        self.crm.add_booking(id_, contact=contact, exam=exam, token=token)
        self.bookings[id_] = contact

    def _copy_all(self) -> None:
        for kind in Kind:
            ids = [record.id for record in self.crm.truth.all(kind)]
            self.core.mirror_copier.put([Due(kind=kind, record_id=id_, row=None) for id_ in ids])
        self.drain()

    def drain(self) -> None:
        while self.core.mirror_copier.drain().taken:
            pass

    def _booking_of(self, contact: str) -> str:
        return next(id_ for id_, held in self.bookings.items() if held == contact)

    # --- what drifts

    def plant(self) -> None:
        """Some of each cause, each on a contact of its own."""
        plants: list[Callable[[str], Iterator[tuple[Kind, str, Cause]]]] = [
            self._edited,
            self._spent,
            self._older_copy,
            self._changed_in_mirror,
            self._gone,
            self._merged,
            self._unreadable,
            self._failed,
            self._seat,
            self._missing,
            self._orphan,
        ]
        self.rng.shuffle(plants)
        for plant in plants:
            for kind, id_, cause in plant(next(self.free)):
                self.expected[kind, id_] = cause
            self.time += timedelta(seconds=self.rng.randint(1, 600))
        self.time += timedelta(minutes=5)

    def _write(self, id_: str, source: str, **more: str) -> None:
        held = self.crm.balance(Kind.CONTACT, id_, "cs_credits")
        changes: dict[str, int | str | None] = {"cs_credits": held - 1, **more}
        self.crm.foreign_write(Kind.CONTACT, id_, changes, source=source, source_id=f"{source}-app")

    def _edited(self, id_: str) -> Iterator[tuple[Kind, str, Cause]]:
        self._write(id_, "CRM_UI")
        yield Kind.CONTACT, id_, Cause.CHANGED_IN_HUBSPOT

    def _spent(self, id_: str) -> Iterator[tuple[Kind, str, Cause]]:
        self._write(id_, "INTEGRATION")
        yield Kind.CONTACT, id_, Cause.CHANGED_IN_HUBSPOT

    def _older_copy(self, id_: str) -> Iterator[tuple[Kind, str, Cause]]:
        self._write(id_, "INTEGRATION", **{MARKER: f"write-{id_}"})
        yield Kind.CONTACT, id_, Cause.OLDER_COPY

    def _changed_in_mirror(self, id_: str) -> Iterator[tuple[Kind, str, Cause]]:
        row = self.mirror.rows(Kind.CONTACT, [id_])[id_]
        edited = {"sj_credits": 9, "updated_at": self.time.isoformat()}
        self.mirror.put(Kind.CONTACT, {**row, **edited})
        yield Kind.CONTACT, id_, Cause.CHANGED_IN_MIRROR

    def _gone(self, id_: str) -> Iterator[tuple[Kind, str, Cause]]:
        self.crm.archive(Kind.CONTACT, id_)
        yield Kind.CONTACT, id_, Cause.CONTACT_GONE

    def _merged(self, id_: str) -> Iterator[tuple[Kind, str, Cause]]:
        other = next(self.free)
        into = self.crm.merge(Kind.CONTACT, id_, other)
        for each in (id_, other):
            yield Kind.CONTACT, each, Cause.CONTACT_MERGED
            yield Kind.BOOKING, self._booking_of(each), Cause.CONTACT_MERGED
        yield Kind.CONTACT, into, Cause.CONTACT_MERGED

    def _unreadable(self, id_: str) -> Iterator[tuple[Kind, str, Cause]]:
        self.crm.foreign_write(Kind.CONTACT, id_, {"cs_credits": "abc"})
        yield Kind.CONTACT, id_, Cause.UNREADABLE_VALUE

    def _failed(self, id_: str) -> Iterator[tuple[Kind, str, Cause]]:
        self._write(id_, "CRM_UI")
        self.mirror.refuse = lambda _, row: "a trigger says no" if row["hubspot_id"] == id_ else ""
        self.core.mirror_copier.put([Due(kind=Kind.CONTACT, record_id=id_, row=None)])
        while not self.store.outbox().dead:
            self.time += timedelta(minutes=1)
            self.drain()
        self.mirror.refuse = lambda _kind, _row: ""
        yield Kind.CONTACT, id_, Cause.COPY_FAILED

    def _seat(self, id_: str) -> Iterator[tuple[Kind, str, Cause]]:
        booking = self._booking_of(id_)
        self.crm.foreign_write(Kind.BOOKING, booking, {"is_active": "Cancelled"})
        yield Kind.BOOKING, booking, Cause.CHANGED_IN_HUBSPOT

    def _missing(self, _: str) -> Iterator[tuple[Kind, str, Cause]]:
        self.crm.add_contact("99", {"cs_credits": 2})
        self._book("900", "99")
        yield Kind.CONTACT, "99", Cause.MISSING_ROW
        yield Kind.BOOKING, "900", Cause.MISSING_ROW

    def _orphan(self, _: str) -> Iterator[tuple[Kind, str, Cause]]:
        for kind, id_ in ((Kind.CONTACT, "7"), (Kind.BOOKING, "8"), (Kind.EXAM, "9")):
            stamps = dict.fromkeys((SOURCE_TIME, "synced_at", "updated_at"), START.isoformat())
            self.mirror.put(kind, {"hubspot_id": id_, **stamps})
            yield kind, id_, Cause.ORPHAN_ROW

    # --- what happens meanwhile

    def _sending(self, _: Request) -> Fault:
        self.time += timedelta(milliseconds=self.rng.choice([1, 20, 150, 900]))
        if self.quiet or self.inside:
            return Fault.NONE
        self.inside = True
        try:
            return self._meanwhile()
        finally:
            self.inside = False

    def _meanwhile(self) -> Fault:
        rng, rates = self.rng, self.rates
        self._mirror_up_or_down()
        if self.down_until is None:
            if rng.random() < rates.desk_works:
                self._desk_works()
            if rng.random() < rates.copies:
                self.drain()
        if rng.random() < rates.somebody_acts:
            self._somebody_acts()
        if rng.random() < rates.second_worker and self.carried:
            self._look(self.process(), *self.carried)
        if rng.random() < rates.crash:
            raise Crash
        return Fault.NOT_SENT if rng.random() < rates.not_sent else Fault.NONE

    def _mirror_up_or_down(self) -> None:
        if self.down_until and self.time >= self.down_until:
            self.down_until = None
            self.mirror.come_back()
        elif self.down_until is None and self.rng.random() < self.rates.mirror_dies:
            self.down_until = self.time + timedelta(seconds=self.rng.randint(1, 120))
            self.mirror.die(NotSent("Supabase is away"))

    def _desk_works(self) -> None:
        """A whole operation, or one left where it waits; its copies come later."""
        if not self.operations or self.rng.random() < 0.3:
            of_busy = [id_ for id_, contact in self.bookings.items() if contact in self.busy]
            kind = self.rng.choice([OperationKind.CANCEL, OperationKind.REFUND])
            chosen = ByReference(references=(self.rng.choice(of_busy),))
            plan = self.core.operation_planner.preview(kind, chosen, ADMIN)
            if not plan.will_change:
                return
            self.operations.append(
                self.core.operation_commands.confirm(plan.id, ADMIN, reason="x").id
            )
        self.core.operation_runner.carry_out(self.rng.choice(self.operations))

    def _somebody_acts(self) -> None:
        """Outside the desk; now and then HubSpot tells of it."""
        id_ = self.rng.choice([*self.open, *self.busy])
        credit = self.rng.choice(["shared_mock_credits", "cs_credits"])  # the desk's own, too
        value = self.rng.randint(0, 5)
        self.crm.foreign_write(Kind.CONTACT, id_, {credit: value})
        self.touched.add((Kind.CONTACT, id_))
        if self.rng.random() < 0.5:
            self.core.mirror_copier.put([Due(kind=Kind.CONTACT, record_id=id_, row=None)])

    # --- work

    def sweep(self, mode: SweepMode = SweepMode.FULL) -> dict[Key, Cause]:
        asked = self.core.sweep_runner.ask(mode, ADMIN)
        self.see_through(Work.SWEEP, asked.id)
        done = self.store.sweep(asked.id)
        assert done.complete, done
        assert 0 == done.unexplained
        assert sum(done.known.values()) == sum(done.compared.values()) + done.left_alone
        return {(each.kind, each.record_id): each.cause for each in self.store.drifts(done.id)}

    def repair_all(self) -> str:
        """Preview and confirm in peace, as a person does; the repair itself is not."""
        was, self.quiet = self.quiet, True
        self._mirror_back()
        drifts = self.core.repair_runner.of_all(ADMIN)
        asked = self.core.repair_runner.confirm(drifts, ADMIN, "all") if drifts else None
        self.quiet = was
        if asked is None:
            return ""
        self.see_through(Work.REPAIR, asked.id)
        assert self.store.repair(asked.id).ended
        return asked.id

    def see_through(self, work: Work, id_: str) -> None:
        """As an engine does: look again, by another process after a crash."""
        self.carried = (work, id_)
        for _ in range(LOOKS_MAX):
            again = self._look(self.process(), work, id_)
            if again is None:
                break
            self.time = max(self.time, again) + timedelta(milliseconds=1)
            self._mirror_back_in_time()
            with suppress(Crash):
                self.drain()
        else:
            raise AssertionError(f"{work} {id_} did not end")
        self.carried = None

    def _look(self, core: Core, work: Work, id_: str) -> datetime | None:
        """What an engine makes of a look that went wrong."""
        try:
            return core.carries[work](id_)
        except Crash:
            return self.time + timedelta(seconds=self.rng.randint(1, 30))
        except Superseded:
            return self.time + timedelta(seconds=30)

    def _mirror_back_in_time(self) -> None:
        if self.down_until and self.time >= self.down_until:
            self._mirror_back()

    def _mirror_back(self) -> None:
        self.down_until = None
        self.mirror.come_back()

    def calm(self) -> None:
        """Everybody goes home; what was begun comes to its end."""
        self.quiet = True
        self._mirror_back()
        for id_ in self.operations:
            while self.store.operation(id_).state not in ENDED:
                again = self.core.operation_runner.carry_out(id_)
                self.time = max(self.time, again or self.time) + timedelta(seconds=1)
            while again := self.core.operation_runner.follow_up(id_):
                self.time = max(self.time, again) + timedelta(seconds=1)
        for _ in range(100):
            self.time += timedelta(seconds=60)
            self.drain()
            if not self.store.outbox().due:
                return
        raise AssertionError("copies are due for ever")

    # --- the truth of the matter

    def differing(self) -> set[Key]:
        return differing(self.crm, self.mirror)
