"""A desk over fakes, filled with a school that could exist: for page tests and for looking at."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from core.access.sign_ins import RECORD, SignIn
from core.app.assembly import assemble
from core.app.assembly.parts import Core
from core.app.journal import Journal
from core.credits.catalogue import SCHOOL
from core.credits.records import ExamId, Kind
from core.credits.roles import Actor, Role
from core.hubspot.ports.channels import NO_TELLING, TellBy
from core.hubspot.ports.directory import Directory
from core.mirror.store.outbox_port import Due
from core.operations.approval_rules import NO_SECOND, SecondAdmin
from core.operations.choosing.select import ByExam
from core.operations.verdicts import OperationKind
from core.students.account import GivenNames
from core.work.engine_port import CarryOut
from core.work.work import Work, parted
from core.workers.store.port import WorkerInfo
from tests.fakes.crm import FakeCrm
from tests.fakes.journal import MemoryJournal
from tests.fakes.mirror import FakeMirror

ADMIN = "admin@example.test"
ACTOR = Actor(email=ADMIN, role=Role.ADMIN)
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)

FIRST_NAMES = (
    "Amara Ben Chloé Daniel Elif Farid Grace Hugo Ines Jonas Kavya Liam Mei Noor Olena Priya "
    "Quinn Rosa Sofia Tomás Uma Viktor Wen Ximena Yusuf Zoë Björn Aisha Mateo Hana"
)
LAST_NAMES = (
    "Okafor Lindqvist Tremblay Nguyen Haddad Kowalski Fernandes Singh O'Brien Müller Rossi Kaya "
    "Castellanos Ivanova Patel Dubois Yamamoto García Novak Abdi MacLeod Sørensen Chen Silva"
)
PLACES = ("Toronto", "Vancouver", "Calgary", "Montréal", "Online")
TYPES = [credit for credit in SCHOOL.credits if credit.mock_type]


def signed_in(**claims: Any) -> dict[str, Any]:
    """The claims of somebody who signed in at noon, but for what is said otherwise."""
    stated = {"is_logged_in": True, "email_verified": True, "iat": NOON.timestamp()}
    account = {"iss": "https://id.example.test", "sub": f"of {claims.get('email')}"}
    record = {RECORD: f"sign-in of {claims.get('email')}"}
    return stated | account | record | claims


def come_in(journal: Journal, claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """As the server does when somebody has signed in: these claims name a record that is kept."""
    begun = SignIn(
        id=str(claims[RECORD]),
        email=str(claims.get("email")).casefold(),
        at=NOON,
        until=NOON + timedelta(days=36_500),
    )
    journal.begin_sign_in(begun)
    return claims


@dataclass
class Clock:
    """Stands still until it is told."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **length: float) -> None:
        self.at += timedelta(**length)


class RunningClock(Clock):
    """Runs, and is put forward when it is told."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_(self, **length: float) -> None:
        self.ahead += timedelta(**length)


@dataclass(slots=True)
class IdleEngine:
    """Takes operations and carries none: a test says when and how far they go."""

    submitted: list[str] = field(default_factory=list)

    def submit(self, operation_id: str) -> None:
        self.submitted.append(operation_id)

    def start(self, carry_out: Mapping[Work, CarryOut]) -> None: ...
    def stop(self, *, grace_s: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Stage:
    """The fakes, and the core over them."""

    core: Core
    crm: FakeCrm
    journal: MemoryJournal
    mirror: FakeMirror
    engine: IdleEngine
    clock: Clock

    def worker_beats(self) -> None:
        """A worker is alive as of now."""
        now = self.clock()
        self.journal.heartbeat(
            WorkerInfo(
                executor_id="desk-1", host="desk", pid=4711, started_at=now, heartbeat_at=now
            )
        )

    def carry(self, key: str) -> None:
        """See it through as a worker would; nobody waits, for the clock is put forward.

        ``key``: of an operation its id, else as the engine takes it.
        """
        work, id_ = parted(key)
        works = [work, Work.FOLLOW_UPS] if work is Work.OPERATION else [work]
        for each in works:
            while (again := self.core.carries[each](id_)) is not None:
                self.core.mirror_copier.drain()
                self.clock.pass_(seconds=max((again - self.clock()).total_seconds(), 1))


def stage(
    *,
    clock: Clock | None = None,
    admins: frozenset[str] = frozenset({ADMIN}),
    group_size: int = 500,
    journal: Any = None,
    second: SecondAdmin = NO_SECOND,
    tell_by: TellBy = NO_TELLING,
    directory: Directory | None = None,
    demo: bool = False,
) -> Stage:
    """An empty account. ``journal``: a real one in the place of the one in memory."""
    clock = clock or Clock()
    ids = count(1)
    journal = journal or MemoryJournal(admins=admins)
    crm, mirror, engine = FakeCrm(clock), FakeMirror(), IdleEngine()
    core = assemble(
        crm=crm,
        mirror=mirror,
        journal=journal,
        engine=engine,
        admins=admins,
        second=second,
        now=clock,
        make_id=lambda: f"id{next(ids)}",
        group_size=group_size,
        groups_at_once=1,
        tell_by=tell_by,
        directory=directory,
        given_names=GivenNames(apps={"77": "Booking site"}),
        editor_url="https://supabase.com/dashboard/project/school/editor" if directory else "",
        demo=demo,
    )
    made = Stage(core, crm, journal, mirror, engine, clock)
    made.worker_beats()
    return made


def fill(made: Stage, *, contacts: int = 300, exams: int = 24, seed: int = 7) -> None:
    """A school term: exams, students, bookings, and the things that go wrong."""
    rng, crm = random.Random(seed), made.crm
    for n in range(contacts):
        first, last = rng.choice(FIRST_NAMES.split()), rng.choice(LAST_NAMES.split())
        balances: dict[str, int | str | None] = {c.key: rng.randint(0, 4) for c in SCHOOL.credits}
        if n % 97 == 5:
            balances["cs_credits"] = "abc"
        crm.add_contact(
            f"{52_000_000_000 + n}",
            balances,
            firstname=first,
            lastname=last,
            email=f"{first}.{last}{n}@students.example.test".lower().replace("'", ""),
            student_id=f"{100_200 + n}",
        )
    for n in range(exams):
        credit = TYPES[n % len(TYPES)]
        day = date(2026, 5, 9) + timedelta(days=2 * n)
        crm.add_exam(
            f"{71_000_000_000 + n}",
            48,
            mock_exam_name=f"{credit.mock_type} {day:%B %Y}",
            mock_type=credit.mock_type,
            exam_date=day.isoformat(),
            start_time=("09:00", "13:30")[n % 2],
            end_time=("12:00", "16:30")[n % 2],
            location=PLACES[n % len(PLACES)],
            capacity="60",
        )
    _book(made, rng, contacts, exams)


def _book(made: Stage, rng: random.Random, contacts: int, exams: int) -> None:
    number = 0
    for n in range(exams):
        credit = TYPES[n % len(TYPES)]
        day = date(2026, 5, 9) + timedelta(days=2 * n)
        takers = rng.sample(range(contacts), min(48, contacts))
        for contact in takers:
            number += 1
            status = rng.choices(("Active", "Cancelled", "Completed"), (70, 27, 3))[0]
            token = rng.choices(
                (credit.token, "Shared Token", "Admin Override", "Gift Token"), (88, 8, 3, 1)
            )[0]
            refunded = {"token_refunded": "true"} if rng.random() < 0.2 else {}
            made.crm.add_booking(
                f"{88_000_000_000 + number}",
                contact=f"{52_000_000_000 + contact}" if number % 211 else None,
                exam=f"{71_000_000_000 + n}",
                status=status,
                token=token,
                booking_id=f"{credit.mock_type}-{100_200 + contact}-{day:%B} {day.day}, {day.year}",
                mock_type=credit.mock_type,
                exam_date=day.isoformat(),
                location=PLACES[n % len(PLACES)],
                **(refunded if status == "Cancelled" else {}),
            )


def mirrored(made: Stage) -> None:
    """The mirror holds all that the truth does."""
    records = [(kind, record.id) for kind in Kind for record in made.crm.truth.all(kind)]
    made.core.mirror_copier.put([Due(kind=kind, record_id=id_, row=None) for kind, id_ in records])
    while made.core.mirror_copier.drain().taken:
        pass


def confirmed(made: Stage, *, exam: str = "71000000000", kind: OperationKind) -> str:
    """The id of an operation, confirmed and held."""
    plan = made.core.operation_planner.preview(kind, ByExam(ids=(ExamId(exam),)), ACTOR)
    made.core.operation_commands.confirm(plan.id, ACTOR, reason="Exam cancelled by the school")
    return plan.id
