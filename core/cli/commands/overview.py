"""The command on what needs attention."""

from __future__ import annotations

from typing import Any

import typer

from core.cli.acting import actor_of
from core.cli.app import As, Json, app
from core.cli.opened_store import opened
from core.cli.output import show, told
from core.health.facts import Need
from core.health.matters import Urgency
from core.health.over_time.week import Week
from core.health.overview import Overview


@app.command()
def overview(as_: As = "", json: Json = False) -> None:
    """What needs attention now, the most urgent first. Exit code 2: somebody has to do something.

    Also whether what students see is true, as the last sweep of all rows proves it, and this week
    beside last week until the same weekday and time, by the clock of the school's time zone.
    """
    with told(), opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        found = core.overview_reader.read(actor, patient=True)
        week = core.week_reader.read(actor, zone=core.zone)
        show(_report(found) | _week(week), as_json=json)
        if any(need.urgency is not Urgency.WATCH for need in found.needs):
            raise typer.Exit(2)


def _report(found: Overview) -> dict[str, Any]:
    facts, swept, quota, lag = found.facts, found.facts.swept, found.quota, found.lag
    since = facts.due_since
    return {
        "students_see": found.sight.value,
        "needs": [_need(need) for need in found.needs],
        "hubspot": facts.truth.said if facts.truth else "not known",
        "supabase": facts.mirror.said if facts.mirror else "not known",
        "workers": facts.workers,
        "swept_at": swept.saved_at.isoformat() if swept else None,
        "compared": dict(swept.compared) if swept else {},
        "drifting": facts.drifting,
        "unexplained": swept.unexplained if swept else 0,
        "due": facts.due,
        "oldest_seconds": round((facts.now - since).total_seconds(), 3) if since else 0.0,
        "dead": facts.dead,
        "owed": facts.owed,
        "owed_counted_at": facts.owed_at.isoformat() if facts.owed_at else None,
        "quota_used": round(quota.used / quota.limit, 3) if quota and quota.limit else None,
        "quota_day_used": None if facts.quota_day is None else round(facts.quota_day, 3),
        "copied_within_seconds": {"half": lag.p50_s, "99_of_100": lag.p99_s} if lag else {},
        "audit": {"verified": found.verified.head.n, "entries": found.verified.total},
    }


def _week(week: Week) -> dict[str, Any]:
    days, (last, this) = week.days, week.days.begins
    return {
        "week": [
            {
                "figure": figure.value,
                "this_week": _short(trend.now),
                "last_week_until_then": _short(trend.before),
                "last_week": _short(trend.whole),
            }
            for figure, trend in week.trends.items()
        ],
        "week_compared": {
            "from": this.isoformat(),
            "to": days.at.isoformat(),
            "beside_from": last.isoformat(),
            "beside_to": days.like_now.isoformat(),
        },
    }


def _short(number: float | None) -> float | None:
    """Whole where it is; else, of seconds, to the millisecond. None: nothing was measured."""
    if number is None:
        return None
    return round(number, 3) if number % 1 else int(number)


def _need(need: Need) -> dict[str, Any]:
    return {
        "urgency": need.urgency.value,
        "matter": need.matter.value,
        "told": need.told,
        "since": need.since.isoformat(timespec="seconds") if need.since else None,
        "of": need.of,
    }
