"""What is left of the first two versions: the property lists that older clients discover by."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.calls import Answer, Call
from sandbox.hubspot.definitions import Definition
from sandbox.hubspot.desk import Desk


def properties(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    live = (d for d in kind.definitions.values() if d.archived_at is None)
    return Answer(200, [_show(one) for one in live])


def _show(definition: Definition) -> dict[str, Any]:
    d = definition
    return {
        "name": d.name,
        "label": d.label or d.name,
        "description": d.description,
        "groupName": d.group,
        "type": d.type,
        "fieldType": d.field_type,
        "readOnlyValue": d.read_only or d.calculated,
        "hubspotDefined": d.hubspot_defined,
        "calculated": d.calculated,
        "hidden": False,
        "displayOrder": -1,
        "options": [
            {"label": label, "value": value, "displayOrder": order, "hidden": False}
            for order, (value, label) in enumerate(d.options)
        ],
    }
