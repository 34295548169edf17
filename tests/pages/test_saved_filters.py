"""Filters that a reader keeps: saved, chosen and removed on the page."""

from __future__ import annotations

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from core.operations.verdicts import OperationKind
from pages.shared.audit import address
from pages.shared.operations.record import finding
from pages.shared.places import AUDIT, OPERATIONS
from pages.shared.saved_filters import NAME, Fields, chosen_in, values_of
from tests.pages.acts import press, said
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Stage


def saved(made: Stage) -> dict[str, object]:
    kept = made.core.saved_filters.mine("operations", ACTOR)
    return {each.name: dict(each.chosen) for each in kept}


def named(at: AppTest, name: str) -> AppTest:
    at.text_input(key=NAME).set_value(name).run()
    return at


def test_what_is_chosen_is_saved_chosen_again_and_removed(open_page: Open, made: Stage) -> None:
    chosen = {"by": "ann", "from": "2026-05-04", "narrow": "Ended"}
    at = named(open_page(OPERATIONS, kind="Bulk refund", **chosen), "My week")
    press(at, "save_filter")
    assert {"My week": chosen | {"kind": ["refund"]}} == saved(made)

    at = open_page(OPERATIONS)
    press(at, "filter_My week")
    state = at.session_state
    assert ("ann", ["refund"], date(2026, 5, 4), None, "Ended") == (
        state["by"], state["kind"], state["from"], state["to"], state["narrow"],
    )  # fmt: skip

    press(at, "remove_filter_My week")
    assert {} == saved(made)
    assert "Filters you save appear here. Only you see them." in said(at)


def test_nothing_chosen_or_without_a_name_is_not_saved(open_page: Open) -> None:
    assert named(open_page(OPERATIONS), "My week").button(key="save_filter").disabled
    assert open_page(OPERATIONS, by="ann").button(key="save_filter").disabled


def test_too_many_are_refused_in_words(open_page: Open, made: Stage) -> None:
    for n in range(20):
        made.core.saved_filters.save("audit", f"n{n}", {"who": "ann"}, ACTOR)

    at = named(open_page(AUDIT, words="ill"), "One more")
    press(at, "save_filter")

    assert "you have 20 filters on this page; remove one first" in said(at).casefold()
    assert 20 == len(made.core.saved_filters.mine("audit", ACTOR))


@pytest.mark.parametrize("fields", [finding.FIELDS, address.FIELDS], ids=lambda each: each.page)
def test_what_another_version_kept_and_this_one_does_not_know_is_left_out(
    fields: Fields,
) -> None:
    odd = {"gone": "x", "kind": ["refund", "lottery"], "from": "yesterday", "narrow": "Lost"}

    found = values_of(fields, odd)

    assert found.keys() == fields.nothing.keys()
    assert ["refund"] == found["kind"]
    assert found["from"] is None
    assert found.get("narrow", "All") == "All"


def test_what_is_kept_is_what_stands_in_the_fields() -> None:
    state = finding.NOTHING | {"kind": [OperationKind.UNDO], "to": date(2026, 5, 4), "words": "ill"}
    kept = chosen_in(finding.FIELDS, state)

    assert {"kind": ["undo"], "to": "2026-05-04", "words": "ill"} == kept
    assert state == values_of(finding.FIELDS, kept)
