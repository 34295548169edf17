"""Staff with a student on the phone: find, book, cancel; with a mouse, and without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from core.credits.catalogue import SCHOOL
from tests.crash.school import School
from tests.e2e.conftest import App
from tests.e2e.person import SLOW_MS, Person

CS = SCHOOL.keys[1]
CARD = "Clinical Skills"


@dataclass(frozen=True)
class Student:
    """With two credits, and an exam of a day far ahead."""

    school: School
    id: str
    exam: str

    def is_so(self, credits_: int, seats: int) -> None:
        """In HubSpot; and in the mirror, once what is due is copied."""
        self.school.desk.until_copied()
        balances, taken = self.school.mirrored()
        here = (self.school.balances()[self.id][CS], self.school.seats()[self.exam])
        assert (credits_, seats) == here == (balances[self.id][CS], taken[self.exam])


@pytest.fixture
def student(app: App, request: pytest.FixtureRequest) -> Student:
    school = School(app.desk, tag=request.node.name)
    made = Student(school, school.contact(**{CS: 2}), school.exam(CARD, day=80))
    school.known_to_the_mirror()
    app.desk.until_copied()
    return made


def shows(person: Person, credits_: int) -> None:
    """The card with the truth and, below it, the mirror."""
    card = person.page.get_by_test_id("stMetric").filter(
        has=person.page.get_by_text(CARD, exact=True)
    )
    told = re.compile(rf"^{CARD}\s+{credits_}\s+Supabase {credits_}$")
    expect(card).to_have_text(told, timeout=SLOW_MS, use_inner_text=True)
    person.sees(re.compile("Supabase matches, confirmed"))


def test_a_credit_is_seen_to_go_and_to_come_back_on_both_sides(
    admin: Person, student: Student
) -> None:
    admin.open("/contacts")
    search = admin.page.get_by_role("searchbox", name="Find a student")
    search.fill(student.school.email(student.id))
    admin.press("Open Test")
    shows(admin, 2)
    assert not admin.faults_of_access()

    admin.page.get_by_text("Book an exam").click()
    admin.choose("Exam", student.school.word)
    admin.page.get_by_text("Left", exact=True).click()
    admin.sees("Spends 1 Clinical Skills credit: 2 → 1.")
    admin.press("Check with HubSpot")
    admin.sees("Book this seat?")
    assert not admin.faults_of_access()
    admin.press("Book for 1 credit")
    admin.sees("Clinical Skills credit 2 → 1.")
    admin.press("Done")
    shows(admin, 1)
    student.is_so(1, seats=4)

    admin.tick(0)
    admin.press("Cancel 1 booking")
    admin.sees("Cancel 1 booking? Comes back: 1 Clinical Skills")
    admin.press("Cancel 1 booking")
    admin.sees("Clinical Skills credit 1 → 2.")
    admin.press("Done")
    shows(admin, 2)
    student.is_so(2, seats=3)


@pytest.fixture
def in_the_dark(app: App, browser: Browser, signed_in: Path) -> Iterator[Person]:
    """The admin in the dark mode, whose hands stay on the keyboard."""
    context = browser.new_context(
        storage_state=signed_in, color_scheme="dark", viewport={"width": 1280, "height": 900}
    )
    yield Person(context.new_page(), app.origin)
    context.close()


def test_all_of_it_can_be_done_without_a_mouse(in_the_dark: Person, student: Student) -> None:
    person = in_the_dark
    person.open("/overview")
    person.keys_are_there()
    person.page.keyboard.press("/")
    expect(person.page.get_by_role("searchbox")).to_be_focused(timeout=SLOW_MS)
    person.type_and_enter(student.school.email(student.id))
    shows(person, 2)
    assert not person.faults_of_access()

    person.tab_to("Book an exam")
    person.type_and_enter()
    person.tab_to("Exam")
    person.choose_here(student.school.word)
    person.sees("Dominant hand")
    person.tab_to("Right")
    person.page.keyboard.press("Space")
    person.sees("Spends 1 Clinical Skills credit: 2 → 1.")
    person.tab_to("Check with HubSpot")
    person.type_and_enter()
    person.sees("Book this seat?")
    assert not person.faults_of_access()
    person.tab_to("Book for 1 credit")
    person.type_and_enter()
    person.sees("Clinical Skills credit 2 → 1.")
    person.tab_to("Done")
    person.type_and_enter()
    shows(person, 1)
    student.is_so(1, seats=4)

    person.tick_here("Bookings of the student", 0)
    person.sees("Cancel 1 booking …")
    person.tab_to("Cancel 1 booking …")
    person.type_and_enter()
    person.sees("Cancel 1 booking? Comes back: 1 Clinical Skills")
    assert not person.faults_of_access()
    person.tab_to("Cancel 1 booking", whole=True)
    person.type_and_enter()
    person.sees("Clinical Skills credit 1 → 2.")
    person.tab_to("Done")
    person.type_and_enter()
    shows(person, 2)
    student.is_so(2, seats=3)
