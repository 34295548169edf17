"""A chart of two weeks, as small as a word: a bar for each day, in the colours of all charts.

HTML and not Plotly, whose code keeps a browser busy for a second: they stand on the first page.
A number stands beside each, so that none of it is told by the bars alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.shared import words
from pages.shared.charts import Colour

DAYS = 14
WIDTH_PX, HEIGHT_PX = 118, 40
#: The first colour of charts, in which most of them have one series.
THIS_WEEK = next(iter(Colour))
#: What is not nothing can be seen.
LEAST = 0.06


def show(values: Sequence[float | None], titles: Sequence[str], *, alt: str) -> None:
    """Last week gray, this week in colour; no bar where there is nothing, or it is not known.

    ``titles``: what a bar says to a mouse. ``alt``: what the chart says to a screen reader.
    """
    st.html(drawn(values, titles, alt=alt), width=WIDTH_PX)


def drawn(values: Sequence[float | None], titles: Sequence[str], *, alt: str) -> str:
    """As HTML. The days that are still to come leave their place free."""
    most = max((value for value in values if value), default=0.0)
    gray, accent = _in_mode(Colour.GRAY), _in_mode(THIS_WEEK)
    bars = [
        _bar(max(LEAST, value / most) if value else 0, accent if n >= DAYS // 2 else gray, title)
        for n, (value, title) in enumerate(zip(values, titles, strict=True))
    ]
    bars += [_bar(0, accent, "")] * (DAYS - len(bars))
    bars.insert(DAYS // 2, '<span style="width:4px"></span>')
    return (
        f'<div role="img" aria-label="{words.escaped(alt)}" style="display:flex;gap:2px;'
        f'align-items:flex-end;height:{HEIGHT_PX}px;border-bottom:1px solid {gray}">'
        f"{''.join(bars)}</div>"
    )


def _bar(part: float, colour: str, title: str) -> str:
    """As wide as the others; its whole column answers to a mouse."""
    fill = f'<span style="width:100%;height:{part:.0%};background:{colour}"></span>'
    column = "flex:1;height:100%;display:flex;align-items:flex-end"
    return f'<span title="{words.escaped(title)}" style="{column}">{fill}</span>'


def _in_mode(colour: Colour) -> str:
    """As the reader's mode has it, light where it is not known."""
    mode = st.context.theme.type or "light"
    palette: Sequence[str] = st.get_option(f"theme.{mode}.chartCategoricalColors")
    return palette[list(Colour).index(colour)]
