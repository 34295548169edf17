"""Properties that HubSpot works out from others of the same object. Pure."""

from __future__ import annotations

import re

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
