"""When a student's page can be read in a browser, and what it asks of HubSpot.

The app's own server on a local stack whose HubSpot takes 150 ms for each answer, and headless
Chromium, signed in. *First useful paint*: the five balances have their place on the screen, from
the moment at which the address is opened, in a browser that was never here (cold) and in another
tab of it (warm), each time another student. Then somebody types a name: HubSpot is asked nothing.
Alone: ``python -m benchmarks.contact_page``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks.browser import PATIENCE_MS, SIZE, app, chromium, painted, signed_in, told
from benchmarks.report import LATENCY_MS, Report, at_most
from tests.crash.desk import Desk

STACK = ("--contacts", "2000", "--latency-ms", str(LATENCY_MS))
WANTED = {"balances": '[data-testid="stMetricValue"]', "bookings": '[data-testid="stDataFrame"]'}
BUDGETS = (
    at_most("cold, s", 2.0),
    at_most("warm, s", 2.0),
    at_most("HubSpot calls of a visit", 4),
    at_most("HubSpot calls while typing", 0),
)
LEFT_OUT = "the first visit's calls, which learn the account; other people on the same server"
SEARCH = "Find a student"
TYPED = "Somebody Else"


def calls(desk: Desk) -> int:
    """Requests that HubSpot has answered."""
    return int(sum(desk.hubspot.get("/_sandbox/stats").json()["by_kind"].values()))


def students(desk: Desk) -> Iterator[str]:
    """Ids of students with bookings, each once."""
    seen = set()
    for row in desk.supabase.get("/hubspot_bookings", params={"limit": "500"}).json():
        if (id_ := row["contact_hubspot_id"]) and id_ not in seen:
            seen.add(id_)
            yield id_


def opened(page: Page, origin: str, desk: Desk, id_: str) -> dict[str, float]:
    """One visit, with the calls it made."""
    before = calls(desk)
    found = painted(page, f"{origin}/contacts?id={id_}", WANTED)
    return found | {"calls": calls(desk) - before}


def typing(page: Page, origin: str, desk: Desk) -> int:
    """HubSpot calls while a name is typed letter by letter."""
    page.goto(f"{origin}/contacts")
    box = page.get_by_role("searchbox", name=SEARCH)
    expect(box).to_be_visible(timeout=PATIENCE_MS)
    before = calls(desk)
    box.press_sequentially(TYPED, delay=120)
    expect(page.get_by_text(TYPED).first).to_be_visible(timeout=PATIENCE_MS)
    return calls(desk) - before


def measure(browser: Browser, origin: str, desk: Desk, times: int) -> Report:
    """Both ways of coming here, so often, and the typing."""
    kept = signed_in(browser, origin)
    ids = students(desk)
    found: dict[str, list[dict[str, float]]] = {"cold": [], "warm": []}
    for _ in range(times):
        context = browser.new_context(storage_state=kept, viewport=SIZE)
        for way in found.values():
            page = context.new_page()
            way.append(opened(page, origin, desk, next(ids)))
            page.close()
        asked = typing(context.new_page(), origin, desk)
        context.close()
    most = max(each["calls"] for way in found.values() for each in way[1:])
    paint = {way: told([each["balances"] for each in visits]) for way, visits in found.items()}
    calls_ = {"HubSpot calls of a visit": most, "HubSpot calls while typing": asked}
    return Report(
        f"a student's page in a browser, HubSpot at {LATENCY_MS} ms",
        BUDGETS,
        {f"{way}, s": seconds["median"] for way, seconds in paint.items()} | calls_,
        left_out=LEFT_OUT,
        more={
            "first useful paint, s": paint,
            "bookings, s": {w: told([each["bookings"] for each in v]) for w, v in found.items()},
        },
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--visits", type=int, default=5, help="of each kind")
    times = parser.parse_args().visits
    with (
        tempfile.TemporaryDirectory() as folder,
        app(Path(folder), *STACK) as (origin, desk),
        chromium() as browser,
    ):
        report = measure(browser, origin, desk, times)
    return report.tell()


if __name__ == "__main__":
    sys.exit(main())
