"""Property definitions: what HubSpot lets a property hold, and how it describes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Any

from sandbox.hubspot import errors

TYPES = ("bool", "date", "datetime", "enumeration", "number", "phone_number", "string")
FIELD_TYPES = {
    "bool": ("booleancheckbox", "calculation_equation"),
    "date": ("date",),
    "datetime": ("date",),
    "enumeration": ("booleancheckbox", "checkbox", "radio", "select", "calculation_equation"),
    "number": ("number", "calculation_equation"),
    "phone_number": ("phonenumber",),
    "string": ("file", "html", "text", "textarea", "phonenumber", "calculation_equation"),
}
NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
UNIQUE_MAX = 10  # unique-valued properties of one object type


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One property of one object type."""

    name: str
    label: str = ""
    type: str = "string"
    field_type: str = "text"
    group: str = ""
    description: str = ""
    options: tuple[tuple[str, str], ...] = ()  # (value, label), in the order shown
    unique: bool = False
    read_only: bool = False
    calculated: bool = False
    hubspot_defined: bool = False
    #: ms since the epoch; None while the property is live
    archived_at: int | None = None
    created_at: int = 0
    updated_at: int = 0

    def allows(self, value: str) -> bool:
        """Whether an enumeration takes this value; checkboxes take several, joined by `;`."""
        known = {option for option, _ in self.options}
        parts = value.split(";") if self.field_type == "checkbox" else [value]
        return all(part in known for part in parts)


def to_json(definition: Definition) -> dict[str, Any]:
    """The stored form."""
    return {field.name: getattr(definition, field.name) for field in fields(definition)}


def from_json(stored: dict[str, Any]) -> Definition:
    """The opposite of `to_json`."""
    return Definition(**{**stored, "options": tuple((v, w) for v, w in stored["options"])})


def to_wire(definition: Definition, iso: Any) -> dict[str, Any]:
    """The body HubSpot sends for a property; `iso` turns ms into its text."""
    d = definition
    body: dict[str, Any] = {
        "updatedAt": iso(d.updated_at),
        "createdAt": iso(d.created_at),
        "name": d.name,
        "label": d.label or d.name,
        "type": d.type,
        "fieldType": d.field_type,
        "description": d.description,
        "groupName": d.group,
        "options": [
            {"label": label, "value": value, "displayOrder": order, "hidden": False}
            for order, (value, label) in enumerate(d.options)
        ],
        "displayOrder": -1,
        "calculated": d.calculated,
        "externalOptions": False,
        "archived": d.archived_at is not None,
        "hasUniqueValue": d.unique,
        "hidden": False,
        "hubspotDefined": d.hubspot_defined,
        "modificationMetadata": {
            "archivable": not d.hubspot_defined,
            "readOnlyDefinition": d.hubspot_defined,
            "readOnlyValue": d.read_only or d.calculated,
        },
        "formField": not d.read_only,
        "dataSensitivity": "non_sensitive",
    }
    if d.archived_at is not None:
        body["archivedAt"] = iso(d.archived_at)
    return body


def from_wire(body: dict[str, Any], *, at: int) -> Definition:
    """A definition out of a create request. Raises ApiError 400 naming what is wrong."""
    name, type_, field_type = (_text(body, key) for key in ("name", "type", "fieldType"))
    if not NAME.fullmatch(name):
        message = f'The property name "{name}" is not valid.'
        raise errors.validation(message, subCategory="Properties.INVALID_NAME")
    if type_ not in TYPES or field_type not in FIELD_TYPES[type_]:
        raise errors.validation(f"Invalid combination of type {type_} and fieldType {field_type}")
    options = options_from(body.get("options", []), needed=type_ == "enumeration")
    if type_ == "bool" and {value for value, _ in options} != {"true", "false"}:
        message = "Boolean properties need exactly the options true and false"
        raise errors.validation(
            message, subCategory="PropertyValidationError.INVALID_BOOLEAN_OPTION"
        )
    unique = body.get("hasUniqueValue", False)
    if not isinstance(unique, bool):
        raise errors.invalid_json(": hasUniqueValue is not a boolean")
    return Definition(
        name=name,
        label=_text(body, "label"),
        type=type_,
        field_type=field_type,
        group=_text(body, "groupName"),
        description=str(body.get("description") or ""),
        options=options,
        unique=unique,
        created_at=at,
        updated_at=at,
    )


def edited(definition: Definition, body: dict[str, Any], *, at: int) -> Definition:
    """The definition after a PATCH. Raises ApiError 400 for what cannot change."""
    if definition.hubspot_defined:
        raise errors.validation(f"Property {definition.name} cannot be modified")
    known = {"label": "label", "groupName": "group", "description": "description"}
    changes: dict[str, Any] = {ours: _text(body, key) for key, ours in known.items() if key in body}
    if "options" in body:
        changes["options"] = options_from(body["options"], needed=False)
    return replace(definition, **changes, updated_at=at)


def options_from(raw: object, *, needed: bool) -> tuple[tuple[str, str], ...]:
    """Enumeration options out of a request body."""
    if not isinstance(raw, list) or not all(isinstance(o, dict) for o in raw):
        raise errors.invalid_json(": options is not a list of objects")
    if needed and not raw:
        raise errors.validation("Enumeration properties need at least one option")
    pairs = tuple((_text(o, "value"), _text(o, "label")) for o in raw)
    if len({value for value, _ in pairs}) != len(pairs):
        raise errors.validation("Property option values must be unique")
    return pairs


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        field = {"message": f"Some required fields were not set: [{key}]"}
        raise errors.invalid_json(f": {field['message']}")
    return value
