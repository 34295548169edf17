"""How each balance came about: every change in HubSpot's history, with what caused it.

Our own writes are told by the marker and the journal; others' by what HubSpot says of the source
and by the bookings that were made or given back at that moment.

Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from core.credits.adjustments import named
from core.credits.catalogue import Catalogue, CreditType, UnknownToken, UnreadableValue, parse_count
from core.credits.records import MARKER, Booking, History, Version
from core.credits.writes import OF_SEATS, MovementKind
from core.operations.booking_rules import name_in
from core.operations.foreign.changes import SAME_UPDATE

#: The student apps set the balance and the booking in two calls, within so long.
TOGETHER = timedelta(minutes=2)
#: Sources behind which a person sits at HubSpot's own screens.
BY_HAND = frozenset({"CRM_UI", "CRM_UI_BULK_ACTION", "MOBILE_IOS", "MOBILE_ANDROID", "SALES"})
MERGES = frozenset({"MERGE_OBJECTS", "MERGE_CONTACTS"})
IMPORTS = frozenset({"IMPORT", "BATCH_UPDATE"})
WORKFLOWS = frozenset({"AUTOMATION_PLATFORM", "WORKFLOWS", "WORKFLOW_CONTACT_DELETE_ACTION"})


class StepCause(StrEnum):
    """What a step of a balance came from."""

    BOOKING = "booking"
    CANCELLATION = "cancellation"
    REFUND = "refund"
    UNDO = "refund taken back"
    CORRECTION = "correction"
    ADJUSTMENT = "adjustment"
    UNBOOKED = "booking that was not made"
    #: The desk's own write, of which this journal keeps nothing.
    DESK = "Credit Desk"
    PERSON = "a person in HubSpot"
    APP = "another app"
    WORKFLOW = "a HubSpot workflow"
    IMPORT = "an import"
    MERGE = "merged contacts"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class OurWrite:
    """One landed write of the desk, as the journal keeps it."""

    write_id: str
    operation_id: str
    #: Cancelling gives back too, under a movement of the same kind as a refund.
    cancelling: bool
    by: str = ""
    #: By credit: kinds of movement, and the bookings that caused them.
    moved: Mapping[CreditType, tuple[tuple[MovementKind, str], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of one balance. ``before`` None: there was no value before."""

    credit: CreditType
    at: datetime
    before: int | None
    #: None: HubSpot held something unreadable; ``raw`` says what.
    after: int | None
    raw: str = ""
    cause: StepCause
    #: Who or what, in words: a mail address, an app's id, a booking's name.
    told: str = ""
    operation_id: str = ""
    booking: str = ""
    #: The cause is inferred from what happened at that moment, not recorded.
    inferred: bool = False


def steps(
    history: History,
    ours: Collection[OurWrite],
    bookings: Sequence[Booking],
    catalogue: Catalogue,
) -> list[Step]:
    """Every change of every balance, newest first.

    Ours are told by their markers alone: another app may use the same token.
    """
    marks = history.get(MARKER, ())
    by_id = {write.write_id: write for write in ours}
    names = {str(booking.id): booking.booking_id or booking.id for booking in bookings}
    found: list[Step] = []
    for credit in catalogue.keys:
        for step, version in _changes(credit, history.get(credit, ())):
            write = by_id.get(_mark_of(version, marks))
            if write is not None:
                found.append(_by_us(step, write, names))
            elif _mark_of(version, marks):
                found.append(replace(step, cause=StepCause.DESK, told="not in this journal"))
            else:
                found.append(_by_others(step, version, bookings, catalogue))
    return sorted(found, key=lambda step: step.at, reverse=True)


def _changes(credit: CreditType, versions: Sequence[Version]) -> list[tuple[Step, Version]]:
    """Versions that changed the value, oldest first; "" and "0" are the same."""
    made: list[tuple[Step, Version]] = []
    before: int | None = None
    for version in reversed(versions):
        after, raw = _read(version.value)
        if after is not None and after == (before if made else 0):
            before = after
            continue
        step = Step(
            credit=credit, at=version.at, before=before, after=after, raw=raw,
            cause=StepCause.UNKNOWN,
        )  # fmt: skip
        made.append((step, version))
        before = after
    return made


def _read(value: str) -> tuple[int | None, str]:
    try:
        return parse_count(value), ""
    except UnreadableValue as fault:
        return None, f"{value!r}, which {fault}"


def _mark_of(version: Version, marks: Sequence[Version]) -> str:
    """The write whose marker was set in the same update; "" for none."""
    for mark in marks:
        if abs(mark.at - version.at) <= SAME_UPDATE and mark.source_id == version.source_id:
            return mark.value
    return ""


_CAUSES = {
    MovementKind.SPEND: StepCause.BOOKING,
    MovementKind.REFUND: StepCause.REFUND,
    MovementKind.UNDO_REFUND: StepCause.UNDO,
    MovementKind.CORRECTION: StepCause.CORRECTION,
    MovementKind.ADJUSTMENT: StepCause.ADJUSTMENT,
    MovementKind.UNDO_SPEND: StepCause.UNBOOKED,
}
assert _CAUSES.keys() | OF_SEATS == set(MovementKind), "every movement of a credit has its cause"


def _by_us(step: Step, write: OurWrite, names: Mapping[str, str]) -> Step:
    moved = write.moved.get(step.credit, ())
    kinds = {_CAUSES.get(kind, StepCause.DESK) for kind, _ in moved}
    cause = next(iter(kinds)) if len(kinds) == 1 else StepCause.DESK
    if cause is StepCause.REFUND and write.cancelling:
        cause = StepCause.CANCELLATION
    of = ", ".join(names.get(key) or _named(kind, key) for kind, key in moved)
    told = " by ".join(part for part in (of, write.by) if part)
    return replace(step, cause=cause, told=told, operation_id=write.operation_id, booking=of)


def _named(kind: MovementKind, key: str) -> str:
    """A booking that was to be made has its name within its key, an adjustment what it did."""
    if kind is MovementKind.ADJUSTMENT:
        return named(key).told
    to_be = kind in {MovementKind.SPEND, MovementKind.UNDO_SPEND}
    return name_in(key) if to_be else key


def _by_others(
    step: Step, version: Version, bookings: Sequence[Booking], catalogue: Catalogue
) -> Step:
    cause = _source(version)
    if cause is StepCause.APP and (booking := _behind(step, bookings, catalogue)) is not None:
        name = booking.booking_id or booking.id
        spent = (step.after or 0) < (step.before or 0)
        cause = StepCause.BOOKING if spent else StepCause.REFUND
        who = "" if spent else booking.refund_admin
        told = f"{name}, through {_who(version)}" + (f", by {who}" if who else "")
        return replace(step, cause=cause, told=told, booking=name, inferred=True)
    return replace(step, cause=cause, told=_who(version))


def _source(version: Version) -> StepCause:
    source = version.source.upper()
    if source in MERGES:
        return StepCause.MERGE
    if source in IMPORTS:
        return StepCause.IMPORT
    if source in WORKFLOWS:
        return StepCause.WORKFLOW
    if source in BY_HAND or version.user_id:
        return StepCause.PERSON
    return StepCause.APP if source else StepCause.UNKNOWN


def _who(version: Version) -> str:
    """Whom HubSpot names: a person's number, an app's id."""
    if version.user_id:
        return f"user {version.user_id}"
    if version.source_id.startswith("userId:"):
        return f"user {version.source_id.removeprefix('userId:')}"
    if version.source_id:
        return f"app {version.source_id}"
    return version.source.replace("_", " ").lower()


def _behind(step: Step, bookings: Sequence[Booking], catalogue: Catalogue) -> Booking | None:
    """The booking of that credit made, or given back, when the balance moved by one."""
    moved = (step.after or 0) - (step.before or 0)
    if moved not in (1, -1):
        return None
    near: list[tuple[timedelta, Booking]] = []
    for booking in bookings:
        at = booking.created_at if moved < 0 else booking.refunded_at
        if at is None or abs(at - step.at) > TOGETHER:
            continue
        try:
            same = catalogue.by_token(booking.token).key == step.credit
        except UnknownToken:
            continue
        if same:
            near.append((abs(at - step.at), booking))
    return min(near, key=lambda pair: (pair[0], pair[1].id))[1] if near else None
