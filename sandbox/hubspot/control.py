"""The sandbox's own controls, under /_sandbox: faults, stats, options, and what people do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sandbox.hubspot import choices, errors, faults, rules, wire
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.inputs import properties
from sandbox.hubspot.rows import Row, Source
from sandbox.hubspot.scopes import ALL
from sandbox.hubspot.stats import Stats
from sandbox.hubspot.webhooks import Target

if TYPE_CHECKING:
    from sandbox.hubspot.app import App

ONE = r"/_sandbox/objects/(?P<type>[^/]+)/(?P<id>\d{1,18})"


async def answer(app: App, request: Request) -> Response:
    """Controls need no token: they answer this machine alone, unless all may call them."""
    body = await request.body()
    try:
        _admit(app, request)
        if found := re.fullmatch(r"/_sandbox/exports/(\d+)\.csv", request.scope["path"]):
            return _file(app, found[1])
        if found := re.fullmatch(r"/_sandbox/journal/([0-9a-f-]{36})\.json", request.scope["path"]):
            return _journal(app, found[1], request.query_params.get("until", ""))
        for (method, pattern), act in ACTS.items():
            found = re.fullmatch(pattern, request.scope["path"])
            if found and method == request.method:
                return _json(200, act(app, found.groupdict(), _read(body)))
        raise errors.no_such_route(request.scope["path"])
    except errors.ApiError as refusal:
        return _json(refusal.status, refusal.body)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return _json(400, {"status": "error", "message": f"not what this control takes: {error}"})


def _admit(app: App, request: Request) -> None:
    here = request.client is not None and ip_address(request.client.host).is_loopback
    if not (here or app.controls_open):
        text = "Controls answer this machine only; start with --open-controls to change that"
        raise errors.ApiError(403, {"status": "error", "message": text})


def _read(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise errors.invalid_json(f": {error}") from None


def _json(status: int, body: Any) -> Response:
    return Response(orjson.dumps(body), status, {"Content-Type": "application/json"})


def _file(app: App, id_: str) -> Response:
    """What an export's result leads to: HubSpot puts the right to read it into the address."""
    exports = app.desk.exports
    task = exports.get(id_)
    if task is None or task.status(app.desk.store.now_ms()) != "COMPLETE":
        raise errors.resource_not_found()
    return Response(exports.file(task), 200, {"Content-Type": "text/csv;charset=utf-8"})


def _journal(app: App, offset: str, until: str) -> Response:
    """The file of a journal entry, as long as its address is good."""
    entries = app.desk.journal.named([offset])
    if not entries:
        raise errors.resource_not_found()
    if not until.isdigit() or int(until) <= app.desk.store.now_ms():
        raise errors.ApiError(403, {"status": "error", "message": "Request has expired"})
    return _json(200, entries[0].file())


Params = Mapping[str, str]


def put_faults(app: App, _params: Params, body: Any) -> Any:
    app.faults[:] = faults.read(body)
    return get_faults(app, {}, None)


def get_faults(app: App, _params: Params, _body: Any) -> Any:
    return [faults.show(fault) for fault in app.faults]


def delete_faults(app: App, _params: Params, _body: Any) -> Any:
    app.faults.clear()
    return []


def put_rules(app: App, _params: Params, body: Any) -> Any:
    """What an admin requires of records: [{"type", "require", "when"?, "values"?}]."""
    app.desk.rules.all[:] = rules.read(body, app.desk.catalog.kind)
    return get_rules(app, {}, None)


def get_rules(app: App, _params: Params, _body: Any) -> Any:
    return rules.show(app.desk.rules.all)


def delete_rules(app: App, _params: Params, _body: Any) -> Any:
    app.desk.rules.all.clear()
    return []


def get_stats(app: App, _params: Params, _body: Any) -> Any:
    return app.stats.show()


def delete_stats(app: App, _params: Params, _body: Any) -> Any:
    app.stats = Stats(in_flight=app.stats.in_flight)
    return app.stats.show()


def delete_emails(app: App, _params: Params, _body: Any) -> Any:
    app.desk.mailing.forget()
    return []


def put_app(app: App, _params: Params, body: Any) -> Any:
    """Another app with a token of its own: {"token", "app_id", "name", "rate_limit"}."""
    try:
        client = app.apps.add(
            str(body["token"]),
            app_id=int(body["app_id"]),
            name=str(body["name"]),
            scopes=frozenset(body.get("scopes", ALL)),
            rolling_max=int(body.get("rate_limit", 190)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise errors.validation(f"an app has a token, an app_id and a name: {error}") from None
    return {"app_id": client.app_id, "name": client.name}


def put_webhooks(app: App, _params: Params, body: Any) -> Any:
    """Subscribe: {"url", "secret", "subscriptions": ["contact.propertyChange:sj_credits"], ...}."""
    try:
        target = Target(**{**body, "subscriptions": tuple(body["subscriptions"])})
    except (KeyError, TypeError) as error:
        raise errors.validation(f"not a webhook target: {error}") from None
    app.senders.subscribe(target)
    return get_webhooks(app, {}, None)


def get_webhooks(app: App, _params: Params, _body: Any) -> Any:
    return [sender.show() for sender in app.senders.all]


def delete_webhooks(app: App, _params: Params, _body: Any) -> Any:
    app.senders.unsubscribe()
    return []


def edit(app: App, params: Params, body: Any) -> Any:
    """A person changes properties in the HubSpot screen; `raw` skips the validation."""
    kind, row = _row(app, params)
    given = body.get("properties") if isinstance(body, dict) else None
    values, problems = properties(kind, given)
    if body.get("raw"):
        values = {name: None if v is None else str(v) for name, v in body["properties"].items()}
    elif problems:
        raise errors.bad_properties(app.desk.portal.id, problems)
    user = int(body.get("user_id") or next(iter(app.desk.portal.people)))
    source = Source("CRM_UI", f"userId:{user}", None, user)
    (after,) = app.desk.store.update(kind, [(row, values)], source)
    return wire.record(app.desk.portal.id, kind, after, kind.columns(tuple(values)))


def archive(app: App, params: Params, _body: Any) -> Any:
    kind, row = _row(app, params)
    app.desk.store.archive(kind, [row], Source("CRM_UI"))
    return {"archived": row.id}


def merge(app: App, params: Params, body: Any) -> Any:
    """Two objects become one, as a person does it: {"primary": id, "other": id}."""
    kind = app.desk.catalog.named(params["type"])
    try:
        return {"id": str(app.desk.store.merge(kind.type.id, *(int(body[k]) for k in KEYS)))}
    except (KeyError, TypeError, ValueError) as error:
        raise errors.validation(
            f"merge needs primary and other, of live objects: {error}"
        ) from None


KEYS = ("primary", "other")


def restore(app: App, params: Params, _body: Any) -> Any:
    """A person takes an object out of the recycling bin."""
    kind = app.desk.catalog.named(params["type"])
    id_ = int(params["id"])
    row = app.desk.store.rows(kind, [id_]).get(id_)
    if row is None or row.archived_at is None:
        raise errors.resource_not_found()
    try:
        back = app.desk.store.restore(kind, row, Source("CRM_UI"))
    except ValueError as error:
        raise errors.conflict(f"cannot be restored: {error}") from None
    return wire.record(app.desk.portal.id, kind, back, kind.columns(()))


def _row(app: App, params: Params) -> tuple[Kind, Row]:
    kind = app.desk.catalog.named(params["type"])
    id_ = int(params["id"])
    row = app.desk.store.rows(kind, [id_]).get(id_)
    if row is None or row.archived_at is not None:
        raise errors.resource_not_found()
    return kind, row


Act = Callable[["App", Params, Any], Any]
ACTS: dict[tuple[str, str], Act] = {
    ("PUT", "/_sandbox/faults"): put_faults,
    ("GET", "/_sandbox/faults"): get_faults,
    ("DELETE", "/_sandbox/faults"): delete_faults,
    ("PUT", "/_sandbox/rules"): put_rules,
    ("GET", "/_sandbox/rules"): get_rules,
    ("DELETE", "/_sandbox/rules"): delete_rules,
    ("GET", "/_sandbox/stats"): get_stats,
    ("DELETE", "/_sandbox/stats"): delete_stats,
    ("GET", "/_sandbox/options"): lambda app, _params, _body: choices.show(app),
    ("PUT", "/_sandbox/options"): lambda app, _params, body: choices.change(app, body),
    ("GET", "/_sandbox/emails"): lambda app, _params, _body: app.desk.mailing.show(),
    ("PUT", "/_sandbox/emails"): lambda app, _params, body: app.desk.mailing.change(body),
    ("DELETE", "/_sandbox/emails"): delete_emails,
    ("PUT", "/_sandbox/apps"): put_app,
    ("PUT", "/_sandbox/webhooks"): put_webhooks,
    ("GET", "/_sandbox/webhooks"): get_webhooks,
    ("DELETE", "/_sandbox/webhooks"): delete_webhooks,
    ("POST", f"{ONE}/edit"): edit,
    ("POST", f"{ONE}/archive"): archive,
    ("POST", f"{ONE}/restore"): restore,
    ("POST", r"/_sandbox/objects/(?P<type>[^/]+)/merge"): merge,
}
