"""Supabase goes away and comes back under the threads that copy to it, and nobody has to act."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.mirror.circuit_breaker import Outage
from core.mirror.copier import MirrorCopier
from core.mirror.store.outbox_port import Due
from core.mirror.supabase.client import Supabase
from core.mirror.threads import MirrorThreads
from sandbox.supabase import LocalSupabase
from tests.contract.supabase.conftest import row
from tests.fakes.crm import FakeCrm
from tests.fakes.journal import MemoryJournal

DEADLINE_S = 60.0


def now() -> datetime:
    return datetime.now(UTC)


def until(fact: Callable[[], bool]) -> bool:
    """Looks often, and gives up at the deadline."""
    tick, began = threading.Event(), now()
    while not fact():
        if (now() - began).total_seconds() > DEADLINE_S:
            return False
        tick.wait(0.005)
    return True


@pytest.fixture
def mirroring(supabase: Supabase) -> Iterator[MirrorCopier]:
    made = MirrorCopier(
        crm=FakeCrm(now),
        mirror=supabase,
        journal=MemoryJournal(),
        catalogue=SCHOOL,
        now=now,
        chance=random.Random(7).random,
        outage=Outage(chance=random.Random(7).random),
    )
    threads = MirrorThreads(made, poll_s=0.05)
    threads.start()
    yield made
    threads.stop(DEADLINE_S)


def dues(ids: list[str], minute: int) -> list[Due]:
    return [
        Due(kind=Kind.CONTACT, record_id=id_, row=row(id_, minute, sj_credits=minute))
        for id_ in ids
    ]


@pytest.mark.parametrize("how", ["drop", "503"])
def test_after_an_outage_the_mirror_is_equal_by_itself(
    mirroring: MirrorCopier, stack: LocalSupabase, new_id: Callable[[], str], how: str
) -> None:
    ids = [new_id() for _ in range(300)]
    mirroring.put(dues(ids, 1))
    assert until(lambda: mirroring.journal.outbox().due == 0)

    stack.set_fault("dead", how="drop" if how == "drop" else "503")
    mirroring.put(dues(ids, 2))
    assert until(lambda: mirroring.outage.down is not None)
    mirroring.put(dues(ids, 3))
    assert mirroring.journal.outbox().due == 300

    stack.set_fault("up")
    assert until(lambda: mirroring.journal.outbox().due == 0)
    held = mirroring.mirror.rows(Kind.CONTACT, ids)
    assert {3} == {found["sj_credits"] for found in held.values()}
    assert len(held) == 300
    assert mirroring.outage.down is None


def test_a_row_that_is_due_is_copied_at_once(
    mirroring: MirrorCopier, new_id: Callable[[], str]
) -> None:
    id_ = new_id()

    mirroring.put(dues([id_], 1))

    assert until(lambda: mirroring.journal.outbox().due == 0)
    assert mirroring.lag.summary().copies == 1
