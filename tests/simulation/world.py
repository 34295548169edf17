"""A world in which everything that can go wrong does, by a seed: the protocol's proving ground.

One thread, one clock. Each request to HubSpot and each step of the journal may be cut short by a
crash; requests and answers get lost or arrive late; a student spends credits meanwhile; a second
worker takes the operation up while the first still runs; two admins' operations overlap.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from core.app.assembly import assemble
from core.app.assembly.parts import Core
from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import MARKER, Kind
from core.credits.roles import Actor, Role
from core.credits.writes import QUIET_PERIOD, MovementKind
from core.hubspot.ports.channels import NO_TELLING, TellBy
from core.mirror.copier import HOLD, WAIT_MAX_S, MirrorCopier
from core.operations.approval_rules import NO_SECOND, SecondAdmin
from core.operations.choosing.select import ByReference
from core.operations.crew.crew import Crew
from core.operations.desks.rules import Takeover
from core.operations.foreign.corrections import name_of
from core.operations.protocol.leases import LEASE
from core.operations.states import ENDED, FollowUps, ItemState
from core.operations.verdicts import OperationKind
from core.work.engine_port import CarryOut
from core.work.steady_clock import SteadyClock
from core.work.work import Work
from core.workers.engine.in_hand import WAIT_S_MAX
from tests.fakes.crm import FakeCrm, Fault, Request
from tests.fakes.journal import MemoryJournal
from tests.fakes.mirror import FakeMirror

ADMIN = Actor(email="ann@example.test", role=Role.ADMIN)
START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
#: Of a request that its sender gave up on: within the quiet period, or the promise has no ground.
LATEST = QUIET_PERIOD * 0.9
FOR_EVER = timedelta(days=365)


class Crash(Exception):
    """The process dies here."""


class Companion(Protocol):
    """Somebody else who works on the same account: a student app, a cron, a second desk."""

    def act(self, world: World) -> None:
        """Their turn, before and after each request of ours. Thinking takes ``world.later``."""
        ...


class NoEngine:
    """The world itself calls ``carry_out``."""

    def submit(self, operation_id: str) -> None: ...
    def start(self, carry_out: Mapping[Work, CarryOut]) -> None: ...
    def stop(self, *, grace_s: float) -> None: ...


@dataclass
class Rates:
    """Probabilities for each request or journal step."""

    crash: float = 0.02
    not_sent: float = 0.05
    request_lost: float = 0.06
    answer_lost: float = 0.06
    late: float = 0.06
    spend: float = 0.15
    #: A mirror thread gets its turn between two steps of the worker.
    copying: float = 0.3
    second_worker: float = 0.03
    #: Of the changes made meanwhile: by another desk on the same account, which marks its writes.
    other_desk: float = 0.3
    #: After a read a worker stands still for longer than its lease, and others go on.
    pause: float = 0.004
    #: Of worlds in which two students of the plan become one before it is carried.
    merge: float = 0.0


@dataclass
class World:
    seed: int
    rates: Rates = field(default_factory=Rates)
    admins: tuple[str, ...] = (ADMIN.email,)
    second: SecondAdmin = NO_SECOND
    company: Sequence[Companion] = ()
    #: Those whose turn comes between two steps of the journal, too.
    between: Sequence[Companion] = ()
    tell_by: TellBy = NO_TELLING
    group_sizes: Sequence[int] = (1, 3, 500)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.time = START
        #: How far our machine's clock is put forward; HubSpot's and everybody else's go right.
        self.set_by = timedelta()
        self.clock = SteadyClock(self.now, self.seconds)
        self.crm = FakeCrm(
            lambda: self.time, sender=self.now, sending=self._sending, answered=self._answered
        )
        self.store = MemoryJournal()
        if self.rates.other_desk:
            # whatever that desk writes was taken over: what is tried here is everything else
            self.store.take_over(Takeover(at=START + FOR_EVER, by=ADMIN.email, reason="known"))
        self.mirror = FakeMirror()
        self.ids = 0
        self.spent: Counter[tuple[str, str]] = Counter()
        self.started: Counter[tuple[str, str]] = Counter()
        #: By the id in the plan, the one it has now.
        self.merged: dict[str, str] = {}
        self.lags: dict[int, timedelta] = {}
        self.plans: list[tuple[datetime, Callable[[], None]]] = []
        self.depth = 0
        #: By how many others stand still meanwhile.
        self.workers: dict[int, Core] = {}
        self.copying = False
        self.quiet_world = True
        self.operations: list[str] = []
        #: Corrections that somebody asked for.
        self.corrective: list[str] = []
        self._populate()

    # --- clock and ids

    def now(self) -> datetime:
        return self.time + self.set_by

    def seconds(self) -> float:
        """Since this machine started."""
        return (self.time - START).total_seconds()

    def new_id(self) -> str:
        self.ids += 1
        return f"id{self.ids}"

    # --- the account

    def _populate(self) -> None:
        rng = self.rng
        self.contacts = [str(100 + n) for n in range(rng.randint(1, 4))]
        for contact in self.contacts:
            balances: dict[str, int | str | None] = {}
            for key in SCHOOL.keys:
                balances[key] = self.started[contact, key] = rng.randint(0, 3)
            self.crm.add_contact(contact, balances, email=f"s{contact}@example.test")
        self.exams = ["70", "71"]
        self.bookings = [str(500 + n) for n in range(rng.randint(2, 9))]
        seats = Counter(rng.choice(self.exams) for _ in self.bookings)
        for exam in self.exams:
            self.crm.add_exam(exam, seats[exam] + 3, mock_type="Clinical Skills")
        self.seats = {exam: seats[exam] + 3 for exam in self.exams}
        self.kind = rng.choice([OperationKind.CANCEL, OperationKind.REFUND])
        of_exam = [exam for exam, n in seats.items() for _ in range(n)]
        for booking, exam in zip(self.bookings, of_exam, strict=True):
            self.crm.add_booking(
                booking,
                contact=rng.choice(self.contacts),
                exam=exam,
                status="Active" if self.kind is OperationKind.CANCEL else "Cancelled",
                token=rng.choice([*(c.token for c in SCHOOL.credits), "Admin Override"]),
            )

    # --- what goes wrong

    def _sending(self, request: Request) -> Fault:
        self._pass_time()
        if self.quiet_world:
            return Fault.NONE
        rng, rates = self.rng, self.rates
        self._company()
        if rng.random() < rates.spend:
            self._spend()
        if self.depth < 2 and rng.random() < rates.second_worker:
            self._carry(rng.choice(self.operations))
        if rng.random() < rates.crash:
            raise Crash
        faults = [
            (rates.not_sent, Fault.NOT_SENT),
            (rates.request_lost, Fault.REQUEST_LOST),
            (rates.answer_lost, Fault.ANSWER_LOST),
            (rates.late, Fault.LATE),
        ]
        roll = rng.random()
        for rate, fault in faults:
            if roll < rate:
                return fault
            roll -= rate
        return Fault.NONE

    def _answered(self, request: Request) -> None:
        self._pass_time()
        if self.quiet_world:
            return
        self._company()
        if self.rng.random() < self.rates.spend:
            self._spend()
        if self.rng.random() < self.rates.crash:
            raise Crash
        if request.what == "read" and self.depth < 2 and self.rng.random() < self.rates.pause:
            self.time += LEASE * 1.1
            self._carry(self.rng.choice(self.operations))

    def _pass_time(self) -> None:
        self.time += timedelta(milliseconds=self.rng.choice([1, 20, 150, 900]))
        self.let_arrive()

    def later(self, after: timedelta, act: Callable[[], None]) -> None:
        """Read now, write when thought about: people and their apps are not atomic."""
        self.plans.append((self.time + after, act))

    def _keep_appointments(self) -> None:
        """Each at its own moment, however far the clock went in one step."""
        now = self.time
        for plan in sorted((p for p in self.plans if p[0] <= now), key=lambda p: p[0]):
            self.plans.remove(plan)
            self.time = plan[0]
            plan[1]()
        self.time = now

    def let_arrive(self) -> None:
        """The writes of those who have thought enough, and late requests."""
        self._keep_appointments()
        self._deliver()

    def _company(self) -> None:
        for companion in self.company:
            companion.act(self)

    def _deliver(self) -> None:
        """Late requests arrive, in any order, before the quiet period is over."""
        for late in list(self.crm.late):
            lag = self.lags.setdefault(id(late), LATEST * self.rng.random())
            if self.time >= late.since + lag:
                self.crm.deliver_late(self.crm.late.index(late))

    def _spend(self) -> None:
        """Somebody else takes a credit, atomically: what they read is what they write over."""
        contact = self.rng.choice(self.contacts)
        key = self.rng.choice(SCHOOL.keys)
        held = self.crm.balance(Kind.CONTACT, contact, key)
        if held:
            changes: dict[str, int | str | None] = {key: held - 1}
            if self.rng.random() < self.rates.other_desk:
                changes[MARKER] = f"other-desk-{self.rng.random()}"
            self.crm.foreign_write(
                Kind.CONTACT, contact, changes, source="INTEGRATION", source_id="student-app"
            )
            self.spent[contact, key] += 1

    # --- processes

    def process(self) -> Core:
        """A fresh process: nothing in memory but the stores."""
        journal: Any = CrashingJournal(self.store, lambda: self._journal_step(core.mirror_copier))
        core = self._assembled(journal)
        return core

    def _assembled(self, journal: Any) -> Core:
        return assemble(
            crm=self.crm,
            mirror=self.mirror,
            journal=journal,
            engine=NoEngine(),
            admins=self.admins,
            second=self.second,
            now=self.now,
            clock=self.clock,
            make_id=self.new_id,
            chance=self.rng.random,
            groups_at_once=1,
            group_size=self.rng.choice(self.group_sizes),
            tell_by=self.tell_by,
            crew=self._crew(journal),
        )

    def _crew(self, journal: Any) -> Crew | None:
        """With whom this process carries operations: here alone."""
        return None

    @property
    def admin(self) -> Actor:
        return ADMIN

    def in_office(self) -> Core:
        """A process that only asks: what it saves is saved."""
        return self._assembled(self.store)

    def _journal_step(self, mirroring: MirrorCopier) -> None:
        if self.quiet_world:
            return
        if self.rng.random() < self.rates.crash / 4:
            raise Crash
        for companion in self.between:
            companion.act(self)
        if not self.copying and self.rng.random() < self.rates.copying:
            self.copying = True
            try:
                mirroring.drain()
            finally:
                self.copying = False

    def _worker(self) -> Core:
        """Whose turn it is: it lives, and remembers, until it crashes."""
        if self.depth not in self.workers:
            self.workers[self.depth] = self.process()
        return self.workers[self.depth]

    def carry(self, operation_id: str) -> datetime | None:
        """Another process takes it up, while the one whose turn it is stands still."""
        return self._carry(operation_id)

    def _carry(self, operation_id: str) -> datetime | None:
        """One look of one worker. A crash is the end of that worker, not of the world."""
        self.depth += 1
        try:
            carrying = self._worker().operation_runner
            again = carrying.carry_out(operation_id)
            return carrying.follow_up(operation_id) if again is None else again
        except Crash:
            del self.workers[self.depth]
            return self.now()
        finally:
            self.depth -= 1

    def run(self) -> None:
        """Two admins confirm overlapping plans; workers carry them until both have ended."""
        core = self.process()
        for n in range(2):
            chosen = tuple(b for b in self.bookings if n == 0 or self.rng.random() < 0.6)
            if not chosen:
                continue
            plan = core.operation_planner.preview(self.kind, ByReference(references=chosen), ADMIN)
            if plan.will_change:
                core.operation_commands.confirm(plan.id, ADMIN, reason="the simulation")
                self.operations.append(plan.id)
        if len(self.contacts) > 1 and self.rng.random() < self.rates.merge:
            self._merge()
        self.quiet_world = False
        self.see_through(self.operations)

    def is_carried(self, operation_id: str) -> bool:
        """Whether it has not ended, or its follow-ups are due."""
        operation = self.store.operation(operation_id)
        return operation.state not in ENDED or operation.follow_ups is FollowUps.DUE

    def _merge(self) -> None:
        """Their bookings are one student's now; the plans still name two."""
        pair = self.rng.sample(self.contacts, 2)
        one = self.crm.merge(Kind.CONTACT, *pair)
        self.merged |= dict.fromkeys(pair, one)
        self.contacts = [id_ for id_ in self.contacts if id_ not in pair] + [one]
        for key in SCHOOL.keys:
            self.started[one, key] = self.crm.balance(Kind.CONTACT, one, key)

    def see_through(self, operations: Sequence[str]) -> None:
        """Workers carry these until they have ended."""
        for step in range(400):
            waiting = [o for o in operations if self.is_carried(o)]
            if not waiting:
                break
            if step > 60:
                self.quiet_world = True  # a storm passes; then everything must come right
            self.meanwhile()
            set_by = self.set_by
            looks = [self._carry(operation) for operation in waiting]
            times = [look for look in looks if look is not None]
            if times:
                then = min(times) - self.set_by
                if self.set_by != set_by:  # they were told by a clock that was set since
                    then = min(then, self.time + timedelta(seconds=WAIT_S_MAX))
                self.time = max(self.time, then)
                self.let_arrive()
        else:
            raise AssertionError(f"seed {self.seed}: not ended after 400 looks")

    def meanwhile(self) -> None:
        """What people do between two looks of the workers: here, nothing."""

    # --- what must hold

    def copy_all(self, told: str) -> None:
        """In peace every copy is made; none is given up."""
        self.quiet_world = True
        self.time += HOLD  # what a dead process held is free again
        mirroring = self.process().mirror_copier
        for _ in range(50):
            if not mirroring.drain().taken:
                if not self.store.outbox().due:
                    break
                self.time += timedelta(seconds=WAIT_MAX_S)  # one that failed waits for its next try
        outbox = self.store.outbox()
        assert outbox.due == 0, told
        assert outbox.dead == 0, f"{told}: a copy was given up, though all it needed was an answer"

    def ideal(self, contact: str, key: CreditType) -> int:
        landed = sum(
            1
            for operation in self.operations
            for item in self.store.items(operation)
            if item.state is ItemState.DONE
            and item.credit == key
            and self.merged.get(str(item.contact_id), item.contact_id) == contact
        )
        return self.started[contact, key] + landed - self.spent[contact, key]

    def corrections(self, target: str, key: str) -> int:
        """What is still due to a balance by what was found."""
        found = [
            foreign
            for operation in self.operations
            for foreign in self.store.foreign_writes(operation)
            if foreign.target_id == target and foreign.credit == key
        ]
        names = [name_of(foreign) for foreign in found]
        done = self.store.claimed(names, MovementKind.CORRECTION)
        return sum(each.correction for each in found if name_of(each) not in done)


class CrashingJournal:
    """The journal of a process that may die before or after any transaction."""

    def __init__(self, store: MemoryJournal, step: Callable[[], None]) -> None:
        self._store = store
        self._step = step

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def stepped(*args: Any, **kwargs: Any) -> Any:
            self._step()
            result = method(*args, **kwargs)
            self._step()
            return result

        return stepped
