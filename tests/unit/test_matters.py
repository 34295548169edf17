"""All that may be wrong stands in one list, and the documents say the same of it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from core.health.matters import HANDLING, Handling, Matter

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
ROW = re.compile(r"\| (.+?) \| .+ \| (.+?) \| (.+?) \| (.+?) \|")


def after(length: timedelta | None) -> str:
    if length is None:
        return "no"
    seconds = length.total_seconds()
    if not seconds:
        return "at once"
    return f"after {seconds:.0f} s" if seconds < 60 else f"after {seconds / 60:.0f} min"


def as_documented(handling: Handling) -> tuple[str, str, str]:
    shown = f", {after(handling.shown_after)}" if handling.shown_after else ""
    over = "" if handling.ends or handling.told_after is None else "; not when it is over"
    told = after(handling.told_after) + over
    return f"{handling.urgency}{shown}", told, after(handling.unready_after)


def test_the_documents_tell_of_each_matter_what_becomes_of_it() -> None:
    _, _, table = OPERATING.read_text().partition("### All that may be wrong")
    rows = [found.groups() for line in table.splitlines() if (found := ROW.match(line))]
    told = {row[0]: row[1:] for row in rows}

    assert {matter.value: as_documented(each) for matter, each in HANDLING.items()} == {
        matter.value: told.get(matter.value) for matter in Matter
    }
