"""Commands about other desks on the same HubSpot account."""

from __future__ import annotations

from core.cli.acting import actor_of
from core.cli.app import As, DryRun, Json, Reason, app
from core.cli.opened_store import opened
from core.cli.output import show, told
from core.cli.reports import Report
from core.operations.desks.rules import Registered
from core.operations.desks.takeover import Others
from core.operations.owed.rules import Owed


@app.command()
def desks(as_: As = "", json: Json = False) -> None:
    """This desk, other desks on the same account, and takeovers. Changes nothing."""
    with told(), opened() as runtime:
        core = runtime.core
        takeovers = core.desks.takeovers(actor_of(core, as_))
        report = {"desk": core.desks.id(), **_others(core.desks.others())}
        report["takeovers"] = [
            {"at": one.at.isoformat(), "by": one.by, "reason": one.reason} for one in takeovers
        ]
        show(report, as_json=json)


@app.command()
def takeover(
    reason: Reason = "", as_: As = "", dry_run: DryRun = False, json: Json = False
) -> None:
    """Write on, over what other desks wrote until now; they stop writing.

    Look at --dry-run first: it lists bookings that another desk may have refunded without marking
    them. Those for which HubSpot shows a credit of that desk wait for a decision when refunded.
    """
    with told(), opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        seen = core.desks.look(actor)
        report: Report = {"desk": core.desks.id(), **_others(seen.others)}
        report["in_doubt"] = [_owed(one) for one in seen.in_doubt]
        if not dry_run:
            core.desks.take_over(actor, reason=reason)
            report |= {"desk": core.desks.id(), "taken_over": True}
        show(report, as_json=json)


def _others(others: Others) -> Report:
    report: Report = {
        "running": [_entry(one) for one in others.live],
        "not_running": [_entry(one) for one in others.past],
    }
    if others.taken_over_by:
        report["taken_over_by"] = others.taken_over_by
    if others.fault:
        report["register"] = others.fault
    return report


def _entry(one: Registered) -> dict[str, object]:
    entry: dict[str, object] = {
        "desk": one.process.desk,
        "host": one.process.host,
        "version": one.process.version,
        "seen_seconds_ago": round(one.seen_s),
    }
    return entry | ({"taken_over_by": one.taken_over_by} if one.taken_over_by else {})


def _owed(one: Owed) -> dict[str, object]:
    return {"booking": one.booking.id, "contact": one.contact_id, "credit": one.credit}
