"""The dated versions of HubSpot's API that are served, in their order. Pure."""

from __future__ import annotations

DATES = ("2025-09", "2026-03", "2026-09")
#: from this version on, the rules that an admin made hold for writes by the API too
RULES_SINCE = "2026-09"


def since(version: str, date: str) -> bool:
    """Whether a version, of the path, is this dated one or a later one; v3 and v4 came before."""
    return not version.startswith("v") and version >= date
