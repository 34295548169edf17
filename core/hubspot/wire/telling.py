"""Bodies and answers of telling students: contact properties, and the single-send API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from core.credits.records import ContactId
from core.hubspot.ports.crm import Fate, Outcome
from core.hubspot.ports.inspection import Finding, Health
from core.hubspot.ports.message import FIELDS, Message
from core.hubspot.ports.telling import Mail, Recipient, Sent
from core.hubspot.wire.definitions import PROVISION
from core.hubspot.wire.failures import TOLD
from core.hubspot.wire.records import MERGED, Json
from core.hubspot.wire.requests import Body
from core.hubspot.wire.values import text

#: Names the operation that the others tell of; a workflow listens to its changes.
OPERATION = f"{TOLD}operation"
#: Our name of each field to HubSpot's.
PROPERTIES: Mapping[str, str] = {name: f"{TOLD}{name}" for name in FIELDS}
EMAIL, OPT_OUT = "email", "hs_email_optout"
#: HubSpot's types, where a field is no text.
_TYPES = {"exam_date": ("date", "date"), "credits": ("number", "number")}

#: A mail that is on its way, or was before under the same send id.
SENT = frozenset({"SENT", "QUEUED", "IDEMPOTENT_IGNORE"})
#: States of a send that HubSpot has not decided.
UNDECIDED = frozenset({"PENDING", "PROCESSING"})


def recipients_body(ids: Sequence[str]) -> Body:
    """Contacts with their address and whether they opted out."""
    return {"properties": [EMAIL, OPT_OUT, *MERGED], "inputs": [{"id": id_} for id_ in ids]}


def recipient(told: Json) -> Recipient:
    """One of them."""
    held = told.get("properties") or {}
    return Recipient(
        id=ContactId(text(told["id"])),
        email=text(held.get(EMAIL)).strip(),
        opted_out=text(held.get(OPT_OUT)).strip().casefold() == "true",
    )


def shown_body(ids: Sequence[str]) -> Body:
    """The operation that each contact's properties tell of, with those of before."""
    return {
        "properties": [OPERATION, *MERGED],
        "propertiesWithHistory": [OPERATION],
        "inputs": [{"id": id_} for id_ in ids],
    }


def shown(told: Json) -> frozenset[str]:
    """The operations that this contact was told of."""
    now = (told.get("properties") or {}).get(OPERATION)
    versions = (told.get("propertiesWithHistory") or {}).get(OPERATION) or ()
    return frozenset({text(now), *(text(version.get("value")) for version in versions)})


def show_body(messages: Sequence[Message]) -> Body:
    """All properties of each contact in the same update."""
    return {
        "inputs": [
            {
                "id": message.contact_id,
                "objectWriteTraceId": message.contact_id,
                "properties": {
                    **{PROPERTIES[name]: value for name, value in message.fields().items()},
                    OPERATION: message.operation_id,
                },
            }
            for message in messages
        ]
    }


def mail_body(mail: Mail) -> Body:
    """One e-mail. The fields go as custom properties, which are kept on no contact."""
    fields = {PROPERTIES[name]: value for name, value in mail.message.fields().items()}
    return {
        "emailId": mail.email_id,
        "message": {"to": mail.to, "sendId": mail.send_id},
        "customProperties": {**fields, OPERATION: mail.message.operation_id},
    }


def sent(answer: Json) -> Sent:
    """What HubSpot says became of a mail. An answer that says neither is unknown."""
    status, result = text(answer.get("status")), text(answer.get("sendResult"))
    if result in SENT:
        return Sent(outcome=Outcome(fate=Fate.LANDED))
    status_id = text(answer.get("statusId"))
    if status in UNDECIDED and status_id:
        return Sent(outcome=Outcome(fate=Fate.LANDED), status_id=status_id)
    if result or status == "CANCELED":
        why = (result or status).lower().replace("_", " ")
        return Sent(outcome=Outcome(fate=Fate.REFUSED, reason=f"HubSpot sent no e-mail: {why}"))
    reason = "HubSpot's answer does not tell whether it sent an e-mail"
    return Sent(outcome=Outcome(fate=Fate.UNKNOWN, reason=reason))


def judge(definitions: Mapping[str, Json]) -> Iterator[Finding]:
    """A finding for each property of contacts that a workflow listens to."""
    for wanted in property_definitions(""):
        name, told = wanted["name"], definitions.get(wanted["name"])
        what, held = f"contacts: property {name}", text((told or {}).get("type"))
        if told is None or told.get("archived"):
            said = "does not exist" if told is None else "is archived"
            yield Finding(health=Health.WARNING, what=what, said=said, mend=PROVISION)
        elif held != wanted["type"]:
            mend = f"Let it be of type {wanted['type']}: archive it, then {PROVISION.lower()}"
            yield Finding(health=Health.WARNING, what=what, said=f"is of type {held}", mend=mend)
        else:
            yield Finding(health=Health.FINE, what=what, said="is as needed")


def property_definitions(group: str) -> list[dict[str, str]]:
    """What ``provision`` makes of contacts for a workflow to listen to."""
    made = [(OPERATION, "operation", "Names the operation: a workflow listens to its changes", "")]
    made += [(PROPERTIES[name], name, what, name) for name, what in FIELDS.items()]
    return [
        {
            "name": name,
            "label": f"Credit Desk told {ours.replace('_', ' ')}",
            "description": f"{what}. Set by Credit Desk when a student is told.",
            "groupName": group,
            "type": _TYPES.get(field, ("string", ""))[0],
            "fieldType": _TYPES.get(field, ("", "textarea" if field == "text" else "text"))[1],
        }
        for name, ours, what, field in made
    ]
