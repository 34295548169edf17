"""Properties that HubSpot works out from others of the same object. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.inputs import Values

PREVIEW_MAX = 512


def calculated(kind: Kind, values: Values) -> Values:
    """The values of a write, with those that follow from them. A note's preview has no HTML."""
    body = values.get("hs_note_body")
    if kind.type.id != "0-46" or "hs_note_body" not in values:
        return values
    preview = re.sub(r"<[^>]*>", "", body)[:PREVIEW_MAX] if body else None
    return {**values, "hs_body_preview": preview}


def plain_numbers(kind: Kind, values: Values) -> Values:
    """Numbers without needless digits: 3.0 becomes 3."""
    kept = dict(values)
    for name, text in values.items():
        definition = kind.live(name)
        if text is not None and definition is not None and definition.type == "number":
            number = Decimal(text)
            whole = number == number.to_integral_value()
            kept[name] = f"{number.to_integral_value() if whole else number.normalize():f}"
    return kept
