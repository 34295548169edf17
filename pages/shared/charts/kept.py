"""Figures that are drawn once for what they show: Plotly checks and copies each part of one.

A click draws a page anew, and most of its charts show what they showed before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Generic, ParamSpec

import plotly.graph_objects as go  # type: ignore[import-untyped]

P = ParamSpec("P")
#: The charts of a few people at once.
FIGURES_MAX = 16


class Drawn(go.Figure):  # type: ignore[misc]
    """A figure that is not changed any more: it tells what it is without copying itself."""

    def __init__(self, figure: go.Figure) -> None:
        """``figure``: as it is now."""
        super().__init__(figure)
        self._told = figure.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """The same each time. For reading alone."""
        told: dict[str, Any] = self._told
        return told


class Kept(Generic[P]):
    """A way to draw that keeps its newest figures. For all threads.

    Arguments are compared by value, so a kept figure shows what a new one would.
    """

    def __init__(self, draw: Callable[P, go.Figure], most: int = FIGURES_MAX) -> None:
        """``draw``: tells the same of the same arguments. ``most``: figures that are kept."""
        self.draw = draw
        self.most = most
        self._newest: list[tuple[object, Drawn]] = []
        self._lock = threading.Lock()
        update_wrapper(self, draw)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Drawn:
        """The kept figure of these arguments, or a new one."""
        asked = (*map(_as_it_is, args), {name: _as_it_is(each) for name, each in kwargs.items()})
        with self._lock:
            known = list(self._newest)
        found = next((each for each in known if each[0] == asked), None)
        found = found or (asked, Drawn(self.draw(*args, **kwargs)))
        with self._lock:
            others = [each for each in self._newest if each is not found]
            self._newest = [found, *others][: self.most]
        return found[1]


def _as_it_is(value: object) -> object:
    """Whoever adds to a list later does not change what was asked."""
    return list(value) if isinstance(value, list) else value
