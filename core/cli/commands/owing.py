"""The commands on owed credits: list them, and say which are owed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from core.app.assembly.parts import Core
from core.cli.acting import actor_of
from core.cli.app import As, Bookings, Contact, DryRun, Exam, Ids, Json, Reason, app
from core.cli.choosing import selection
from core.cli.naming import contacts
from core.cli.opened_store import opened, warn_of_unknown_refunds
from core.cli.output import show, told
from core.cli.reports import Report
from core.credits.errors import BadList
from core.credits.records import Kind
from core.credits.roles import Actor
from core.operations.choosing.select import Selection
from core.operations.owed.rules import Owed, TakenBack, verdict_against, verdict_of, waiting
from core.operations.owed.settled import Baseline, OwedDecision
from core.operations.owed.summary import OwedSummary

Withdraw = Annotated[
    bool, typer.Option("--withdraw", help="end an earlier decision on these bookings instead")
]
Before = Annotated[
    str,
    typer.Option(
        "--before",
        metavar="TIME",
        help="what was cancelled before then is settled, as 2026-11-30 or 2026-11-30T08:00; "
        "without an offset in the school's time zone",
    ),
]


@app.command()
def owed(
    limit: Annotated[int, typer.Option("--limit", min=1, help="bookings listed")] = 200,
    as_: As = "",
    json: Json = False,
) -> None:
    """Cancelled bookings without a refund mark: how many are owed, longest first, and why not.

    Not counted as owed: what was settled at adoption or decided not to be owed, what others gave
    back, what an undo took back, and what is unclear; each says who, when and why.
    """
    with told(), opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        found = core.owed_credits.summary(actor, first=limit)
        warn_of_unknown_refunds()
        report: Report = {
            "baseline": _baseline(core.owed_decisions.baseline(actor)),
            "owed": found.waiting.number,
            "by_credit": {key: found.waiting.by_credit.get(key, 0) for key in core.catalogue.keys},
            "not_owed": _by_reason(found),
            "to_decide": found.doubtful.number,
            "taken_back": found.taken.number,
            "unclear": found.unclear.number,
            "bookings": _rows(core, actor, found.every.first),
        }
        show(report, as_json=json)


@app.command()
def baseline(
    before: Before = "",
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="end the baseline that is in effect")
    ] = False,
    reason: Reason = "",
    as_: As = "",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """The adoption baseline: bookings cancelled before a time are settled and never refunded.

    Without options: the baseline in effect. --before with --dry-run: how many it would settle.
    """
    with told(), opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        if before and withdraw:
            raise BadList(["give either --before or --withdraw"])
        if before:
            report = _set(core, actor, _moment(core, before), reason, dry_run=dry_run)
        elif withdraw:
            held = core.owed_decisions.baseline(actor)
            report = {"withdrawn": _baseline(held)}
            if not dry_run:
                core.owed_decisions.withdraw_baseline(reason, actor)
        else:
            report = {"baseline": _baseline(core.owed_decisions.baseline(actor))}
        show(report, as_json=json)


def _set(core: Core, actor: Actor, at: datetime, reason: str, *, dry_run: bool) -> Report:
    if not dry_run:
        core.owed_decisions.set_baseline(at, reason, actor)
    if dry_run:
        would = owed_now = 0
        for one in core.owed_credits.each(actor):
            would += one.decision is None and one.taken_back is None and one.since < at
            owed_now += len(waiting([one]))
        return {"before": at.isoformat(), "would_settle": would, "owed": owed_now}
    found = core.owed_credits.summary(actor, first=0)
    held = _baseline(core.owed_decisions.baseline(actor))
    return {"baseline": held, "not_owed": _by_reason(found), "owed": found.waiting.number}


@app.command("not-owed")
def not_owed(
    exam: Exam = None,
    contact: Contact = None,
    bookings: Bookings = None,
    ids: Ids = "",
    reason: Reason = "",
    withdraw: Withdraw = False,
    as_: As = "",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Say that nothing is owed for these cancelled bookings: forfeited, or settled elsewhere.

    They are listed as not owed and no refund gives their credit back, until it is withdrawn.
    """
    with told():
        _decide(
            selection(exam, contact, bookings, ids), False, withdraw, reason, as_, dry_run, json
        )


@app.command("still-owed")
def still_owed(
    exam: Exam = None,
    contact: Contact = None,
    bookings: Bookings = None,
    ids: Ids = "",
    reason: Reason = "",
    withdraw: Withdraw = False,
    as_: As = "",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Say that these cancelled bookings are owed, whatever the baseline or the history says.

    Changes no credit: refund them afterwards, by --owed or by name.
    """
    with told():
        _decide(selection(exam, contact, bookings, ids), True, withdraw, reason, as_, dry_run, json)


def _decide(
    chosen: Selection,
    owed_: bool,
    withdraw: bool,
    reason: str,
    as_: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    with opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        found = core.owed_decisions.choice(chosen, actor)
        word = "withdrawn" if withdraw else "owed" if owed_ else "not_owed"
        report: Report = {
            "bookings": _rows(core, actor, found.open),
            "skipped": [{"booking": id_, "why": why} for id_, why in found.others],
        }
        if dry_run:
            counted = [one for one in found.open if one.decision] if withdraw else found.open
            report |= {"would_be": word, "number": len(counted)}
        elif withdraw:
            named = [one.booking.id for one in found.open] + [id_ for id_, _ in found.others]
            report[word] = len(core.owed_decisions.withdraw(named, reason, actor))
        else:
            decide = core.owed_decisions.decide
            report[word] = decide(found.open, owed=owed_, reason=reason, actor=actor)
        show(report, as_json=as_json)


def _moment(core: Core, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
        return (at if at.tzinfo else at.replace(tzinfo=core.zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadList([f"{text!r} is no time: give 2026-11-30 or 2026-11-30T08:00"]) from None


def _rows(core: Core, actor: Actor, found: Sequence[Owed]) -> list[dict[str, object]]:
    named = contacts(core, actor, [one.contact_id for one in found])
    return [
        {"student": named.of(Kind.CONTACT, one.contact_id or "").name} | _row(one) for one in found
    ]


def _row(one: Owed) -> dict[str, object]:
    against = verdict_against(one)
    return {
        "booking": one.booking.id,
        "booking_id": one.booking.booking_id,
        "contact": one.contact_id,
        "credit": one.credit,
        "since": one.since.isoformat(),
        "cancelled_by": one.cancelled_by,
        "verdict": verdict_of(one),
        "told": "" if against is None else against.detail,
        "decision": _decision(one.decision),
        "taken_back": _taken(one.taken_back),
        "unclear": one.unclear,
    }


def _by_reason(found: OwedSummary) -> dict[str, int]:
    return {str(why): n for why, n in found.not_owed.items()}


def _baseline(held: Baseline | None) -> dict[str, str] | None:
    if held is None:
        return None
    return {
        "cancelled_before": held.before.isoformat(),
        "by": held.by,
        "at": held.at.isoformat(),
        "reason": held.reason,
    }


def _decision(one: OwedDecision | None) -> dict[str, object] | None:
    if one is None:
        return None
    return {"owed": one.owed, "by": one.by, "at": one.at.isoformat(), "reason": one.reason}


def _taken(back: TakenBack | None) -> dict[str, str] | None:
    if back is None:
        return None
    when = back.at.isoformat()
    return {"operation": back.operation_id, "by": back.by, "at": when, "reason": back.reason}
