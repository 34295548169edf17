"""Spans of ids in which a long list is read at several places at once.

HubSpot lists records by ascending id, and the cursor of its next page is in practice the last id or
the one after it. Where that is so, ``after`` may be any id, and the list can be read from several.

Pure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

#: What is thought to hold fewer records than this is read to its end by whoever reads it.
WORTH_SPLITTING = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of the list that is not read to its end."""

    #: Where HubSpot goes on; "": from the beginning.
    cursor: str = ""
    #: Ids up to here are done. 0 as long as nothing is known of the order.
    above: int = 0
    #: The last id that is this span's; None: all that come.
    until: int | None = None
    #: Ids from one record to the next, by its last page; 0: not known, and it is not split.
    stride: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a page is to the span for which it was read."""

    #: Those of its ids that are the span's.
    ids: tuple[str, ...]
    #: What is left; None: nothing.
    left: Span | None


def step(span: Span, ids: Sequence[str], after: str, *, strict: bool = False) -> Step | None:
    """``ids``, ``after``: as HubSpot answered. None: it does not list this span by its ids.

    ``strict``: the span begins at an id that was no cursor of HubSpot's. Else only one with an end
    must be listed by ids: any other may be followed from cursor to cursor, whatever those are.
    """
    numbers = [int(id_) for id_ in ids]
    if not _by_id(numbers, after) or (numbers and numbers[0] < span.above):
        if strict or span.until is not None:
            return None
        return Step(ids=tuple(ids), left=Span(cursor=after) if after else None)
    # a cursor may be the last id or the one after it: asked from an id, a list may begin with it
    ours = tuple(
        str(n) for n in numbers if n > span.above and (span.until is None or n <= span.until)
    )
    if not after or (span.until is not None and numbers[-1] >= span.until):
        return Step(ids=ours, left=None)
    stride = (numbers[-1] - numbers[0]) / len(numbers)
    return Step(ids=ours, left=replace(span, cursor=after, above=numbers[-1], stride=stride))


def middle(span: Span, highest: int) -> int | None:
    """Where to split this span; None: it is not worth it. ``highest``: the list's last id."""
    until = highest if span.until is None else span.until
    width = until - span.above
    if not span.stride or width / span.stride < WORTH_SPLITTING:
        return None
    return span.above + width // 2


def begun_at(span: Span, at: int) -> Span:
    """The upper part of a span, from above this id."""
    return replace(span, cursor=str(at), above=at, stride=0.0)


def _by_id(numbers: Sequence[int], after: str) -> bool:
    ascending = all(one < other for one, other in pairwise(numbers))
    if not ascending or not after:
        return ascending
    return bool(numbers) and after in {str(numbers[-1]), str(numbers[-1] + 1)}


def dump(spans: Sequence[Span]) -> str:
    """As a sweep saves them; all is read where there is none."""
    return json.dumps([[s.cursor, s.above, s.until] for s in spans], separators=(",", ":"))


def load(saved: str) -> list[Span]:
    """What ``dump`` made; all of the list where nothing is saved yet."""
    if not saved:
        return [Span()]
    return [Span(cursor=c, above=above, until=until) for c, above, until in json.loads(saved)]
