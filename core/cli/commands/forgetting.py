"""The command that forgets students' names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from core.cli.acting import actor_of
from core.cli.app import As, DryRun, Json, app
from core.cli.opened_store import opened
from core.cli.output import show, told
from core.credits.errors import BadList


@app.command()
def forget(
    before: Annotated[
        str, typer.Option("--before", metavar="DATE", help="2026-01-31; as the settings keep")
    ] = "",
    dry_run: DryRun = False,
    as_: As = "",
    json: Json = False,
) -> None:
    """Blank names, e-mails and typed reasons in what ended before a day. Ids and movements stay."""
    with told(), opened() as runtime:
        core = runtime.core
        day = _day(before)
        if day is None and core.retention.keep is None:
            raise BadList(["CREDIT_DESK_KEEP_PERSONAL_DAYS keeps names for ever: give --before"])
        actor = actor_of(core, as_)
        done = core.retention.forget(actor, before=day, dry_run=dry_run)
        report = {
            "before": done.before.isoformat(),
            "dry_run": dry_run,
            "operations": list(done.ids),
            "rows": done.rows,
            "sweeps": done.sweeps,
            "repairs": done.repairs,
            "reasons": done.reasons,
        }
        show(report, as_json=json)


def _day(text: str) -> datetime | None:
    """The beginning of the day, in UTC."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadList([f"--before {text!r} is no day: write it as 2026-01-31"]) from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
