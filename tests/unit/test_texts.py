"""Text and numbers that no store could keep become ones that every store keeps, in sight."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.credits.texts import quoted, storable, storable_json

ODD = st.text(st.characters(codec=None, categories=None) | st.just("\0") | st.just("\ud800"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("text", ["", "Ada", "Zoë Ñandú", "😀", "مرحبا", "\u202eadA"])
def test_text_that_every_store_keeps_is_not_changed(text: str) -> None:
    assert text is storable(text)


def test_a_nul_and_half_an_emoji_are_shown_as_the_replacement_character() -> None:
    assert "A\ufffdda \ufffd" == storable("A\0da \ud83d")


@given(ODD)
def test_storable_text_has_as_many_characters_and_is_utf8_without_nul(text: str) -> None:
    assert len(text) == len(storable(text))
    assert b"\0" not in storable(text).encode()


@given(VALUES)
def test_a_storable_value_survives_as_json(value: object) -> None:
    kept = storable_json(value)

    told = orjson.dumps(kept)
    assert kept == orjson.loads(told)
    assert b"\\u0000" not in told


def test_a_number_of_more_than_64_bits_is_kept_as_its_text() -> None:
    assert {"capacity": "1" + "0" * 30} == storable_json({"capacity": 10**30})
    assert "a number of more than 6000 digits" == storable_json(1 << 20_000)


def test_a_long_value_is_told_by_its_beginning_and_length() -> None:
    assert "'abc'" == quoted("abc")
    assert quoted("x" * 65_536).endswith("... (65,536 characters)")
    assert len(quoted("x" * 65_536)) < 200
    json.dumps(quoted("\0\ud800"))
