"""Every page, light and dark, wide and narrow: axe finds nothing but what is Streamlit's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from pages.shared.places import PLACES, Place
from tests.crash.desk import ADMIN
from tests.crash.school import School
from tests.e2e import axe
from tests.e2e.conftest import App
from tests.e2e.person import NAMES, SLOW_MS, Person

MANAGER, STRANGER = "manager@example.test", "staff@example.test"
HEIGHT = 900
#: The page's background by scheme, in ``.streamlit/config.toml``.
GROUNDS = {"dark": "rgb(17, 21, 27)", "light": "rgb(252, 252, 253)"}
#: Nothing else depends on colours.
OF_COLOURS = ("color-contrast", "link-in-text-block")


#: So that only one thing changes from one look to the next; the next page begins where one ends.
LOOKS = [(1440, "light"), (1440, "dark"), (390, "dark"), (390, "light")]


@dataclass(frozen=True)
class Walk:
    """Somebody's way through the pages, and what was found so far."""

    person: Person
    looks: list[tuple[int, str]] = field(default_factory=lambda: [*LOOKS])
    ours: list[str] = field(default_factory=list)
    own: set[axe.Own] = field(default_factory=set)

    def look(self, name: str) -> None:
        """All rules in the light, those of colours in the dark: one load of the page for all."""
        page = self.person.page
        for width, scheme in self.looks:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            ground = GROUNDS[scheme]
            expect(page.get_by_test_id("stApp")).to_have_css("background-color", ground)
            self._take(f"{name}, {scheme}, {width}", OF_COLOURS if scheme == "dark" else ())
        self.looks.reverse()

    def glance(self, name: str) -> None:
        """At what is gone when the window changes."""
        self._take(name)

    def _take(self, where: str, only: Sequence[str] = ()) -> None:
        for fault in axe.faults(self.person.page, only):
            own = fault.own()
            if own is None:
                self.ours.append(f"{where}: {fault}")
            else:
                self.own.add(own)


@dataclass(frozen=True)
class Scene:
    """What the pages of the walk show beside the demo's data."""

    student: str
    exam: str
    #: An operation that ended, and a list of bookings of which some are blocked.
    operation: str
    bookings: list[str]


@pytest.fixture(scope="module")
def scene(app: App) -> Scene:
    school = School(app.desk, tag="axe")
    student, token = school.contact(cs_credits=2), "Clinical Skills Token"
    exam, other = (school.exam("Clinical Skills", day=day) for day in (100, 101))
    done = school.booking(student, exam, token, status="Cancelled")
    owed = school.booking(student, other, token, status="Cancelled")
    app.desk.core("sweep", "--full", fails=None)
    app.desk.core("roles", "grant", f"{MANAGER}=manager")
    refund = app.desk.core("refund", "--ids", done, "--reason", "Given before")
    app.desk.until_ended(refund)
    return Scene(student, exam, refund["operation"], [owed, done, "999999999999"])


def each_page(walk: Walk, _: Scene, places: Sequence[Place]) -> None:
    for place in places:
        walk.person.open(f"/{Path(place.path).stem}")
        walk.person.sees(ADMIN)
        walk.look(place.title)


def records(walk: Walk, scene: Scene) -> None:
    person = walk.person
    for address in (
        f"/contacts?id={scene.student}",
        f"/exams?exam={scene.exam}",
        f"/bulk_refund?operation={scene.operation}",
    ):
        person.open(address)
        person.sees(ADMIN)
        walk.look(address.partition("=")[0])
    person.open("/bulk_refund")
    person.page.get_by_role("radio", name="Pasted list").click()
    person.write("Bookings, one per line", "\n".join(scene.bookings))
    person.press("Preview")
    person.sees("Blocked")
    person.wait()
    walk.look("a preview with blocked rows")


def over_a_page(walk: Walk, _: Scene) -> None:
    person, page = walk.person, walk.person.page
    person.open("/drift")
    person.keys_are_there()
    drifting = person.download("CSV")[0]
    page.get_by_label(re.compile("^Help for")).first.hover()
    tooltip = page.get_by_role("tooltip")
    tooltip.wait_for(timeout=SLOW_MS)
    walk.glance("a tooltip")
    page.mouse.move(0, 0)
    expect(tooltip).to_have_count(0, timeout=SLOW_MS)
    page.keyboard.press("?")
    person.sees("Anywhere")
    walk.look("the sheet of keys")
    page.keyboard.press("Escape")
    person.press(ADMIN)
    page.get_by_role("menuitem", name="Sign out").wait_for(timeout=SLOW_MS)
    walk.look("the menu of the person")
    person.open(f"/drift?record={drifting['kind']}-{drifting['record_id']}")
    page.get_by_role("dialog").wait_for(timeout=SLOW_MS)
    walk.look("a record in its drawer")


def outside(walk: Walk, _: Scene) -> None:
    person, kept = walk.person, walk.person.page.context
    kept.clear_cookies()
    person.open("/operations")
    person.sees("Sign in to Credit Desk")
    walk.look("the sign-in page")
    for who, shown in ((STRANGER, "Ask an admin of this desk"), (MANAGER, "Go to Overview")):
        kept.clear_cookies()
        person.open("/bulk_refund")
        person.press(f"Sign in as {NAMES[who]}")
        person.sees(shown)
        person.wait()
        walk.look(f"no page for {who}")


PARTS: dict[str, Callable[[Walk, Scene], None]] = {
    "the first pages": partial(each_page, places=PLACES[:6]),
    "the other pages": partial(each_page, places=PLACES[6:]),
    "records": records,
    "what lies over a page": over_a_page,
    "who may not see a page": outside,
}


@pytest.mark.parametrize("part", PARTS)
def test_axe_finds_nothing_of_ours(
    app: App, browser: Browser, signed_in: Path, scene: Scene, part: str
) -> None:
    context = browser.new_context(storage_state=signed_in, accept_downloads=True)
    walk = Walk(Person(context.new_page(), app.origin))
    PARTS[part](walk, scene)
    context.close()

    assert not walk.ours, "\n".join(walk.ours)
    assert {own for own in axe.OWN if own.met == part} == walk.own, "one that is not met is stale"
