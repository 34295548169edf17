"""Batch answers are matched by id, and nothing is read into what they do not say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.credits.catalogue import CreditType
from core.credits.records import MARKER, Kind, WriteId
from core.credits.writes import Write
from core.hubspot.ports.crm import Fate
from core.hubspot.wire import answers

AT = "2026-05-04T10:00:00.123Z"
MODIFIED = datetime(2026, 5, 4, 10, 0, 0, 123000, tzinfo=UTC)


def result(id_: object, **properties: str | None) -> dict[str, Any]:
    return {"id": id_, "properties": properties, "updatedAt": AT}


def error(category: str, *ids: str, message: str = "no") -> dict[str, Any]:
    return {"category": category, "message": message, "context": {"ids": list(ids)}}


def write(target: str) -> Write:
    return Write(
        id=WriteId(f"w{target}"),
        operation_id="o",
        kind=Kind.CONTACT,
        target_id=target,
        movements=(),
        before={CreditType("cs_credits"): 1},
        after={CreditType("cs_credits"): 2},
        marker_before="",
        sent_at=MODIFIED,
    )


@given(
    st.permutations(["1", "2", "3", "4"]),
    st.sets(st.sampled_from(["1", "2", "3", "4"])),
    st.sets(st.sampled_from(["1", "2", "3", "4"])),
)
def test_each_record_has_one_fate_whatever_order_hubspot_answers_in(
    order: list[str], landed: set[str], denied: set[str]
) -> None:
    answer = {
        "results": [result(id_) for id_ in order if id_ in landed],
        "errors": [error("OBJECT_NOT_FOUND", *denied)] if denied else [],
    }

    fates = {k: o.fate for k, o in answers.outcomes(["1", "2", "3", "4"], answer).items()}

    assert {"1", "2", "3", "4"} == set(fates)
    for id_, fate in fates.items():
        said = (id_ in landed, id_ in denied)
        expected = {(True, False): Fate.LANDED, (False, True): Fate.REFUSED}
        assert expected.get(said, Fate.UNKNOWN) is fate


@pytest.mark.parametrize(
    ("category", "fate"),
    [
        ("OBJECT_NOT_FOUND", Fate.REFUSED),
        ("VALIDATION_ERROR", Fate.REFUSED),
        ("CONFLICT", Fate.REFUSED),
        ("RATE_LIMITS", Fate.NOT_SENT),
        ("INTERNAL_ERROR", Fate.UNKNOWN),
        ("", Fate.UNKNOWN),
    ],
)
def test_only_an_error_that_says_nothing_happened_is_a_refusal(category: str, fate: Fate) -> None:
    outcome = answers.outcomes(["1"], {"errors": [error(category, "1")]})["1"]

    assert (fate, "no") == (outcome.fate, outcome.reason)


def test_a_record_refused_apart_from_its_batch_is_told_in_plain_words() -> None:
    """HubSpot puts JSON into its message there, too."""
    inside = (
        'Property values were not valid: [{"isValid":false,"message":"is read only",'
        '"error":"READ_ONLY_VALUE","name":"hs_object_id"}]'
    )
    refused = {**error("VALIDATION_ERROR", "1"), "message": inside}

    outcome = answers.outcomes(["1"], {"errors": [refused]})["1"]

    words = "HubSpot does not let hs_object_id be written: run python -m core doctor"
    assert (Fate.REFUSED, words) == (outcome.fate, outcome.reason)


def test_ids_may_be_numbers_and_errors_may_lack_everything() -> None:
    answer = {"results": [result(1), "junk", None], "errors": [{}, {"context": None}, "junk"]}

    outcome = answers.outcomes(["1"], answer)["1"]

    assert (Fate.LANDED, MODIFIED) == (outcome.fate, outcome.modified_at)


@pytest.mark.parametrize("answer", [{}, {"results": None}, {"results": "x"}, {"errors": {}}])
def test_an_answer_that_says_nothing_leaves_everything_unknown(answer: dict[str, Any]) -> None:
    assert Fate.UNKNOWN is answers.outcomes(["1"], answer)["1"].fate


@pytest.mark.parametrize(
    "properties",
    [
        {"hs_merged_object_ids": "1;2"},
        {"hs_calculated_merged_vids": "1:1777888800000;2:1777888800000"},
    ],
)
def test_a_merged_record_answers_for_every_id_it_had(properties: dict[str, str]) -> None:
    matched = answers.match(["1", "2", "3"], {"results": [result("9", **properties)]})

    assert {"1", "2"} == set(matched.found)
    assert ["3"] == matched.unanswered(["1", "2", "3"])


def test_a_result_that_nobody_asked_for_is_a_stranger() -> None:
    matched = answers.match(["1"], {"results": [result("9")]})

    assert ({}, ["9"]) == (matched.found, [told["id"] for told in matched.strangers])


def test_a_write_is_known_by_its_marker_under_another_id() -> None:
    """Two records were merged while writes of both were on their way: one marker is left."""
    answer = {"results": [result("9", **{MARKER: "w2"})]}

    fates = answers.write_outcomes([write("1"), write("2")], answer, MARKER)

    assert {"w1": Fate.UNKNOWN, "w2": Fate.LANDED} == {k: o.fate for k, o in fates.items()}


def test_a_result_that_shows_another_marker_is_not_taken_for_ours() -> None:
    answer = {"results": [result("1", **{MARKER: "somebody"}), result("2")]}

    fates = answers.write_outcomes([write("1"), write("2")], answer, MARKER)

    assert {"w1": Fate.UNKNOWN, "w2": Fate.LANDED} == {k: o.fate for k, o in fates.items()}


def test_names_are_matched_whatever_their_case() -> None:
    answer = {"results": [result("7", booking_id="cs-1-May 4, 2026")]}

    matched = answers.match_named(["CS-1-May 4, 2026", "other"], answer, "booking_id")

    assert ["CS-1-May 4, 2026"] == list(matched.found)


def test_notes_are_known_by_trace_id_and_without_any_by_their_number() -> None:
    traced = {"results": [{"id": "1", "objectWriteTraceId": "77"}]}
    silent = {"results": [{"id": "1"}, {"id": "2"}]}

    assert {"77": Fate.LANDED, "78": Fate.UNKNOWN} == {
        k: o.fate for k, o in answers.note_outcomes(["77", "78"], traced).items()
    }
    assert {Fate.LANDED} == {o.fate for o in answers.note_outcomes(["77", "78"], silent).values()}
    assert {Fate.UNKNOWN} == {
        o.fate for o in answers.note_outcomes(["77", "78", "79"], silent).values()
    }
