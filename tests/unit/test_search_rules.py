"""What a person types, against what is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.credits import likeness
from core.credits.records import ContactId
from core.mirror.found_by import FoundBy
from core.students.search_rules import Hit, cleaned, may_be_phone, order

WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=12)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Zoë", "zoe"),
        ("Łukasz Sørensen", "lukasz sorensen"),
        ("GARCÍA", "garcia"),
        ("Großmann", "grossmann"),
    ],
)
def test_accents_and_case_are_forgiven(typed: str, folded: str) -> None:
    assert folded == likeness.fold(typed)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("okafr", "Okafor"),  # left out
        ("okaffor", "Okafor"),  # one too many
        ("okefor", "Okafor"),  # another
        ("garica", "García"),  # swapped
        ("tomas garsia", "Tomás García"),
        ("kastelanos", "Castellanos"),  # two, in a long word
        ("lindq", "Lindqvist"),  # still being typed
        ("lindk", "Lindqvist"),  # still being typed, and wrong
    ],
)
def test_small_typing_errors_are_forgiven(typed: str, written: str) -> None:
    asked = likeness.words(typed)

    assert likeness.unlikeness(asked, likeness.words(written)) is not None


@pytest.mark.parametrize(
    ("typed", "written"),
    [("okafor", "Haddad"), ("liu", "Lio"), ("100234", "100235"), ("amara haddad", "Amara Okafor")],
)
def test_another_word_or_number_is_not_a_typing_error(typed: str, written: str) -> None:
    asked = likeness.words(typed)

    assert likeness.unlikeness(asked, likeness.words(written)) is None


@given(WORDS)
def test_a_word_is_like_itself(word: str) -> None:
    assert 0 == likeness.unlikeness([word], [word])


@given(WORDS, st.integers(0, 11))
def test_one_letter_left_out_is_one_error(word: str, place: int) -> None:
    place %= len(word)
    without = word[:place] + word[place + 1 :]

    assert likeness.errors(without, word) <= 1


@given(WORDS, WORDS)
def test_errors_count_the_same_both_ways(one: str, other: str) -> None:
    assert likeness.errors(one, other) == likeness.errors(other, one)


@given(WORDS, st.integers(0, 9), st.integers(1, 10))
def test_every_part_of_a_word_has_the_trigrams_that_the_index_looks_for(
    word: str, start: int, length: int
) -> None:
    part = word[start % (len(word) - 2) :][:length] if length > 2 else word[:length]

    assert likeness.inner_grams(part) <= likeness.grams(word)
    assert likeness.holds(likeness.words(part), word)


def test_two_letters_are_the_beginning_of_a_word() -> None:
    assert likeness.holds(["ok"], "Amara Okafor")
    assert not likeness.holds(["fo"], "Amara Okafor")


def test_an_address_of_the_whole_school_is_no_likeness() -> None:
    assert likeness.telling_grams("okafr@students.example.test") == likeness.telling_grams("okafr")
    assert set() == likeness.telling_grams("Clinical Skills-100234")


@pytest.mark.parametrize("typed", ["+1 (416) 555-0199", "4165550199", "416 555 0199"])
def test_a_phone_number_is_told_from_names(typed: str) -> None:
    assert may_be_phone(typed)


@pytest.mark.parametrize("typed", ["okafor", "100234", "Clinical Skills-100234-May 4, 2026", "a b"])
def test_other_things_are_no_phone_numbers(typed: str) -> None:
    assert not may_be_phone(typed)


def test_what_was_typed_loses_its_stray_blanks_and_its_length() -> None:
    assert "amara okafor" == cleaned("  amara   okafor ")
    assert 120 == len(cleaned("x" * 500))


def test_exact_ones_come_first_then_beginnings_then_parts() -> None:
    written = {"1": "Zed Marlow", "2": "Anna Tamara", "3": "Ben Cole", "4": "Amir Martin"}
    found = [
        hit("2", "Anna Tamara", FoundBy.NAME),
        hit("1", "Zed Marlow", FoundBy.NAME),
        hit("3", "Ben Cole", FoundBy.STUDENT_ID),
        hit("4", "Amir Martin", FoundBy.NAME),
    ]

    assert ["3", "4", "1", "2"] == [one.contact_id for one in order("mar", found, written)]


def test_candidates_that_the_index_named_in_vain_are_left_out() -> None:
    written = {"1": "Amara Okafor", "2": "Mara Haddad", "3": "Kaya Novak"}
    named = [hit(id_, name, FoundBy.NAME) for id_, name in written.items()]
    alike = [hit(id_, name, FoundBy.LIKE) for id_, name in written.items()]

    assert ["1"] == [one.contact_id for one in order("amar okaf", named, written)]
    assert ["1"] == [one.contact_id for one in order("okaffor", alike, written)]


def hit(id_: str, name: str, by: FoundBy) -> Hit:
    return Hit(contact_id=ContactId(id_), name=name, balances={}, by=by)
