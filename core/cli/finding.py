"""From options to what is looked for: days, and words of which each must be known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, TypeVar

import typer

from core.credits.errors import BadList

W = TypeVar("W", bound=StrEnum)

Day = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], metavar="YYYY-MM-DD[THH:MM:SS]", help="UTC"
    ),
]


def utc(given: datetime | None) -> datetime | None:
    """A time that was typed, as the store compares it."""
    return given.replace(tzinfo=UTC) if given else None


def known(given: Sequence[str], words: type[W], noun: str) -> tuple[W, ...]:
    """What was typed, as the words that they are.

    Raises:
        BadList: one of them is none; it names all that there are.
    """
    there = {word.value: word for word in words}
    faults = [
        f"{each!r} is no {noun}: {', '.join(sorted(there))}"
        for each in dict.fromkeys(given)
        if each not in there
    ]
    if faults:
        raise BadList(faults)
    return tuple(there[each] for each in given)
