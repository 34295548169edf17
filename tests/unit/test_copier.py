"""Copies that are due arrive, once something can take them, without a person."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from core.credits.catalogue import SCHOOL
from core.credits.errors import (
    Forbidden,
    GatewayError,
    LimitReached,
    NotSent,
    OutcomeUnknown,
    Refused,
    Unauthorized,
)
from core.credits.records import Kind
from core.mirror.circuit_breaker import BATCH_MAX, PROBE_MAX_S, Outage
from core.mirror.copier import HOLD, TRIES_MAX, UNANSWERED_MAX, MirrorCopier, wait_s
from core.mirror.due_rows import row_of
from core.mirror.port import MirrorRow
from core.mirror.store.outbox_port import Due
from core.mirror.threads import MirrorThreads
from tests.fakes.crm import FakeCrm, Fault, Request
from tests.fakes.journal import MemoryJournal
from tests.fakes.mirror import FakeMirror

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
REFUSED_CONNECTION = NotSent("Supabase cannot be reached: connection refused")


@dataclass(slots=True)
class Clock:
    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def pass_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(slots=True)
class World:
    """A mirror, a journal and a truth, and the service over them."""

    clock: Clock = field(default_factory=Clock)
    mirror: FakeMirror = field(default_factory=FakeMirror)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    dead: list[Due] = field(default_factory=list)
    crm: FakeCrm = field(init=False)
    mirroring: MirrorCopier = field(init=False)

    def __post_init__(self) -> None:
        self.crm = FakeCrm(self.clock.now)
        self.mirroring = self.another_process()

    def another_process(self) -> MirrorCopier:
        return MirrorCopier(
            crm=self.crm,
            mirror=self.mirror,
            journal=self.journal,
            catalogue=SCHOOL,
            now=self.clock.now,
            chance=lambda: 1.0,
            on_dead=self.dead.extend,
            outage=Outage(chance=lambda: 1.0),
        )

    def put(self, *ids: str, kind: Kind = Kind.CONTACT, **columns: object) -> None:
        """These records are due, with a row of the present moment."""
        rows = [row(id_, self.clock.at, **columns) for id_ in ids]
        dues = [Due(kind=kind, record_id=id_, row=r) for id_, r in zip(ids, rows, strict=True)]
        self.journal.put_due(dues, at=self.clock.at)

    def put_blank(self, *ids: str, kind: Kind = Kind.CONTACT) -> None:
        dues = [Due(kind=kind, record_id=id_, row=None) for id_ in ids]
        self.journal.put_due(dues, at=self.clock.at)

    def drain_all(self) -> None:
        while self.mirroring.drain().taken:
            pass

    def held(self, id_: str, kind: Kind = Kind.CONTACT) -> MirrorRow | None:
        up, self.mirror.dead = self.mirror.dead, None
        found = self.mirror.rows(kind, [id_]).get(id_)
        self.mirror.dead = up
        return found


def row(id_: str, at: datetime, **columns: object) -> MirrorRow:
    return {"hubspot_id": id_, "source_modified_at": at.isoformat(), "sj_credits": 1, **columns}


@pytest.fixture
def world() -> World:
    return World()


# --- all well -------------------------------------------------------------------------------------


def test_what_is_due_is_copied_and_due_no_more(world: World) -> None:
    world.put("1", sj_credits=4)

    assert world.mirroring.drain().taken == 1
    assert (world.held("1") or {})["sj_credits"] == 4
    assert world.journal.outbox().due == 0


def test_rows_of_one_kind_go_in_one_call(world: World) -> None:
    world.put("1", "2", "3")
    world.put("9", kind=Kind.EXAM, total_bookings=3)

    world.drain_all()

    assert world.mirror.calls == 2


def test_a_long_outbox_goes_in_batches(world: World) -> None:
    world.put(*(str(n) for n in range(2 * BATCH_MAX + 1)))

    world.drain_all()

    assert world.mirror.calls == 3
    assert world.journal.outbox().due == 0


def test_each_copy_is_logged_in_the_words_that_operators_search_for(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.put("101")

    with caplog.at_level(logging.INFO):
        world.drain_all()

    assert caplog.messages == ["✅ [SUPABASE SYNC] Contact credits synced for 101"]


def test_a_newer_version_in_the_mirror_settles_the_copy_too(world: World) -> None:
    world.mirror.put(Kind.CONTACT, row("1", START + timedelta(hours=1), sj_credits=9))
    world.put("1", sj_credits=4)

    world.drain_all()

    assert (world.held("1") or {})["sj_credits"] == 9
    assert world.journal.outbox().due == 0


def test_a_version_that_becomes_due_while_the_last_is_copied_stays_due(world: World) -> None:
    def changed_meanwhile(_kind: Kind, _rows: Sequence[MirrorRow]) -> None:
        world.mirror.on_copy = lambda _kind, _rows: None
        world.clock.pass_s(1)
        world.put("1", sj_credits=2)

    world.put("1", sj_credits=1)
    world.mirror.on_copy = changed_meanwhile

    world.mirroring.drain()

    assert world.journal.outbox().due == 1
    world.drain_all()
    assert (world.held("1") or {})["sj_credits"] == 2


def test_the_lag_is_from_due_to_written(world: World) -> None:
    world.put("1")
    world.clock.pass_s(0.25)

    world.drain_all()

    summary = world.mirroring.lag.summary()
    assert (summary.copies, summary.p50_s, summary.p99_s) == (1, 0.25, 0.25)


# --- rows to be read from the truth first ---------------------------------------------------------


def test_a_row_without_its_values_is_read_from_the_truth(world: World) -> None:
    world.crm.add_contact("1", {"sj_credits": 3}, firstname="Ann")
    world.crm.add_exam("7", 5)
    world.crm.add_booking("4", contact="1", exam="7", token="Shared Token")
    world.put_blank("1")
    world.put_blank("4", kind=Kind.BOOKING)
    world.put_blank("7", kind=Kind.EXAM)

    world.drain_all()

    assert (world.held("1") or {})["firstname"] == "Ann"
    assert (world.held("4", Kind.BOOKING) or {})["contact_hubspot_id"] == "1"
    assert (world.held("7", Kind.EXAM) or {})["total_bookings"] == 5


def test_a_change_that_was_read_before_our_own_write_is_copied_after_it_all_the_same(
    world: World,
) -> None:
    """Our copy states the counter it set, under a later time than the change was read with."""
    world.crm.add_contact("1", {"cs_credits": 1, "sj_credits": 1})
    world.put_blank("1")
    world.drain_all()
    world.clock.pass_s(1)
    world.crm.foreign_write(Kind.CONTACT, "1", {"sj_credits": 5})
    world.put_blank("1")

    def given_back_meanwhile(_kind: Kind, _rows: Sequence[MirrorRow]) -> None:
        world.mirror.on_copy = lambda _kind, _rows: None
        world.clock.pass_s(1)
        world.crm.foreign_write(Kind.CONTACT, "1", {"cs_credits": 2})
        stated = {"hubspot_id": "1", "source_modified_at": world.clock.at.isoformat()}
        world.mirror.copy(Kind.CONTACT, [{**stated, "cs_credits": 2, "partial": True}])

    world.mirror.on_copy = given_back_meanwhile
    world.drain_all()

    held = world.held("1") or {}
    assert (2, 5) == (held["cs_credits"], held["sj_credits"])
    assert 0 == world.journal.outbox().due


def test_a_row_that_was_not_read_is_no_row_to_copy() -> None:
    with pytest.raises(ValueError, match="was not read"):
        row_of(Due(kind=Kind.CONTACT, record_id="1", row=None))


def test_rows_to_read_can_be_left_to_another_thread(world: World) -> None:
    left: list[Due] = []
    world.put_blank("1")
    world.put("2")

    world.mirroring.drain(left.extend)

    assert [due.record_id for due in left] == ["1"]
    assert world.held("2") is not None


def test_a_partial_row_of_a_record_the_mirror_lacks_is_copied_whole(world: World) -> None:
    world.crm.add_contact("1", {"sj_credits": 3, "cs_credits": 2})
    world.put("1", sj_credits=3, partial=True)

    world.drain_all()

    assert (world.held("1") or {})["cs_credits"] == 2
    assert world.journal.outbox().due == 0


def test_who_is_gone_from_the_truth_has_no_copy_to_make(world: World) -> None:
    world.put_blank("404")

    world.drain_all()

    assert world.journal.outbox().due == 0
    assert world.held("404") is None


def test_two_ids_that_were_merged_are_copied_as_one(world: World) -> None:
    world.crm.add_contact("1", {"sj_credits": 1})
    world.crm.add_contact("2", {"sj_credits": 2})
    merged = world.crm.merge(Kind.CONTACT, "1", "2")
    world.put_blank("1", "2")

    world.drain_all()

    assert world.journal.outbox().due == 0
    assert world.held(merged) is not None


def test_when_the_truth_cannot_be_read_no_try_is_counted(world: World) -> None:
    world.crm.add_contact("1", {"sj_credits": 3})
    world.crm.sending = lambda _request: Fault.NOT_SENT
    world.put_blank("1")

    for _ in range(3 * TRIES_MAX):
        world.drain_all()
        world.clock.pass_s(60)

    (waiting,) = world.journal.outbox_rows()
    assert (waiting.attempts, waiting.dead) == (0, False)

    world.crm.sending = lambda _request: Fault.NONE
    world.drain_all()
    assert world.held("1") is not None


def test_after_the_days_quota_the_truth_is_not_asked_again_at_once(world: World) -> None:
    asked = []

    def spent(_request: object) -> Fault:
        asked.append(world.clock.at)
        raise LimitReached("the day's quota is used up", retry_after_s=36_000)

    world.crm.sending = spent
    world.put_blank("1")

    for _ in range(60):
        world.drain_all()
        world.clock.pass_s(1)

    assert len(asked) == 1


# --- rows that the mirror refuses -----------------------------------------------------------------


def refuse_contact_2(kind: Kind, offered: MirrorRow) -> str:
    bad = (kind, offered["hubspot_id"]) == (Kind.CONTACT, "2")
    return "sj_credits is '-1', not a whole number from 0 up" if bad else ""


def test_a_refused_row_waits_alone_and_longer_each_time(world: World) -> None:
    world.mirror.refuse = refuse_contact_2
    world.put("1", "2", "3")

    world.drain_all()

    (left,) = world.journal.outbox_rows()
    assert (left.record_id, left.attempts) == ("2", 1)
    assert left.error.startswith("sj_credits is '-1'")
    assert left.next_try_at == START + timedelta(seconds=1)


def test_after_eight_tries_a_row_is_a_dead_letter_and_somebody_is_told(world: World) -> None:
    world.mirror.refuse = refuse_contact_2
    world.put("2")

    for _ in range(TRIES_MAX):
        assert world.mirroring.drain().taken == 1
        world.clock.pass_s(61)

    assert world.mirroring.drain().taken == 0
    assert world.journal.outbox().dead == 1
    assert [(due.record_id, due.attempts) for due in world.dead] == [("2", 8)]


def test_a_dead_letter_that_is_revived_is_copied(world: World) -> None:
    world.mirror.refuse = refuse_contact_2
    world.put("2")
    for _ in range(TRIES_MAX):
        world.drain_all()
        world.clock.pass_s(61)

    world.mirror.refuse = lambda _kind, _row: ""
    world.journal.revive(record_id="2")
    world.drain_all()

    assert world.held("2") is not None


def test_a_failure_is_logged_in_the_words_that_operators_search_for(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.mirror.refuse = refuse_contact_2
    world.put("2")

    world.drain_all()

    assert caplog.messages == ["⚠️ [SUPABASE SYNC] Failed to sync contact credits (non-blocking)"]


def test_waits_double_up_to_a_minute() -> None:
    assert [wait_s(n, 1.0) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert wait_s(3, 0.0) == 2


def refusing_calls_with(*spoilers: str) -> Callable[[Kind, Sequence[MirrorRow]], None]:
    def refuse(_kind: Kind, rows: Sequence[MirrorRow]) -> None:
        if any(offered["hubspot_id"] in spoilers for offered in rows):
            raise Refused("unsupported Unicode escape sequence", status=400)

    return refuse


def test_one_row_that_spoils_the_whole_call_is_found_and_the_others_are_copied(
    world: World,
) -> None:
    world.mirror.on_copy = refusing_calls_with("17")
    world.put(*(str(n) for n in range(100)))

    world.mirroring.drain()

    (left,) = world.journal.outbox_rows()
    assert (left.record_id, left.attempts) == ("17", 1)


def test_a_lone_row_that_the_call_is_refused_for_counts_a_try(world: World) -> None:
    world.mirror.on_copy = refusing_calls_with("17")
    world.put("17")

    world.mirroring.drain()

    (left,) = world.journal.outbox_rows()
    assert (left.attempts, world.mirroring.outage.down) == (1, None)


def test_one_record_that_hubspot_refuses_to_read_holds_up_no_other(world: World) -> None:
    def refuse_3(request: Request) -> Fault:
        return Fault.REFUSED if "3" in request.ids else Fault.NONE

    for n in range(10):
        world.crm.add_contact(str(n), {"sj_credits": n})
    world.crm.sending = refuse_3
    world.put_blank(*(str(n) for n in range(10)))

    world.mirroring.drain()

    (left,) = world.journal.outbox_rows()
    assert (left.record_id, left.attempts) == ("3", 1)


def test_a_record_that_hubspot_does_not_answer_for_is_tried_for_half_an_hour(world: World) -> None:
    def answers_others(request: Request) -> Fault:
        return Fault.ANSWER_LOST if "3" in request.ids else Fault.NONE

    world.crm.add_contact("3", {"sj_credits": 1})
    world.crm.sending = answers_others
    world.put_blank("3")
    begun = world.clock.at

    while not world.journal.outbox().dead:
        world.mirroring.drain()
        world.clock.pass_s(61)

    assert world.clock.at - begun >= timedelta(minutes=30)
    assert [(due.record_id, due.attempts) for due in world.dead] == [("3", UNANSWERED_MAX)]


# --- a mirror that is down ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        REFUSED_CONNECTION,
        OutcomeUnknown("Supabase did not answer: timed out"),
        Unauthorized("Supabase does not accept the key"),
        Forbidden("the Supabase key may not do this"),
        Refused("Supabase lacks what the copy needs", category="setup"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_long_outage_costs_no_row_a_try_and_end_by_themselves(
    world: World, error: GatewayError
) -> None:
    ids = [str(n) for n in range(2 * BATCH_MAX)]
    world.put(*ids)
    world.mirror.die(error)
    for _ in range(1200):
        world.mirroring.drain()
        world.clock.pass_s(1)
    assert {(due.attempts, due.dead) for due in world.journal.outbox_rows(limit=999)} == {
        (0, False)
    }

    world.mirror.come_back()
    world.clock.pass_s(PROBE_MAX_S)
    world.drain_all()

    assert world.journal.outbox().due == 0
    assert all(world.held(id_) for id_ in ids)


def test_a_dead_mirror_is_asked_seldom_and_with_one_row(world: World) -> None:
    sizes: list[int] = []
    world.put(*(str(n) for n in range(BATCH_MAX)))
    world.mirror.die()
    world.mirror.on_copy = lambda _kind, rows: sizes.append(len(rows))

    for _ in range(600):  # a minute of nudges
        world.mirroring.drain()
        world.clock.pass_s(0.1)

    assert sizes[0] == BATCH_MAX
    assert set(sizes[1:]) == {1}
    assert len(sizes) < 20


def test_an_outage_says_since_when_and_why(world: World) -> None:
    world.put("1")
    world.mirror.die()

    world.mirroring.drain()
    world.clock.pass_s(30)
    world.mirroring.drain()

    down = world.mirroring.outage.down
    assert down is not None
    assert (down.since, down.why) == (START, str(REFUSED_CONNECTION))


def test_an_outage_with_nothing_left_to_copy_is_seen_to_end(world: World) -> None:
    world.put("1")
    world.mirror.die()
    world.mirroring.drain()
    world.another_process()
    taken = world.journal.take_due(now=START + timedelta(1), until=START, limit=1)
    world.journal.copied(taken, at=START)
    world.mirror.come_back()

    world.clock.pass_s(PROBE_MAX_S)
    world.mirroring.drain()

    assert world.mirroring.outage.down is None


def test_an_outage_with_nothing_left_to_copy_goes_on_while_it_does(world: World) -> None:
    world.mirror.die()
    world.mirroring.probe()

    world.clock.pass_s(PROBE_MAX_S)
    world.mirroring.drain()

    assert world.mirroring.outage.down is not None


def test_a_mirror_that_dies_while_the_bad_row_is_looked_for_costs_no_row_a_try(
    world: World,
) -> None:
    calls = []

    def refuse_then_die(kind: Kind, rows: Sequence[MirrorRow]) -> None:
        calls.append(len(rows))
        if len(calls) > 3:
            raise REFUSED_CONNECTION
        refusing_calls_with("0")(kind, rows)

    world.mirror.on_copy = refuse_then_die
    world.put(*(str(n) for n in range(100)))

    world.mirroring.drain()

    assert calls == [100, 50, 50, 25, 25]
    left = world.journal.outbox_rows()
    assert {due.attempts for due in left} == {0}
    assert len(left) == 50


def test_only_one_thread_probes(world: World) -> None:
    world.put("1", "2")
    world.mirror.die()
    world.mirroring.drain()
    world.clock.pass_s(PROBE_MAX_S)

    rooms = [world.mirroring.outage.room(world.clock.at) for _ in range(3)]

    assert rooms == [1, 0, 0]


def test_a_row_at_which_the_mirror_breaks_down_does_not_hold_up_the_others(world: World) -> None:
    def break_down(_kind: Kind, rows: Sequence[MirrorRow]) -> None:
        if any(offered["hubspot_id"] == "0" for offered in rows):
            raise OutcomeUnknown("Supabase failed: HTTP 500")

    world.mirror.on_copy = break_down
    world.put(*(str(n) for n in range(BATCH_MAX)))

    for n in range(1000, 2000):
        world.put(str(n))
        world.drain_all()
        world.clock.pass_s(1)

    (left,) = world.journal.outbox_rows()
    assert left.record_id == "0"
    assert left.attempts > TRIES_MAX
    assert world.mirroring.lag.summary().p99_s < PROBE_MAX_S


def test_the_other_kinds_wait_too_when_one_finds_the_mirror_down(world: World) -> None:
    world.put("1")
    world.put("9", kind=Kind.EXAM, total_bookings=3)
    world.mirror.die()

    world.mirroring.drain()

    assert world.mirror.calls == 1
    assert {due.error for due in world.journal.outbox_rows()} == {str(REFUSED_CONNECTION)}


def test_what_a_dead_process_held_is_taken_over(world: World) -> None:
    world.put("1")
    world.journal.take_due(now=START, until=START + HOLD, limit=10)

    assert world.mirroring.drain().taken == 0
    world.clock.pass_s(HOLD.total_seconds())
    world.mirroring.drain()

    assert world.held("1") is not None


# --- waiting ------------------------------------------------------------------------------------


def test_waiting_drains_until_nothing_is_due(world: World) -> None:
    world.put(*(str(n) for n in range(500)))

    state = world.mirroring.wait_until_empty(START + timedelta(seconds=1))

    assert state.due == 0


def test_waiting_ends_at_the_deadline(world: World) -> None:
    world.put("1")
    world.mirror.die()

    state = world.mirroring.wait_until_empty(
        START + timedelta(seconds=30), pause=world.clock.pass_s
    )

    assert state.due == 1
    assert world.clock.at >= START + timedelta(seconds=30)


# --- threads ------------------------------------------------------------------------------------

DEADLINE_S = 60.0


@dataclass(slots=True)
class Arrivals:
    """Says when a row has come to the mirror."""

    seen: threading.Condition = field(default_factory=threading.Condition)
    ids: set[str] = field(default_factory=set)

    def note(self, _kind: Kind, rows: Sequence[MirrorRow]) -> None:
        with self.seen:
            self.ids |= {str(offered["hubspot_id"]) for offered in rows}
            self.seen.notify_all()

    def wait_for(self, *ids: str) -> bool:
        with self.seen:
            return self.seen.wait_for(lambda: self.ids >= set(ids), DEADLINE_S)


@pytest.fixture
def arrivals(world: World) -> Arrivals:
    arrivals = Arrivals()
    world.mirror.on_copy = arrivals.note
    return arrivals


def test_a_nudge_has_a_thread_copy_at_once(world: World, arrivals: Arrivals) -> None:
    threads = MirrorThreads(world.mirroring, poll_s=3600)
    threads.start()
    try:
        world.mirroring.put([Due(kind=Kind.CONTACT, record_id="1", row=row("1", START))])

        assert arrivals.wait_for("1")
    finally:
        threads.stop(DEADLINE_S)


def test_rows_left_by_others_are_found_without_a_nudge(world: World, arrivals: Arrivals) -> None:
    threads = MirrorThreads(world.mirroring, poll_s=0.01)
    threads.start()
    try:
        world.put("1")

        assert arrivals.wait_for("1")
    finally:
        threads.stop(DEADLINE_S)


def test_a_truth_that_does_not_answer_holds_up_no_row_that_is_read(
    world: World, arrivals: Arrivals
) -> None:
    answered = threading.Event()

    def slow(_request: object) -> Fault:
        assert answered.wait(DEADLINE_S)
        return Fault.NONE

    world.crm.add_contact("1", {"sj_credits": 3})
    world.crm.sending = slow
    threads = MirrorThreads(world.mirroring, copiers=1, poll_s=3600)
    threads.start()
    try:
        world.put_blank("1")
        world.mirroring.nudge()
        world.mirroring.put([Due(kind=Kind.CONTACT, record_id="2", row=row("2", START))])

        assert arrivals.wait_for("2")
        assert "1" not in arrivals.ids
        answered.set()
        assert arrivals.wait_for("1", "2")
    finally:
        answered.set()
        threads.stop(DEADLINE_S)


def test_a_nudge_never_waits_for_a_mirror_that_hangs(world: World) -> None:
    called, answered = threading.Event(), threading.Event()

    def hang(_kind: Kind, _rows: Sequence[MirrorRow]) -> None:
        called.set()
        assert answered.wait(DEADLINE_S)

    world.mirror.on_copy = hang
    threads = MirrorThreads(world.mirroring, copiers=1, poll_s=3600)
    threads.start()
    try:
        world.put("1")
        world.mirroring.nudge()
        assert called.wait(DEADLINE_S)

        for _ in range(10_000):
            world.mirroring.nudge()
        assert world.journal.outbox().due == 1
    finally:
        answered.set()
        threads.stop(DEADLINE_S)


def test_a_thread_outlives_a_journal_that_stumbles(
    world: World, arrivals: Arrivals, caplog: pytest.LogCaptureFixture
) -> None:
    stumbled = threading.Event()
    take_due = world.journal.take_due

    def stumble_once(*, now: datetime, until: datetime, limit: int) -> list[Due]:
        if not stumbled.is_set():
            stumbled.set()
            raise RuntimeError("database is locked")
        return take_due(now=now, until=until, limit=limit)

    world.journal.take_due = stumble_once  # type: ignore[method-assign]
    threads = MirrorThreads(world.mirroring, copiers=1, poll_s=0.01)
    world.put("1")
    threads.start()
    try:
        assert arrivals.wait_for("1")
        assert "a mirror thread stumbled and goes on" in caplog.messages
    finally:
        threads.stop(DEADLINE_S)


def test_stopping_lets_the_copy_in_hand_finish(world: World) -> None:
    called, answered = threading.Event(), threading.Event()

    def hang(_kind: Kind, _rows: Sequence[MirrorRow]) -> None:
        called.set()
        assert answered.wait(DEADLINE_S)

    world.mirror.on_copy = hang
    threads = MirrorThreads(world.mirroring, poll_s=3600)
    world.put("1")
    threads.start()
    assert called.wait(DEADLINE_S)
    stopper = threading.Thread(target=threads.stop, args=(DEADLINE_S,))
    stopper.start()
    answered.set()
    stopper.join(DEADLINE_S)

    assert world.journal.outbox().due == 0
    assert not any(thread.name.startswith("mirror-") for thread in threading.enumerate())
