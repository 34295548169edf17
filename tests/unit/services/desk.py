"""A desk over fakes, with one clock, for tests of the services."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from core.app.assembly import assemble
from core.app.assembly.parts import Core
from core.credits.catalogue import SCHOOL, Catalogue
from core.credits.errors import GatewayError, JournalError, NotSent
from core.credits.records import BookingId, Kind
from core.credits.roles import Actor, Role
from core.credits.writes import Run
from core.health.doctor import Diagnosing
from core.hubspot.ports.channels import NO_TELLING, TellBy
from core.hubspot.ports.inspection import Finding, Heard, Quota
from core.operations.approval_rules import NO_SECOND, SecondAdmin
from core.operations.choosing.select import ByReference
from core.operations.plans import Plan
from core.operations.states import ENDED, Item, Operation
from core.operations.verdicts import OperationKind
from core.work.engine_port import CarryOut
from core.work.steady_clock import SteadyClock
from core.work.work import Work
from tests.fakes.crm import FakeCrm
from tests.fakes.journal import MemoryJournal
from tests.fakes.mirror import FakeMirror

ADMIN = Actor(email="ann@example.test", role=Role.ADMIN)
CS, SJ = "Clinical Skills Token", "Situational Judgment Token"
LOOKS_MAX = 200


@dataclass
class HandEngine:
    """Remembers what was submitted; the test itself carries it."""

    submitted: list[str] = field(default_factory=list)

    def submit(self, operation_id: str) -> None:
        self.submitted.append(operation_id)

    def start(self, carry_out: Mapping[Work, CarryOut]) -> None: ...
    def stop(self, *, grace_s: float) -> None: ...


@dataclass
class DiesAfter:
    """A journal whose process dies as soon as this method of it has come back."""

    journal: MemoryJournal
    last: str
    dead: bool = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if self.dead:
                raise JournalError("the process is dead")
            answer = getattr(self.journal, name)(*args, **kwargs)
            self.dead = name == self.last
            return answer

        return call


@dataclass
class Account:
    """``Inspecting`` with the findings that a test sets."""

    found: list[Finding] = field(default_factory=list)
    looks: int = 0
    told: Heard = field(default_factory=Heard)
    knocks: int = 0
    #: What a knock meets.
    shut: GatewayError | None = None

    def inspect(self) -> list[Finding]:
        self.looks += 1
        return self.found

    def quota(self) -> Quota:
        raise NotSent("no calls were made")

    def heard(self) -> Heard:
        return self.told

    def knock(self) -> None:
        self.knocks += 1
        if self.shut is not None:
            raise self.shut

    def provision(self) -> list[str]:
        self.found = []
        return ["property credit_desk_last_write of contacts"]


class TestDesk:
    """One exam, contacts as a test adds them."""

    __test__ = False

    def __init__(
        self,
        journal: Callable[[TestDesk], MemoryJournal] | None = None,
        *,
        second: SecondAdmin = NO_SECOND,
        admins: Sequence[str] = (ADMIN.email,),
        correct_losses: bool = True,
        catalogue: Catalogue = SCHOOL,
        mend_older_copies: bool = True,
        tell_by: TellBy = NO_TELLING,
    ) -> None:
        self.account = Account()
        self.time = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
        self.started = self.time
        #: How far this machine's clock was put forward; HubSpot's goes right.
        self.set_by = timedelta()
        self.crm = FakeCrm(lambda: self.time, sender=self.now)
        self.journal = journal(self) if journal else MemoryJournal()
        self.mirror = FakeMirror()
        self.engine = HandEngine()
        ids = count(1)
        self.core: Core = assemble(
            crm=self.crm,
            mirror=self.mirror,
            journal=self.journal,
            engine=self.engine,
            inspecting=self.account,
            admins=admins,
            second=second,
            correct_losses=correct_losses,
            catalogue=catalogue,
            mend_older_copies=mend_older_copies,
            now=self.now,
            clock=SteadyClock(self.now, self.seconds),
            make_id=lambda: f"id{next(ids)}",
            chance=lambda: 0.5,
            tell_by=tell_by,
        )
        self.crm.add_exam("70", 10, mock_type="Clinical Skills")
        self.schedule = self.core.scheduler

    def now(self) -> datetime:
        return self.time + self.set_by

    def seconds(self) -> float:
        return (self.time - self.started).total_seconds()

    def doctor(self) -> Diagnosing:
        return Diagnosing(self.account, self.mirror, self.journal, now=self.now)

    def booked(self, id_: str, contact: str, *, token: str = CS, status: str = "Cancelled") -> None:
        self.crm.add_booking(id_, contact=contact, exam="70", token=token, status=status)

    def plan(self, *ids: str, actor: Actor = ADMIN) -> Plan:
        return self.core.operation_planner.preview(
            OperationKind.REFUND, ByReference(references=ids), actor
        )

    def still_owed(self, *ids: str) -> None:
        """A person says so of these, whatever the history of the balance tells."""
        found = self.core.owed_decisions.choice(ByReference(references=ids), ADMIN)
        self.core.owed_decisions.decide(found.open, owed=True, reason="looked at it", actor=ADMIN)

    def held(self, contact: str, key: str) -> int:
        return self.crm.balance(Kind.CONTACT, contact, key)

    def confirm(
        self, *ids: str, kind: OperationKind = OperationKind.REFUND, reason: str = "a test"
    ) -> Operation:
        plan = self.core.operation_planner.preview(kind, ByReference(references=ids), ADMIN)
        return self.core.operation_commands.confirm(plan.id, ADMIN, reason=reason)

    def carry(self, operation: Operation) -> Operation:
        """Look again and again, as an engine does, until it has ended."""
        for _ in range(LOOKS_MAX):
            again = self.core.operation_runner.carry_out(operation.id)
            if again is None:
                break
            self.time = max(self.time + timedelta(milliseconds=1), again)
        assert self.journal.operation(operation.id).state in ENDED
        return self.follow_up(operation)

    def follow_up(self, operation: Operation) -> Operation:
        """Its follow-ups, until they are done or given up."""
        for _ in range(LOOKS_MAX):
            again = self.core.operation_runner.follow_up(operation.id)
            if again is None:
                break
            self.time = max(self.time + timedelta(milliseconds=1), again)
        return self.journal.operation(operation.id)

    def run(self, *ids: str, kind: OperationKind = OperationKind.REFUND) -> Operation:
        return self.carry(self.confirm(*ids, kind=kind))

    def item(self, operation: Operation, booking: str) -> Item:
        (found,) = self.journal.items(operation.id, bookings=[BookingId(booking)])
        return found

    def carry_on(self, work: Work, id_: str) -> None:
        """As an engine and the copying threads do, until it has ended."""
        for _ in range(LOOKS_MAX):
            again = self.core.carries[work](id_)
            self.drain()
            if again is None:
                return
            self.time = max(self.time + timedelta(milliseconds=1), again)
        raise AssertionError(f"{work} {id_} did not end")

    def drain(self) -> None:
        while self.core.mirror_copier.drain().taken:
            pass


def as_a_run_begins(desk: TestDesk, act: Callable[[], object], *, times: int = 1) -> None:
    """What somebody else does in the moment after a run began, so often."""
    begin = desk.journal.begin_run
    left = [act] * times

    def begin_run(operation_id: str, *, at: datetime) -> tuple[Run, Operation]:
        begun = begin(operation_id, at=at)
        if left:
            left.pop()()
        return begun

    desk.journal.begin_run = begin_run  # type: ignore[method-assign]  # the other's moment
