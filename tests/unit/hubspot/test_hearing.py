"""What is remembered of HubSpot's answers."""

from __future__ import annotations

import pytest

from core.gateways.errors import GatewayError, NotSent, OutcomeUnknown
from core.gateways.hubspot.hearing import Hearing, outcome


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
