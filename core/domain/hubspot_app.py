"""What the desk needs of its app in HubSpot: scopes and webhooks, and the files that say so.

docs/hubspot-access.md lists the same scopes. The form of the files is that of HubSpot's page
"Configure webhooks" and of its component templates of 2026.03: subscriptions of the form
``object.*`` stand in ``crmObjects``, privacy deletions in ``hubEvents``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.domain.mirror import columns
from core.domain.portal import Portal
from core.domain.records import Kind
from core.domain.webhooks import ERASED

#: Scope to what it is for. Without one of these something is refused every day.
NEEDED: Mapping[str, str] = {
    "crm.objects.contacts.read": "read contacts and their notes",
    "crm.objects.contacts.write": "write credits and notes",
    "crm.objects.custom.read": "read bookings and exams",
    "crm.objects.custom.write": "cancel, book and mark bookings, count seats, open and close exams",
    "crm.schemas.contacts.read": "check the properties of contacts",
    "crm.schemas.custom.read": "check custom objects and their properties, find them by name",
}
#: Needed once, for ``provision``; they may be taken away afterwards.
FOR_PROVISION: Mapping[str, str] = {
    "crm.schemas.contacts.write": "make the marker property of contacts",
    "crm.schemas.custom.write": "make the marker property of bookings and exams",
}
#: Needed where CREDIT_DESK_TELL is single-send, and granted by hand: not every account has it.
FOR_MAILS: Mapping[str, str] = {"transactional-email": "tell students by e-mail"}

#: Where HubSpot delivers to, when nobody has said how it calls this app.
ANYWHERE = "https://desk.example.com"
#: What is told of every object: each makes a row, changes it or takes it away.
VERBS = ("creation", "deletion", "merge", "restore")
#: HubSpot's templates name its own object by this, any other by the id.
NAMES = {"0-1": "contact"}


def app_file() -> dict[str, Any]:
    """``app-hsmeta.json``: a private app with a static token and the scopes of the desk."""
    return {
        "uid": "credit_desk",
        "type": "app",
        "config": {
            "name": "Credit Desk",
            "description": "Changes credits on contacts exactly once and copies them to Supabase.",
            "distribution": "private",
            "auth": {
                "type": "static",
                "requiredScopes": ["oauth", *NEEDED, *FOR_PROVISION],
                "optionalScopes": [],
                "conditionallyRequiredScopes": [],
            },
            "permittedUrls": {"fetch": [], "iframe": [], "img": []},
        },
    }


def webhooks_file(portal: Portal, public_url: str, path: str) -> dict[str, Any]:
    """``webhooks-hsmeta.json``: tells the desk of every change that a row in Supabase shows."""
    erased = {"subscriptionType": f"contact.{ERASED}", "active": True}
    return {
        "uid": "credit_desk_webhooks",
        "type": "webhooks",
        "config": {
            "settings": {
                "targetUrl": f"{public_url or ANYWHERE}{path}",
                "maxConcurrentRequests": 10,
            },
            "subscriptions": {
                "crmObjects": [told for kind in Kind for told in _subscriptions(portal, kind)],
                "hubEvents": [erased],
            },
        },
    }


def _subscriptions(portal: Portal, kind: Kind) -> Iterator[dict[str, Any]]:
    given = portal.types[kind]
    of = {"objectType": NAMES.get(given, given)}
    # a booking's row alone names other records: its contact and its exam
    verbs = (*VERBS, "associationChange") if kind is Kind.BOOKING else VERBS
    for verb in verbs:
        yield {"subscriptionType": f"object.{verb}", **of, "active": True}
    for name in properties(portal, kind):
        change = {"subscriptionType": "object.propertyChange", **of, "propertyName": name}
        yield {**change, "active": True}


def properties(portal: Portal, kind: Kind) -> list[str]:
    """HubSpot's names of the properties that a row of this kind shows."""
    shown = columns(portal.catalogue)[kind]
    return [theirs for ours, theirs in portal.names(kind).items() if ours in shown]
