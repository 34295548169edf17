"""Records read from many rows share the texts they have alike."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table

from core.database import rows
from core.database.rows import Records


@dataclass(frozen=True, slots=True)
class Seat:
    exam: str
    n: int
    name: str | None


TABLE = Table(
    "seats", MetaData(), Column("exam", String), Column("n", Integer), Column("name", String)
)
SEATS = Records(Seat, TABLE)


def made(text: str) -> str:
    """The same text, as a value of its own."""
    return "".join([*text])


def test_records_of_many_rows_share_what_they_have_alike_and_nothing_else() -> None:
    first, second, other = SEATS.load_all(
        [(made("exam 70"), 1, None), (made("exam 70"), 2, made("Ann")), (made("exam 71"), 3, "")]
    )

    assert [Seat("exam 70", 1, None), Seat("exam 70", 2, "Ann"), Seat("exam 71", 3, "")] == [
        first,
        second,
        other,
    ]
    assert first.exam is second.exam


def test_a_column_of_names_is_not_kept_to_look_for_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows, "SHARED_MAX", 2)
    names = ["a1", "b2", "c3", "c3", "a1"]

    found = SEATS.load_all((made(name), n, None) for n, name in enumerate(names))

    assert names == [seat.exam for seat in found]
    assert found[0].exam is found[4].exam
    assert found[2].exam is not found[3].exam
