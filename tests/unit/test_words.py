from __future__ import annotations

import pytest

from pages.shared import words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("the reason is missing", "The reason is missing"),
        ("manager@example.test is manager", "manager@example.test is manager"),
        ("manager@example\\.test is manager", "manager@example\\.test is manager"),
        ("cs_credits is -1", "cs_credits is -1"),
        ("--id names no record", "--id names no record"),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_unless_a_name_stands_there(text: str, told: str) -> None:
    assert told == words.sentence(text)
