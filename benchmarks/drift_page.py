"""How long the drift page takes with 90 days of two-hourly sweeps behind it.

1,080 sweeps with some fifty drifts each, and measures of every minute, in a SQLite journal (or
``--url``). The page is run as a browser's visit runs it, without the browser; then every chart.
Alone: ``python -m benchmarks.drift_page``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path

from streamlit.testing.v1 import AppTest

from benchmarks.report import Report, at_most
from core.app import wiring
from core.app.assembly.parts import Core
from core.app.stores import SqlJournal
from core.drift.store.trends_port import Gauge
from pages.shared import charts, pace
from pages.shared.drift import history
from pages.shared.places import DRIFT, Place
from tests.pages import drift_scenes
from tests.pages.stage import ACTOR, ADMIN, come_in, signed_in, stage

ROOT = Path(__file__).resolve().parent.parent
DAYS = 90
#: Seconds of the server's work: for a visit, of whose 2 s until it is painted the browser needs
#: about 1.2; for another chart of a page that is there; and for a click that changes nothing.
BUDGETS = (
    at_most("first visit, s", 0.8),
    at_most("visit, s", 0.8),
    at_most("worst chart, s", 1.2),
    at_most("worst rerun, s", 0.3),
    at_most("most points of a chart", charts.POINTS_MAX),
)
LEFT_OUT = "the browser and the way to it (drift_paint), and other people on the same server"
VISITS = 7


def filled(journal: SqlJournal) -> Core:
    """A core over a journal with a term in it, and how long it took to fill."""
    made = stage(journal=journal)
    come_in(journal, signed_in(email=ADMIN))
    drift_scenes.fill_sweeps(journal, made.clock(), days=DAYS, wrong=50)
    minute = timedelta(minutes=1)
    drift_scenes.measures(journal, made.clock(), days=DAYS, every=minute)
    drift_scenes.repairs(journal, made.clock(), days=DAYS, every=timedelta(hours=8), number=50)
    return made.core


def visited(place: Place = DRIFT, **params: str) -> tuple[float, AppTest]:
    """Seconds of a run of a page's script, at this address; the app itself has run before."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.user = signed_in(email=ADMIN)
    at.session_state[pace.PAINTED] = True  # the whole page, at which the browser looks second
    at.run()
    for name, value in params.items():
        at.query_params[name] = value
    at.switch_page(str(ROOT / place.path))
    began = time.perf_counter()
    at.run()
    took = time.perf_counter() - began
    if at.exception:
        raise SystemExit(f"the page failed: {at.exception[0].value}")
    return took, at


def rerun(at: AppTest) -> float:
    """Seconds of what a click costs that changes nothing: the median of a few."""
    return statistics.median(timed(at.run) for _ in range(VISITS))


def points(at: AppTest) -> int:
    """In the largest chart of the page."""
    specs = [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]
    return max((sum(_length(t["x"]) for t in spec["data"]) for spec in specs), default=0)


def _length(values: object) -> int:
    """Plotly packs numbers as base64 of eight bytes each."""
    if isinstance(values, dict):
        return len(values["bdata"]) * 3 // 4 // 8
    return len(values) if isinstance(values, list) else 0


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def queries(core: Core) -> dict[str, float]:
    """Milliseconds of the largest questions that the page asks the store."""
    now, journal = core.operation_commands.now(), core.scheduler.journal
    since, step = now - timedelta(days=DAYS), timedelta(hours=6)
    sweep = journal.sweeps(limit=1)[0]
    asked = {
        "drift by cause": lambda: journal.drift_levels(modes=(sweep.mode,), since=since, step=step),
        "copy lag": lambda: journal.levels(
            [Gauge.COPY_LAG_P50, Gauge.COPY_LAG_P99], since=since, step=step
        ),
        "quota": lambda: journal.levels([Gauge.QUOTA, Gauge.QUOTA_DAY], since=since, step=step),
        "owed": lambda: journal.levels([Gauge.OWED], since=since, step=step),
        "repairs": lambda: core.trend_reader.repair_times(ACTOR, timedelta(days=DAYS), UTC),
        "balances": lambda: journal.gaps(sweep.id, core.catalogue.keys),
    }
    return {what: round(1000 * timed(work), 1) for what, work in asked.items()}


def measure(journal: SqlJournal) -> Report:
    began = time.perf_counter()
    core = filled(journal)
    filled_s = time.perf_counter() - began
    with wiring.use(core):
        first, _ = visited(period="Last 90 days")
        visits = [visited(period="Last 90 days")[0] for _ in range(VISITS)]
        each = {tab: visited(period="Last 90 days", chart=tab) for tab in history.VIEWS}
        again = {tab: rerun(page) for tab, (_, page) in each.items()}
    found = {
        "first visit, s": first,
        "visit, s": statistics.median(visits),
        "worst chart, s": max(took for took, _ in each.values()),
        "worst rerun, s": max(again.values()),
        "most points of a chart": max(points(at) for _, at in each.values()),
    }
    more = {
        "sweeps": len(journal.sweeps(limit=5000)),
        "filled in s": round(filled_s, 1),
        "charts, s": {tab: round(took, 3) for tab, (took, _) in each.items()},
        "reruns, s": {tab: round(took, 3) for tab, took in again.items()},
        "queries, ms": queries(core),
    }
    return Report("drift page", BUDGETS, found, left_out=LEFT_OUT, more=more)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="of an empty database; a SQLite file by default")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        journal = SqlJournal(asked.url or f"sqlite:///{folder}/journal.sqlite")
        report = measure(journal)
        journal.close()
    return report.tell()


if __name__ == "__main__":
    sys.exit(main())
