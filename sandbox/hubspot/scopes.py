"""Which scope each call needs. Pure."""

from __future__ import annotations

from sandbox.hubspot import errors

ALL: frozenset[str] = frozenset(
    {
        "crm.objects.contacts.read",
        "crm.objects.contacts.write",
        "crm.objects.custom.read",
        "crm.objects.custom.write",
        "crm.schemas.contacts.read",
        "crm.schemas.contacts.write",
        "crm.schemas.custom.read",
        "crm.schemas.custom.write",
        "crm.export",
    }
)
READS = frozenset(
    {
        "objects.get",
        "objects.page",
        "batch.read",
        "search.search",
        "links.of_one",
        "links.batch_read",
        "links.labels",
        "properties.page",
        "properties.get",
        "properties.batch_read",
        "schemas.page",
        "schemas.get",
    }
)


def needed(handler: str, *, custom: list[bool]) -> list[str]:
    """The scopes of one call; `custom` says of each object type named whether it is custom."""
    family = handler.partition(".")[0]
    if family == "account":
        return []
    if family == "exports":
        return ["crm.export"]
    access = "read" if handler in READS else "write"
    if family == "schemas":
        return [f"crm.schemas.custom.{access}"]
    area = "schemas" if family == "properties" else "objects"
    kinds = sorted({"custom" if is_custom else "contacts" for is_custom in custom})
    return [f"crm.{area}.{kind}.{access}" for kind in kinds]


def check(granted: frozenset[str], scopes: list[str]) -> None:
    """Raises ApiError 403 that names all the scopes of the call, as HubSpot does."""
    if not granted.issuperset(scopes):
        raise errors.missing_scopes(scopes)
