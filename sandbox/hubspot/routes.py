"""The table of endpoints: method and path to the name of a handler. Pure.

A template begins with the API's name; `{v}` stands where the version goes in both of HubSpot's
path styles: `/crm/v3/objects/...` and `/crm/objects/2026-09/...`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox.hubspot import errors, versions

DATES = "|".join(versions.DATES)
#: api -> (old-style prefix, new-style prefix); the first versions have the old style alone
PREFIXES: dict[str, tuple[str, ...]] = {
    "objects": ("/crm/v3/objects", f"/crm/objects/(?:{DATES})"),
    "object-links": ("/crm/v4/objects", f"/crm/objects/(?:{DATES})"),
    "associations": ("/crm/v4/associations", f"/crm/associations/(?:v4|{DATES})"),
    "links-v3": ("/crm/v3/associations",),
    "properties": ("/crm/v3/properties", f"/crm/properties/(?:{DATES})"),
    "schemas": (
        "/(?:crm-object-schemas/v3|crm/v3)/schemas",
        f"/crm-object-schemas/(?:{DATES})/schemas",
    ),
    "account-info": ("/account-info/v3", f"/account-info/(?:{DATES})"),
    "private-apps": ("/oauth/v2/private-apps",),
    "pipelines": ("/crm/v3/pipelines", f"/crm/pipelines/(?:{DATES})"),
    "owners": ("/crm/v3/owners", f"/crm/owners/(?:{DATES})"),
    "legacy": ("",),
    "journal": (
        "/webhooks/v4/journal",
        f"/webhooks-journal/journal(?:-local)?/(?:v4|{DATES})",
    ),
    "journal-subscriptions": (
        "/webhooks/v4/subscriptions",
        f"/webhooks-journal/subscriptions/(?:v4|{DATES})",
    ),
    "journal-snapshots": (
        "/webhooks/v4/snapshots",
        f"/webhooks-journal/snapshots/(?:v4|{DATES})",
    ),
    "transactional": ("/marketing/v3/transactional", f"/marketing/transactional/(?:{DATES})"),
    "email": ("/marketing/v3/email",),
    "exports": ("/crm/v3/exports", f"/crm/exports/(?:{DATES})"),
}
T = "{type}"
LINKS = "object-links /{type}/{id}/associations"
PAIR = "associations /{type}/{to}"
LIMITS = "associations /definitions/configurations/{type}/{to}"
TABLE: tuple[tuple[str, str, str], ...] = (
    ("GET", f"{LINKS}/{{to}}", "links.of_one"),
    ("PUT", f"{LINKS}/default/{{to}}/{{to_id}}", "links.put_default"),
    ("PUT", f"{LINKS}/{{to}}/{{to_id}}", "links.put"),
    ("DELETE", f"{LINKS}/{{to}}/{{to_id}}", "links.delete"),
    ("POST", f"{PAIR}/batch/read", "links.batch_read"),
    ("POST", f"{PAIR}/batch/associate/default", "links.batch_default"),
    ("POST", f"{PAIR}/batch/create", "links.batch_create"),
    ("POST", f"{PAIR}/batch/archive", "links.batch_archive"),
    ("POST", f"{PAIR}/batch/labels/archive", "links.batch_labels_archive"),
    ("GET", f"{PAIR}/labels", "labels.page"),
    ("POST", f"{PAIR}/labels", "labels.create"),
    ("PUT", f"{PAIR}/labels", "labels.update"),
    ("DELETE", f"{PAIR}/labels/{{id}}", "labels.archive"),
    ("GET", f"{LIMITS}", "labels.limits"),
    ("POST", f"{LIMITS}/batch/create", "labels.limit"),
    ("POST", f"{LIMITS}/batch/update", "labels.limit"),
    ("POST", f"{LIMITS}/batch/purge", "labels.unlimit"),
    ("GET", "links-v3 /{type}/{to}/types", "links_v3.types"),
    ("POST", "links-v3 /{type}/{to}/batch/read", "links_v3.batch_read"),
    ("POST", "links-v3 /{type}/{to}/batch/create", "links_v3.batch_create"),
    ("POST", "links-v3 /{type}/{to}/batch/archive", "links_v3.batch_archive"),
    ("POST", "objects /{type}/batch/read", "batch.read"),
    ("POST", "objects /{type}/batch/update", "batch.update"),
    ("POST", "objects /{type}/batch/create", "batch.create"),
    ("POST", "objects /{type}/batch/upsert", "batch.upsert"),
    ("POST", "objects /{type}/batch/archive", "batch.archive"),
    ("POST", "objects /{type}/search", "search.search"),
    ("POST", "objects /{type}/merge", "objects.merge"),
    ("POST", "objects /{type}/gdpr-delete", "objects.gdpr_delete"),
    ("GET", "objects /{type}", "objects.page"),
    ("POST", "objects /{type}", "objects.create"),
    ("GET", "objects /{type}/{id}", "objects.get"),
    ("PATCH", "objects /{type}/{id}", "objects.update"),
    ("DELETE", "objects /{type}/{id}", "objects.archive"),
    ("GET", "properties /{type}", "properties.page"),
    ("POST", "properties /{type}", "properties.create"),
    ("POST", "properties /{type}/batch/create", "properties.batch_create"),
    ("POST", "properties /{type}/batch/read", "properties.batch_read"),
    ("POST", "properties /{type}/batch/archive", "properties.batch_archive"),
    ("GET", "properties /{type}/groups", "groups.page"),
    ("POST", "properties /{type}/groups", "groups.create"),
    ("GET", "properties /{type}/groups/{name}", "groups.get"),
    ("PATCH", "properties /{type}/groups/{name}", "groups.update"),
    ("DELETE", "properties /{type}/groups/{name}", "groups.archive"),
    ("GET", "properties /{type}/{name}", "properties.get"),
    ("PATCH", "properties /{type}/{name}", "properties.update"),
    ("DELETE", "properties /{type}/{name}", "properties.archive"),
    ("GET", "schemas ", "schemas.page"),
    ("POST", "schemas ", "schemas.create"),
    ("GET", "schemas /{type}", "schemas.get"),
    ("DELETE", "schemas /{type}", "schemas.archive"),
    ("GET", "account-info /details", "account.details"),
    ("POST", "private-apps /get/access-token-info", "account.token_info"),
    ("GET", "pipelines /{type}", "pipelines.page"),
    ("GET", "pipelines /{type}/{id}", "pipelines.get"),
    ("GET", "pipelines /{type}/{id}/stages", "pipelines.stages"),
    ("GET", "pipelines /{type}/{id}/stages/{stage}", "pipelines.stage"),
    ("GET", "owners ", "owners.page"),
    ("GET", "owners /{id}", "owners.get"),
    ("GET", "legacy /properties/v1/{type}/properties", "legacy.properties"),
    ("GET", "legacy /{type}/v2/properties", "legacy.properties"),
    ("GET", "journal /earliest", "journal.earliest"),
    ("GET", "journal /latest", "journal.latest"),
    ("GET", "journal /offset/{offset}/next", "journal.following"),
    ("GET", "journal /batch/earliest/{count}", "journal.batch_earliest"),
    ("GET", "journal /batch/latest/{count}", "journal.batch_latest"),
    ("GET", "journal /batch/{offset}/next/{count}", "journal.batch_following"),
    ("POST", "journal /batch/read", "journal.batch_read"),
    ("GET", "journal /status/{id}", "journal.snapshot_status"),
    ("POST", "journal-snapshots /crm", "journal.snapshot"),
    ("GET", "journal-subscriptions ", "journal.subscriptions"),
    ("POST", "journal-subscriptions ", "journal.subscribe"),
    ("DELETE", "journal-subscriptions /portals/{portal}", "journal.unsubscribe_account"),
    ("GET", "journal-subscriptions /{id}", "journal.subscription"),
    ("DELETE", "journal-subscriptions /{id}", "journal.unsubscribe"),
    ("POST", "transactional /single-email/send", "mailing.send"),
    ("GET", "email /send-statuses/{id}", "mailing.status"),
    ("POST", "exports /export/async", "exports.create"),
    ("GET", "exports /export/async/tasks/{id}/status", "exports.status"),
)


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint, found."""

    handler: str
    template: str
    params: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Rule:
    method: str
    template: str
    handler: str
    pattern: re.Pattern[str]


def _rules() -> tuple[_Rule, ...]:
    rules = []
    for method, template, handler in TABLE:
        api, tail = template.split(" ")
        inside = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", tail)
        prefix = "|".join(PREFIXES[api])
        plain = f"/{api.removeprefix('object-links') or 'objects'}{tail}"
        pattern = re.compile(f"(?:{prefix}){inside}/?")
        rules.append(_Rule(method, plain, handler, pattern))
    return tuple(rules)


RULES = _rules()


def match(method: str, path: str) -> Route:
    """The endpoint of a request. Raises ApiError 404 or 405."""
    allowed = set()
    for rule in RULES:
        found = rule.pattern.fullmatch(path)
        if found is None:
            continue
        if rule.method == method:
            params = {name: unquote(text) for name, text in found.groupdict().items()}
            return Route(rule.handler, rule.template, params)
        allowed.add(rule.method)
    if allowed:
        raise errors.method_not_allowed(allowed)
    raise errors.no_such_route(path)
