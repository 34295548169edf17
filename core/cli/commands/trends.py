"""The command on what grows and what shrinks."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from core.app.assembly.parts import Core
from core.cli.acting import actor_of
from core.cli.app import As, Json, app
from core.cli.opened_store import opened
from core.cli.output import show, told
from core.credits.roles import Actor
from core.drift.store.trends_port import Gauge
from core.health.over_time.trend_rules import Acts, Exams, Figure, RepairTimes
from core.operations.kinds.registry import NAMES

#: As long as what is measured is kept.
DAYS_MAX = 90
DAY = timedelta(days=1)
#: Of exams, as many as are told.
EXAMS_MAX = 10

Days = Annotated[int, typer.Option("--days", min=1, max=DAYS_MAX, help="until now")]


@app.command()
def trends(days: Days = 30, as_: As = "", json: Json = False) -> None:
    """What was booked, cancelled and refunded by day or week, and how long repairs take.

    Days up to 14 days, else weeks from Monday, on the clock of the school's time zone; the last one
    is under way. Credits outstanding are those of the last full check.
    """
    with told(), opened() as runtime:
        core = runtime.core
        show(_report(core, actor_of(core, as_), timedelta(days=days)), as_json=json)


def _report(core: Core, actor: Actor, period: timedelta) -> dict[str, Any]:
    reader = core.trend_reader
    acts = reader.acts(actor, period, core.zone)
    outstanding = reader.levels(actor, [Gauge.OUTSTANDING], period, DAY)
    newest = max((level.at for level in outstanding), default=None)
    return {
        "by": "week" if acts.stretches.weekly else "day",
        "stretches": _stretches(acts, reader.repair_times(actor, period, core.zone)),
        "by_kind": {
            NAMES[kind]: {figure.value: acts.of_kind(kind, figure) for figure in Figure}
            for kind in sorted({each.kind for each in acts.tallies})
        },
        "exams": _exams(reader.exams(actor, period, core.zone)),
        "outstanding": {each.of: round(each.last) for each in outstanding if each.at == newest},
    }


def _stretches(acts: Acts, repairs: RepairTimes) -> list[dict[str, Any]]:
    figures = {figure.value: acts.by_slot(figure) for figure in Figure}
    took = {each.slot: each for each in repairs.tallies}
    return [
        {
            "from": edge.isoformat(),
            **{name: numbers[n] for name, numbers in figures.items()},
            "repaired": took[n].records if n in took else 0,
            "repaired_after_seconds": took[n].median_s if n in took else None,
        }
        for n, edge in enumerate(acts.stretches.edges)
    ]


def _exams(exams: Exams) -> list[dict[str, Any]]:
    return [
        {
            "exam": each.exam_id,
            "mock_type": each.mock_type,
            "exam_date": each.exam_date.isoformat() if each.exam_date else None,
            "booked": each.booked,
            "cancelled": each.cancelled,
        }
        for each in exams.tallies[:EXAMS_MAX]
    ]
