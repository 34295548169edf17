"""What a person does in a browser, by the names that they see."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as TooLate

from sandbox.identity import DEMO_USERS
from scripts import tour
from tests.crash.waiting import wait_for
from tests.e2e import axe

NAMES = {user.email: user.name for user in DEMO_USERS}
#: Rows of a grid are painted on a canvas: a row is clicked by its place.
HEADER_PX, ROW_PX = 35, 30
SLOW_MS = tour.SLOW_MS
TABS_MAX = 60
#: What has the focus, by its name or its words.
FOCUSED = """() => {
    const it = document.activeElement;
    if (["BODY", "MAIN"].includes(it.tagName)) return "";
    return it.getAttribute("aria-label") || [...(it.labels || [])].map(l => l.innerText).join(" ")
        || it.innerText || "";
}"""


@dataclass(frozen=True)
class Person:
    """One tab."""

    page: Page
    origin: str

    def __post_init__(self) -> None:
        """On a busy machine a page takes its time."""
        self.page.set_default_timeout(SLOW_MS)

    def open(self, address: str) -> None:
        self.page.goto(f"{self.origin}{address}")
        self.wait()

    def wait(self) -> None:
        """Until the page has been drawn."""
        tour.settled(self.page)

    def sign_in(self, email: str) -> None:
        self.press(f"Sign in as {NAMES[email]}")
        expect(self.page.get_by_role("button", name=email)).to_be_visible(timeout=SLOW_MS)
        self.wait()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).first.click()

    def write(self, label: str, text: str) -> None:
        field = self.page.get_by_role("textbox", name=label)  # its help is labelled with it, too
        field.fill(text)

    def choose(self, label: str, text: str) -> None:
        """The one option with that text, by the pointer."""
        self.page.get_by_role("combobox", name=label).click()
        self.choose_here(text, lambda option: option.click(timeout=2_000))

    def choose_here(self, text: str, take: Callable[[Locator], None] | None = None) -> None:
        """The same where the focus is; without ``take``, by the keyboard alone.

        A list closes when the page is drawn anew, even between its coming and the key, and fills
        some time after the last letter: chosen is what the field shows whole.
        """
        option = self.page.get_by_role("option").filter(has_text=text)
        field = self.page.locator("input:focus")

        def chosen() -> bool:
            self.page.keyboard.press("Control+a")
            self.page.keyboard.type(text)
            with suppress(TooLate, AssertionError):
                option.wait_for(timeout=2_000)
                label = option.inner_text(timeout=2_000)
                take(option) if take else self.page.keyboard.press("Enter")
                expect(field).to_have_value(label, timeout=2_000)
                return True
            return False

        wait_for(chosen)
        self.wait()

    def tick(self, *rows: int, told: str = "", grid: int = 0) -> None:
        """Tick rows of a grid, counted from 0. ``told``: what the page then says of the choice."""
        canvas = self.grid(grid)
        expect(canvas).to_be_visible(timeout=SLOW_MS)
        for row in rows:
            self._tick(canvas, row)
        if told:  # the grid shows a tick before the server has heard of it
            self.sees(told)
        self.wait()

    def _tick(self, canvas: Locator, row: int) -> None:
        """A click before the grid is painted is lost; one more would take a late tick away."""
        ticked = canvas.locator(f"tr[aria-rowindex='{row + 2}'][aria-selected=true]")

        def done() -> bool:
            if not ticked.count():
                canvas.click(position={"x": 15, "y": HEADER_PX + ROW_PX * row + ROW_PX // 2})
            with suppress(AssertionError):
                expect(ticked).to_have_count(1, timeout=10_000)
                return True
            return False

        wait_for(done)

    def press_in_row(self, row: int, *, grid: int = 0) -> None:
        """The button at the beginning of a row, which leads elsewhere."""
        left, at = self.page.url, {"x": 35, "y": HEADER_PX + ROW_PX * row + ROW_PX // 2}

        def led() -> bool:
            self.grid(grid).click(position=at)  # type: ignore[arg-type]
            with suppress(TooLate):
                self.page.wait_for_url(lambda address: address != left, timeout=10_000)
                return True
            return False

        wait_for(led)

    def grid(self, n: int) -> Locator:
        return self.page.get_by_test_id("stDataFrame").nth(n)

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=SLOW_MS)

    def does_not_see(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(text)).to_have_count(0)

    def figure(self, label: str) -> int:
        """The number in the card of that name."""
        card = self.page.get_by_test_id("stMetric").filter(
            has=self.page.get_by_text(label, exact=True)
        )
        expect(card.first).to_be_visible(timeout=SLOW_MS)
        value = card.first.get_by_test_id("stMetricValue").inner_text()
        return int(value.split()[0].replace(",", ""))

    def download(self, button: str) -> list[dict[str, str]]:
        """The rows of a CSV."""
        with self.page.expect_download() as waiting:
            self.page.get_by_role("button", name=button, exact=True).click()
        with Path(waiting.value.path()).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def confirm(self, reason: str, button: str) -> str:
        """Give the reason, type the number if it is asked for, and press. The operation's id."""
        self.wait()  # else what is asked further down may not have come yet
        self.write("Reason", reason)
        asked = self.page.get_by_label(re.compile("Type .* to confirm"))
        if asked.count():
            wanted = re.search(r"Type ([\d,]+) to", self.page.content())
            assert wanted is not None
            asked.fill(wanted[1])
        act = self.page.get_by_role("button", name=button)
        expect(act).to_be_enabled(timeout=SLOW_MS)
        act.click()
        return self.operation()

    def operation(self) -> str:
        """The one whose page this is, or is about to be."""
        self.page.wait_for_url(re.compile(r"operation="), timeout=SLOW_MS)
        return self.page.url.partition("operation=")[2]

    def tab_to(self, name: str, *, whole: bool = False) -> None:
        """Tab, as somebody without a mouse does, until what has that name has the focus.

        ``whole``: not what only begins with it.
        """
        passed = []
        for _ in range(TABS_MAX):
            self.page.keyboard.press("Tab")
            words = [line.strip() for line in self.page.evaluate(FOCUSED).splitlines()]
            passed.append(words)
            if name in words or (not whole and any(line.startswith(name) for line in words)):
                return
        raise AssertionError(f"{name!r} is not reached by {TABS_MAX} tabs: {passed}")

    def type_and_enter(self, text: str = "") -> None:
        """Into what has the focus."""
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def go(self, key: str, address: str) -> None:
        """To a page, by its key."""
        self.keys_are_there()
        self.page.keyboard.press("g")
        self.page.keyboard.press(key)
        self.page.wait_for_url(re.compile(f"/{address}"), timeout=SLOW_MS)
        self.wait()

    def keys_are_there(self) -> None:
        """The page says what its script may do a little after what it is for."""
        said = self.page.locator("[data-desk-places]")
        said.wait_for(state="attached", timeout=SLOW_MS)

    def tick_here(self, name: str, row: int) -> None:
        """Tick a row of the grid of that name by the keyboard alone; rows are counted from 0."""
        self.walk_to_row(name, row)
        ticked = self._named(name).locator("tr[aria-selected=true]")
        before = ticked.count()
        self.page.keyboard.press("Space")
        expect(ticked).to_have_count(before + 1, timeout=SLOW_MS)
        self.wait()

    def walk_to_row(self, name: str, row: int) -> None:
        """From field to field to that grid, and down; the focus is on the row's first cell then."""
        self.tab_to(f"Fullscreen: {name}")
        self.page.keyboard.press("Tab")
        self._walk_down(self._named(name), row)

    def enter_row(self, name: str, text: str) -> None:
        """Open the row with this text."""
        row = self._named(name).locator("tr").filter(has_text=text).first
        n = int(row.get_attribute("aria-rowindex", timeout=SLOW_MS) or 0) - 2
        self.focus_table(name)
        self._walk_down(self._named(name), n)
        self.page.keyboard.press("Enter")

    def focus_table(self, name: str) -> None:
        """By its key: the focus is on the first cell then."""
        expect(self._named(name)).to_be_visible(timeout=SLOW_MS)
        self.page.keyboard.press("t")
        self._walk_down(self._named(name), 0)

    def _walk_down(self, grid: Locator, row: int) -> None:
        for n in range(row + 1):
            if n:
                self.page.keyboard.press("ArrowDown")
            # the grid moves the focus to its cell by itself, a little later than the key
            expect(grid.locator("td:focus")).to_have_id(re.compile(f"-{n}$"), timeout=SLOW_MS)

    def _named(self, name: str) -> Locator:
        return self.page.get_by_test_id("stDataFrame").filter(
            has=self.page.get_by_role("button", name=f"Fullscreen: {name}")
        )

    def faults_of_access(self) -> list[str]:
        """What axe holds against this page, without what is Streamlit's alone."""
        return [str(fault) for fault in axe.faults(self.page) if fault.own() is None]
