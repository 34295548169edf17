"""What the desk needs of its app in HubSpot: scopes and webhooks, and the files that say so.

docs/hubspot-access.md lists the same scopes. The form of the files is that of HubSpot's page
"Configure webhooks" and of its component templates of 2026.03: subscriptions of the form
``object.*`` stand in ``crmObjects``, privacy deletions in ``hubEvents``.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.credits.account import Portal
from core.credits.records import Kind
from core.hubspot.ports.scopes import FOR_PROVISION, NEEDED
from core.mirror.rows import columns
from core.mirror.webhook_rules import ERASED

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
