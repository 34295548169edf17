"""Creating a booking, tied to its contact and exam in the same call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.credits.errors import (
    Forbidden,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    Refused,
    Unauthorized,
)
from core.credits.records import Kind, NewBooking
from core.hubspot.hub import Hub
from core.hubspot.ports.crm import Fate, Outcome
from core.hubspot.transport import Call
from core.hubspot.wire import answers, requests
from core.hubspot.writing import TOO_LATE, send_until

_FATES = ((NotSent, Fate.NOT_SENT), (OutcomeUnknown, Fate.UNKNOWN), (Refused, Fate.REFUSED))


def create_booking(hub: Hub, new: NewBooking, *, sent_at: datetime) -> Outcome:
    """See the port."""
    until = send_until(hub, sent_at)
    try:
        links = {
            str(new.contact_id): link_type(hub, Kind.CONTACT),
            str(new.exam_id): link_type(hub, Kind.EXAM),
        }
        path = hub.batch(Kind.BOOKING, "create")
    except (Unauthorized, Forbidden) as error:
        return _barred(error)
    except GatewayError as error:
        # of the booking itself nothing was sent
        fate = Fate.REFUSED if isinstance(error, Refused) else Fate.NOT_SENT
        return Outcome(fate=fate, reason=str(error))
    left = until - hub.transport.monotonic()
    if left <= 0:
        return Outcome(fate=Fate.NOT_SENT, reason=TOO_LATE)
    call = Call(
        what=f"write {Kind.BOOKING}",
        path=path,
        body=requests.new_booking_body(hub.portal, new, links),
    )
    try:
        answer = hub.transport.write(call, hub.priority, within_s=left)
    except (Unauthorized, Forbidden) as error:
        return _barred(error)
    except GatewayError as error:
        fate = next(fate for kind, fate in _FATES if isinstance(error, kind))
        return Outcome(fate=fate, reason=str(error))
    return answers.created_outcome(new.idempotency_key, answer)


def _barred(error: GatewayError) -> Outcome:
    return Outcome(fate=Fate.NOT_SENT, reason=str(error), barred=str(error))


def link_type(hub: Hub, to: Kind) -> Mapping[str, object]:
    """Category and id of the association that has no label."""
    if to not in hub.link_types:
        ends = (hub.types.of(Kind.BOOKING), hub.types.of(to))
        path = hub.paths.associations(*ends, "labels")
        told = hub.read(Call(what="read association types", path=path, method="GET"))
        plain = [one for one in told.get("results") or () if not one.get("label")]
        if not plain:
            raise Refused(f"HubSpot knows no association from {Kind.BOOKING} to {to}", status=404)
        hub.link_types[to] = {
            "associationCategory": plain[0]["category"],
            "associationTypeId": plain[0]["typeId"],
        }
    return hub.link_types[to]
