"""An object type, and short ways to define its properties."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict, Unpack

from sandbox.hubspot.definitions import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """An object type, with what HubSpot calls it."""

    id: str
    name: str  # singular, as in the schema
    plural: str  # as in the paths
    definitions: tuple[Definition, ...]
    defaults: tuple[str, ...]  # properties sent when none are asked for
    created: str = "hs_createdate"
    modified: str = "hs_lastmodifieddate"
    custom: bool = False
    scope: str = "contacts"
    primary: str = ""
    required: tuple[str, ...] = ()
    associated: tuple[str, ...] = ()

    @property
    def area(self) -> str:
        """The word for this type in the names of scopes."""
        return "custom" if self.custom else self.scope


class _Flags(TypedDict, total=False):
    unique: bool
    read_only: bool
    calculated: bool
    hubspot_defined: bool


def text(name: str, *, group: str, **more: Unpack[_Flags]) -> Definition:
    return Definition(name=name, label=label(name), group=group, **more)


def number(name: str, *, group: str, **more: Unpack[_Flags]) -> Definition:
    return Definition(
        name=name, label=label(name), type="number", field_type="number", group=group, **more
    )


def choice(name: str, *values: str, group: str, **more: Unpack[_Flags]) -> Definition:
    return options(name, ((value, value.capitalize()) for value in values), group=group, **more)


def options(
    name: str, labelled: Iterable[tuple[str, str]], *, group: str, **more: Unpack[_Flags]
) -> Definition:
    """An enumeration of values that each have a label."""
    return Definition(
        name=name,
        label=label(name),
        type="enumeration",
        field_type="select",
        group=group,
        options=tuple(labelled),
        **more,
    )


def date(name: str, *, group: str, kind: str = "date", **more: Unpack[_Flags]) -> Definition:
    return Definition(
        name=name, label=label(name), type=kind, field_type="date", group=group, **more
    )


def label(name: str) -> str:
    return name.removeprefix("hs_").replace("_", " ").capitalize()


def system(group: str, created: str, modified: str) -> tuple[Definition, ...]:
    """What HubSpot itself keeps on every object."""
    return (
        number("hs_object_id", group=group, read_only=True, hubspot_defined=True),
        date(created, group=group, kind="datetime", read_only=True, hubspot_defined=True),
        date(modified, group=group, kind="datetime", read_only=True, hubspot_defined=True),
        text("hs_merged_object_ids", group=group, read_only=True, hubspot_defined=True),
        text("hubspot_owner_id", group=group, hubspot_defined=True),
    )
