"""The page from top to bottom, which draws itself again while nobody clicks."""

from __future__ import annotations

from datetime import datetime, time

from pages.shared import gate, problems
from pages.shared.gate import Desk
from pages.shared.health import figures, needs, sight, today, week

#: Every look is a dozen cheap queries.
LOOK = "10s"


@gate.fragment(run_every=LOOK)
def show(desk: Desk) -> None:
    """Nothing here can be open or half filled in, so drawing it again disturbs nobody."""
    with problems.told("Nothing was changed."):
        found = desk.core.overview_reader.read(desk.actor)
        sight.show(desk, found)
        needs.show(desk, desk.actor, found)
        week.show(desk, desk.core.week_reader.read(desk.actor, zone=desk.zone))
        today.show(desk, desk.core.overview_reader.today(desk.actor, since=midnight(desk)))
        figures.show(desk, found)


def midnight(desk: Desk) -> datetime:
    """Where the reader's day began."""
    return datetime.combine(desk.now().astimezone(desk.zone).date(), time(), desk.zone)
