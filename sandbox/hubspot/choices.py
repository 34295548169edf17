"""Everything about the sandbox that can be chosen while it runs: /_sandbox/options."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.hubspot import errors
from sandbox.hubspot.limits import TIERS
from sandbox.hubspot.merging import MODES
from sandbox.hubspot.numbers import TEXTS
from sandbox.hubspot.versions import DATES

if TYPE_CHECKING:
    from sandbox.hubspot.app import App

#: Where a JSON object of options is looked for when a server is made, in any process.
ENVIRONMENT = "HUBSPOT_SANDBOX_OPTIONS"
#: name -> the object that has it, and its name there
PLACES: dict[str, tuple[Callable[[App], Any], str]] = {
    "latency_ms": (lambda app: app, "latency_ms"),
    "rate_limit": (lambda app: app.own.limiter, "rolling_max"),
    "daily_limit": (lambda app: app.apps.daily, "most"),
    "search_limit": (lambda app: app.apps.daily, "search_max"),
    "search_counts": (lambda app: app.apps.daily, "search_counts"),
    "refused_counts": (lambda app: app.apps.daily, "refused_counts"),
    "search_lag_ms": (lambda app: app.desk.lag, "ms"),
    "clock_offset_ms": (lambda app: app.desk.store, "clock_offset_ms"),
    "history_max": (lambda app: app.desk.store, "history_max"),
    "merge_ids": (lambda app: app.desk.store, "merge_ids"),
    "shuffle": (lambda app: app.desk.options, "shuffle"),
    "write_through_merge": (lambda app: app.desk.options, "write_through_merge"),
    "ties_by_old_id": (lambda app: app.desk.options, "ties_by_old_id"),
    "gone_without_ties": (lambda app: app.desk.options, "gone_without_ties"),
    "number_ids": (lambda app: app.desk.options, "number_ids"),
    "plain_partial": (lambda app: app.desk.options, "plain_partial"),
    "number_text": (lambda app: app.desk.options, "number_text"),
    "number_exponents": (lambda app: app.desk.options, "number_exponents"),
    "number_digits": (lambda app: app.desk.options, "number_digits"),
    "existing_id": (lambda app: app.desk.options, "existing_id"),
    "rules_on_any_write": (lambda app: app.desk.options, "rules_on_any_write"),
    "query_anywhere": (lambda app: app.desk.options, "query_anywhere"),
    "unknown_route": (lambda app: app.desk.options, "unknown_route"),
    "touch_always": (lambda app: app.desk.options, "touch_always"),
    "traced": (lambda app: app.desk.options, "traced"),
}
#: the values of the options that are words, or lists of words
WORDS: dict[str, tuple[str, ...]] = {
    "merge_ids": MODES,
    "number_text": TEXTS,
    "unknown_route": ("html", "json"),
    "traced": ("create", "update", "upsert"),
    "number_ids": ("v4", *DATES),
}


def show(app: App) -> dict[str, Any]:
    """All of them."""
    found = {name: getattr(place(app), field) for name, (place, field) in PLACES.items()}
    return {name: sorted(v) if isinstance(v, frozenset) else v for name, v in found.items()}


def change(app: App, body: Any) -> dict[str, Any]:
    """Change some; the others stay. A `tier` stands for its two limits. Raises ApiError 400."""
    if not isinstance(body, dict):
        raise errors.validation("options are a JSON object")
    wanted = dict(body)
    if "tier" in wanted:
        rolling, daily = _tier(wanted.pop("tier"))
        wanted = {"rate_limit": rolling, "daily_limit": daily, **wanted}
    known = show(app)
    for name, value in wanted.items():
        if name not in known or type(value) is not type(known[name]):
            raise errors.validation(f"{name}: {value!r} is no such option; known are {known}")
        words = value if isinstance(value, list) else [value]
        if name in WORDS and any(word not in WORDS[name] for word in words):
            raise errors.validation(f"{name}: {', '.join(WORDS[name])} are known, not {value!r}")
    for name, value in wanted.items():
        place, field = PLACES[name]
        setattr(place(app), field, frozenset(value) if isinstance(value, list) else value)
    return show(app)


def from_environment(app: App, environment: Mapping[str, str]) -> None:
    """Change what the environment says. Raises ValueError that names the variable."""
    text = environment.get(ENVIRONMENT)
    if not text:
        return
    try:
        change(app, json.loads(text))
    except (json.JSONDecodeError, errors.ApiError) as error:
        raise ValueError(f"{ENVIRONMENT}: {error}") from None


def _tier(name: object) -> tuple[int, int]:
    if name not in TIERS:
        raise errors.validation(f"a tier is one of {', '.join(TIERS)}")
    return TIERS[str(name)]
