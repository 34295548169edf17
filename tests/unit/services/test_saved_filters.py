"""What a person may keep as a filter of their own."""

from __future__ import annotations

import pytest

from core.access.saved_filters import CHOSEN_MAX, FILTERS_MAX, NAME_MAX
from core.credits.errors import BadList
from tests.unit.services.desk import ADMIN, TestDesk

CHOSEN = {"by": "ann"}


@pytest.fixture
def desk() -> TestDesk:
    return TestDesk()


def names(desk: TestDesk) -> list[str]:
    return [each.name for each in desk.core.saved_filters.mine("operations", ADMIN)]


def test_it_is_kept_under_its_name_without_spaces_around_it(desk: TestDesk) -> None:
    made = desk.core.saved_filters.save("operations", "  my   week ", CHOSEN, ADMIN)

    assert ("my week", CHOSEN, desk.now()) == (made.name, made.chosen, made.at)
    assert ["my week"] == names(desk)
    desk.core.saved_filters.remove("operations", "my week", ADMIN)
    assert [] == names(desk)


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_kept(desk: TestDesk) -> None:
    with pytest.raises(BadList) as refused:
        desk.core.saved_filters.save("operations", "  ", {}, ADMIN)
    assert 2 == len(refused.value.faults)

    for name, chosen in (("x" * (NAME_MAX + 1), CHOSEN), ("x", {"words": "y" * CHOSEN_MAX})):
        with pytest.raises(BadList):
            desk.core.saved_filters.save("operations", name, chosen, ADMIN)
    assert [] == names(desk)


@pytest.mark.parametrize(
    ("name", "again"),
    [("e\u0301t\u00e9", "\u00e9t\u00e9"), ("a\0b", "a\ufffdb"), ("a\ud800b", "a\0b")],
)
def test_names_that_look_the_same_name_one_filter(desk: TestDesk, name: str, again: str) -> None:
    made = desk.core.saved_filters.save("operations", name, CHOSEN, ADMIN)
    newer = desk.core.saved_filters.save("operations", again, CHOSEN, ADMIN)

    assert [made.name] == [newer.name] == names(desk)


@pytest.mark.parametrize("name", ["\u200b", "\u2060\ufeff", "\u202e"])
def test_a_name_that_nobody_can_see_is_none(desk: TestDesk, name: str) -> None:
    with pytest.raises(BadList, match="give the filter a name"):
        desk.core.saved_filters.save("operations", name, CHOSEN, ADMIN)


def test_there_is_room_for_so_many_on_each_page_and_one_of_them_can_be_saved_anew(
    desk: TestDesk,
) -> None:
    for n in range(FILTERS_MAX):
        desk.core.saved_filters.save("operations", f"n{n}", CHOSEN, ADMIN)

    with pytest.raises(BadList, match=f"you have {FILTERS_MAX} filters on this page"):
        desk.core.saved_filters.save("operations", "one more", CHOSEN, ADMIN)
    desk.core.saved_filters.save("operations", "n3", {"by": "bo"}, ADMIN)
    desk.core.saved_filters.save("audit", "one more", CHOSEN, ADMIN)
    assert FILTERS_MAX == len(names(desk))
