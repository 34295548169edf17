"""Commands of the staff desk: contacts, exams, scheduled activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Annotated, Any

import typer

from core.cli.acting import actor_of
from core.cli.app import As, DryRun, Json, app
from core.cli.commands.cancelling_exams import of_report
from core.cli.ending import unfinished
from core.cli.opened_store import opened
from core.cli.output import show, told
from core.credits.catalogue import CreditType
from core.credits.errors import BadList
from core.credits.exam_times import clock, day_in
from core.credits.records import ContactId, Exam, ExamId
from core.credits.sessions import Activated, Activation, Opening, Session, SessionFilter, narrowed
from core.mirror.found_by import FoundBy
from core.operations.owed.rules import doubtful, settled, taken, unclear, waiting
from core.students.balance_history import Step
from core.students.contact_page import Gone, Presented
from core.students.search_rules import TEXT_MIN, Hit, Hits, Where, cleaned, may_be_phone

#: Days ahead that ``exams`` lists unless told otherwise.
AHEAD = timedelta(days=120)
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")]


@app.command()
def contact(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="id, name, part of an e-mail …")],
    hubspot: Annotated[bool, typer.Option("--hubspot", help="search HubSpot, phones too")] = False,
    as_: As = "",
    json: Json = False,
) -> None:
    """Find a student; the one who is found, live, with balances, bookings and their causes."""
    with told(), opened() as runtime:
        core, actor = runtime.core, actor_of(runtime.core, as_)
        if len(cleaned(query)) < TEXT_MIN and not query.strip().isdecimal():
            raise BadList([f"say whom to look for: at least {TEXT_MIN} letters, or an id"])
        ask = core.student_search.find_in_hubspot if hubspot else core.student_search.find
        hits = ask(query, actor)
        meant = _meant(hits)
        if meant is None and query.strip().isdecimal() and not hits.hits:
            meant = ContactId(query.strip())  # the mirror may lack it
        if meant is None and not hits.hits:
            raise BadList([_nobody(query, hits)])
        if meant is None:
            show(_of_hits(hits), as_json=json)
            return
        presented = core.contact_page.contact(meant, actor)
        if presented.gone is Gone.UNKNOWN and not hits.hits and may_be_phone(query):
            raise BadList([_nobody(query, hits)])
        show(_of_contact(presented, core.account_directory.named), as_json=json)
        if presented.contact is None:
            unfinished(_why_gone(presented))


@app.command()
def exams(
    exam: Annotated[str, typer.Option("--id", metavar="ID", help="one session, live")] = "",
    since: Day = None,
    until: Day = None,
    mock_type: Annotated[str, typer.Option("--type", metavar="TYPE")] = "",
    place: Annotated[str, typer.Option("--place", metavar="PLACE")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Sessions with seats, bookings and what is owed; those to come, unless told otherwise."""
    with told(), opened() as runtime:
        core, actor = runtime.core, actor_of(runtime.core, as_)
        if exam:
            detailed = core.exam_sessions.session(ExamId(exam), actor)
            if detailed is None:
                raise BadList([f"HubSpot has no exam {exam}"])
            found = _of_session(detailed.session, core.zone)
            act = core.whole_exam_cancellation.report(ExamId(detailed.session.exam.id), actor)
            show(found | {"cancelling": of_report(act) if act else None}, as_json=json)
            return
        first = since.date() if since else day_in(core.zone, core.operation_commands.now())
        last = until.date() if until else min(first, date.max - AHEAD) + AHEAD
        listed = core.exam_sessions.sessions(first, last, actor)
        fit = narrowed(listed.sessions, SessionFilter(mock_type=mock_type, place=place))
        report = {"exams": [_of_session(each, core.zone) for each in fit], "more": listed.more}
        show(
            report | ({"mirror": listed.mirror_fault} if listed.mirror_fault else {}), as_json=json
        )


@app.command()
def activate(dry_run: DryRun = False, as_: As = "", json: Json = False) -> None:
    """Activate every exam whose scheduled activation has come, in HubSpot and in Supabase."""
    with told(), opened() as runtime:
        core, actor = runtime.core, actor_of(runtime.core, as_)
        done = core.exam_activation.due(actor) if dry_run else core.exam_activation.activate(actor)
        if not dry_run:
            core.mirror_copier.wait_until_empty(
                core.operation_commands.now() + timedelta(seconds=30)
            )
        show(_of_activation(done), as_json=json)
        if failed := done.having(Activated.FAILED):
            first = failed[0]
            unfinished(f"{len(failed)} not activated, exam {first.exam_id} first: {first.why}")


def _meant(hits: Hits) -> ContactId | None:
    """The one contact that was meant: the only one found, or the one named exactly."""
    exact = [hit for hit in hits.hits if hit.by in {FoundBy.ID, FoundBy.STUDENT_ID, FoundBy.EMAIL}]
    only = exact if len(exact) == 1 else hits.hits
    return only[0].contact_id if len(only) == 1 else None


def _why_gone(presented: Presented) -> str:
    match presented.gone:
        case Gone.ARCHIVED:
            return f"contact {presented.asked} is archived in HubSpot, where it can be restored"
        case Gone.UNKNOWN:
            return f"HubSpot knows no contact {presented.asked}"
    return f"HubSpot is unreachable; this is the copy in Supabase: {presented.truth_fault}"


def _nobody(query: str, hits: Hits) -> str:
    """What to try next."""
    if hits.where is Where.HUBSPOT:
        return f"HubSpot has no student for {query!r}: no name, e-mail, phone number or student id"
    if may_be_phone(query):
        return (
            f"no student found for {query!r}, which looks like a phone number: Supabase "
            "holds none, --hubspot searches HubSpot for it"
        )
    return f"no student found for {query!r}; --hubspot searches HubSpot itself"


def _of_hits(hits: Hits) -> dict[str, Any]:
    told = {"mirror": hits.mirror_fault} if hits.mirror_fault else {}
    found = [_of_hit(hit) for hit in hits.hits]
    return {
        "asked": hits.asked,
        "in": hits.where.value,
        "contacts": found,
        "more": hits.more,
    } | told


def _of_hit(hit: Hit) -> dict[str, Any]:
    return {
        "contact": hit.contact_id,
        "name": hit.name,
        "email": hit.email,
        "student_id": hit.student_id,
        "balances": _plain(hit.balances),
        "found_by": hit.by.value,
        "booking": hit.booking or None,
    }


def _of_contact(presented: Presented, by_name: Callable[[str], str]) -> dict[str, Any]:
    contact, standing = presented.contact, presented.standing
    report: dict[str, Any] = {
        "contact": contact.id if contact else presented.asked,
        "gone": presented.gone.value if presented.gone else None,
        "hubspot": presented.truth_fault or "answers",
        "mirror": standing.copy.value,
        "mirror_since": standing.since.isoformat() if standing.since else None,
        "mirror_error": standing.error or None,
        "read_at": presented.read_at.isoformat(),
    }
    if contact is None:
        return report
    row = presented.row or {}
    return report | {
        "merged": presented.merged,
        "name": contact.name,
        "email": contact.email,
        "student_id": contact.student_id,
        "balances": _plain(contact.balances),
        "in_the_mirror": {key: row.get(key) for key in contact.balances},
        "unreadable": dict(contact.unreadable),
        "owed": [one.booking.id for one in waiting(presented.owed)],
        "to_decide": [
            {"booking": one.booking.id, "told": one.doubt} for one in doubtful(presented.owed)
        ],
        "not_owed": [
            {"booking": one.booking.id, "told": one.against} for one in settled(presented.owed)
        ],
        "unclear": [
            {"booking": one.booking.id, "told": one.unclear} for one in unclear(presented.owed)
        ],
        "taken_back": [
            {"booking": one.booking.id, "told": str(one.taken_back)}
            for one in taken(presented.owed)
        ],
        "bookings": [
            {
                "booking": booking.id,
                "booking_id": booking.booking_id,
                "status": booking.raw_status or booking.status.value,
                "token": booking.token,
                "refunded": None if booking.mark_unclear else booking.refunded,
                "unclear": dict(booking.unclear),
                "exam": booking.exam_id,
            }
            for booking in presented.bookings
        ],
        "steps": None
        if presented.steps is None
        else [_of_step(each, by_name) for each in presented.steps],
        "operations": sorted({row.operation.id for row in presented.trail}),
    }


def _of_step(step: Step, by_name: Callable[[str], str]) -> dict[str, Any]:
    return {
        "at": step.at.isoformat(),
        "credit": step.credit,
        "before": step.before,
        "after": step.after,
        "cause": step.cause.value,
        "inferred": step.inferred,
        "of": by_name(step.told),
        "operation": step.operation_id or None,
    }


def _of_session(session: Session, zone: tzinfo) -> dict[str, Any]:
    exam, counts = session.exam, session.counts
    at = exam.scheduled_activation_at
    return {
        "exam": exam.id,
        "type": exam.mock_type,
        "date": exam.exam_date.isoformat() if exam.exam_date else None,
        "time": f"{clock(exam.start_time, zone)}-{clock(exam.end_time, zone)}",
        "place": exam.location,
        "state": _state(exam),
        "cancellation": str(exam.cancelled) if exam.cancelled else None,
        "activates_at": at.isoformat() if at and exam.is_active == Opening.SCHEDULED else None,
        "capacity": exam.capacity,
        "unreadable": {**exam.unreadable, **exam.unclear},
        "seats": session.counted,
        "active": counts.active if counts else None,
        "completed": counts.completed if counts else None,
        "cancelled": counts.cancelled if counts else None,
        "unclear": counts.unclear if counts else None,
        "owed": counts.owed if counts else None,
        "seats_too_many": session.drift,
    }


def _state(exam: Exam) -> str:
    """In the words of the page; what HubSpot holds where it is none of them."""
    found = (each.name.lower() for each in Opening if each == exam.is_active)
    return next(found, exam.is_active)


def _of_activation(done: Activation) -> dict[str, Any]:
    return {
        "at": done.at.isoformat(),
        "dry_run": done.dry_run,
        "activated": len(done.having(Activated.ACTIVATED)),
        "due": len(done.having(Activated.WOULD_ACTIVATE)),
        "failed": len(done.having(Activated.FAILED)),
        "exams": [
            {
                "exam": row.exam_id,
                "name": row.name,
                "what": row.what.value,
                "due_at": row.due_at.isoformat() if row.due_at else None,
                "why": row.why,
            }
            for row in done.rows
        ],
    }


def _plain(balances: Mapping[CreditType, int]) -> dict[str, int]:
    return {str(key): value for key, value in balances.items()}
