"""What is counted within a time, over the journal in memory; and the words of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access.access_log import AccessLog
from core.access.pacing import WITHIN, Counted, Limits, Use, span_words
from core.access.rationing import Rationing, TooMany
from core.audit.entries import Sought, What
from core.credits.errors import JournalError
from core.credits.records import ContactId
from core.credits.roles import Act, Actor, NotAllowed, Role
from core.credits.texts import is_storable
from tests.fakes.journal import MemoryJournal

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
STAFF = Actor(email="Staff@example.test", role=Role.STAFF)
APP = Actor(email="api:app/3f9a2b1c4d5e", role=Role.STAFF, only=frozenset({Act.LOOK_UP}))

steps = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 5), st.integers(1, 4)), min_size=1, max_size=40
)


@given(steps, st.integers(0, 12))
def test_no_window_ever_holds_more_than_the_most(
    given_steps: list[tuple[int, int, int]], most: int
) -> None:
    journal, at = MemoryJournal(), NOON
    kept: list[Use] = []
    within = WITHIN[Counted.OPENED]
    for wait_s, name, number in given_steps:
        at += timedelta(seconds=wait_s)
        known = any(each.name == str(name) and each.at > at - within for each in kept)
        use = Use(actor="a", counted=Counted.OPENED, name=str(name), at=at, number=number)
        spent = journal.spend(use, most=most)
        if spent.kept and not known:
            kept.append(use)
        held = sum(each.number for each in kept if each.at > at - within)
        assert spent.total == held <= most


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (15, "15 seconds"),
        (60, "1 minute"),
        (600, "10 minutes"),
        (86400, "24 hours"),
        (90, "90 seconds"),
    ],
)
def test_times_are_told_as_people_say_them(length: int, words: str) -> None:
    assert words == span_words(timedelta(seconds=length))


class Desk:
    def __init__(self, **limits: int | None) -> None:
        self.journal, self.at = MemoryJournal(), NOON
        rationing = Rationing(self.journal, lambda: self.at, Limits(**limits))
        self.access_log = AccessLog(self.journal, lambda: self.at, rationing=rationing)

    def open(self, number: int, *, every: timedelta, actor: Actor = STAFF, first: int = 0) -> int:
        """How many of these students were shown."""
        shown = 0
        for n in range(first, first + number):
            try:
                self.access_log.looked(ContactId(str(n)), actor)
                shown += 1
            except TooMany:
                pass
            self.at += every
        return shown

    def unusual(self) -> list[str]:
        found = self.journal.audit(Sought(what=(What.UNUSUAL,)))
        return [link.entry.detail["told"] for link in found]


def test_reading_the_whole_school_in_seconds_is_refused_and_told_once() -> None:
    desk = Desk()

    assert 100 == desk.open(284, every=timedelta(milliseconds=56))
    assert ["more than 100 students opened within 10 minutes"] == desk.unusual()


def test_person_who_works_is_never_refused() -> None:
    desk = Desk()

    for minute in range(0, 480, 10):
        assert 60 == desk.open(60, every=timedelta(seconds=10), first=minute * 60)
    assert [] == desk.unusual()


def test_refused_person_goes_on_after_a_while() -> None:
    desk = Desk(opened=2)

    assert 2 == desk.open(4, every=timedelta(seconds=1))
    assert 2 == desk.open(2, every=timedelta(seconds=1)), "what is open stays readable"
    desk.at += timedelta(minutes=10)
    assert 2 == desk.open(2, every=timedelta(seconds=1), first=2)


def test_limit_holds_where_looks_are_not_recorded_and_for_nobody_where_it_is_off() -> None:
    desk = Desk(opened=3)
    desk.access_log.looks = False
    assert 3 == desk.open(9, every=timedelta(0))

    assert 300 == Desk(opened=None).open(300, every=timedelta(0))


def test_app_is_no_person() -> None:
    assert 300 == Desk().open(300, every=timedelta(0), actor=APP)


def test_search_is_recorded_with_its_hits_and_never_its_text() -> None:
    desk = Desk()
    for _ in range(3):  # a page is drawn again with each click
        desk.access_log.searched("Ada Lovelace", 2, "Supabase", STAFF)
    desk.access_log.searched("Ada", 7, "HubSpot", STAFF)

    links = desk.journal.audit(Sought(what=(What.SEARCHED,)))
    assert [
        {"hits": 7, "where": "HubSpot", "letters": 3},
        {"hits": 2, "where": "Supabase", "letters": 12},
    ] == [dict(link.entry.detail) for link in links]
    assert not any("Ada" in str(link.texts) for link in links)


def test_searches_that_list_the_school_are_refused_and_told() -> None:
    desk = Desk()

    def search(number: int, every: timedelta) -> int:
        shown = 0
        for n in range(number):
            try:
                desk.access_log.searched(f"{desk.at} {n}", 50, "Supabase", STAFF)
                shown += 50
            except TooMany:
                pass
            desk.at += every
        return shown

    assert 300 == search(10, timedelta(seconds=1))
    assert ["more than 300 students listed by searches within 15 seconds"] == desk.unusual()
    desk.at += timedelta(seconds=15)
    assert 3000 == search(60, timedelta(seconds=3)), "a fast typist at work"


def test_sign_out_and_refusal_are_recorded_once() -> None:
    desk = Desk()
    for _ in range(2):
        desk.access_log.signed_out(STAFF.email, {"iat": 5})
        desk.access_log.refused(NotAllowed("may not give roles", who=STAFF.email))
    desk.access_log.signed_out("", {})

    told = [(e.what, e.actor, e.detail) for e in (k.entry for k in desk.journal.audit(Sought()))]
    assert [
        (What.REFUSED, "staff@example.test", {"why": "may not give roles"}),
        (What.SIGNED_OUT, "staff@example.test", {}),
    ] == told


def test_a_refusal_that_cannot_be_recorded_stays_one(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()

    def down(_: object) -> None:
        raise JournalError("the operational store does not answer")

    desk.access_log.journal = SimpleNamespace(record=down)
    desk.access_log.refused(NotAllowed("may not give roles", who=STAFF.email))

    assert "a refusal is not in the audit" in caplog.text


@pytest.mark.parametrize("id_", ["\0", "a\0b", "\ud83d"])
def test_id_that_no_store_can_keep_is_counted_all_the_same(id_: str) -> None:
    desk = Desk(opened=1)

    desk.access_log.looked(ContactId(id_), STAFF)

    assert all(is_storable(use.name) for use in desk.journal._uses)
