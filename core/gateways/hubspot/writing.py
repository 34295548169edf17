"""Writes in batches. Nothing is raised: each record gets its own outcome."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from core.domain.records import MARKER, BookingId, ContactId, Kind, WriteId
from core.domain.writes import SEND_WITHIN_S, Write
from core.gateways.errors import GatewayError, NotSent, OutcomeUnknown
from core.gateways.hubspot.hub import Hub
from core.gateways.hubspot.transport import WRITE_WITHIN_S, Call
from core.gateways.hubspot.wire import answers, requests
from core.gateways.hubspot.wire.records import Json
from core.gateways.hubspot.wire.requests import Body
from core.gateways.ports.crm import Fate, Note, Outcome

Id = TypeVar("Id", bound=str)
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
    return _joined([fates, *hub.each(lambda batch: _write_batch(hub, batch), batches)])


def _write_batch(hub: Hub, writes: Sequence[Write]) -> dict[WriteId, Outcome]:
    """Writes of one kind. Whether it is too late is judged when their turn has come."""
    now = hub.now()
    left = {w.id: SEND_WITHIN_S - (now - w.sent_at).total_seconds() for w in writes}
    late = Outcome(fate=Fate.NOT_SENT, reason=TOO_LATE)
    fates: dict[WriteId, Outcome] = {id_: late for id_, seconds in left.items() if seconds <= 0}
    timely = [write for write in writes if left[write.id] > 0]
    if not timely:
        return fates
    kind = timely[0].kind
    marker = hub.portal.names(kind)[MARKER]
    sent = _sent(
        hub,
        [write.id for write in timely],
        Call(
            what=f"write {kind}",
            path=hub.batch(kind, "update"),
            body=requests.write_body(hub.portal, kind, timely),
        ),
        lambda answer: answers.write_outcomes(timely, answer, marker),
        within_s=min(left[write.id] for write in timely),
    )
    return _joined([fates, sent])


def change_bookings(
    hub: Hub, ids: Collection[BookingId], body: Callable[[Sequence[BookingId]], Body]
) -> dict[BookingId, Outcome]:
    """Update bookings with what ``body`` makes of each batch of ids."""

    def send(some: Sequence[BookingId]) -> Mapping[BookingId, Outcome]:
        path = hub.batch(Kind.BOOKING, "update")
        call = Call(what="write bookings", path=path, body=body(some))
        return _sent(hub, some, call, lambda answer: answers.outcomes(some, answer))

    return _joined(hub.each(send, requests.batches(ids)))


def add_notes(hub: Hub, notes: Sequence[Note]) -> dict[ContactId, Outcome]:
    """One note for each contact, associated as it is made.

    Raises:
        ValueError: two of the notes are for one contact, so that one outcome could not tell.
    """
    by_contact = {note.contact_id: note for note in notes}
    if len(by_contact) < len(notes):
        raise ValueError("at most one note for each contact at a time")

    def send(some: Sequence[ContactId]) -> Mapping[ContactId, Outcome]:
        call = Call(
            what="write notes",
            path=hub.paths.objects(hub.portal.note_type, "batch", "create"),
            body=requests.notes_body(hub.portal, [by_contact[id_] for id_ in some]),
        )
        return _sent(hub, some, call, lambda answer: answers.note_outcomes(some, answer))

    return _joined(hub.each(send, requests.batches(by_contact)))


def _sent(
    hub: Hub,
    ids: Sequence[Id],
    call: Call,
    read: Callable[[Json], Mapping[Id, Outcome]],
    *,
    within_s: float = WRITE_WITHIN_S,
) -> Mapping[Id, Outcome]:
    """One batch. A failure of the whole is the outcome of each."""
    try:
        return read(hub.transport.write(call, hub.priority, within_s=within_s))
    except NotSent as error:
        fate, reason = Fate.NOT_SENT, str(error)
    except OutcomeUnknown as error:
        fate, reason = Fate.UNKNOWN, str(error)
    except GatewayError as error:
        fate, reason = Fate.REFUSED, str(error)
    return dict.fromkeys(ids, Outcome(fate=fate, reason=reason))


def _joined(parts: Sequence[Mapping[Id, Outcome]]) -> dict[Id, Outcome]:
    return {id_: outcome for part in parts for id_, outcome in part.items()}
