"""Windows of a search: each record is found once, with few pages, whatever the ids are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.hubspot.wire.windows import AT_ONCE, Answer, Window, WindowedSearch

PAGE = 4
ids = st.one_of(
    st.sets(st.integers(1, 10**12)),
    st.sets(st.integers(1, 400), max_size=300),
    # one far from all others, above and below
    st.sets(st.integers(10**9, 10**9 + 300), max_size=200).map(lambda some: {1, *some, 10**17}),
)


def asked(found: Sequence[int], window: Window) -> Answer:
    """As HubSpot answers: the first page of the window, and how many records it has."""
    first, last = bisect_right(found, window.above), bisect_right(found, window.upto)
    page = found[first : min(first + PAGE, last)]
    return Answer(window=window, ids=page, total=last - first)


def searched(found: Sequence[int], known: Sequence[int] = ()) -> tuple[list[int], int]:
    """Every id listed, and how many pages that took."""
    search = WindowedSearch(known, page=PAGE)
    listed: list[int] = []
    pages = 0
    while search.open:
        answers = [asked(found, window) for window in search.open]
        pages += len(answers)
        listed += [id_ for answer in answers for id_ in answer.ids]
        search.heard(answers)
    return listed, pages


@given(ids)
def test_each_record_is_listed_exactly_once_whatever_the_distribution(held: set[int]) -> None:
    listed, pages = searched(sorted(held))

    assert sorted(held) == sorted(listed)
    # one page more for each window that was opened beside the first, and no window for nothing
    assert pages <= 2 * len(held) // PAGE + 2 * AT_ONCE


@given(ids, st.data())
def test_what_is_not_known_is_listed_however_much_is_known(
    held: set[int], data: st.DataObject
) -> None:
    found = sorted(held)
    unknown = data.draw(st.sets(st.sampled_from(found), max_size=9)) if found else set()

    listed, _ = searched(found, sorted(held - unknown))

    assert len(set(listed)) == len(listed)
    assert unknown <= set(listed)


@given(st.integers(PAGE + 1, 3000))
def test_a_count_that_is_known_is_one_page(number: int) -> None:
    found = list(range(1, number + 1))

    assert 1 == searched(found, found)[1]


@given(st.integers(500, 3000), st.data())
def test_one_unknown_among_many_costs_a_page_for_each_halving(
    number: int, data: st.DataObject
) -> None:
    found = list(range(1, number + 1))
    unknown = data.draw(st.sampled_from(found))

    listed, pages = searched(found, [id_ for id_ in found if id_ != unknown])

    assert unknown in listed
    assert pages <= 2 * number.bit_length() + 2


def test_several_windows_are_open_at_once() -> None:
    found = list(range(1, 2000))
    search = WindowedSearch(page=PAGE)
    most = 0
    while search.open:
        most = max(most, len(search.open))
        search.heard([asked(found, window) for window in search.open])

    assert AT_ONCE == most


def test_a_count_beyond_what_hubspot_pages_proves_nothing() -> None:
    known = list(range(1, 20_001))
    search = WindowedSearch(known, page=PAGE)

    # HubSpot counts no further than 10,000 here; by chance that is how many are known to be left
    search.heard([Answer(window=Window(upto=10_000), ids=[1, 2, 3, 4], total=10_000)])

    assert search.open


@given(ids)
def test_a_count_that_is_too_low_ends_no_list(held: set[int]) -> None:
    found = sorted(held)
    search = WindowedSearch(page=PAGE)
    listed: list[int] = []
    while search.open:
        answers = [replace(asked(found, window), total=0) for window in search.open]
        listed += [id_ for answer in answers for id_ in answer.ids]
        search.heard(answers)

    assert found == sorted(listed)
