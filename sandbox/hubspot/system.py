"""Properties that HubSpot fills in itself: where an object came from, what follows from others.

They are worked out when an object is read; nobody can set them. Pure.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.hubspot.definitions import Definition
from sandbox.hubspot.rows import Row

Worked = Callable[[Row], str | None]


def _name_or_email(row: Row) -> str | None:
    names = (row.properties.get(name) for name in ("firstname", "lastname"))
    return " ".join(filter(None, names)) or row.properties.get("email")


def _domain(row: Row) -> str | None:
    _, at, domain = (row.properties.get("email") or "").rpartition("@")
    return domain if at else None


#: of every object type
ORIGIN: dict[str, Worked] = {
    "hs_object_source": lambda row: row.origin().type,
    "hs_object_source_id": lambda row: row.origin().id,
    "hs_object_source_label": lambda row: row.origin().type,
}
#: of contacts
CONTACT: dict[str, Worked] = {
    "hs_all_contact_vids": lambda row: str(row.id),
    "hs_email_domain": _domain,
    "hs_full_name_or_email": _name_or_email,
    "hs_is_contact": lambda _: "true",
}
ALL = {**ORIGIN, **CONTACT}


def names_of(type_id: str) -> tuple[str, ...]:
    """What a new object of this type is answered with, beside what was set."""
    return (*ORIGIN, *CONTACT) if type_id == "0-1" else tuple(ORIGIN)


def definitions(type_id: str, group: str) -> list[Definition]:
    """The definitions of these properties."""
    return [
        Definition(
            name=name,
            label=name.removeprefix("hs_").replace("_", " ").capitalize(),
            type="bool" if name == "hs_is_contact" else "string",
            field_type="booleancheckbox" if name == "hs_is_contact" else "text",
            group=group,
            read_only=True,
            hubspot_defined=True,
        )
        for name in names_of(type_id)
    ]
