"""Into which of a few stretches of time something falls, as a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, Label, case, literal


def slot_of(at: ColumnElement[Any], begins: Sequence[Any]) -> Label[int]:
    """The number of the stretch, of what is not before the first; the last one has no end."""
    last = literal(len(begins) - 1, Integer)
    if len(begins) == 1:
        return last.label("slot")
    whens = [(at < begin, literal(n, Integer)) for n, begin in enumerate(begins[1:])]
    return case(*whens, else_=last).label("slot")
