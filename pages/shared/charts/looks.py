"""How series are told apart: by a colour that everybody can tell, and by more than the colour.

The colours are Streamlit's stand-ins, which the browser replaces by those of
``.streamlit/config.toml`` for the mode in use: a chart follows a switch to dark at once. They are
those of Okabe and Ito (https://jfly.uni-koeln.de/color/), made darker or lighter until each stands
out from its background and any two can be told apart without red, green or blue. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Colour(StrEnum):
    """Places in ``chartCategoricalColors``."""

    BLUE = "#000001"
    ORANGE = "#000002"
    GREEN = "#000003"
    PURPLE = "#000004"
    GRAY = "#000005"
    YELLOW = "#000006"
    VERMILION = "#000007"
    SKY = "#000008"


@dataclass(frozen=True, slots=True)
class Look:
    """How one series is told from the others: by more than its colour."""

    colour: Colour
    #: Of bars: Plotly's "" for filled, "/", "\\\\", "x", "-", "|", "+", ".".
    pattern: str = ""
    #: Of lines: "solid", "dot", "dash", "dashdot", "longdash".
    dash: str = "solid"


#: Series without a look of their own, in their order: credit types, people, reasons.
SERIES = (
    Look(Colour.BLUE),
    Look(Colour.ORANGE, "/", "dash"),
    Look(Colour.GREEN, "\\", "dot"),
    Look(Colour.PURPLE, "x", "dashdot"),
    Look(Colour.SKY, ".", "longdash"),
)
#: All that is too little to have a look of its own.
OTHER = Look(Colour.GRAY, "-", "longdashdot")
#: What should not be passed.
LIMIT = Look(Colour.GRAY, dash="dash")
