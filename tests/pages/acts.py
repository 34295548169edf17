"""What a person does on a page, and reads there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamlit.testing.v1 import AppTest

from pages.shared.places import Place
from scripts.processes import ROOT

KINDS = (
    "title",
    "header",
    "subheader",
    "markdown",
    "caption",
    "error",
    "warning",
    "info",
    "success",
    "html",
)


def said(at: AppTest) -> str:
    """Everything on the page that is text, without Markdown's escapes."""
    found: list[Any] = [element for kind in KINDS for element in at.get(kind)]
    return "\n".join(str(getattr(e, "title", "")) + str(e.value) for e in found).replace("\\", "")


def figures(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def tick(at: AppTest, key: str, rows: Sequence[int]) -> AppTest:
    """Tick rows of the grid whose key begins so."""
    grid = grid_key(at, key)
    at.session_state[grid] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return at.run()


def grid_key(at: AppTest, key: str) -> str:
    return next(str(grid.key) for grid in at.dataframe if str(grid.key or "").startswith(key))


def grid(at: AppTest, key: str) -> Any:
    """The frame in the grid whose key begins so."""
    name = grid_key(at, key)
    return next(grid.value for grid in at.dataframe if grid.key == name)


def frame_with(at: AppTest, *columns: str) -> Any:
    """The frame that has these columns, in a grid from which nothing is picked."""
    return next(grid.value for grid in at.dataframe if {*columns} <= {*grid.value.columns})


def press(at: AppTest, key: str) -> AppTest:
    return at.button(key=key).click().run()


def choose(at: AppTest, key: str, value: object) -> AppTest:
    widget: Any = at.get_by_key(key)
    widget.set_value(value)
    return at.run()


def go(at: AppTest, place: Place, **params: str) -> AppTest:
    """Follow a link, or open the address in the same tab."""
    at.query_params.clear()
    for name, value in params.items():
        at.query_params[name] = value
    return at.switch_page(str(ROOT / place.path)).run()
