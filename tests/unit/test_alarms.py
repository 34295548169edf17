"""Each trouble is told once, in words that name nobody, and once more when it is well again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.audit.chain import Link
from core.audit.entries import Entry, What
from core.credits.errors import JournalError
from core.credits.records import BookingId, Kind
from core.credits.roles import Grant, Role, RoleRequest
from core.credits.room import LITTLE, Room
from core.credits.writes import WriteState
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.health import facts_reader
from core.health.alarm_rules import WELL_AFTER
from core.health.alarms import DRIFT_ABOVE, Alarms
from core.health.audit_check.verify import AuditLog
from core.health.facts import NeedsEyes, WrittenOver
from core.health.matters import PATIENCE
from core.mirror.store.outbox_port import Due
from core.operations.states import Item, Operation, OperationState
from core.operations.verdicts import OperationKind
from core.work.schedules import Late
from tests.contract.journal.given import outcome, saved, write
from tests.fakes.journal import MemoryJournal

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass(slots=True)
class Heard:
    messages: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, title: str, text: str) -> None:
        self.messages.append((title, text))

    @property
    def titles(self) -> list[str]:
        return [title.removeprefix("Credit Desk: ") for title, _ in self.messages]


class World:
    """A journal, a clock, and one process that looks."""

    original: Link

    def __init__(self) -> None:
        self.at = START
        self.journal = MemoryJournal()
        self.heard = Heard()
        self.late: Sequence[Late] = ()
        self.auditing = AuditLog(self.journal, lambda: self.at)
        self.alarms = self.process()

    def process(self) -> Alarms:
        return Alarms(
            self.journal,
            self.heard,
            lambda: self.at,
            late=lambda _: self.late,
            audit=self.auditing.judged,
            public_url="https://desk.example.test",
        )

    def pass_(self, length: timedelta) -> None:
        """Looking each minute."""
        until = self.at + length
        while self.at < until:
            self.alarms.look()
            self.at += timedelta(minutes=1)
        self.alarms.look()

    def give_up(self, *ids: str, error: str = "no column x") -> list[Due]:
        self.journal.put_due(
            [Due(kind=Kind.CONTACT, record_id=id_, row=None) for id_ in ids], at=self.at
        )
        taken = self.journal.take_due(now=self.at, until=self.at, limit=99)
        dead = [replace(due, attempts=8, error=error, dead=True) for due in taken]
        self.journal.copy_failed(dead)
        return dead

    def copy_all(self) -> None:
        taken = self.journal.take_due(now=self.at, until=self.at, limit=99)
        self.journal.copied(taken, at=self.at)

    def sweep(self, **fields: Any) -> None:
        ordinary: dict[str, Any] = {
            "id": f"s{self.at.timestamp():.0f}",
            "mode": SweepMode.KNOWN,
            "state": SweepState.COMPLETE,
            "started_at": self.at,
            "saved_at": self.at,
        }
        self.journal.save_sweep(Sweep(**{**ordinary, **fields}))

    def operation(self, id_: str = "op1", **fields: Any) -> None:
        ordinary: dict[str, Any] = {
            "id": id_,
            "kind": OperationKind.REFUND,
            "state": OperationState.RUNNING,
            "selection": "contact Jane Doe",
            "reason": "jane@example.test asked",
            "confirmed_by": "ann@example.test",
            "confirmed_at": self.at,
            "hold_until": self.at,
        }
        item = Item(
            operation_id=id_,
            booking_id=BookingId("500"),
            n=0,
            contact_name="Jane Doe",
            contact_email="jane@example.test",
        )
        assert self.journal.confirm(Operation(**{**ordinary, **fields}), [item])


@pytest.fixture
def world() -> World:
    return World()


def dead(world: World) -> None:
    world.give_up("7", "8")


def dead_no_more(world: World) -> None:
    world.journal.revive()
    world.copy_all()


def drift(world: World) -> None:
    world.sweep(drifting=DRIFT_ABOVE + 1)


def drift_no_more(world: World) -> None:
    world.sweep(drifting=0)


def stuck(world: World) -> None:
    world.sweep(id="s1", state=SweepState.PAUSED, error="HubSpot cannot be reached")


def stuck_no_more(world: World) -> None:
    world.sweep(id="s1")


def late(world: World) -> None:
    world.late = [Late(job="known sweep", slot=START, why="no worker was there to do it")]


def late_no_more(world: World) -> None:
    world.late = []


def undecided(world: World) -> None:
    world.operation()
    run, _ = world.journal.begin_run("op1", at=world.at)
    saved(world.journal, run, [write("w1", "500", operation_id="op1")])
    world.journal.settle(run, [outcome("w1", WriteState.UNDECIDED)], at=world.at)


def undecided_no_more(world: World) -> None:
    run, _ = world.journal.begin_run("op1", at=world.at)
    world.journal.settle(run, [outcome("w1", WriteState.VOID)], at=world.at)


def waiting(world: World) -> None:
    world.operation()
    run, _ = world.journal.begin_run("op1", at=world.at)
    world.journal.note_waiting(run, "HubSpot: jane@example.test")


def waiting_no_more(world: World) -> None:
    run, _ = world.journal.begin_run("op1", at=world.at)
    world.journal.note_waiting(run, "")


def behind(world: World) -> None:
    since = world.at - timedelta(minutes=1)
    world.journal.put_due([Due(kind=Kind.CONTACT, record_id="7", row=None)], at=since)


def behind_no_more(world: World) -> None:
    world.copy_all()


def overwritten(world: World) -> None:
    """Another's change of a balance met a write of ours."""
    world.operation(state=OperationState.DONE)
    over = WrittenOver(operation=world.journal.operation("op1"), number=2, since=world.at)
    world.journal.written_over = lambda: [over]  # type: ignore[method-assign]


def overwritten_no_more(world: World) -> None:
    world.journal.written_over = list  # type: ignore[method-assign]


def hardly_room(world: World) -> None:
    world.journal.room = lambda: Room(full=False, free=LITTLE - 1)  # type: ignore[method-assign]


def room_again(world: World) -> None:
    world.journal.room = lambda: Room(full=False, free=LITTLE)  # type: ignore[method-assign]


def changed(world: World) -> None:
    """As somebody with the database in hand would."""
    world.journal.record(*[Entry(at=world.at, actor="jane@example.test", what=What.SWEEP)] * 3)
    links = world.journal._chain()
    world.original = links[1]
    links[1] = replace(links[1], texts=(*links[1].texts[:-1], "Doe"))
    world.auditing.look()


def changed_no_more(world: World) -> None:
    """The database is put back as it was, and gone along again."""
    world.journal._chain()[1] = world.original
    world.at += timedelta(days=1)
    world.auditing.look()


Happening = Callable[[World], None]
TROUBLES: list[tuple[Happening, Happening, str]] = [
    (changed, changed_no_more, "the audit was changed"),
    (dead, dead_no_more, "2 copies to Supabase failed"),
    (drift, drift_no_more, f"{DRIFT_ABOVE + 1} records drift"),
    (stuck, stuck_no_more, "the quick check cannot go on"),
    (late, late_no_more, "the known sweep is late"),
    (undecided, undecided_no_more, "an operation needs a person"),
    (waiting, waiting_no_more, "an operation waits"),
    (behind, behind_no_more, "students see older balances"),
    (overwritten, overwritten_no_more, "an operation met changes by others"),
    (hardly_room, room_again, "the disk of the desk's database is nearly full"),
]
each_trouble = pytest.mark.parametrize(
    ("begin", "end", "title"), TROUBLES, ids=[begin.__name__ for begin, _, _ in TROUBLES]
)


@each_trouble
def test_a_trouble_of_a_day_is_one_message_and_its_end_another(
    world: World, begin: Happening, end: Happening, title: str
) -> None:
    begin(world)
    world.pass_(timedelta(days=1))
    assert [title] == world.heard.titles

    end(world)
    world.pass_(timedelta(hours=1))

    assert [title, f"well again ({title})"] == world.heard.titles


@each_trouble
def test_messages_name_records_by_id_and_nobody_by_name(
    world: World, begin: Happening, end: Happening, title: str
) -> None:
    begin(world)
    world.pass_(PATIENCE)

    ((title_told, text),) = world.heard.messages
    for private in ("@example.test", "Jane", "Doe"):
        assert private not in title_told + text
    assert "https://desk.example.test/" in text


@each_trouble
def test_after_a_restart_and_in_another_process_nothing_is_told_twice(
    world: World, begin: Happening, end: Happening, title: str
) -> None:
    begin(world)
    world.pass_(PATIENCE)
    other = world.alarms = world.process()
    other.look()
    end(world)
    world.pass_(WELL_AFTER)
    world.process().look()

    assert [title, f"well again ({title})"] == world.heard.titles


def test_a_request_for_a_second_admin_is_one_message_with_ids_alone(world: World) -> None:
    until = START + timedelta(hours=24)
    world.operation(
        state=OperationState.AWAITING, needs_approval="more than 50 bookings", hold_until=until
    )
    world.pass_(timedelta(hours=3))
    world.journal.move("op1", OperationState.CALLED_OFF, at=world.at, actor="ben@example.test")
    world.pass_(timedelta(hours=1))

    ((title, text),) = world.heard.messages
    assert "Credit Desk: an operation waits for a second admin" == title
    assert "until 2026-11-24 09:00 UTC" in text
    assert text.endswith("https://desk.example.test/operations?operation=op1")
    assert "@" not in text


@pytest.mark.parametrize(
    ("eyes", "told"),
    [
        ({"undecided": 2}, "HubSpot does not show whether 2 writes were applied."),
        (
            {"unclear": 1},
            "1 booking is not refunded until a person decides whether a credit is owed.",
        ),
    ],
)
def test_a_message_calls_undecided_what_is_undecided(
    world: World, eyes: dict[str, int], told: str
) -> None:
    """A booking is held back before any write of it: a message must not speak of a write."""
    world.operation()
    found = NeedsEyes(operation=world.journal.operation("op1"), **eyes)
    world.journal.needs_eyes = lambda: [found]  # type: ignore[method-assign]
    world.pass_(PATIENCE)

    ((_, text),) = world.heard.messages
    assert text.startswith(f"Operation op1: {told} Decide on its page: ")
    assert ("write" in text) == ("undecided" in eyes)


def test_all_is_well_is_no_message(world: World) -> None:
    world.sweep(drifting=DRIFT_ABOVE)
    world.operation()
    world.pass_(timedelta(hours=1))

    assert [] == world.heard.messages


@pytest.mark.parametrize(
    ("begin", "end"),
    [(stuck, stuck_no_more), (waiting, waiting_no_more), (behind, behind_no_more)],
)
def test_a_store_that_is_away_for_a_moment_alarms_nobody(
    world: World, begin: Happening, end: Happening
) -> None:
    begin(world)
    world.pass_(PATIENCE / 2)
    end(world)
    world.pass_(timedelta(hours=1))

    assert [] == world.heard.messages


def test_a_trouble_that_comes_and_goes_is_no_flood(world: World) -> None:
    for _ in range(50):
        world.give_up("7")
        world.alarms.look()
        world.at += timedelta(minutes=1)
        dead_no_more(world)
        world.alarms.look()
        world.at += timedelta(minutes=1)

    assert ["1 copy to Supabase failed"] == world.heard.titles


def test_thousands_of_dead_letters_are_one_message_at_once(world: World) -> None:
    for n in range(40):
        world.alarms.dead_letters(world.give_up(str(n), error=f"error {n % 3} of Jane Doe"))

    ((title, text),) = world.heard.messages
    assert "1 copy" in title
    assert "Jane" not in text


def test_many_dead_letters_are_counted_and_a_few_are_named(world: World) -> None:
    world.give_up(*(str(n) for n in range(40)))
    world.alarms.look()

    ((title, text),) = world.heard.messages
    assert "40 copies" in title
    assert text.startswith("contacts 0\ncontacts 1\n")
    assert "and 35 more" in text


def test_a_store_that_cannot_be_asked_does_not_stop_the_copying(world: World) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise JournalError("disk full")

    world.journal.dead_letters = broken  # type: ignore[method-assign]

    world.alarms.dead_letters([])

    assert [] == world.heard.messages


def test_a_sweep_that_was_given_up_is_told_at_once(world: World) -> None:
    world.sweep(state=SweepState.GIVEN_UP, error="paused for too long")
    world.alarms.look()

    assert ["the quick check cannot go on"] == world.heard.titles


def test_drift_is_told_with_what_was_repaired_since_so_that_its_numbers_add_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sweep(drifting=DRIFT_ABOVE + 5)
    monkeypatch.setattr(facts_reader, "repaired_of", lambda *_: 4)
    world.alarms.look()

    ((title, text),) = world.heard.messages
    assert f"{DRIFT_ABOVE + 1} records drift" in title
    assert f"{DRIFT_ABOVE + 5} records did not match" in text
    assert "of which 4 were repaired since" in text


def test_drift_is_judged_by_a_sweep_of_all_rows(world: World) -> None:
    """An incremental one sees only what changed: that it found nothing proves nothing."""
    drift(world)
    world.at += timedelta(minutes=5)
    world.sweep(mode=SweepMode.INCREMENTAL, drifting=0)
    world.pass_(timedelta(hours=1))

    assert [f"{DRIFT_ABOVE + 1} records drift"] == world.heard.titles


def test_who_has_not_been_along_the_audit_since_does_not_say_that_it_is_well(
    world: World,
) -> None:
    """A process that was along it before knows nothing of what was changed after."""
    world.auditing.look()
    innocent = world.auditing
    world.at += timedelta(minutes=1)
    world.auditing = AuditLog(world.journal, lambda: world.at)
    world.alarms = world.process()
    changed(world)
    world.alarms.look()

    world.auditing = innocent
    world.alarms = world.process()
    world.pass_(timedelta(hours=3))
    assert ["the audit was changed"] == world.heard.titles

    changed_no_more(world)
    world.pass_(WELL_AFTER)

    assert ["the audit was changed", "well again (the audit was changed)"] == world.heard.titles


def test_the_message_names_the_first_faults_and_what_to_do(world: World) -> None:
    world.journal.record(*[Entry(at=world.at, actor="a", what=What.SWEEP)] * 20)
    links = world.journal._chain()
    for n in range(0, 20, 2):
        links[n] = replace(links[n], hash="f" * 64)
    world.auditing.look()
    world.alarms.look()

    ((_, text),) = world.heard.messages
    assert 3 == text.count("is not what was recorded")
    assert "and 17 more" in text
    assert "python -m core audit verify" in text
    assert text.endswith("https://desk.example.test/audit")


def test_a_new_admin_is_told_of_once_also_one_whose_role_was_withdrawn_at_once(
    world: World,
) -> None:
    by, staff = "ann@example.test", "cy@example.test"
    world.journal.grant(Grant(email="eve@example.test", role=Role.ADMIN, by=by, at=world.at))
    world.journal.withdraw("eve@example.test", by=by, at=world.at)
    world.journal.grant(Grant(email=staff, role=Role.STAFF, by=by, at=world.at))

    world.pass_(timedelta(minutes=10))

    [(title, text)] = world.heard.messages
    assert "Credit Desk: somebody became an admin" == title
    assert "ann@example.test made eve@example.test an admin at 2026-11-23 09:00 UTC" in text
    world.pass_(timedelta(days=1, minutes=10))
    assert 1 == len(world.heard.messages), "nobody is told that it is over"


def test_a_request_for_an_admin_is_told_to_the_others(world: World) -> None:
    asked = RoleRequest(
        email="eve@example.test", role=Role.ADMIN, by="ann@example.test", at=world.at
    )
    world.journal.ask_role(asked)

    world.pass_(timedelta(minutes=10))

    assert ["a new admin waits for a second admin"] == world.heard.titles


def test_a_request_for_an_admin_whose_time_is_over_is_not_told(world: World) -> None:
    asked = RoleRequest(
        email="eve@example.test", role=Role.ADMIN, by="ann@example.test", at=world.at
    )
    world.journal.ask_role(asked)
    world.alarms.waits = lambda request: request != asked

    world.alarms.look()

    assert [] == world.heard.titles
