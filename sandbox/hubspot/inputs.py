"""Request bodies, read and checked: batches, properties, associations. Pure.

Each function raises the ApiError that HubSpot answers for what it finds wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.hubspot import errors
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.values import BadValue, as_text, stored

BATCH_MAX, HISTORY_BATCH_MAX = 100, 50
Values = dict[str, str | None]


@dataclass(slots=True, kw_only=True, eq=False)
class Input:
    """One entry of a batch of writes."""

    id: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)
    values: Values = field(default_factory=dict)
    associations: list[Any] = field(default_factory=list)
    id_property: str | None = None
    trace_id: str | None = None
    problems: list[dict[str, Any]] = field(default_factory=list)


def batch(body: Mapping[str, Any], *, most: int = BATCH_MAX) -> list[dict[str, Any]]:
    """The `inputs` of a batch."""
    entries = body.get("inputs")
    if not isinstance(entries, list):
        raise errors.invalid_json(": Some required fields were not set: [inputs]")
    if not all(isinstance(entry, dict) for entry in entries):
        raise errors.invalid_json(": an input is not an object")
    if len(entries) > most:
        raise errors.validation(
            f"The maximum number of inputs supported in a batch request is {most}. "
            "Please reduce the number of items and try again"
        )
    return entries


def history_batch(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The `inputs` of a batch that asks for histories: half as many."""
    entries = batch(body)
    if len(entries) > HISTORY_BATCH_MAX:
        raise errors.validation(
            "The maximum number of inputs supported in a batch request for property histories "
            f"is {HISTORY_BATCH_MAX}. Please reduce the number of items and try again"
        )
    return entries


def entry_id(entry: Mapping[str, Any], key: str = "id") -> str:
    """The id of an input, as text; the clients send some ids as numbers."""
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise errors.invalid_json(f": Some required fields were not set: [{key}]")
    return str(value)


def no_duplicates(ids: Sequence[str]) -> None:
    """A batch that names an object twice is refused whole."""
    twice = [id_ for id_, times in Counter(ids).items() if times > 1]
    if twice:
        raise errors.duplicate_ids(twice)


def names(body: Mapping[str, Any], key: str) -> list[str]:
    """A list of property names in a body."""
    value = body.get(key) or []
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise errors.invalid_json(f": {key} is not a list of strings")
    return value


def optional_text(body: Mapping[str, Any], key: str) -> str | None:
    """A text that may be missing."""
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise errors.invalid_json(f": {key} is not a string")
    return value or None


def write_input(kind: Kind, entry: Mapping[str, Any], *, needs_id: bool) -> Input:
    """One entry of a batch, or the body of a single write; its problems are inside."""
    values, problems = properties(kind, entry.get("properties"))
    associations = entry.get("associations") or []
    if not isinstance(associations, list):
        raise errors.invalid_json(": associations is not a list")
    return Input(
        id=entry_id(entry) if needs_id else "",
        values=values,
        associations=associations,
        id_property=optional_text(entry, "idProperty"),
        trace_id=optional_text(entry, "objectWriteTraceId"),
        problems=problems,
    )


def properties(kind: Kind, raw: object) -> tuple[Values, list[dict[str, Any]]]:
    """The values to store, and what HubSpot has against the others. Empty text clears."""
    if not isinstance(raw, dict):
        raise errors.invalid_json(": Some required fields were not set: [properties]")
    values: Values = {}
    problems: list[dict[str, Any]] = []
    for name, given in raw.items():
        try:
            text = as_text(given)
        except TypeError:
            detail = f": Cannot deserialize the value of properties[{name}] as a string"
            raise errors.invalid_json(detail) from None
        try:
            values[name] = _stored(kind, name, text)
        except BadValue as bad:
            problems.append({"name": name, "code": bad.code, "message": bad.message, "value": text})
    return values, problems


def _stored(kind: Kind, name: str, text: str | None) -> str | None:
    definition = kind.live(name)
    if definition is None:
        raise BadValue("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
    if definition.read_only or definition.calculated:
        message = f'"{name}" is a read only property; its value cannot be set.'
        raise BadValue("READ_ONLY_VALUE", message)
    return None if text is None else stored(definition, text)
