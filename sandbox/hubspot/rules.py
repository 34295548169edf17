"""What an admin of the account requires of records, which the API checks since 2026-09.

Two kinds, as HubSpot has them: properties that a new record needs (the create form), and
properties that are required while another has a certain value (conditional rules). Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.hubspot import errors
from sandbox.hubspot.catalog import Kind

Values = Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`require` must have a value on objects of the type; with `when`, only while that holds."""

    type_id: str
    require: str
    when: str | None = None
    values: frozenset[str] = frozenset()


@dataclass(slots=True)
class Rules:
    """The account's rules."""

    all: list[Rule] = field(default_factory=list)

    def lacking(
        self, kind: Kind, written: Values, before: Values | None, *, any_write: bool
    ) -> list[dict[str, Any]]:
        """HubSpot's error details for one write; `before` is None for a new record.

        Args:
            any_write: whether a conditional rule also refuses a write that touches neither of
                its two properties; HubSpot does not say.
        """
        after = {**(before or {}), **written}
        found = []
        for rule in self.all:
            if rule.type_id != kind.type.id or after.get(rule.require) is not None:
                continue
            if rule.when is None:
                if before is None:
                    found.append(_required(rule))
            elif after.get(rule.when) in rule.values:
                touched = before is None or not written.keys().isdisjoint({rule.when, rule.require})
                if touched or any_write:
                    found.append(_conditional(rule))
        return found


def _required(rule: Rule) -> dict[str, Any]:
    return {
        "message": f"A value for {rule.require} must be provided",
        "code": "MISSING_REQUIRED_PROPERTY",
        "context": {"propertyName": [rule.require]},
    }


def _conditional(rule: Rule) -> dict[str, Any]:
    reason = f"a conditional property rule based on [{rule.when}]"
    return {
        "message": f"{rule.require} is required because of {reason}",
        "code": "MISSING_CONDITIONAL_REQUIRED_PROPERTY",
        "context": {"propertyName": [rule.require]},
    }


def read(body: object, kind_of: Callable[[str], Kind]) -> list[Rule]:
    """Rules out of `PUT /_sandbox/rules`: [{"type", "require", "when"?, "values"?}].

    Raises:
        ApiError: 400, for what is no rule.
    """
    if not isinstance(body, list):
        raise errors.validation('rules are a JSON list: [{"type": "0-1", "require": "email"}]')
    return [_rule(entry, kind_of) for entry in body]


def _rule(entry: Any, kind_of: Callable[[str], Kind]) -> Rule:
    if not isinstance(entry, dict) or not {"type", "require"} <= entry.keys():
        raise errors.validation(f"a rule has a type and a property to require: {entry}")
    unknown = entry.keys() - {"type", "require", "when", "values"}
    if unknown:
        raise errors.validation(f"a rule has no {', '.join(sorted(unknown))}")
    kind = kind_of(str(entry["type"]))
    when, values = entry.get("when"), entry.get("values", [])
    for name in filter(None, (entry["require"], when)):
        if kind.live(str(name)) is None:
            raise errors.validation(f"{kind.type.plural} have no property {name!r}")
    if not isinstance(values, list) or (when is None) is bool(values):
        raise errors.validation(f"when and values belong together: {entry}")
    given = frozenset(str(one) for one in values)
    return Rule(type_id=kind.type.id, require=str(entry["require"]), when=when, values=given)


def show(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """The rules as they are sent."""
    return [
        {"type": rule.type_id, "require": rule.require}
        | ({"when": rule.when, "values": sorted(rule.values)} if rule.when else {})
        for rule in rules
    ]
