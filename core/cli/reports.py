"""What the command line prints of plans, operations and the outbox: values ready for JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from core.audit.store.event_port import Event
from core.credits.records import Kind
from core.hubspot.ports.inspection import Finding
from core.mirror.store.outbox_port import Due, OutboxState
from core.operations.foreign import words
from core.operations.foreign.corrections import name_of
from core.operations.foreign.words import ForeignFinding, Remedy
from core.operations.kinds.registry import kind_of, titled
from core.operations.leftovers import About, Warned
from core.operations.plans import Plan, Row
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.queries import LISTED_MAX
from core.operations.states import (
    BEGUN,
    DISMISSIBLE,
    NEEDS_EYES,
    Item,
    ItemState,
    Operation,
    OperationState,
    Progress,
)
from core.operations.telling.rules import Telling, TellingState
from core.operations.verdicts import Verdict
from core.students.names import Named

Report = dict[str, Any]
#: Of whom nobody is told.
NOBODY: Mapping[TellingState, int] = {}


def of_plan(plan: Plan) -> Report:
    """A dry run: totals, then every row that is not simply carried out, then the others.

    Of more than ``LISTED_MAX`` rows the others are counted: they are on the plan's page.
    """
    kind = kind_of(plan.kind)
    return {
        "plan": plan.id,
        "kind": plan.kind.value,
        "would": kind.confirming(plan) if plan.will_change else "",
        "effect": kind.words.effect,
        "undoes": plan.undoes,
        "to_exam": plan.to_exam,
        "include": sorted(plan.include),
        "selection": plan.selection,
        "caveat": plan.caveat,
        "asked": len(plan.rows),
        "counts": {verdict.value: n for verdict, n in plan.counts.items()},
        "credits": dict(plan.credits),
        "contacts": plan.contacts,
        "expires_at": plan.expires_at.isoformat(),
        "rows": [_row(row) for row in islice(_blocked_first(plan), LISTED_MAX)],
        **_not_listed(len(plan.rows) - LISTED_MAX),
    }


def _blocked_first(plan: Plan) -> Iterator[Row]:
    order = (Verdict.BLOCKED, Verdict.WILL_CHANGE, Verdict.SKIP, Verdict.EXCLUDED)
    return (row for verdict in order for row in plan.by_verdict[verdict])


def _not_listed(number: int) -> Report:
    """How many rows a report leaves out; nothing, where it has all."""
    return {"rows_not_listed": number} if number > 0 else {}


def _row(row: Row) -> Report:
    return {
        **_whose_booking(row),
        "verdict": row.verdict.value,
        "why": row.told,
        "credit": row.credit,
        "before": row.before,
        "after": row.after,
        **_renamed(row),
    }


def _whose_booking(one: Row | Item) -> Report:
    return {
        "booking": one.booking_id,
        "booking_id": one.booking_name,
        "student": one.contact_name,
        "contact": one.contact_id,
    }


def _renamed(one: Row | Item) -> Report:
    """What a booking is called at the exam that it moves to."""
    return {"new_booking_id": one.new_name} if one.new_name else {}


def of_other(operation: Operation, *, rows: int) -> Report:
    """An operation that is to change some of the rows that somebody previews."""
    return {
        "operation": operation.id,
        "title": titled(operation),
        "state": operation.state.value,
        "by": operation.confirmed_by,
        "rows": rows,
    }


def of_operation(
    operation: Operation,
    progress: Progress,
    *,
    items: Sequence[Item] = (),
    foreign: Sequence[ForeignFinding] = (),
    undone_by: Sequence[Operation] = (),
    warnings: Sequence[Warned] = (),
    told: Mapping[TellingState, int] = NOBODY,
    by_name: Callable[[str], str] = str,
    retried_at: datetime | None,
    now: datetime,
) -> Report:
    """Where it stands, with the items that need attention.

    ``by_name``: puts names beside the ids of HubSpot's people and apps. ``retried_at``: when it was
    last taken up again; ``seconds`` count from there.
    """
    begun = retried_at or operation.started_at or operation.confirmed_at
    return {
        "operation": operation.id,
        "kind": operation.kind.value,
        "title": titled(operation),
        "state": operation.state.value,
        "waiting_for": operation.waiting_for,
        "follow_ups": operation.follow_ups.value,
        "selection": operation.selection,
        "reason": operation.reason,
        "tell": operation.tell.value,
        "reason_for_students": operation.reason_for_students,
        "told": {state.value: n for state, n in told.items()},
        "by": operation.confirmed_by,
        "via": operation.via,
        "confirmed_at": operation.confirmed_at.isoformat(),
        "hold_until": operation.hold_until.isoformat(),
        "needs_approval": operation.needs_approval,
        "approved_by": operation.approved_by,
        "approved_at": operation.approved_at.isoformat() if operation.approved_at else None,
        "asked": progress.total,
        "counts": {state.value: n for state, n in sorted(progress.states.items())},
        "blocked_at_preview": progress.blocked_at_preview,
        "credits": dict(progress.net),
        "calls": operation.calls,
        "seconds": round(((operation.ended_at or now) - begun).total_seconds(), 3),
        **_stop(operation, progress),
        "needs_eyes": [_item(item, operation) for item in items if item.state in NEEDS_EYES],
        "foreign_writes": [_foreign(each, operation.id, by_name) for each in foreign],
        "undoes": operation.undoes,
        "to_exam": operation.to_exam,
        "include": sorted(operation.include),
        "undone_by": [{"operation": o.id, "state": o.state.value} for o in undone_by],
        "warnings": [_warned(one, operation.id, by_name) for one in warnings],
    }


def _stop(operation: Operation, progress: Progress) -> Report:
    """What a stop kept, what it lets finish, and what it left as it was."""
    if operation.state not in {OperationState.STOPPING, OperationState.STOPPED}:
        return {}
    states = progress.states
    begun = sum(states.get(state, 0) for state in BEGUN)
    left = states.get(ItemState.STOPPED, 0) + states.get(ItemState.PENDING, 0)
    done = states.get(ItemState.DONE, 0)
    return {"stop": {"done": done, "being_finished": begun, "not_begun": left}}


def of_items(items: Sequence[Item], operation: Operation, *, left: int) -> Report:
    """These bookings with what became of each; ``left``: so many come after them."""
    return {"rows": [_item(item, operation) for item in items], **_not_listed(left)}


def _item(item: Item, operation: Operation) -> Report:
    return {
        **_whose_booking(item),
        "state": item.state.value,
        "why": item.outcome,
        "credit": item.credit,
        "next_step": _next_of(item, operation),
        **_renamed(item),
    }


def _next_of(item: Item, operation: Operation) -> str:
    """What somebody can do about a booking that failed or is blocked."""
    if item.state not in DISMISSIBLE:
        return ""
    again = f"python -m core retry {item.operation_id}"
    if item.planned:
        return kind_of(operation.kind).words.not_retried or again
    return f"correct it in HubSpot, then {again} --blocked; or python -m core dismiss"


#: What somebody can do about a change by others.
REMEDIES: dict[Remedy, str] = {
    Remedy.CORRECTED: "",
    Remedy.OFFERED: "python -m core correct {operation} --reason TEXT",
    Remedy.DECISION: "python -m core decide {operation} {name} --by N --why TEXT",
    Remedy.RECOUNT: "python -m core recount --exam {record}",
    Remedy.NONE: "",
}
assert REMEDIES.keys() == set(Remedy), "every remedy names the next step"


def _foreign(found: ForeignFinding, operation_id: str, by_name: Callable[[str], str]) -> Report:
    write, how = found.foreign, found.remedy
    name = name_of(write)
    next_step = REMEDIES[how].format(operation=operation_id, name=name, record=write.target_id)
    return {
        "record": f"{write.kind} {write.target_id}",
        "student": found.student,
        "conflict": write.conflict.value,
        "told": words.told(write),
        "by": by_name(words.by(write)),
        "credit": write.credit,
        "we_read": write.read,
        "they_set": write.theirs,
        "we_set": write.ours,
        "at": write.at.isoformat(),
        "source": f"{write.source} {write.source_id}".strip(),
        "correction": write.correction,
        "remedy": how.value,
        "name": name,
        "next_step": next_step,
    }


#: What somebody can do about what was left undone.
NEXT: dict[About, str] = {
    About.SEATS: "python -m core recount --exam {record}",
    About.SEATS_UNTOLD: "python -m core decide {operation} {record} --landed|--never --why TEXT",
    About.NOTE: "python -m core retry {operation}, or write the note in HubSpot, if it matters",
    About.TOLD: "python -m core tell {operation} --again tells those who were not told",
    About.FOLLOW_UPS: "python -m core retry {operation}; to give them up: stop {operation}",
    About.BALANCE: "correct the balance in HubSpot",
    About.REFUNDED_TWICE: "compare the balance with its history in HubSpot: python -m core contact",
    About.MERGED: "compare the balance with its history in HubSpot, and adjust it if need be",
    About.MOVED: "count the seats of both exams anew: python -m core recount --exam ID --exam ID",
    About.CHECK: "compare the balance with its history in HubSpot",
    About.STATUS: "the student holds both the seat and the credit; if it should stay cancelled, "
    "set is_active to Cancelled in HubSpot, then python -m core recount --exam ID",
    About.MARK: "look at the balance's history in HubSpot; if nobody else gave the credit back, "
    "set token_refunded to true again, or the school's own tools refund it a second time; if "
    "somebody did, the student has one credit too many",
}
assert NEXT.keys() == set(About), "every warning names the next step"


def _warned(one: Warned, operation_id: str, by_name: Callable[[str], str]) -> Report:
    return {
        "about": one.about.value,
        "record": one.record,
        "told": by_name(one.told),
        "next_step": NEXT[one.about].format(record=one.record, operation=operation_id),
    }


def of_tellings(
    operation: Operation,
    told: Mapping[TellingState, int],
    not_told: Sequence[tuple[Telling, Item]],
) -> Report:
    """Who was told, counted; each who was not, or perhaps not, with the reason."""
    return {
        "operation": operation.id,
        "tell": operation.tell.value,
        "reason_for_students": operation.reason_for_students,
        "follow_ups": operation.follow_ups.value,
        "told": {state.value: n for state, n in told.items()},
        "not_told": [
            {
                "student": item.contact_name,
                "contact": one.contact_id,
                "booking": item.booking_id,
                "booking_id": item.booking_name,
                "state": one.state.value,
                "why": one.detail,
                "sent_at": one.sent_at.isoformat() if one.sent_at else None,
            }
            for one, item in not_told
        ],
        "next_step": f"python -m core tell {operation.id} --again" if not_told else "",
    }


def of_outbox(state: OutboxState, dead: Sequence[Due], students: Named, *, now: datetime) -> Report:
    """How much is due, how old the oldest is, and every dead letter with its error."""
    age = (now - state.oldest).total_seconds() if state.oldest else 0.0
    return {
        "due": state.due,
        "dead": state.dead,
        "oldest_seconds": round(age, 3),
        "dead_letters": [
            {
                "record": f"{row.kind} {row.record_id}",
                **_whose(students, row.kind, row.record_id),
                "tries": row.attempts,
                "error": row.error,
            }
            for row in dead
        ],
    }


def _whose(students: Named, kind: Kind, id_: str) -> Report:
    found = students.of(kind, id_)
    return {"student": found.name, "contact": found.id or None}


def of_findings(found: Sequence[Finding]) -> list[Report]:
    """What the doctor looked at."""
    return [
        {"health": f.health.value, "what": f.what, "said": f.said, "mend": f.mend} for f in found
    ]


def of_events(events: Sequence[Event]) -> list[Report]:
    """History, newest first."""
    return [
        {"at": e.at.isoformat(), "actor": e.actor, "what": e.what, "detail": dict(e.detail)}
        for e in events
    ]


def of_writes(writes: Sequence[WriteRecord], names: Mapping[str, str]) -> list[Report]:
    """HubSpot writes of an operation, with what became of each; ``names``: of its students."""
    return [
        {
            "write": record.write.id,
            "record": f"{record.write.kind} {record.write.target_id}",
            "student": names.get(record.write.target_id, ""),
            "before": dict(record.write.before),
            "after": dict(record.write.after),
            "state": record.state.value,
            "reason": record.reason,
            "verified": record.verified,
        }
        for record in writes
    ]


def in_words(report: Mapping[str, Any]) -> str:
    """A report for a person at a terminal: one fact to a line, lists counted and cut."""
    lines = []
    for key, value in report.items():
        label = key.replace("_", " ")
        if isinstance(value, Mapping):
            lines.append(f"{label}: {_pairs(value) or 'none'}")
        elif isinstance(value, list):
            lines.append(f"{label}: {len(value)}")
            lines += [f"  - {_line(one)}" for one in value[:20]]
            lines += [f"  … and {len(value) - 20} more (--json shows all)"] * (len(value) > 20)
        elif not _nothing(value):
            lines.append(f"{label}: {_inline(value)}")
    return "\n".join(lines)


def _line(one: object) -> str:
    if not isinstance(one, Mapping):
        return _inline(one)
    return _pairs({k.replace("_", " "): value for k, value in one.items() if not _nothing(value)})


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {_inline(value)}" for key, value in values.items())


def _inline(value: object) -> str:
    if isinstance(value, Mapping):
        return f"({_pairs(value)})"
    if isinstance(value, list):
        return f"({', '.join(map(_inline, value))})"
    return str(value).replace("\n", "\\n")  # a name with a line break makes no line of its own


def _nothing(value: object) -> bool:
    return value is None or value in ("", [], {})
