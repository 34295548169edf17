"""When the drift page can be read in a browser, with 90 days of two-hourly sweeps behind it.

The app's own server on the local stack, its journal filled as ``drift_page`` fills it, and headless
Chromium, signed in. *First useful paint*: the figures of how it stands have their place on the
screen; *chart*: the bars of 90 days are drawn. Both from the moment at which the address is opened,
by the browser's own clock, in a tab of a browser that was never here (cold: nothing is kept), in
another tab of one that was (warm), and by a click in the navigation of a page that is open.
Alone: ``python -m benchmarks.drift_paint``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.browser import PATIENCE_MS, SIZE, app, chromium, signed_in
from benchmarks.drift_page import DAYS
from benchmarks.report import Report, at_most
from core.app.stores import SqlJournal
from tests.e2e.person import Person
from tests.pages import drift_scenes

SMALL = ("--contacts", "60", "--bookings", "120", "--exams", "6")
PAGE = "/drift?period=Last+90+days"
#: Until the standing is painted (design, section 12).
BUDGETS = tuple(at_most(f"{way}, s", 2.0) for way in ("cold", "warm", "clicked"))
LEFT_OUT = "signing in, other people on the same server, and the charts, which come later"
#: Looks at every frame; the browser's clock began when the address was opened, or was clicked.
WATCH = """() => {
    const seen = {};
    window.__seen = seen;
    const shown = (what) => [...document.querySelectorAll(what)].some(
        (each) => each.getClientRects().length);
    const look = () => {
        const at = performance.now() - (window.__began ?? 0);
        if (location.pathname === '/drift') {
            if (!seen.useful && shown('[data-testid="stMetricValue"]')) seen.useful = at;
            if (!seen.chart && shown('.js-plotly-plot .bars path')) seen.chart = at;
        }
        if (!seen.chart) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""
SEEN = "() => window.__seen.chart"


def fill(journal: SqlJournal) -> None:
    """A term of sweeps with some fifty drifts each, and measures of every minute."""
    now = datetime.now(UTC)
    drift_scenes.fill_sweeps(journal, now, days=DAYS, wrong=50)
    drift_scenes.measures(journal, now, days=DAYS, every=timedelta(minutes=1))


def painted(page: Page) -> dict[str, float]:
    """Seconds until each was seen."""
    page.wait_for_function(SEEN, timeout=PATIENCE_MS)
    seen: dict[str, float] = page.evaluate("() => window.__seen")
    return {what: round(ms / 1000, 2) for what, ms in seen.items()}


def opened(page: Page, origin: str) -> dict[str, float]:
    """By its address."""
    page.add_init_script(f"({WATCH})()")
    page.goto(f"{origin}{PAGE}", wait_until="commit")
    return painted(page)


def clicked(page: Page, origin: str) -> dict[str, float]:
    """In the navigation of another page."""
    person = Person(page, origin)
    person.open("/operations")
    page.evaluate(f"() => {{ window.__began = performance.now(); ({WATCH})(); }}")
    page.get_by_role("link", name="Drift").first.click()
    return painted(page)


def visits(browser: Browser, origin: str, times: int) -> dict[str, list[dict[str, float]]]:
    """Each way of coming here, so often."""
    kept = signed_in(browser, origin)
    found: dict[str, list[dict[str, float]]] = {"cold": [], "warm": [], "clicked": []}
    for _ in range(times):
        context = browser.new_context(storage_state=kept, viewport=SIZE)
        found["cold"].append(opened(context.new_page(), origin))
        found["warm"].append(opened(context.new_page(), origin))
        found["clicked"].append(clicked(context.new_page(), origin))
        context.close()
    return found


def report(found: dict[str, list[dict[str, float]]]) -> Report:
    """Medians, with the best and the worst beside them."""

    def told(way: str, what: str) -> list[float]:
        seconds = sorted(each[what] for each in found[way])
        return [round(statistics.median(seconds), 2), seconds[0], seconds[-1]]

    useful = {way: told(way, "useful") for way in found}
    return Report(
        "drift page in a browser, until its figures are painted",
        BUDGETS,
        {f"{way}, s": seconds[0] for way, seconds in useful.items()},
        left_out=LEFT_OUT,
        more={
            "first useful paint: median, best, worst": useful,
            "chart of 90 days": {way: told(way, "chart") for way in found},
        },
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--visits", type=int, default=5, help="of each kind")
    times = parser.parse_args().visits
    with (
        tempfile.TemporaryDirectory() as folder,
        app(Path(folder), *SMALL, filled=lambda desk: fill(desk.journal)) as (origin, _),
        chromium() as browser,
    ):
        told = report(visits(browser, origin, times))
    return told.tell()


if __name__ == "__main__":
    sys.exit(main())
