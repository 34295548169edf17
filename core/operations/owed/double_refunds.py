"""Double refunds: whether somebody else gave a credit back, or may have, that we are about to give.

Judged after our cancel, in the moment of the balance read (docs/exactly-once.md). Everything here
is a decision over histories already read.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from core.credits.catalogue import Catalogue, CreditType, parse_count
from core.credits.records import (
    MARKER,
    Booking,
    BookingStatus,
    ContactId,
    Counted,
    ExamId,
    History,
    ItemKey,
    Version,
)
from core.operations.desks.rules import desk_of
from core.operations.foreign.changes import same_update
from core.operations.foreign.words import source_words
from core.operations.leftovers import About, Warned
from core.operations.owed.rules import STATUS
from core.operations.plans import merged_away
from core.operations.states import Item, ItemState, Operation, Ruling
from core.operations.steps.recheck import ends_here

MARK, MARKED_AT, MARKED_BY = "token_refunded", "token_refunded_at", "token_refund_admin"
#: What is read of each booking, with its history.
KEYS = (STATUS, MARK, MARKED_AT, MARKED_BY)
#: A balance set so soon after its contact was made is what it was made with, and no refund.
CREATION = timedelta(seconds=5)
#: HubSpot keeps times to the millisecond.
MOMENT = timedelta(milliseconds=1)
#: How HubSpot names the source of what a merge set: the versions before it are of two records.
MERGED = "MERGE"


class Advice(StrEnum):
    """What becomes of one refund in this moment."""

    PAY = "pay"
    #: Somebody else cancelled a booking, and may give its credit back in the next seconds.
    WAIT = "wait"
    #: Somebody else gave its credit back.
    REFUNDED = "refunded"
    #: Nothing tells whether somebody else gave it back. A person decides.
    UNCLEAR = "unclear"
    #: It is not cancelled any more, or belongs to another student.
    CHANGED = "changed"
    #: We cancelled it, and it is of another exam or student than the one judged. A person decides.
    MOVED = "moved"
    #: It has another id by now, under which alone its credit is given back.
    MERGED = "merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A booking in the moment in which its credit is to go out."""

    item: Item
    #: None: HubSpot does not give it.
    history: History | None
    contact_ids: tuple[ContactId, ...]
    #: None: not asked, for its exam does not matter.
    exam_ids: tuple[ExamId, ...] | None = None
    #: The id that its booking has now; empty: the one that it is known by.
    merged_into: str = ""
    #: Of a booking that was merged into it: who has to do with its credit; empty: nobody.
    claimed_as: str = ""

    @property
    def moved_to(self) -> ExamId | None:
        """The one other exam that it was moved to since it was judged; None: it was not."""
        others = [id_ for id_ in self.exam_ids or () if id_ != self.item.exam_id]
        return others[0] if len(others) == 1 == len(self.exam_ids or ()) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceChange:
    """One change of a balance by somebody else."""

    before: int
    after: int
    version: Version
    #: That another desk set with it; empty: none.
    marker: str = ""

    @property
    def by(self) -> int:
        """How far it went up; negative: down."""
        return self.after - self.before

    def __str__(self) -> str:
        """For people: "2 → 3 by INTEGRATION 77 at 4 May 2026 09:00:01 UTC"."""
        name = desk_of(self.marker) or "of an older version"
        desk = f", another desk ({name})" if self.marker else ""
        return f"{self.before} → {self.after} by {by_whom(self.version)}{desk}"


#: The changes of each balance by others, newest first; None: they cannot be told.
Changes = Mapping[CreditType, Sequence[BalanceChange] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What is to become of a refund, and why."""

    advice: Advice
    #: With the values, who and when; empty where the refund simply goes on.
    told: str = ""
    #: Of a cancellation: whether it was ours that cancelled the booking; None: that is not known.
    ours: bool | None = None
    #: The exam that its booking was moved to before it was cancelled.
    exam_id: ExamId | None = None

    @property
    def theirs(self) -> bool:
        """Somebody else cancelled the booking."""
        return self.ours is False


def by_whom(version: Version) -> str:
    """Who set this value, as far as HubSpot tells, and when, to the second."""
    return f"{source_words(version)} at {to_the_second(version.at)}"


def to_the_second(at: datetime) -> str:
    """For people: "4 May 2026 09:00:01 UTC"."""
    return f"{at.astimezone(UTC):%-d %B %Y %H:%M:%S} UTC"


def cancelled_by(history: History | None) -> Version | None:
    """The change that made the booking Cancelled; None: it is not, or HubSpot does not tell."""
    made = None
    for version in (history or {}).get(STATUS, ()):
        if version.value != BookingStatus.CANCELLED:
            break
        made = version
    return made


def is_ours(cancel: Version, history: History, marker: str) -> bool:
    """Whether our update made it Cancelled: it set our marker in the same moment.

    A source alone proves nothing, for another app may use the same token. An update of ours that
    found the booking Cancelled already leaves a marker that is younger than the cancel.
    """
    return any(
        version.value == marker and version.at == cancel.at and same_update(version, cancel)
        for version in history.get(MARKER, ())
    )


def waits_until(item: Item, quiet: timedelta) -> datetime | None:
    """Until when an item waits for whoever cancelled its booking; None: it does not wait."""
    if item.state is not ItemState.CANCELLED or item.cancelled or not item.cancel_sent:
        return None
    return None if item.sent_at is None else item.sent_at + quiet


def changes_by_others(
    history: History,
    credit: CreditType,
    *,
    since: datetime,
    created_at: datetime | None,
    ours: Collection[str],
) -> list[BalanceChange]:
    """Changes of this balance since then that no write of ours made, newest first.

    Since its last merge alone: before it the versions of two balances stand between each other.

    ``ours``: which of the markers in the history our journal knows.

    Raises:
        UnreadableValue: a balance of that time cannot be read.
    """
    own = _made_by(history, credit, ours)
    others = [version for version in history.get(MARKER, ()) if version.value not in ours]
    versions = history.get(credit, ())
    found = []
    for n, version in enumerate(versions):
        first = n + 1 == len(versions)
        made = first and created_at is not None and abs(version.at - created_at) <= CREATION
        if version.at < since or made or version.source.startswith(MERGED):
            break
        if n in own:
            continue
        before = 0 if first else parse_count(versions[n + 1].value)
        marker = next((m.value for m in others if same_update(version, m)), "")
        after = parse_count(version.value)
        change = BalanceChange(before=before, after=after, version=version, marker=marker)
        if change.by:
            found.append(change)
    return found


def _made_by(history: History, credit: CreditType, ours: Collection[str]) -> set[int]:
    """Which versions of this balance our writes made, by place: one each, the nearest in time.

    Another app that shares our token may write in the same moment, with the same source.
    """
    versions = history.get(credit, ())
    own: set[int] = set()
    for marker in history.get(MARKER, ()):
        if marker.value not in ours:
            continue
        near = [n for n, v in enumerate(versions) if n not in own and same_update(v, marker)]
        if near:
            own.add(min(near, key=lambda n: abs(versions[n].at - marker.at)))
    return own


def assess(
    found: Sequence[Evidence],
    contact: Counted,
    changes: Changes,
    *,
    cancelling: bool,
    now: datetime,
    quiet: timedelta,
    catalogue: Catalogue,
    against: Mapping[ItemKey, str] = MappingProxyType({}),
) -> list[Assessment]:
    """What becomes of each of these refunds of one contact, in their order.

    Whoever cancels a booking gives its credit back within ``quiet``, before or after, or not at
    all: an app that did it, or a person, thinks between its steps. ``cancelling``: this operation
    cancels the bookings itself. ``against``: what a person has said against refunding some.
    """
    own = [
        _unless_settled(_of_booking(each, contact, cancelling=cancelling), each, against)
        for each in found
    ]
    asked = [
        (each, assessment)
        for each, assessment in zip(found, own, strict=True)
        if assessment.advice is Advice.PAY and each.item.ruling is not Ruling.OWED
    ]
    theirs = [each for each, assessment in asked if assessment.theirs]
    cancels = [cancel for each in theirs if (cancel := cancelled_by(each.history)) is not None]
    if any(now < cancel.at + quiet for cancel in cancels):
        said = {each.item.booking_id: _wait(assessment) for each, assessment in asked}
    else:
        by_credit = Counter(each.item.credit for each in theirs)
        said = {
            each.item.booking_id: _of_balance(
                assessment,
                by_credit[credit],
                changes.get(credit, ()),
                catalogue.by_key(credit).label,
            )
            for each, assessment in asked
            if (credit := each.item.credit) is not None
        }
    return [
        said.get(each.item.booking_id, assessment)
        for each, assessment in zip(found, own, strict=True)
    ]


def _of_booking(found: Evidence, contact: Counted, *, cancelling: bool) -> Assessment:
    """By the booking's own values and their histories."""
    history = found.history
    if found.merged_into:
        return Assessment(advice=Advice.MERGED, told=found.merged_into)
    if history is None or not history.get(STATUS):
        return Assessment(advice=Advice.UNCLEAR, told="HubSpot does not give its history")
    status, cancel = history[STATUS][0], cancelled_by(history)
    ours = None
    if cancelling:
        ours = cancel is not None and is_ours(cancel, history, found.item.operation_id)
    if marked := _mark(history):
        return replace(marked, ours=ours)
    if cancel is None:
        told = f"it is {status.value or 'without a status'} now, set by {by_whom(status)}"
        return Assessment(advice=Advice.CHANGED, told=told, ours=ours)
    if not found.contact_ids or set(found.contact_ids) - {found.item.contact_id, contact.id}:
        told = f"it belongs to contact {', '.join(found.contact_ids) or 'nobody'} now"
        advice = Advice.MOVED if cancelling else Advice.CHANGED
        return Assessment(advice=advice, told=told, ours=ours)
    if found.claimed_as and found.item.ruling is not Ruling.OWED:
        return Assessment(advice=Advice.UNCLEAR, told=found.claimed_as, ours=ours)
    if ours and _is_elsewhere(found) and found.item.ruling is not Ruling.OWED:
        told = f"it was moved to exam {', '.join(found.exam_ids or ()) or 'none'} before that"
        return Assessment(advice=Advice.MOVED, told=told, ours=ours, exam_id=found.moved_to)
    told = f"cancelled by {by_whom(cancel)}" if ours is False else ""
    return Assessment(advice=Advice.PAY, told=told, ours=ours)


def _is_elsewhere(found: Evidence) -> bool:
    return found.exam_ids is not None and found.exam_ids != (found.item.exam_id,)


def _unless_settled(own: Assessment, found: Evidence, against: Mapping[ItemKey, str]) -> Assessment:
    said = against.get(found.item.booking_id)
    if said is None or own.advice is not Advice.PAY or found.item.ruling is Ruling.OWED:
        return own
    return replace(own, advice=Advice.CHANGED, told=said)


def _mark(history: History) -> Assessment | None:
    """Who marked it refunded, for nothing of ours has; None: it is not marked."""
    newest = {key: versions[0] for key in KEYS[1:] if (versions := history.get(key))}
    held = {key: version.value.strip() for key, version in newest.items() if version.value.strip()}
    word = held.get(MARK, "").casefold()
    if word == "true":
        by = f"{held[MARKED_BY]}, " if MARKED_BY in held else ""
        told = f"marked refunded by {by}{by_whom(newest[MARK])}"
        return Assessment(advice=Advice.REFUNDED, told=told)
    if word in {"", "false"} and not held.keys() - {MARK}:
        return None
    values = ", ".join(f"{key} is {value!r}" for key, value in held.items())
    return Assessment(advice=Advice.UNCLEAR, told=f"its refund mark is unclear: {values}")


def _of_balance(
    own: Assessment, theirs: int, changes: Sequence[BalanceChange] | None, label: str
) -> Assessment:
    """By what others did to the balance, when ``theirs`` bookings were cancelled by others.

    The wait for their credits is over.
    """
    if changes is None:
        told = f"{own.told}; the history of {label} cannot be read".removeprefix("; ")
        return replace(own, advice=Advice.UNCLEAR, told=told)
    risen = sum(change.by for change in changes if change.by > 0)
    seen = f"{label} went {'; '.join(map(str, reversed(changes)))}"
    if own.theirs and changes:
        given = risen == theirs and all(change.by > 0 for change in changes)
        advice = Advice.REFUNDED if given else Advice.UNCLEAR
        return replace(own, advice=advice, told=f"{own.told}; {seen}")
    if not own.theirs and risen > theirs:
        return replace(own, advice=Advice.UNCLEAR, told=f"{seen}; that may have been its credit")
    return own


def _wait(own: Assessment) -> Assessment:
    """Also for the student's other bookings: ours and theirs would write over each other."""
    told = own.told or "another booking of this student was cancelled by somebody else"
    return replace(own, advice=Advice.WAIT, told=f"{told}; waiting for what they do next")


def after_assessment(item: Item, found: Assessment) -> Item:
    """The item as it goes on, or as it ends here.

    A booking that somebody else cancelled keeps ``cancel_sent``: whenever it is taken up again it
    is judged again, and it never counts as cancelled by us.
    """
    if item.state is ItemState.CANCELLED and found.ours is not None:
        sent = not found.ours and found.advice is not Advice.CHANGED
        item = replace(item, cancelled=found.ours, cancel_sent=sent)
    if found.exam_id is not None:
        item = replace(item, exam_id=found.exam_id)  # where its seat is freed
    told = found.told
    match found.advice:
        case Advice.PAY:
            return item
        case Advice.WAIT:
            return replace(item, why=told)
        case Advice.REFUNDED:
            why = f"already refunded: {told}"
            return replace(item, state=ItemState.SKIPPED, why=why, ruling=Ruling.GIVEN)
        case Advice.UNCLEAR:
            why = f"not refunded, because it may be refunded already: {told}"
            return replace(item, state=ItemState.UNDECIDED, why=why)
        case Advice.CHANGED:
            why = f"changed since the preview: {told}"
            return replace(item, state=ItemState.SKIPPED, why=why)
        case Advice.MERGED:
            return ends_here(item, merged_away(told))
        case Advice.MOVED:
            why = f"cancelled and not refunded: {told}"
            return replace(item, state=ItemState.UNDECIDED, why=why)


def warned_of_moves(changed: Iterable[tuple[Item, Item]]) -> list[Warned]:
    """Bookings that were cancelled at another exam than the one judged; each as before and now."""
    return [
        Warned(
            about=About.MOVED,
            record=new.booking_id,
            told=f"booking {new.booking_name or new.booking_id} was moved from exam "
            f"{old.exam_id} to exam {new.exam_id} before this operation cancelled it: the seat "
            "counts of both may be wrong",
        )
        for old, new in changed
        if old.exam_id != new.exam_id
    ]


def after_cancel_without_credit(
    item: Item, history: History | None, exam_ids: Sequence[ExamId]
) -> Item:
    """Where a cancelled booking without a credit ends: done, where the cancel was ours.

    HubSpot also answers a cancel that found the booking Cancelled already. Where it does not give
    the history, what is known stands. ``exam_ids``: where it is now, and its seat is freed.
    """
    if len(exam_ids) == 1:
        item = replace(item, exam_id=exam_ids[0])
    versions = (history or {}).get(STATUS)
    if history is None or not versions:
        if item.cancelled:
            return replace(item, state=ItemState.DONE, why="")
        return replace(item, state=ItemState.SKIPPED, why=f"already {item.why}")
    cancel = cancelled_by(history)
    if cancel is None:
        now = f"it is {versions[0].value or 'without a status'} now, set by {by_whom(versions[0])}"
        why = f"changed since the preview: {now}"
        return replace(item, state=ItemState.SKIPPED, why=why, cancelled=False, cancel_sent=False)
    if is_ours(cancel, history, item.operation_id):
        return replace(item, state=ItemState.DONE, why="", cancelled=True, cancel_sent=False)
    why = f"already cancelled by {by_whom(cancel)}"
    return replace(item, state=ItemState.SKIPPED, why=why, cancelled=False, cancel_sent=True)


def is_our_time(operation: Operation, at: datetime | None) -> bool:
    """Whether a mark's time is the one that this operation sets."""
    return at is not None and abs(at - operation.confirmed_at) < MOMENT


def marked_by_another(operation: Operation, booking: Booking) -> str:
    """Who else has marked a booking whose credit this operation gave back; empty: nobody."""
    at = booking.refunded_at
    by = booking.refund_admin
    if booking.mark_unclear:
        return f"somebody else ({booking.mark_unclear})"
    if not (booking.refunded or by or at):
        return ""
    if is_our_time(operation, at) and operation.is_by(by):
        return ""
    when = f" at {to_the_second(at)}" if at else ""
    return f"{by or 'somebody else'}{when}"
