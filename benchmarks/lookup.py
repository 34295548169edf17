"""How long the mirror takes to find people while somebody types.

The whole way: supabase-py, gateway, PostgREST, PostgreSQL, and the rules that judge what was found.
Alone: ``python -m benchmarks.lookup``.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from benchmarks.report import Report, at_most
from core.access.access_log import AccessLog
from core.access.pacing import Limits
from core.access.rationing import Rationing
from core.app.assembly import utc_now
from core.app.stores import SqlJournal
from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.credits.roles import Actor, Role
from core.mirror.rows import columns
from core.mirror.supabase.client import Supabase
from core.students.search import StudentSearch
from sandbox.supabase import LocalSupabase
from tests.fakes.crm import FakeCrm
from tests.pages.stage import NOON

STAFF = Actor(email="staff@example.test", role=Role.STAFF)
ASKED = ("three letters", "family name", "whole name", "student id", "misspelt")
BUDGETS = tuple(at_most(f"{what}, p50 s", 0.1) for what in ASKED)
LEFT_OUT = "the page, the browser, and HubSpot, which is not asked"
#: Shorter names have other names for typing errors.
LONG = 6
#: Syllables make more names than any list: a real school has few of each.
SYLLABLES = re.findall(
    r"\w+",
    "ba ka la ma na ra sa ta vi do ki lo mi no ri so tu ve wen zha che kov ski son berg ille "
    "ham ford ley ton dez rez ova eva ian wal tor gar fer nan des oli ver",
)


def name(rng: random.Random) -> str:
    return "".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))).capitalize()


def fill(mirror: Supabase, contacts: int) -> list[tuple[str, str]]:
    rng, people = random.Random(7), list[tuple[str, str]]()
    for first in range(0, contacts, 500):
        rows = []
        for n in range(first, min(first + 500, contacts)):
            people.append((name(rng), name(rng)))
            given, family = people[-1]
            rows.append(
                {
                    "hubspot_id": str(21_000_000_000 + n),
                    "source_modified_at": "2026-01-01T00:00:00Z",
                    "firstname": given,
                    "lastname": family,
                    "email": f"{given}.{family}{n}@students.example.test".lower(),
                    "student_id": str(1_000_000 + n),
                }
            )
        mirror.copy(Kind.CONTACT, rows)
    return people


def questions(people: list[tuple[str, str]]) -> dict[str, Callable[[random.Random], str]]:
    def person(rng: random.Random) -> tuple[str, str]:
        return rng.choice(people)

    def misspelt(rng: random.Random) -> str:
        given, family = rng.choice([each for each in people if len(each[1]) >= LONG])
        at = rng.randrange(1, len(family))
        return f"{given} {family[:at]}{family[at + 1 :]}"

    return {
        "three letters": lambda rng: person(rng)[1][:3],
        "family name": lambda rng: person(rng)[1],
        "whole name": lambda rng: " ".join(person(rng)),
        "student id": lambda rng: str(1_000_000 + rng.randrange(len(people))),
        "misspelt": misspelt,
    }


def measure(contacts: int, times: int) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder, LocalSupabase(Path(folder)) as stack:
        settings = stack.settings
        mirror = Supabase(
            url=settings.url, service_key=settings.service_role_key, columns=columns(SCHOOL)
        )
        people = fill(mirror, contacts)
        with psycopg.connect(settings.db_url, autocommit=True) as db:
            db.execute("vacuum analyze public.hubspot_contact_credits")
        journal = SqlJournal(f"sqlite:///{folder}/journal.sqlite")
        limits = Rationing(journal, utc_now, Limits(listed=1_000_000))
        noting = AccessLog(
            journal, utc_now, rationing=limits
        )  # each search is recorded and counted
        desk = StudentSearch(FakeCrm(lambda: NOON), mirror, SCHOOL, noting)
        for what, ask in questions(people).items():
            found[what] = _timed(desk, ask, times)
        journal.close()
        mirror.close()
    return found


def _timed(
    desk: StudentSearch, ask: Callable[[random.Random], str], times: int
) -> dict[str, float]:
    rng, taken = random.Random(1), list[float]()
    for _ in range(times):
        text = ask(rng)
        began = time.perf_counter()
        hits = desk.find(text, STAFF)
        taken.append(time.perf_counter() - began)
        if not hits.hits:
            raise AssertionError(f"nobody found for {text!r}")
    taken.sort()
    return {"p50_s": round(taken[times // 2], 4), "p95_s": round(taken[times * 95 // 100], 4)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=60)
    given = parser.parse_args()
    found = measure(given.contacts, given.times)
    seconds = {f"{what}, p50 s": each["p50_s"] for what, each in found.items()}
    more = {"contacts": given.contacts, "each": found}
    return Report("lookup", BUDGETS, seconds, left_out=LEFT_OUT, more=more).tell()


if __name__ == "__main__":
    sys.exit(main())
