"""How a command ends that went, and left something for a person: one line why, exit code 2."""

from __future__ import annotations

from typing import NoReturn

import typer

from core.cli.reports import Report
from core.cli.terminal import complain
from core.operations.leftovers import About


def unfinished(why: str) -> NoReturn:
    """The report is printed already; this is the line on stderr."""
    complain(why)
    raise typer.Exit(2)


def judge(report: Report) -> None:
    """End so when an operation's report has something for a person to look at.

    Another balance of a student that needs correcting is told, and was never the operation's to do.
    """
    told = []
    if eyes := report["needs_eyes"]:
        told.append(f"{_count(eyes, 'booking needs', 'bookings need')} a look: {eyes[0]['why']}")
    warnings = [each for each in report["warnings"] if each["about"] != About.BALANCE]
    if warnings:
        first = warnings[0]
        told.append(
            f"{_count(warnings, 'thing was', 'things were')} left undone: {first['told']}. "
            f"Next: {first['next_step']}"
        )
    if told:
        unfinished("; ".join(told))


def _count(found: list[object], one: str, more: str) -> str:
    return f"{len(found):,} {one if len(found) == 1 else more}"
