"""Filters that people keep for themselves."""

from __future__ import annotations

from dataclasses import replace

from core.access.store.port import SavedFilter
from core.app.journal import Journal
from tests.contract.journal.given import after

MINE = SavedFilter(
    email="ann@example.test",
    page="operations",
    name="Last week",
    chosen={"by": "bo", "kind": ["refund", "undo"], "from": "2026-05-04"},
    at=after(0),
)


def test_what_is_saved_is_there_by_name_for_its_person_and_page_alone(journal: Journal) -> None:
    for each in (MINE, replace(MINE, name="First"), replace(MINE, page="audit"),
                 replace(MINE, email="bo@example.test")):  # fmt: skip
        journal.save_filter(each)

    assert [replace(MINE, name="First"), MINE] == journal.saved_filters(
        "Ann@example.test", "operations"
    )
    assert [] == journal.saved_filters("eve@example.test", "operations")


def test_a_name_that_is_taken_names_what_was_saved_last(journal: Journal) -> None:
    journal.save_filter(MINE)
    newer = replace(MINE, email="ANN@example.test", chosen={"by": "eve"}, at=after(60))
    journal.save_filter(newer)

    assert [replace(newer, email=MINE.email)] == journal.saved_filters(MINE.email, MINE.page)


def test_what_is_removed_is_gone_and_may_be_gone_already(journal: Journal) -> None:
    journal.save_filter(MINE)
    journal.save_filter(replace(MINE, name="Stays"))
    for _ in range(2):
        journal.remove_filter("ANN@example.test", MINE.page, MINE.name)

    assert ["Stays"] == [each.name for each in journal.saved_filters(MINE.email, MINE.page)]
