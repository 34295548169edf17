"""How long Overview takes with 90 days and 500 operations of 1,000 rows behind it.

Two-hourly sweeps with some fifty drifts each, and measures of every minute, in a SQLite journal.
First the server's work, without a browser: a visit, a look of the page with nothing new, and one
for which the week has to be counted again. Then until it is painted in headless Chromium, on the
local stack: in a browser that was never here (cold), and in another tab (warm). Alone:
``python -m benchmarks.overview_page``.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks import many_operations
from benchmarks.browser import SIZE, app, chromium, painted, signed_in, told
from benchmarks.drift_page import DAYS, timed, visited
from benchmarks.many_operations import OPERATIONS, ROWS
from benchmarks.report import Report, at_most
from core.app import wiring
from core.app.stores import SqlJournal
from core.credits.catalogue import SCHOOL
from core.drift.store.trends_port import Gauge, Measure
from pages.shared.places import OVERVIEW
from tests.crash.desk import Desk
from tests.pages import drift_scenes
from tests.pages.stage import ADMIN, come_in, stage
from tests.pages.stage import signed_in as claims

SMALL = ("--contacts", "60", "--bookings", "120", "--exams", "6")
#: Of the 2 s until it is painted the browser needs about 1.2.
BUDGETS = (
    at_most("visit, s", 0.8),
    at_most("rerun, s", 0.3),
    at_most("rerun when counted again, s", 0.3),
    at_most("cold, s", 2.0),
    at_most("warm, s", 2.0),
)
LEFT_OUT = "signing in, and other people on the same server"
TIMES = 5
USEFUL = {"useful": '[data-testid="stMetricValue"]'}


def fill(journal: SqlJournal, url: str, now: datetime) -> None:
    """``url``: of the journal."""
    many_operations.fill(url, now)
    drift_scenes.fill_sweeps(journal, now, days=DAYS, wrong=50)
    drift_scenes.measures(journal, now, days=DAYS, every=timedelta(minutes=1))
    journal.add_measures(
        [
            Measure(at=now - timedelta(days=day, hours=9), gauge=Gauge.OUTSTANDING, of=of, value=9)
            for day in range(DAYS)
            for of in SCHOOL.keys
        ]
    )


def filled(desk: Desk) -> None:
    """The desk of a browser."""
    fill(desk.journal, desk.environment["OPS_DATABASE_URL"], datetime.now(UTC))


def served(folder: Path) -> dict[str, float]:
    """Seconds of the server's work."""
    url = f"sqlite:///{folder / 'journal.sqlite'}"
    journal = SqlJournal(url)
    made = stage(journal=journal)
    come_in(journal, claims(email=ADMIN))
    fill(journal, url, made.clock())
    again, anew = list[float](), list[float]()
    with wiring.use(made.core):
        visit, at = visited(OVERVIEW)
        for _ in range(TIMES):
            again.append(timed(at.run))
            made.clock.pass_(minutes=1)
            anew.append(timed(at.run))
    journal.close()
    middle = statistics.median
    return {
        "visit, s": visit,
        "rerun, s": middle(again),
        "rerun when counted again, s": middle(anew),
    }


def seen(browser: Browser, origin: str) -> dict[str, dict[str, float]]:
    """Seconds until the figures are on the screen."""
    kept = signed_in(browser, origin)
    found: dict[str, list[float]] = {"cold": [], "warm": []}
    for _ in range(TIMES):
        context = browser.new_context(storage_state=kept, viewport=SIZE)
        for seconds in found.values():
            page = context.new_page()
            seconds.append(painted(page, f"{origin}/overview", USEFUL)["useful"])
        context.close()
    return {way: told(seconds) for way, seconds in found.items()}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        work = served(Path(folder))
    with (
        tempfile.TemporaryDirectory() as folder,
        app(Path(folder), *SMALL, filled=filled) as (origin, _),
        chromium() as browser,
    ):
        paint = seen(browser, origin)
    what = f"overview, {DAYS} days, {OPERATIONS} operations of {ROWS:,} rows"
    found = work | {f"{way}, s": each["median"] for way, each in paint.items()}
    more = {"first useful paint, s": paint}
    return Report(what, BUDGETS, found, left_out=LEFT_OUT, more=more).tell()


if __name__ == "__main__":
    sys.exit(main())
