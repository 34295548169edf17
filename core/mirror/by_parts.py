"""Work over many records of which one may be odd: it is found and named, the others are done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from core.credits.errors import GatewayError
from core.mirror.failed_rows import may_be_a_row

T = TypeVar("T")
R = TypeVar("R")

log = logging.getLogger(__name__)

#: What a value raises that nobody thought of.
ODD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def by_parts(
    items: Sequence[T], work: Callable[[Sequence[T]], R], reachable: Callable[[], object]
) -> tuple[list[R], list[tuple[T, Exception]]]:
    """The work done over all of these, over fewer at a time where one of them spoils it.

    Returns the results, and those items that fail even alone, each with its error. ``reachable``
    asks the stores something that no record spoils, and raises when they do not answer.

    Raises:
        GatewayError: a store does not answer, or denies everything. No item is to blame.
    """
    try:
        return [work(items)], []
    except GatewayError as error:
        if not may_be_a_row(error):
            raise
        reachable()
        found: Exception = error
    except ODD as error:
        if len(items) == 1:
            log.exception("%s cannot be worked on", items[0])
        found = error
    if len(items) <= 1:
        return [], [(item, found) for item in items]
    middle = len(items) // 2
    first, spoiled = by_parts(items[:middle], work, reachable)
    second, more = by_parts(items[middle:], work, reachable)
    return first + second, spoiled + more


def told(error: Exception) -> str:
    """What is wrong with a record, for people: our own words, or the kind of the fault."""
    return str(error) if isinstance(error, GatewayError) else f"{type(error).__name__}: {error}"
