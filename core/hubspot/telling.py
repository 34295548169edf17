"""Telling students: properties for a workflow, or e-mails of the single-send API."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from core.credits.errors import (
    Forbidden,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    Refused,
    Unauthorized,
)
from core.credits.records import ContactId, Kind
from core.hubspot import reading, writing
from core.hubspot.hub import Hub
from core.hubspot.ports.crm import Fate, Outcome
from core.hubspot.ports.message import Message
from core.hubspot.ports.telling import Mail, Recipient, Sent
from core.hubspot.transport import Call
from core.hubspot.wire import answers, telling


def recipients(hub: Hub, ids: Collection[ContactId]) -> dict[ContactId, Recipient | None]:
    """See the port."""

    def ask(some: Sequence[str]) -> answers.Matched:
        path = hub.batch(Kind.CONTACT, "read")
        call = Call(what="read contacts", path=path, body=telling.recipients_body(some))
        return answers.match(some, hub.read(call))

    found = reading.asked(hub, ask, ids, telling.recipient)
    return {ContactId(id_): made for id_, made in found.items()}


def shown_told(hub: Hub, ids: Collection[ContactId], operation_id: str) -> set[ContactId]:
    """See the port."""

    def ask(some: Sequence[str]) -> answers.Matched:
        path = hub.batch(Kind.CONTACT, "read")
        call = Call(what="history contacts", path=path, body=telling.shown_body(some))
        return answers.match(some, hub.read(call))

    found = reading.asked(hub, ask, ids, telling.shown, reading.HISTORIES_AT_ONCE)
    return {ContactId(id_) for id_, shown in found.items() if shown and operation_id in shown}


def show_told(
    hub: Hub, messages: Sequence[Message], *, sent_at: datetime
) -> dict[ContactId, Outcome]:
    """See the port."""
    by_contact = {message.contact_id: message for message in messages}
    return writing.change_records(
        hub,
        Kind.CONTACT,
        list(by_contact),
        lambda some: telling.show_body([by_contact[id_] for id_ in some]),
        sent_at=sent_at,
    )


def send_told(hub: Hub, mails: Sequence[Mail], *, sent_at: datetime) -> dict[ContactId, Sent]:
    """See the port. One call for each mail: the API takes no more."""
    until = writing.send_until(hub, sent_at)
    path = hub.paths.single_send()

    def send(mail: Mail) -> Sent:
        left = until - hub.transport.monotonic()
        if left <= 0:
            return Sent(outcome=Outcome(fate=Fate.NOT_SENT, reason=writing.TOO_LATE))
        call = Call(what="send e-mails", path=path, body=telling.mail_body(mail))
        try:
            return telling.sent(hub.transport.write(call, hub.priority, within_s=left))
        except GatewayError as error:
            return Sent(outcome=_fate(error))

    made = hub.each(send, mails)
    return {mail.message.contact_id: one for mail, one in zip(mails, made, strict=True)}


def sent_told(hub: Hub, status_ids: Collection[str]) -> Mapping[str, Sent]:
    """See the port."""

    def ask(status_id: str) -> Sent:
        path = hub.paths.send_status(status_id)
        try:
            return telling.sent(hub.read(Call(what="read e-mails", path=path, method="GET")))
        except (Unauthorized, Forbidden):
            raise
        except Refused as error:  # of this one HubSpot tells nothing, now or later
            return Sent(outcome=Outcome(fate=Fate.UNKNOWN, reason=str(error)))

    ids = list(dict.fromkeys(status_ids))
    return dict(zip(ids, hub.each(ask, ids), strict=True))


def _fate(error: GatewayError) -> Outcome:
    match error:
        case Unauthorized() | Forbidden():
            return Outcome(fate=Fate.NOT_SENT, reason=str(error), barred=str(error))
        case Refused():
            return Outcome(fate=Fate.REFUSED, reason=str(error))
        case NotSent():
            return Outcome(fate=Fate.NOT_SENT, reason=str(error))
        case OutcomeUnknown() | _:
            return Outcome(fate=Fate.UNKNOWN, reason=str(error))
