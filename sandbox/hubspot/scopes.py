"""Which scope each call needs. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.hubspot import errors

#: the object types that have scopes of their own; activities go with contacts
AREAS = (
    "companies",
    "contacts",
    "custom",
    "deals",
    "feedback_submissions",
    "goals",
    "leads",
    "line_items",
    "products",
    "quotes",
    "tickets",
)
ALL: frozenset[str] = frozenset(
    {
        "crm.export",
        "crm.objects.owners.read",
        "transactional-email",
        *(
            f"crm.{what}.{area}.{access}"
            for what in ("objects", "schemas")
            for area in AREAS
            for access in ("read", "write")
        ),
    }
)
#: what an app's own token may be granted, and no other token
JOURNAL: frozenset[str] = frozenset(
    f"developer.webhooks_journal.{what}"
    for what in (
        "read",
        "snapshots.read",
        "snapshots.write",
        "subscriptions.read",
        "subscriptions.write",
    )
)
#: the handlers of the journal that need more than to read it
JOURNAL_NEEDS = {
    "journal.subscriptions": "subscriptions.read",
    "journal.subscription": "subscriptions.read",
    "journal.subscribe": "subscriptions.write",
    "journal.unsubscribe": "subscriptions.write",
    "journal.unsubscribe_account": "subscriptions.write",
    "journal.snapshot": "snapshots.write",
    "journal.snapshot_status": "snapshots.read",
}
READS = frozenset(
    {
        "objects.get",
        "objects.page",
        "batch.read",
        "search.search",
        "links.of_one",
        "links.batch_read",
        "labels.limits",
        "labels.page",
        "properties.page",
        "properties.get",
        "properties.batch_read",
        "schemas.page",
        "schemas.get",
        "groups.page",
        "groups.get",
        "legacy.properties",
        "links_v3.batch_read",
        "links_v3.types",
        "pipelines.page",
        "pipelines.get",
        "pipelines.stages",
        "pipelines.stage",
    }
)


def needed(handler: str, *, areas: Iterable[str]) -> list[str]:
    """The scopes of one call; `areas` are those of the object types in its path."""
    family = handler.partition(".")[0]
    if family == "account":
        return []
    if family == "journal":
        return [f"developer.webhooks_journal.{JOURNAL_NEEDS.get(handler, 'read')}"]
    if family == "mailing":
        return ["transactional-email"]
    if family == "exports":
        return ["crm.export"]
    access = "read" if handler in READS else "write"
    if family == "schemas":
        return [f"crm.schemas.custom.{access}"]
    if family == "owners":
        return ["crm.objects.owners.read"]
    what = "schemas" if family in {"properties", "groups", "legacy"} else "objects"
    return [f"crm.{what}.{area}.{access}" for area in sorted(set(areas))]


def check(granted: frozenset[str], scopes: list[str]) -> None:
    """Raises ApiError 403 that names all the scopes of the call, as HubSpot does."""
    if not granted.issuperset(scopes):
        raise errors.missing_scopes(scopes)
