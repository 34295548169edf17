"""A machine whose clock is set: what waits for it is looked at anew, and people are told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.credits.records import Kind
from core.credits.writes import QUIET_PERIOD, WriteState
from core.health.clock_watch import CLOCK_SET, ClockWatch
from core.health.clocks import AHEAD, JUMPS, Clocks
from core.hubspot.ports.inspection import Finding, Health, Heard
from core.mirror.store.outbox_port import Due
from core.work.steady_clock import SteadyClock
from tests.contract.journal.given import running
from tests.fakes.crm import Fault, Request
from tests.fakes.journal import MemoryJournal
from tests.unit.services.desk import Account, TestDesk
from tests.unit.test_clocks import HOUR, MINUTE, SECOND, Machine


class Watched:
    def __init__(self) -> None:
        self.machine = Machine()
        self.journal = MemoryJournal()
        self.watch = ClockWatch(self.journal, self.machine.clock)
        self.watch.look()

    def findings(self, clock: SteadyClock | None = None) -> dict[str, Finding]:
        now = (clock or self.machine.clock).now
        found = Clocks(Account(told=Heard()), self.journal, now).findings()
        return {finding.what: finding for finding in found}


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_a_clock_that_is_not_set_is_not_told_of(watched: Watched) -> None:
    for _ in range(5):
        watched.machine.run(MINUTE)
        watched.watch.look()

    assert ([], {}) == (watched.journal.events(), watched.findings())


@pytest.mark.parametrize(("by", "said"), [(HOUR, "by +3,600 s"), (-HOUR, "by -3,600 s")])
def test_each_jump_is_told_once_and_doctor_says_when(
    watched: Watched, by: timedelta, said: str
) -> None:
    watched.machine.set_by += by
    for _ in range(3):
        watched.machine.run(SECOND)
        watched.watch.look()

    (event,) = watched.journal.events()
    assert (CLOCK_SET, by.total_seconds()) == (event.what, event.detail["by_s"])
    finding = watched.findings()[JUMPS]
    assert (Health.WARNING, True) == (finding.health, said in finding.said), finding.said


def test_a_jump_of_last_week_is_told_no_more(watched: Watched) -> None:
    watched.machine.set_by += HOUR
    watched.machine.run(SECOND)
    watched.watch.look()
    watched.machine.run(timedelta(days=7))

    assert JUMPS not in watched.findings()


def test_after_the_clock_was_put_back_leases_and_copies_wait_for_nothing(watched: Watched) -> None:
    now = watched.machine.run(SECOND)
    run = running(watched.journal)
    watched.journal.lease(run, Kind.CONTACT, ["c0"], now=now, until=now + MINUTE)
    watched.journal.put_due([Due(kind=Kind.CONTACT, record_id="c0", row=None)], at=now)
    watched.journal.take_due(now=now, until=now + 30 * SECOND, limit=5)
    watched.machine.set_by -= 5 * MINUTE
    watched.machine.run(SECOND)
    watched.watch.look()

    now = watched.machine.clock.now()
    other = running(watched.journal, "other")
    until = now + MINUTE
    assert {"c0"} == watched.journal.lease(other, Kind.CONTACT, ["c0"], now=now, until=until)
    assert 1 == len(watched.journal.take_due(now=now, until=until, limit=5))


def test_a_students_day_stays_theirs_when_the_clock_is_put_back(watched: Watched) -> None:
    """It is let go by name: two bookings of one day must not meet on it."""
    now = watched.machine.run(SECOND)
    run, other = running(watched.journal), running(watched.journal, "other")
    until = now + 5 * MINUTE
    watched.journal.lease(run, Kind.BOOKING, ["9/2026-05-04"], now=now, until=until)
    watched.machine.set_by -= MINUTE
    watched.machine.run(SECOND)
    watched.watch.look()

    now = watched.machine.clock.now()
    until = now + MINUTE
    lease = watched.journal.lease
    assert set() == lease(other, Kind.BOOKING, ["9/2026-05-04"], now=now, until=until)


def test_a_clock_that_was_put_back_while_nothing_ran_is_found_by_what_is_stored() -> None:
    watched = Watched()
    watched.machine.set_by += HOUR
    watched.machine.run(SECOND)
    watched.watch.look()
    fresh = Machine()

    finding = watched.findings(fresh.process())[AHEAD]

    assert Health.WARNING is finding.health
    assert "ahead of this machine's clock" in finding.said


def test_a_hold_is_no_longer_than_it_was_meant_though_the_clock_is_put_back() -> None:
    desk = TestDesk()
    desk.crm.add_contact("100", {"cs_credits": 5})
    desk.booked("1", "100")
    operation = desk.confirm("1")
    desk.set_by -= HOUR

    again = desk.core.operation_runner.carry_out(operation.id)

    assert again is not None
    assert again - desk.now() <= operation.hold_until - operation.confirmed_at
    desk.time += again - desk.now()
    desk.core.operation_runner.carry_out(operation.id)
    assert 6 == desk.held("100", "cs_credits")


def test_an_answer_that_was_lost_is_waited_for_as_long_as_ever_though_the_clock_is_set() -> None:
    """Put forward, the write would be planned anew while the first may still arrive."""
    for by in (HOUR, -HOUR):
        desk = TestDesk()
        desk.crm.add_contact("100", {"cs_credits": 5})
        desk.booked("1", "100")
        operation = desk.confirm("1")
        desk.time += MINUTE
        desk.crm.sending = late
        desk.core.operation_runner.carry_out(operation.id)
        desk.crm.sending = lambda _: Fault.NONE
        desk.set_by += by
        desk.crm.foreign_write(Kind.CONTACT, "100", {"cs_credits": 4})

        for _ in range(4):
            again = desk.core.operation_runner.carry_out(operation.id)
            assert again is not None, "it may still arrive"
            assert again - desk.now() <= QUIET_PERIOD
            desk.time += 10 * SECOND
        desk.crm.deliver_late()
        desk.time += QUIET_PERIOD
        desk.core.operation_runner.carry_out(operation.id)

        (record,) = desk.journal.writes(operation.id)
        assert WriteState.LANDED is record.state, by


def late(request: Request) -> Fault:
    return Fault.LATE if (request.what, request.kind) == ("write", Kind.CONTACT) else Fault.NONE
