"""Which of the facts somebody should know of, in which order and in which words.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from core.access.unusual import words_of
from core.credits.room import Room
from core.drift.sweeps import SweepMode
from core.health.facts import Facts, Need, NeedsEyes
from core.health.matters import Matter
from core.operations.states import Operation, OperationState

#: A write without a history is told of so long; its page has it for ever.
UNVERIFIED_FOR = timedelta(days=14)
#: Part of the account's calls of a day.
QUOTA_ABOVE = 0.9
#: Operations, acts or people of one matter that are told one by one; then how many more there are.
EACH_MAX = 4
#: What people call the sweeps.
CHECKS: dict[SweepMode, str] = {
    SweepMode.KNOWN: "quick check",
    SweepMode.INCREMENTAL: "check of recent changes",
    SweepMode.FULL: "full check",
    SweepMode.COPY: "copy of everything",
}

assert CHECKS.keys() == set(SweepMode), "every mode has its name"


def needs(facts: Facts) -> tuple[Need, ...]:
    """By urgency, then by matter, then the oldest first; the same facts give the same list."""
    order = {matter: n for n, matter in enumerate(Matter)}
    found = [*_of_the_whole(facts), *_of_operations(facts), *_of_the_mirror(facts)]
    latest = facts.now
    return tuple(sorted(found, key=lambda n: (order[n.matter], not n.of, n.since or latest, n.of)))


def _of_the_whole(facts: Facts) -> Iterator[Need]:
    if facts.audit_faults:
        more = f" and {len(facts.audit_faults) - 1:,} more" if len(facts.audit_faults) > 1 else ""
        told = f"The audit was changed: {facts.audit_faults[0]}{more}"
        yield Need(matter=Matter.AUDIT_CHANGED, told=told)
    yield from _unusual(facts)
    if facts.room.short:
        yield Need(matter=Matter.DISK_FULL, told=_room(facts.room))
    if not facts.workers:
        told = "No worker is running: confirmed operations wait until one starts"
        yield Need(matter=Matter.NO_WORKER, told=told, since=facts.worker_at)
    sides = (
        (Matter.TRUTH_AWAY, "HubSpot", facts.truth),
        (Matter.MIRROR_AWAY, "Supabase", facts.mirror),
    )
    for matter, name, side in sides:
        if side is not None and not side.well:
            told = f"{name} is not working: {side.said}"
            yield Need(matter=matter, told=told, since=side.well_at)
    yield from _of_admins(facts)
    if facts.quota_day is not None and facts.quota_day >= QUOTA_ABOVE:
        told = f"{facts.quota_day:.0%} of HubSpot's calls of this day are used up"
        yield Need(matter=Matter.QUOTA, told=told)


def _room(room: Room) -> str:
    if room.none:
        return (
            "The disk of the desk's database is full: nothing new is saved, so nothing new begins. "
            "What was saved is there, and goes on once there is room"
        )
    return (
        f"The disk of the desk's database is nearly full: {(room.free or 0) / (1 << 20):,.0f} MB "
        "are left. When it is full, nothing new is saved and nothing new begins"
    )


def _unusual(facts: Facts) -> Iterator[Need]:
    """The newest few, each with who did it."""
    acts = [
        Need(matter=Matter.UNUSUAL, told=words_of(entry), since=entry.at)
        for entry in (link.entry for link in facts.unusual)
    ]
    yield from _at_most(acts, "act")


def _of_admins(facts: Facts) -> Iterator[Need]:
    awaited = [
        Need(
            matter=Matter.ADMIN_AWAITED,
            told=f"{asked.by} asks that {asked.email} becomes {asked.role}: another admin must "
            "approve it",
            since=asked.at,
        )
        for asked in sorted(facts.admins_awaited, key=lambda each: each.at)
    ]
    made = [
        Need(matter=Matter.NEW_ADMIN, told=f"{new.by} made {new.email} an admin", since=new.at)
        for new in facts.new_admins
    ]
    yield from _at_most(awaited, "request")
    yield from _at_most(made, "new admin")


def _of_operations(facts: Facts) -> Iterator[Need]:
    eyes = sorted(facts.needs_eyes, key=lambda each: _ended(each.operation))
    undecided = [
        _about(facts, Matter.UNDECIDED, each.operation, told)
        for each in eyes
        if (told := undecided_words(each))
    ]
    failed = [
        _about(facts, Matter.FAILED, each.operation, _failed(each))
        for each in eyes
        if each.failed or each.blocked
    ]
    unchecked = [
        _about(facts, Matter.UNCHECKED, each.operation, _unverified(each))
        for each in eyes
        if each.unchecked and facts.now - _ended(each.operation) < UNVERIFIED_FOR
    ]
    over = [
        Need(
            matter=Matter.WRITTEN_OVER,
            told=f"{_titled(facts, each.operation)}: {_count(each.number, 'balance change')} by "
            f"others at the same moment {'needs' if each.number == 1 else 'need'} a correction",
            since=each.since,
            of=each.operation.id,
        )
        for each in sorted(facts.written_over, key=lambda each: each.since)
    ]
    for together in (undecided, over, unchecked, failed, _awaiting(facts), _waiting(facts)):
        yield from _at_most(together, "operation")


def _awaiting(facts: Facts) -> list[Need]:
    return [
        Need(
            matter=Matter.AWAITING,
            told=f"{_titled(facts, each)}, asked for by {each.confirmed_by}, waits for a second "
            "admin",
            since=each.confirmed_at,
            of=each.id,
        )
        for each in sorted(facts.unended, key=lambda each: each.confirmed_at)
        if each.state is OperationState.AWAITING
    ]


def _waiting(facts: Facts) -> list[Need]:
    left = [
        _about(facts, Matter.WAITING, each, f"follow-ups incomplete: {each.waiting_for}")
        for each in sorted(facts.following_up, key=_ended)
    ]
    return left + [
        _about(facts, Matter.WAITING, each, f"waits: {each.waiting_for}")
        for each in sorted(facts.unended, key=_ended)
        if each.waiting_for and each.state is not OperationState.AWAITING
    ]


def _of_the_mirror(facts: Facts) -> Iterator[Need]:
    if facts.dead:
        given_up = _count(facts.dead, "copy", "copies")
        told = f"{given_up} to Supabase failed: students see older values"
        yield Need(matter=Matter.DEAD_LETTERS, told=told, since=facts.dead_since)
    if facts.dead_events:
        verb = "was" if facts.dead_events == 1 else "were"
        told = f"{_count(facts.dead_events, 'event')} for other apps {verb} not taken for a day"
        yield Need(matter=Matter.DEAD_EVENTS, told=told)
    if facts.drifting:
        yield Need(matter=Matter.DRIFT, told=drift_words(facts), since=facts.drift_since)
    if facts.owed:
        told = f"{facts.owed:,} credits of cancelled bookings are owed to students"
        if facts.owed == 1:
            told = "1 credit of a cancelled booking is owed to a student"
        yield Need(matter=Matter.OWED, told=told)
    for sweep in facts.stuck:
        onward = "and will not be resumed" if sweep.ended else "and is retried automatically"
        told = f"The {CHECKS[sweep.mode]} is {sweep.state}, {onward}: {sweep.error}"
        yield Need(matter=Matter.SWEEP_STUCK, told=told, since=sweep.saved_at, of=sweep.mode.value)
    for late in facts.late:
        yield Need(
            matter=Matter.LATE, told=f"The {late.job} is late: {late.why}", since=late.slot,
            of=late.job,
        )  # fmt: skip
    if facts.stale:
        yield _unchecked(facts)
    if facts.behind:
        verb = "is" if facts.due == 1 else "are"
        told = f"{_count(facts.due, 'copy', 'copies')} to Supabase {verb} pending"
        yield Need(matter=Matter.BEHIND, told=told, since=facts.due_since)


def _unchecked(facts: Facts) -> Need:
    """The widest look that is missing, and since when."""
    if facts.swept is None:
        told = "HubSpot and Supabase have not been compared yet"
        return Need(matter=Matter.UNSWEPT, told=told)
    if facts.missing_looked_for is None:
        told = "No full check has run yet: rows that Supabase lacks are not found"
        return Need(matter=Matter.UNSWEPT, told=told, since=facts.swept.saved_at)
    if facts.unsearched:
        told = "No full check for more than a day: rows that Supabase lacks are not found"
        return Need(matter=Matter.UNSWEPT, told=told, since=facts.missing_looked_for)
    told = "No check has compared all rows for more than a day"
    return Need(matter=Matter.UNSWEPT, told=told, since=facts.swept.saved_at)


def _about(facts: Facts, matter: Matter, operation: Operation, told: str) -> Need:
    told = f"{_titled(facts, operation)}: {told}"
    return Need(matter=matter, told=told, since=_ended(operation), of=operation.id)


def _titled(facts: Facts, operation: Operation) -> str:
    return f"{facts.names[operation.kind]} of {operation.selection}"


def _ended(operation: Operation) -> datetime:
    return operation.ended_at or operation.started_at or operation.confirmed_at


def undecided_words(eyes: NeedsEyes) -> str:
    """What a person must decide of this operation; empty where nothing is."""
    told = []
    if eyes.undecided:
        what, verb = _count(eyes.undecided, "write"), "was" if eyes.undecided == 1 else "were"
        told.append(f"HubSpot does not show whether {what} {verb} applied")
    if eyes.unclear:
        what, verb = _count(eyes.unclear, "booking"), "is" if eyes.unclear == 1 else "are"
        told.append(f"{what} {verb} not refunded until a person decides whether a credit is owed")
    return "; ".join(told)


def _unverified(eyes: NeedsEyes) -> str:
    return (
        f"{_count(eyes.unchecked, 'write')} could not be checked for changes by others: HubSpot "
        "gave no history for a day"
    )


def _failed(eyes: NeedsEyes) -> str:
    parts = []
    if eyes.failed:
        parts.append(f"{_count(eyes.failed, 'booking')} failed")
    if eyes.blocked:
        number = f"{eyes.blocked:,}" if parts else _count(eyes.blocked, "booking")
        parts.append(f"{number} {'is' if eyes.blocked == 1 else 'are'} blocked")
    return " and ".join(parts)


def _at_most(together: Sequence[Need], what: str) -> Iterator[Need]:
    """The first few, and how many more there are."""
    yield from together[:EACH_MAX]
    if more := together[EACH_MAX:]:
        told = f"{_count(len(more), f'more {what}')} like these"
        # lines that name no operation stand by their time, and this one after them
        since = more[0].since if more[0].of else None
        yield Need(matter=more[0].matter, told=told, since=since)


def drift_words(facts: Facts) -> str:
    """How many differ, and how many of them nothing explains."""
    verb = "differs" if facts.drifting == 1 else "differ"
    told = f"{_count(facts.drifting, 'record')} {verb} between HubSpot and Supabase"
    sweep = facts.swept
    unexplained = f", {sweep.unexplained:,} unexplained" if sweep and sweep.unexplained else ""
    were = "was" if facts.repaired == 1 else "were"
    repaired = f"; {facts.repaired:,} more {were} repaired since" if facts.repaired else ""
    return f"{told}{unexplained}{repaired}"


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
