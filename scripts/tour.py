"""``make tour``: walks from the sign-in page to the first refund, and writes down what it saw.

The walk knows nothing of the demo's data: it presses what the pages offer, and counts its clicks.
A browser test walks the same way and looks into both stores.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect, sync_playwright

from sandbox.identity import DEMO_USERS
from sandbox.ports import any_free
from scripts.chromium import FLAGS, find_chromium
from scripts.local_desk import LocalDesk, served
from scripts.processes import ROOT

TOUR = ROOT / "docs" / "tour.md"
PICTURES = ROOT / "docs" / "img" / "tour"
SLOW_MS = 60_000
#: Around what the next click is on.
MARK = "e => { e.style.outline = '3px solid #d6336c'; e.style.outlineOffset = '3px'; }"
UNMARK = "e => { e.style.outline = ''; e.style.outlineOffset = ''; }"
REASON = "The room was flooded"
HEAD = """# A tour: from `make run` to the first refund

Written by `make tour`, which walks it in a browser on a fresh demo; `tests/e2e/test_tour.py` walks
the same way and finds the credit in HubSpot and in Supabase. It takes {clicks} clicks.

Run `make run`, open the address that it prints, and:
"""


@dataclass(slots=True)
class Walk:
    """One tab, in which every click is counted and may be told with a picture."""

    page: Page
    #: Where pictures go; None: none are taken.
    pictures: Path | None = None
    clicks: int = 0
    told: list[str] = field(default_factory=list)

    def click(self, target: Locator, name: str, words: str) -> None:
        """``name``: of the picture, on which the target is marked; ``words``: what is done."""
        settled(self.page)
        expect(target).to_be_enabled(timeout=SLOW_MS)
        self._picture(name, f"{self.clicks + 1}. {words}", target)
        target.click()
        self.clicks += 1

    def write(self, box: Locator, text: str, words: str) -> None:
        """A click into the box, and the letters."""
        box.click()
        self.clicks += 1
        box.fill(text)
        self.told.append(f"{self.clicks}. {words}\n")

    def see(self, name: str, words: str) -> None:
        """Nothing is pressed."""
        self._picture(name, words, None)

    def _picture(self, name: str, words: str, target: Locator | None) -> None:
        if self.pictures is None:
            return
        if target is not None:
            target.scroll_into_view_if_needed()
            target.evaluate(MARK)
        self.pictures.mkdir(parents=True, exist_ok=True)
        path = self.pictures / f"{name}.png"
        self.page.screenshot(path=path, animations="disabled")
        if target is not None:
            target.evaluate(UNMARK)
        self.told.append(f"{words}\n\n   ![{name}](img/tour/{path.name})\n")


def settled(page: Page) -> None:
    """Until the page has been drawn."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=SLOW_MS)
    expect(page.locator("h1").first).to_be_visible(timeout=SLOW_MS)


def to_a_student(walk: Walk) -> str:
    """From the sign-in page to somebody who waits for a credit; HubSpot's id of the student."""
    page, admin = walk.page, DEMO_USERS[0]
    sign_in = page.get_by_role("button", name=f"Sign in as {admin.name}")
    walk.click(sign_in, "sign-in", f"**Sign in as {admin.name}.** The two others may do less.")
    offer = page.get_by_role("link", name=re.compile(r"^Refund \d+ credits? owed to"))
    expect(offer).to_be_visible(timeout=SLOW_MS)
    walk.click(
        offer,
        "overview",
        "**Choose the refund under *Try this*.** Below it, Overview says what needs attention.",
    )
    page.wait_for_url(re.compile(r"/contacts\?"), timeout=SLOW_MS)
    (student,) = parse_qs(urlsplit(page.url).query)["id"]
    return student


def refund(walk: Walk) -> int:
    """From the student's page to the end of the refund; how many credits were promised back."""
    page = walk.page
    offer = page.get_by_role("button", name=re.compile(r"^Refund \d+ credits? …"))
    walk.click(
        offer,
        "student",
        "**Press *Refund*.** Each card has the balance in HubSpot, and below it Supabase's, which "
        "students see.",
    )
    page.wait_for_url(re.compile(r"plan="), timeout=SLOW_MS)
    settled(page)
    reason = page.get_by_role("textbox", name="Reason")
    walk.write(reason, REASON, "**Click into *Reason*** and give one.")
    sure = page.get_by_role("button", name=re.compile(r"^Give back \d+ credits?"))
    credits_ = int(re.findall(r"\d+", sure.inner_text())[0])
    walk.click(
        sure,
        "preview",
        "**Press *Give back*.** Until now nothing was changed: the preview shows each balance "
        "before and after.",
    )
    page.wait_for_url(re.compile(r"operation="), timeout=SLOW_MS)
    expect(page.get_by_text("Nothing has been changed yet").first).to_be_visible(timeout=SLOW_MS)
    walk.see("hold", "   For a few seconds it can still be withdrawn. Then it runs by itself.")
    return credits_


def to_both_stores(walk: Walk) -> None:
    """From the refund under way to the page that shows the new balance in both stores."""
    page = walk.page
    student = page.get_by_role("link", name=re.compile(r"^Balances of "))
    expect(student).to_be_visible(timeout=2 * SLOW_MS)
    walk.click(
        student,
        "result",
        "**Open the student.** The refund has ended; *Undo* would take it back.",
    )
    badge = page.get_by_text("Supabase matches, confirmed").first
    expect(badge).to_be_visible(timeout=SLOW_MS)
    settled(page)
    walk.see(
        "both-stores", "   The credit is in HubSpot and in Supabase, and the history says why."
    )


def main() -> int:
    """A fresh demo, walked once, written down."""
    with TemporaryDirectory() as folder:
        state = Path(folder)
        desk = LocalDesk(state=state, secrets=state / "secrets.toml", port=any_free())
        options = ("--secrets.files", str(desk.secrets))
        with (
            desk.prepared(["--port", "0"]) as environment,
            served(desk.port, *options, environment=environment),
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
            page = browser.new_page(viewport={"width": 1200, "height": 760})
            page.goto(desk.origin)
            walk = Walk(page, PICTURES)
            to_a_student(walk)
            refund(walk)
            to_both_stores(walk)
            browser.close()
    steps = "\n".join(walk.told)
    TOUR.write_text(f"{HEAD.format(clicks=walk.clicks)}\n{steps}", encoding="utf-8")
    print(f"{walk.clicks} clicks: {TOUR.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
