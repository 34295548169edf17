"""How long the trends of *Operations* take over 500 operations of 1,000 bookings in 90 days.

A SQLite journal (or ``--url``), written as operations leave it. The page is run as a browser's
visit runs it, without the browser: once for the first time, then again, which is what a click
costs. Alone: ``python -m benchmarks.trends_page``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from benchmarks.drift_page import DAYS, rerun, timed, visited
from benchmarks.many_operations import fill
from benchmarks.report import Report, at_most
from core.app import wiring
from core.app.stores import SqlJournal
from core.health.over_time.trend_rules import stretches
from pages.shared.health.trends import views
from pages.shared.places import OPERATIONS
from tests.pages.stage import ADMIN, come_in, signed_in, stage

#: The server's work; the queries are what is left of a rerun when nothing is kept.
BUDGETS = (
    at_most("first visit, s", 1.2),
    at_most("rerun, s", 0.3),
    at_most("worst query, s", 0.3),
)
LEFT_OUT = "the browser and the way to it, and other people on the same server"


def measure(url: str, journal: SqlJournal) -> Report:
    made = stage(journal=journal)
    come_in(journal, signed_in(email=ADMIN))
    filled_s = timed(lambda: fill(url, made.clock()))
    edges = stretches(made.clock(), timedelta(days=DAYS), made.core.zone).edges
    queries = {
        "acts": timed(lambda: journal.tally_acts(edges)),
        "exams": timed(lambda: journal.tally_exams(edges[0])),
    }
    at: dict[str, str] = {"view": "Trends", "period": "Last 90 days"}
    with wiring.use(made.core):
        each = {tab: visited(OPERATIONS, **at, trend=tab) for tab in views.VIEWS}
        again = {tab: rerun(page) for tab, (_, page) in each.items()}
    found = {
        "first visit, s": max(took for took, _ in each.values()),
        "rerun, s": max(again.values()),
        "worst query, s": max(queries.values()),
    }
    more = {
        "filled in s": round(filled_s, 1),
        "reruns, s": {tab: round(took, 3) for tab, took in again.items()},
        "queries, ms": {what: round(1000 * took, 1) for what, took in queries.items()},
    }
    return Report("trends page", BUDGETS, found, left_out=LEFT_OUT, more=more)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="of an empty database; a SQLite file by default")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        url = asked.url or f"sqlite:///{folder}/journal.sqlite"
        journal = SqlJournal(url)
        report = measure(url, journal)
        journal.close()
    return report.tell()


if __name__ == "__main__":
    sys.exit(main())
