"""No page asks a store once for each row: with ten times as many rows it asks as often."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update
from streamlit.testing.v1 import AppTest

from benchmarks import many_operations
from core.access.api_key_rules import FOR_STUDENTS, ApiKey
from core.access.identities import Account
from core.access.store.port import SavedFilter
from core.app import wiring
from core.app.stores import SqlJournal
from core.credits.catalogue import SCHOOL
from core.credits.records import ExamId, Kind
from core.credits.roles import Grant, Role, RoleRequest
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.mirror.port import Mirror
from core.mirror.store.outbox_port import Due
from core.operations.approval_rules import SecondAdmin
from core.operations.choosing.select import ByExam
from core.operations.kinds.registry import cancelling
from core.operations.states import ItemState, OperationState
from core.operations.store.tables import items, operations
from core.operations.verdicts import OperationKind
from core.workers.store.port import WorkerInfo
from pages.shared import pace, places
from pages.shared.places import Place
from scripts.processes import ROOT
from tests.fakes.crm import Fault, Request
from tests.fakes.mirror import FakeMirror
from tests.pages import drift_scenes
from tests.pages.stage import ACTOR, ADMIN, Stage, come_in, mirrored, signed_in, stage

FEW, MANY = 5, 50
#: What looks at the stores by the clock, in threads of its own (``core.health.readiness``).
BY_THE_CLOCK = {"operational store", "HubSpot", "Supabase"}
STUDENT, EXAM, OTHER_EXAM = "52000000000", "71000000000", "71000000001"


@dataclass
class Asked:
    """What the stores were asked, and how often."""

    questions: Counter[str] = field(default_factory=Counter)

    def note(self, question: str) -> None:
        if threading.current_thread().name not in BY_THE_CLOCK:
            self.questions[question] += 1


@dataclass(frozen=True)
class School:
    """A desk with so many of everything."""

    made: Stage
    asked: Asked
    #: Ids that stand in addresses, by what they name.
    ids: Mapping[str, str]


#: Each page with the addresses at which it shows rows. In braces stands what ``School.ids`` names.
ADDRESSES: Mapping[Place, Sequence[Mapping[str, str]]] = {
    places.OVERVIEW: [{}],
    places.CONTACTS: [{}, {"find": "student"}, {"id": STUDENT}],
    places.EXAMS: [{}, {"exam": EXAM}],
    places.BULK_REFUND: [{"by": "Owed"}, {"plan": "{refund}"}],
    places.BATCH_CANCELLATION: [{}, {"plan": "{cancel}"}, {"operation": "{done}"}],
    places.MOVE_BOOKINGS: [{}, {"plan": "{move}"}],
    places.ADJUST_CREDITS: [{}],
    places.OPERATIONS: [
        {},
        {"view": "Trends"},
        {"view": "Copies to Supabase"},
        {"view": "Workers"},
        {"operation": "{done}"},
        {"operation": "{waiting}"},
    ],
    places.DRIFT: [
        {},
        {"chart": "Balances"},
        {"record": "{drift}"},
        {"repair": "All causes"},
        {"repaired": "{repair}"},
    ],
    places.AUDIT: [{}, {"every": "true"}],
    places.PEOPLE: [{}],
    places.API_KEYS: [{}],
}


@pytest.fixture(scope="module")
def schools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, School]]:
    folder = tmp_path_factory.mktemp("questions")
    asked = Asked()
    with pytest.MonkeyPatch.context() as patch:
        for name in _methods(Mirror):
            plain = getattr(FakeMirror, name)
            patch.setattr(FakeMirror, name, _noting(plain, asked, f"Supabase: {name}"))
        patch.setattr(SqlJournal, "commits", lambda _: None)  # so that each question is sent
        yield {n: school(folder / f"{n}.sqlite", n, asked) for n in (FEW, MANY)}


def _methods(port: type) -> list[str]:
    return [name for name, value in vars(port).items() if callable(value) and name[0] != "_"]


def _noting(plain: Callable[..., Any], asked: Asked, question: str) -> Callable[..., Any]:
    def noting(*args: Any, **kwargs: Any) -> Any:
        asked.note(question)
        return plain(*args, **kwargs)

    return noting


def school(path: Path, n: int, asked: Asked) -> School:
    """``n`` of everything that a page lists."""
    url = f"sqlite:///{path}"
    journal = SqlJournal(url, admins=[ADMIN])
    second = SecondAdmin(for_admins=True)
    made = stage(journal=journal, second=second)
    _people(made, n)
    _records(made, n)
    mirrored(made)
    _past(journal, made.clock(), url, n)
    ids = _operations(made) | {
        "drift": _drift(made, n),
        "repair": journal.repairs(limit=1)[0].id,
    }

    def noted(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.note(f"SQL: {re.sub(r'IN .(?:[?], )*[?].', 'IN (...)', statement)}")

    def sending(request: Request) -> Fault:
        asked.note(f"HubSpot: {request.what} {request.kind}")
        return Fault.NONE

    event.listen(journal._db.engine, "before_cursor_execute", noted)
    made.crm.sending = sending
    return School(made, asked, ids)


def _people(made: Stage, n: int) -> None:
    at, journal = made.clock(), made.journal
    come_in(journal, signed_in(email=ADMIN))
    for k in range(n):
        email = f"person{k}@example.test"
        journal.grant(Grant(email=email, role=Role.ADMIN, by=ADMIN, at=at))
        journal.ask_role(
            RoleRequest(email=f"new{k}@example.test", role=Role.ADMIN, by=email, at=at)
        )
        for subject in ("theirs", "another"):
            account = Account(issuer="https://id.example.test", subject=subject)
            journal.meet_account(email, account, at=at)
        journal.add_key(
            ApiKey(id=f"{k:012x}", client=f"app{k}", scopes=FOR_STUDENTS, digest=f"{k}",
                   made_by=ADMIN, made_at=at)
        )  # fmt: skip
        journal.heartbeat(
            WorkerInfo(executor_id=f"desk-{k}", host="desk", pid=k, started_at=at, heartbeat_at=at)
        )
        for page in ("operations", "audit"):
            kept = SavedFilter(email=ADMIN, page=page, name=f"mine {k}", chosen={"by": "a"}, at=at)
            journal.save_filter(kept)


def _records(made: Stage, n: int) -> None:
    """Students with as many bookings of one exam; one student with as many on as many exams."""
    crm = made.crm
    for k in range(n):
        name = {"firstname": f"Student{k}", "lastname": "Test", "student_id": f"{100_000 + k}"}
        email = f"student{k}@students.example.test"
        crm.add_contact(f"{52_000_000_000 + k}", {"cs_credits": 2}, email=email, **name)
    for k in range(n + 1):
        day = (made.clock() + timedelta(days=9 + k)).date().isoformat()
        crm.add_exam(
            f"{71_000_000_000 + k}", n, mock_type="Clinical Skills", exam_date=day, capacity="600",
            mock_exam_name=f"Clinical Skills {k}", location="Toronto",
        )  # fmt: skip
    for k in range(n):
        _booking(made, f"{88_000_000_000 + k}", f"{52_000_000_000 + k}", EXAM, "Active")
        _booking(made, f"{88_100_000_000 + k}", STUDENT, f"{71_000_000_001 + k}", "Cancelled")
        _booking(made, f"{88_200_000_000 + k}", f"{52_000_000_000 + k}", OTHER_EXAM, "Active")


def _booking(made: Stage, id_: str, contact: str, exam: str, status: str) -> None:
    token = next(each.token for each in SCHOOL.credits if each.mock_type == "Clinical Skills")
    made.crm.add_booking(
        id_, contact=contact, exam=exam, status=status, token=token,
        booking_id=f"Clinical Skills-{id_}", mock_type="Clinical Skills",
    )  # fmt: skip


def _past(journal: SqlJournal, now: datetime, url: str, n: int) -> None:
    """Operations, some with what needs eyes and some that have not ended; copies due and failed."""
    many_operations.fill(url, now, number=n, rows=3)
    some = operations.c.reason == "reason 1"
    waits = {"state": OperationState.HELD, "ended_at": None}
    journal._db.write(
        lambda connection: (
            connection.execute(update(items).where(items.c.n == 0).values(state=ItemState.FAILED)),
            connection.execute(update(operations).where(some).values(waits)),
        )
    )
    journal.put_due(
        [Due(kind=Kind.CONTACT, record_id=f"{52_000_000_000 + k}", row=None) for k in range(2 * n)],
        at=now - timedelta(minutes=20),
    )
    taken = journal.take_due(now=now, until=now, limit=n)
    journal.copy_failed(
        [replace(due, attempts=8, dead=True, error=f"error {k}") for k, due in enumerate(taken)]
    )


def _operations(made: Stage) -> dict[str, str]:
    """One that has ended, one that waits, and previews: each of as many bookings."""
    preview = partial(made.core.operation_planner.preview, actor=ACTOR)
    of_exam, of_other = (ByExam(ids=(ExamId(id_),)) for id_ in (EXAM, OTHER_EXAM))
    done = preview(cancelling(keeps=False), of_exam)
    made.core.operation_commands.confirm(done.id, ACTOR, reason="Exam cancelled by the school")
    made.carry(done.id)
    waiting = preview(cancelling(keeps=False), of_other)
    made.core.operation_commands.confirm(waiting.id, ACTOR, reason="Exam cancelled by the school")
    return {
        "done": done.id,
        "waiting": waiting.id,
        "cancel": preview(cancelling(keeps=False), of_other).id,
        "refund": preview(OperationKind.REFUND, of_exam).id,
        "move": preview(OperationKind.MOVE, of_other, to=ExamId(EXAM)).id,
    }


def _drift(made: Stage, n: int) -> str:
    """The record that is shown alone."""
    journal, now = made.journal, made.clock()
    last = drift_scenes.fill_sweeps(journal, now, days=1, wrong=n)
    drift_scenes.repairs(journal, now, days=1, every=timedelta(hours=2), number=n)
    drift_scenes.measures(journal, now, days=1, every=timedelta(hours=1))
    found = [
        Drift(
            kind=Kind.CONTACT,
            record_id=f"{52_000_000_000 + k}",
            cause=Cause.OLDER_COPY,
            columns=("cs_credits",),
            truth={"cs_credits": 2},
            mirror={"cs_credits": 1 + k % 2},
            evidence="written by the desk",
            since=now - timedelta(hours=1),
        )
        for k in range(n)
    ]
    at = now - timedelta(minutes=5)
    newest = replace(last, id="newest", started_at=at, saved_at=at, drifting=n, unexplained=0)
    journal.save_sweep(newest, found)
    return f"contacts-{STUDENT}"


def test_the_addresses_are_of_all_pages() -> None:
    assert set(places.PLACES) == ADDRESSES.keys()


@pytest.mark.parametrize(
    ("place", "address"),
    [(place, address) for place, some in ADDRESSES.items() for address in some],
    ids=lambda one: one.title if isinstance(one, Place) else "&".join(map("=".join, one.items())),
)
def test_a_page_asks_as_often_for_fifty_rows_as_for_five(
    schools: dict[int, School], place: Place, address: Mapping[str, str]
) -> None:
    few, many = (opened(schools[n], place, address) for n in (FEW, MANY))

    assert {} == {each: (few[each], many[each]) for each in few | many if few[each] != many[each]}
    assert sum(many.values()) > 3, "the gate alone asks as much"


def opened(one: School, place: Place, address: Mapping[str, str]) -> Counter[str]:
    """What is asked while the page is drawn at this address, with all that it shows."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.user = signed_in(email=ADMIN)
    at.session_state[pace.PAINTED] = True
    with wiring.use(one.made.core):
        at.run()
        for name, value in address.items():
            at.query_params[name] = value.format(**one.ids)
        at.switch_page(str(ROOT / place.path))
        one.asked.questions.clear()
        at.run()
    assert not at.exception
    return Counter(one.asked.questions)
