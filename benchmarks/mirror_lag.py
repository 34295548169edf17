"""How long after a write is settled its row has changed in Supabase.

The whole way: journal (SQLite, durable), nudge, thread, supabase-py, gateway, PostgREST and
PostgreSQL. The clock starts before the settling transaction and stops when the mirror has
answered. Alone: ``python -m benchmarks.mirror_lag``.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.report import Report, at_most
from core.app.stores import SqlJournal
from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.mirror.circuit_breaker import Outage
from core.mirror.copier import MirrorCopier
from core.mirror.lag import summarise
from core.mirror.port import CopyResult, DeleteResult, Exposure, MirrorRow, RenameResult
from core.mirror.rows import columns
from core.mirror.store.outbox_port import Due
from core.mirror.supabase.client import Supabase
from core.mirror.threads import MirrorThreads
from sandbox.supabase import LocalSupabase
from tests.fakes.crm import FakeCrm

BUDGETS = (at_most("p50, s", 0.020), at_most("p99, s", 0.100))
LEFT_OUT = "HubSpot's answer before the clock starts, and other work of the desk (see operation)"
DEADLINE_S = 10.0


@dataclass(slots=True)
class Watched:
    """The mirror, telling when each row was answered for."""

    mirror: Supabase
    written: dict[str, float] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def copy(self, kind: Kind, rows: Sequence[MirrorRow]) -> dict[str, CopyResult]:
        results = self.mirror.copy(kind, rows)
        at = time.perf_counter()
        with self.changed:
            self.written |= dict.fromkeys(results, at)
            self.changed.notify_all()
        return results

    def rows(self, kind: Kind, ids: Sequence[str]) -> dict[str, MirrorRow]:
        return self.mirror.rows(kind, ids)

    def page(self, kind: Kind, after: str = "", limit: int = 1000) -> list[MirrorRow]:
        return self.mirror.page(kind, after, limit)

    def backdate(self, kind: Kind, rows: Sequence[MirrorRow], to: Mapping[str, str]) -> set[str]:
        return self.mirror.backdate(kind, rows, to)

    def delete(self, kind: Kind, rows: Sequence[MirrorRow]) -> dict[str, DeleteResult]:
        return self.mirror.delete(kind, rows)

    def rename(self, kind: Kind, old: str, new: str) -> RenameResult:
        return self.mirror.rename(kind, old, new)

    def unrefunded(self, after: str = "", limit: int = 1000) -> list[str]:
        return self.mirror.unrefunded(after, limit)

    def required(self, kind: Kind) -> frozenset[str]:
        return self.mirror.required(kind)

    def exposures(self) -> list[Exposure]:
        return self.mirror.exposures()

    def faults(self) -> list[str]:
        return self.mirror.faults()

    def wait_for(self, ids: Sequence[str]) -> None:
        with self.changed:
            if not self.changed.wait_for(lambda: self.written.keys() >= set(ids), DEADLINE_S):
                raise TimeoutError(f"{len(ids)} rows were not all written in {DEADLINE_S} s")


def now() -> datetime:
    return datetime.now(UTC)


def row(id_: str, balance: int) -> MirrorRow:
    credits_ = {str(key): balance % 7 for key in SCHOOL.keys}
    return {"hubspot_id": id_, "source_modified_at": now().isoformat(), **credits_}


@contextmanager
def running(state: Path, stack: LocalSupabase) -> Iterator[tuple[MirrorCopier, Watched]]:
    settings = stack.settings
    real = Supabase(
        url=settings.url, service_key=settings.service_role_key, columns=columns(SCHOOL)
    )
    watched = Watched(real)
    journal = SqlJournal(f"sqlite:///{state / 'ops.sqlite'}")
    mirroring = MirrorCopier(
        crm=FakeCrm(now),
        mirror=watched,
        journal=journal,
        catalogue=SCHOOL,
        now=now,
        chance=random.random,
        outage=Outage(chance=random.random),
    )
    threads = MirrorThreads(mirroring)
    threads.start()
    try:
        yield mirroring, watched
    finally:
        threads.stop(DEADLINE_S)
        journal.close()
        real.close()


def settle(
    mirroring: MirrorCopier, watched: Watched, ids: Sequence[str], balance: int
) -> list[float]:
    """Seconds from before the settling transaction until each row was written."""
    for id_ in ids:
        watched.written.pop(id_, None)
    due = [Due(kind=Kind.CONTACT, record_id=id_, row=row(id_, balance)) for id_ in ids]
    began = time.perf_counter()
    mirroring.put(due)
    watched.wait_for(ids)
    return [watched.written[id_] - began for id_ in ids]


def measure(*, writes: int = 500, rows: int = 1) -> dict[str, float]:
    """Lag of ``writes`` settlements, one after the other, of ``rows`` contacts each."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        with LocalSupabase(state / "supabase") as stack, running(state, stack) as (desk, watched):
            ids = [f"bench{n}" for n in range(rows)]
            for n in range(20):
                settle(desk, watched, ids, n)
            lags: list[float] = []
            for n in range(writes):
                time.sleep(random.random() * 0.02)  # let the threads go to sleep, as between clicks
                lags += settle(desk, watched, ids, n)
    found = summarise(lags)
    return {"p50, s": found.p50_s, "p99, s": found.p99_s, "worst, s": found.worst_s}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writes", type=int, default=500)
    parser.add_argument("--rows", type=int, default=1, help="contacts in one settlement")
    given = parser.parse_args()
    found = measure(writes=given.writes, rows=given.rows)
    more = {"writes": given.writes, "rows": given.rows}
    return Report("mirror_lag", BUDGETS, found, left_out=LEFT_OUT, more=more).tell()


if __name__ == "__main__":
    sys.exit(main())
