"""Moving bookings to another exam: tied there, untied here, and only then named anew.

Tied first, so that no exam's list is ever without the booking. The name comes last, with the
marker, so that a copy of the whole is newer than any that was made between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from core.credits.moves import Move
from core.credits.records import BookingId, Kind
from core.hubspot.creating import link_type
from core.hubspot.hub import Hub
from core.hubspot.ports.crm import Fate, Outcome
from core.hubspot.transport import Call
from core.hubspot.wire import answers, requests
from core.hubspot.wire.records import Json
from core.hubspot.wire.requests import Body
from core.hubspot.writing import TOO_LATE, each_apart, send_until

Fates = dict[BookingId, Outcome]
#: One request for some bookings: its path, its body, and what its answer says of each.
Step = tuple[
    Callable[[], str],
    Callable[[Sequence[Move]], Body],
    Callable[[Sequence[BookingId], Json], Fates],
]


def move_bookings(hub: Hub, moves: Sequence[Move], *, marker: str, sent_at: datetime) -> Fates:
    """See the port."""
    until = send_until(hub, sent_at)
    by_id = {move.booking_id: move for move in moves}

    def move(some: Sequence[BookingId]) -> Fates:
        return _move_batch(hub, [by_id[id_] for id_ in some], marker, until)

    parts = hub.each(move, requests.batches(by_id))
    return {id_: outcome for part in parts for id_, outcome in part.items()}


def _move_batch(hub: Hub, moves: Sequence[Move], marker: str, until: float) -> Fates:
    """Each of the three for those alone of which the one before has landed."""
    by_id = {move.booking_id: move for move in moves}
    fates: Fates = {}
    for step in _steps(hub, marker):
        landed = [id_ for id_ in by_id if id_ not in fates or fates[id_].fate is Fate.LANDED]
        if not landed:
            break
        now = each_apart(landed, lambda id_: id_, _sender(hub, step, by_id, until))
        fates |= {id_: _part(one) if fates else one for id_, one in now.items()}
    return fates


def _steps(hub: Hub, marker: str) -> Sequence[Step]:
    def links(verb: str) -> str:
        ends = (hub.types.of(Kind.BOOKING), hub.types.of(Kind.EXAM))
        return hub.paths.associations(*ends, "batch", verb)

    return (
        (
            lambda: links("create"),
            lambda moves: requests.tied_body(moves, link_type(hub, Kind.EXAM)),
            answers.tied_outcomes,
        ),
        (lambda: links("archive"), requests.untied_body, answers.untied_outcomes),
        (
            lambda: hub.batch(Kind.BOOKING, "update"),
            lambda moves: requests.moved_body(hub.portal, moves, marker=marker),
            answers.outcomes,
        ),
    )


def _sender(
    hub: Hub, step: Step, by_id: Mapping[BookingId, Move], until: float
) -> Callable[[Sequence[BookingId]], Fates]:
    path, body, told = step

    def send(some: Sequence[BookingId]) -> Fates:
        asked = path(), body([by_id[id_] for id_ in some])  # may ask HubSpot: before the time is
        left = until - hub.transport.monotonic()
        if left <= 0:
            return dict.fromkeys(some, Outcome(fate=Fate.NOT_SENT, reason=TOO_LATE))
        call = Call(what=f"write {Kind.BOOKING}", path=asked[0], body=asked[1])
        return told(some, hub.transport.write(call, hub.priority, within_s=left))

    return send


def _part(outcome: Outcome) -> Outcome:
    """Of a later request: what was not sent leaves half a move, which has to be read."""
    return replace(outcome, fate=Fate.UNKNOWN) if outcome.fate is Fate.NOT_SENT else outcome
