"""What is remembered of HubSpot's answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.credits.errors import GatewayError, NotSent, OutcomeUnknown
from core.hubspot.hearing import DATES_MAX, Hearing, outcome


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (200, "ok"),
        (207, "ok"),
        (404, "refused"),
        (429, "limited"),
        (500, "failed"),
        (503, "failed"),
    ],
)
def test_each_status_has_its_word(status: int, word: str) -> None:
    assert word == outcome(status)


def test_when_it_was_well_and_when_ill_is_told_by_age() -> None:
    clock = Clock()
    hearing = Hearing(clock)
    hearing.answered("read contacts", 200)
    clock.now += 5
    hearing.answered("read contacts", 502)
    clock.now += 2

    heard = hearing.heard()

    assert (7.0, 2.0) == (heard.well_s_ago, heard.ill_s_ago)
    assert {("read contacts", "ok"): 1, ("read contacts", "failed"): 1} == heard.outcomes


@pytest.mark.parametrize("status", [401, 403])
def test_an_answer_that_shuts_us_out_is_none(status: int) -> None:
    hearing = Hearing(Clock())
    hearing.answered("read contacts", status)

    assert hearing.heard().well_s_ago is None


@pytest.mark.parametrize(
    ("error", "word"),
    [(NotSent("no way there"), "unreachable"), (OutcomeUnknown("no answer"), "unanswered")],
)
def test_a_call_without_an_answer_is_counted_and_its_error_passed_on(
    error: GatewayError, word: str
) -> None:
    hearing = Hearing(Clock())

    with pytest.raises(type(error)), hearing.silence("write contacts"):
        raise error

    assert {("write contacts", word): 1} == hearing.heard().outcomes
    assert 0.0 == hearing.heard().ill_s_ago


AT = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "ahead_s"),
    [
        ("Mon, 04 May 2026 12:00:30 GMT", 0.5),
        ("Mon, 04 May 2026 12:01:40 GMT", 70.5),
        ("Mon, 04 May 2026 11:59:59 GMT", -30.5),
        ("yesterday", None),
        (f"Mon, 04 May {'9' * 30} 12:00:30 GMT", None),
        ("Mon, 04 May 2026 12:00:30 -0000", None),
        (None, None),
    ],
)
def test_how_far_hubspot_s_clock_is_ahead_is_told_by_the_date_of_its_last_answer(
    date: str | None, ahead_s: float | None
) -> None:
    hearing = Hearing(Clock(), lambda: AT)
    hearing.answered("read contacts", 200, date)

    assert ahead_s == hearing.heard().ahead_s


def test_answers_that_were_long_on_their_way_do_not_make_a_clock_wrong() -> None:
    """Of several, the one that came soonest tells the most."""
    hearing = Hearing(Clock(), lambda: AT)
    for second in (10, 29, 5):
        hearing.answered("read contacts", 200, f"Mon, 04 May 2026 12:00:{second:02} GMT")

    assert -0.5 == hearing.heard().ahead_s


def test_what_was_said_long_ago_is_forgotten() -> None:
    hearing = Hearing(Clock(), lambda: AT)
    for minute in (1, *[0] * DATES_MAX):
        hearing.answered("read contacts", 200, f"Mon, 04 May 2026 12:{minute:02}:30 GMT")

    assert 0.5 == hearing.heard().ahead_s


def test_an_answer_without_a_date_leaves_what_the_one_before_said() -> None:
    hearing = Hearing(Clock(), lambda: AT)
    hearing.answered("read contacts", 200, "Mon, 04 May 2026 12:00:30 GMT")
    hearing.answered("read contacts", 200)

    assert 0.5 == hearing.heard().ahead_s
