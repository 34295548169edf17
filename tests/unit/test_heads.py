"""Heads that were shipped: read back, signed, and still in the chain, or it was changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audit.chain import EMPTY
from core.audit.entries import Entry, What
from core.credits.roles import Actor, Role
from core.health.audit_check.heads import ShippedHead, line_of, read_lines
from core.health.audit_check.shipping import SHIPS, HeadShipping, shipping_jobs
from core.health.audit_check.verify import AuditLog
from core.mirror.outgoing.store.events_port import NotDelivered
from core.work.schedules import Every
from core.workers.scheduler import Scheduler
from tests.fakes.journal import MemoryJournal

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ADMIN = Actor(email="admin@example.test", role=Role.ADMIN)
SECRET = "0123456789abcdef"


@dataclass
class Keeper:
    lines: list[str] = field(default_factory=list)
    away: bool = False

    def ship(self, line: str) -> None:
        if self.away:
            raise NotDelivered("https://keeper.test answered 503")
        self.lines.append(line)

    def kept(self) -> str:
        return "\n".join(self.lines)


class World:
    def __init__(self, secret: str = SECRET) -> None:
        self.journal, self.keeper, self.at = MemoryJournal(), Keeper(), NOON
        self.shipping = HeadShipping(self.journal, lambda: self.at, self.keeper, secret)
        self.auditing = AuditLog(self.journal, lambda: self.at, [ADMIN.email], self.shipping)

    def act(self, number: int = 3) -> None:
        self.journal.record(*[Entry(at=self.at, actor="a", what=What.SWEEP)] * number)

    def made_anew(self) -> None:
        """By somebody who rules the database: other entries, and every hash fits."""
        self.journal._chain()
        self.journal._audit, self.journal._noted = [], EMPTY
        self.journal.record(*[Entry(at=self.at, actor="b", what=What.SWEEP)] * 9)

    def faults(self, heads: str = "") -> tuple[str, ...]:
        return self.auditing.verify(ADMIN, heads=heads).faults


@given(st.integers(1, 10**9), st.binary(min_size=32, max_size=32), st.datetimes(), st.booleans())
def test_what_is_shipped_reads_back(n: int, digest: bytes, at: datetime, signed: bool) -> None:
    shipped = ShippedHead(n=n, hash=digest.hex(), at=at.replace(tzinfo=UTC))
    secret = SECRET if signed else ""

    assert ([shipped], []) == read_lines(line_of(shipped, secret), secret)


@given(st.text(max_size=60))
def test_no_line_ever_does_more_than_be_a_fault(line: str) -> None:
    found, faults = read_lines(line, SECRET)

    assert [] == found
    assert len(faults) <= len(line.splitlines())


@pytest.mark.parametrize("change", [{"n": 8}, {"hash": "0" * 64}, {"at": NOON + timedelta(1)}])
def test_head_that_somebody_made_up_is_not_signed(change: dict[str, object]) -> None:
    shipped = ShippedHead(n=7, hash="f" * 64, at=NOON)
    made_up = ShippedHead(**{"n": 7, "hash": "f" * 64, "at": NOON, **change})  # type: ignore[arg-type]
    line = line_of(made_up, SECRET).replace(made_up.signature(SECRET), shipped.signature(SECRET))

    assert ([], ["line 1 of the shipped heads is not signed by this desk"]) == read_lines(
        line, SECRET
    )
    unsigned = line_of(shipped, "")
    assert 1 == len(read_lines(unsigned, SECRET)[1])


def test_chain_that_was_made_anew_is_found_by_what_was_shipped_before() -> None:
    world = World()
    world.act()
    world.shipping.ship(world.at)
    world.act()
    assert () == world.faults()

    world.made_anew()

    (fault,) = world.faults()
    assert "entry 3 with the hash" in fault
    assert "is not in the chain" in fault
    world.auditing.look()
    assert fault in world.auditing.standing(ADMIN).faults, "the daily look says so too"


def test_end_that_was_cut_off_is_found() -> None:
    world = World()
    world.act()
    world.shipping.ship(world.at)
    links = world.journal._chain()
    world.journal._audit, world.journal._noted = links[:2], links[1].head

    assert any("is not in the chain" in fault for fault in world.faults())


def test_heads_that_a_receiver_kept_are_given_by_hand() -> None:
    world = World()
    world.act()
    world.shipping.ship(world.at)
    kept = world.keeper.kept()
    world.keeper.lines.clear()
    assert () == world.faults(heads=kept)

    world.made_anew()

    assert () == world.faults()
    assert 1 == len(world.faults(heads=kept))


def test_line_that_is_no_head_is_counted_in_its_own_file() -> None:
    world = World()
    world.act()
    world.shipping.ship(world.at)

    assert ("line 2 of the shipped heads is no head",) == world.faults(
        heads=f"{world.keeper.kept()}\nno head"
    )


def test_heads_are_shipped_by_the_schedule_and_again_until_they_are_kept() -> None:
    world = World()
    world.act()
    jobs = tuple(shipping_jobs(world.shipping, Every(timedelta(hours=1))))
    scheduling = Scheduler(world.journal, jobs, lambda: world.at)
    scheduling.tick()
    world.keeper.away = True
    world.at += timedelta(hours=1)
    scheduling.tick()
    world.at += timedelta(minutes=11)
    assert [SHIPS] == [late.job for late in scheduling.late(world.at)], "people are told"
    assert "503" in scheduling.late(world.at)[0].why

    world.keeper.away = False
    scheduling.tick()

    assert [] == scheduling.late(world.at)
    assert 1 == len(world.keeper.lines)


def test_empty_chain_and_no_keeper_ship_nothing() -> None:
    world = World()
    world.shipping.ship(world.at)
    assert [] == world.keeper.lines

    nowhere = HeadShipping(world.journal, lambda: world.at)
    assert [] == list(shipping_jobs(nowhere, Every(timedelta(hours=1))))
    assert [] == list(shipping_jobs(world.shipping, None))


def test_heads_that_cannot_be_read_are_told() -> None:
    world = World()
    world.act()
    world.keeper.lines = ["not a head"]

    (fault,) = world.faults()
    assert "line 1 of the shipped heads is no head" == fault
