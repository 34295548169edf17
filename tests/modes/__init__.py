"""The modes of the HubSpot sandbox: the values of its options where HubSpot is not known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

SUITES = (
    "tests/contract/hubspot",
    "tests/contract/odd",
    "tests/contract/sandbox/test_own_client.py",
    "tests/contract/stack",
    "tests/contract/cli",
    "tests/contract/engine",
)
#: every value of an option beside the one it begins with
MODES: tuple[dict[str, Any], ...] = (
    {"shuffle": False},
    {"merge_ids": "contacts"},
    {"merge_ids": "kept"},
    {"write_through_merge": False},
    {"ties_by_old_id": True},
    {"gone_without_ties": False},
    {"number_ids": []},
    {"number_ids": ["2025-09", "2026-03", "2026-09", "v4"]},
    {"plain_partial": True},
    {"number_text": "plain"},
    {"number_text": "double"},
    {"number_exponents": True},
    {"number_digits": 15},
    {"existing_id": True},
    {"rules_on_any_write": False},
    {"query_anywhere": True},
    {"unknown_route": "json"},
    {"touch_always": True},
    {"traced": []},
    {"traced": ["create", "update", "upsert"]},
    {"search_counts": True},
    {"refused_counts": True},
    {"history_max": 5},
    {"search_lag_ms": 300},
)
#: what most worlds have in common: each option that has one other value has that one
_OTHERS: dict[str, Any] = {
    "shuffle": False,
    "write_through_merge": False,
    "ties_by_old_id": True,
    "gone_without_ties": False,
    "plain_partial": True,
    "number_exponents": True,
    "number_digits": 15,
    "existing_id": True,
    "rules_on_any_write": False,
    "query_anywhere": True,
    "unknown_route": "json",
    "touch_always": True,
    "search_counts": True,
    "refused_counts": True,
    "history_max": 5,
    "search_lag_ms": 300,
}
#: combinations of the modes: each mode is in one, so that the suites meet them all in an hour
WORLDS: dict[str, dict[str, Any]] = {
    "first": _OTHERS
    | {"merge_ids": "contacts", "number_ids": [], "number_text": "plain", "traced": []},
    "second": _OTHERS
    | {
        "merge_ids": "kept",
        "number_ids": ["2025-09", "2026-03", "2026-09", "v4"],
        "number_text": "double",
        "traced": ["create", "update", "upsert"],
    },
    # What refuses, hides or evens out begins as usual: behind it other differences would not show.
    "mixed": {
        "merge_ids": "contacts",
        "number_ids": ["2025-09", "2026-03", "2026-09", "v4"],
        "number_text": "double",
        "traced": ["create", "update", "upsert"],
        "ties_by_old_id": True,
        "number_exponents": True,
        "existing_id": True,
        "touch_always": True,
        "search_counts": True,
    },
}
#: how much and how fast, not which: what they are for is tested where they are set
MEASURES = {"latency_ms", "rate_limit", "daily_limit", "search_limit", "clock_offset_ms"}


def name_of(mode: dict[str, Any]) -> str:
    """`number_text=double`."""
    (pair,) = mode.items()
    name, value = pair
    return f"{name}={value if isinstance(value, str) else json.dumps(value)}"


def sample(modes: Sequence[dict[str, Any]], count: int, day: int) -> list[dict[str, Any]]:
    """So many modes of this day; in a few days each was among them."""
    start = day * count
    return [modes[(start + n) % len(modes)] for n in range(min(count, len(modes)))]


def modes_of(world: dict[str, Any]) -> list[dict[str, Any]]:
    """The modes that the world is made of: by them a failure in it is bisected."""
    return [mode for mode in MODES if mode.items() <= world.items()]
