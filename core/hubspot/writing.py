"""Writes in batches. Nothing is raised: each record gets its own outcome."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from core.credits.errors import (
    Forbidden,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    Refused,
    Unauthorized,
)
from core.credits.records import MARKER, BookingId, ContactId, Kind, WriteId
from core.credits.writes import SEND_WITHIN_S, Write
from core.hubspot.hub import Hub
from core.hubspot.ports.crm import Fate, Note, Outcome
from core.hubspot.transport import WRITE_WITHIN_S, Call
from core.hubspot.wire import answers, requests
from core.hubspot.wire.requests import Body

Id = TypeVar("Id", bound=str)
Item = TypeVar("Item")
#: Of one batch, if HubSpot refuses it again and again: enough to single out two bad ones of 100.
REQUESTS_MAX = 30
TOO_LATE = f"could not be sent within {SEND_WITHIN_S:g} s"


def write_counts(hub: Hub, writes: Sequence[Write]) -> dict[WriteId, Outcome]:
    """Set each write's balances and marker; contacts and exams apart, ids unique.

    Of two writes of one record the first is sent and the other refused: HubSpot would refuse
    the batch, and in two batches the later arrival would undo the earlier.
    """
    chosen: dict[tuple[Kind, str], Write] = {}
    fates: dict[WriteId, Outcome] = {}
    for write in writes:
        if chosen.setdefault((write.kind, write.target_id), write) is not write:
            reason = f"another write of {write.kind} {write.target_id} is in this batch"
            fates[write.id] = Outcome(fate=Fate.REFUSED, reason=reason)
    batches = [
        [chosen[key] for key in some]
        for kind in Kind
        for some in requests.batches(key for key in chosen if key[0] is kind)
    ]
    until = {write.id: send_until(hub, write.sent_at) for write in writes}
    return _joined([fates, *hub.each(lambda batch: _write_batch(hub, batch, until), batches)])


def _write_batch(
    hub: Hub, writes: Sequence[Write], until: Mapping[WriteId, float]
) -> dict[WriteId, Outcome]:
    """Writes of one kind. Whether it is too late is judged when their turn has come."""
    kind = writes[0].kind
    marker = hub.portal.names(kind)[MARKER]

    def send(some: Sequence[Write]) -> dict[WriteId, Outcome]:
        path = hub.batch(kind, "update")  # may ask HubSpot, so before the time is looked at
        ticks = hub.transport.monotonic()
        left = {write.id: until[write.id] - ticks for write in some}
        timely = [write for write in some if left[write.id] > 0]
        late = Outcome(fate=Fate.NOT_SENT, reason=TOO_LATE)
        fates: dict[WriteId, Outcome] = {w.id: late for w in some if w not in timely}
        if timely:
            body = requests.write_body(hub.portal, kind, timely)
            call = Call(what=f"write {kind}", path=path, body=body)
            within_s = min(left[write.id] for write in timely)
            answer = hub.transport.write(call, hub.priority, within_s=within_s)
            fates |= answers.write_outcomes(timely, answer, marker)
        return fates

    return each_apart(writes, lambda write: write.id, send)


def send_until(hub: Hub, sent_at: datetime) -> float:
    """By which second of a clock that is never set it must have left.

    The wall clock is asked once, as soon as the intent is saved: when it is put back while a write
    waits for its turn, the write does not wait any longer for that.
    """
    left = SEND_WITHIN_S - (hub.now() - sent_at).total_seconds()
    return hub.transport.monotonic() + min(left, SEND_WITHIN_S)


def change_bookings(
    hub: Hub,
    ids: Collection[BookingId],
    body: Callable[[Sequence[BookingId]], Body],
    *,
    sent_at: datetime | None = None,
) -> dict[BookingId, Outcome]:
    """Update bookings with what ``body`` makes of each batch of ids."""
    return change_records(hub, Kind.BOOKING, ids, body, sent_at=sent_at)


def change_records(
    hub: Hub,
    kind: Kind,
    ids: Collection[Id],
    body: Callable[[Sequence[Id]], Body],
    *,
    sent_at: datetime | None = None,
) -> dict[Id, Outcome]:
    """Update records with what ``body`` makes of each batch of ids: values, never counters.

    ``sent_at``: not sent at all when it is ``SEND_WITHIN_S`` past that. None: at any time.
    """
    until = None if sent_at is None else send_until(hub, sent_at)

    def send(some: Sequence[Id]) -> dict[Id, Outcome]:
        path = hub.batch(kind, "update")  # may ask HubSpot, so before the time is looked at
        left = WRITE_WITHIN_S if until is None else until - hub.transport.monotonic()
        if left <= 0:
            return dict.fromkeys(some, Outcome(fate=Fate.NOT_SENT, reason=TOO_LATE))
        call = Call(what=f"write {kind}", path=path, body=body(some))
        return answers.outcomes(some, hub.transport.write(call, hub.priority, within_s=left))

    batches = requests.batches(ids)
    return _joined(hub.each(lambda batch: each_apart(batch, lambda id_: id_, send), batches))


def add_notes(hub: Hub, notes: Sequence[Note]) -> dict[ContactId, Outcome]:
    """One note for each contact, associated as it is made.

    Raises:
        ValueError: two of the notes are for one contact, so that one outcome could not tell.
    """
    by_contact = {note.contact_id: note for note in notes}
    if len(by_contact) < len(notes):
        raise ValueError("at most one note for each contact at a time")

    def send(some: Sequence[ContactId]) -> dict[ContactId, Outcome]:
        call = Call(
            what="write notes",
            path=hub.paths.objects(hub.portal.note_type, "batch", "create"),
            body=requests.notes_body(hub.portal, [by_contact[id_] for id_ in some]),
        )
        try:
            answer = hub.transport.write(call, hub.priority)
        except Forbidden as error:  # notes have a scope of their own, and no credit waits for them
            raise Refused(str(error), status=403, missing=error.missing) from error
        return answers.note_outcomes(some, answer)

    batches = requests.batches(by_contact)
    return _joined(hub.each(lambda batch: each_apart(batch, lambda id_: id_, send), batches))


def each_apart(
    items: Sequence[Item],
    name: Callable[[Item], Id],
    send: Callable[[Sequence[Item]], dict[Id, Outcome]],
) -> dict[Id, Outcome]:
    """Send a batch; one that HubSpot refuses for the sake of a single record goes in halves.

    A refused batch was not begun, so that sending parts of it repeats nothing.
    """
    fates: dict[Id, Outcome] = {}
    pending, requests_left = [items], REQUESTS_MAX
    while pending:
        some = pending.pop()
        requests_left -= 1
        try:
            fates |= send(some)
        except (Unauthorized, Forbidden) as error:
            barred = Outcome(fate=Fate.NOT_SENT, reason=str(error), barred=str(error))
            fates |= dict.fromkeys(map(name, some), barred)
        except Refused as error:
            if len(some) > 1 and requests_left > 0 and _for_one_of_them(error):
                half = len(some) // 2
                pending += [some[half:], some[:half]]
            else:
                fates |= _all_alike(Fate.REFUSED, error, map(name, some))
        except NotSent as error:
            fates |= _all_alike(Fate.NOT_SENT, error, map(name, some))
        except OutcomeUnknown as error:
            fates |= _all_alike(Fate.UNKNOWN, error, map(name, some))
    return fates


def _for_one_of_them(error: Refused) -> bool:
    """Whether without one record the batch may pass: not if a property is wrong for all.

    Nor for duplicates: two ids of records that were merged must not be written one after the
    other, each over the other's balance.
    """
    return (
        error.category in {"VALIDATION_ERROR", "CONFLICT"}
        and not error.missing
        and "duplicate" not in str(error).casefold()
    )


def _all_alike(fate: Fate, error: GatewayError, ids: Iterable[Id]) -> dict[Id, Outcome]:
    return dict.fromkeys(ids, Outcome(fate=fate, reason=str(error)))


def _joined(parts: Sequence[Mapping[Id, Outcome]]) -> dict[Id, Outcome]:
    return {id_: outcome for part in parts for id_, outcome in part.items()}
