"""A list in two halves: to find the one that spoils a batch. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def halves(items: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    """To find the one that spoils a batch."""
    middle = len(items) // 2
    return items[:middle], items[middle:]
