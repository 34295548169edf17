"""The ASGI application: a request's way through token, faults, limits, scopes and handler."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.hubspot import control, errors, faults, oauth, routes, scopes
from sandbox.hubspot.apps import Apps, Client
from sandbox.hubspot.calls import Answer, Call, read_query
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.faults import Action, Fault
from sandbox.hubspot.handlers import HANDLERS
from sandbox.hubspot.routes import Route
from sandbox.hubspot.stats import Stats
from sandbox.hubspot.webhooks import Senders

log = logging.getLogger(__name__)
URI_MAX = 15_000
SLOW_HANDLERS = frozenset({"search.search"})  # they read on a connection of their own
UNANSWERED = frozenset({Action.LOSE_REQUEST, Action.RESET, Action.LATE})


@dataclass(slots=True, kw_only=True)
class App:
    """Serves HubSpot's API, and the sandbox's own controls under /_sandbox."""

    desk: Desk
    apps: Apps
    senders: Senders
    own: Client  # the app whose limits the options set
    new_id: Callable[[], str]
    #: ends a connection without an answer; with True the peer sees a reset
    drop: Callable[[Scope, bool], None]
    latency_ms: int = 0
    controls_open: bool = True  # to others than this machine
    faults: list[Fault] = field(default_factory=list)
    stats: Stats = field(default_factory=Stats)
    late: set[asyncio.Task[None]] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        path = scope["path"]
        if path.startswith("/_sandbox/"):
            response = await control.answer(self, request)
            await response(scope, receive, send)
            return
        if oauth.PATH.fullmatch(path) and request.method == "POST":
            response = self._response(await self._granted(request))
            await response(scope, receive, send)
            return
        self.stats.begin(self.desk.store.now_ms())
        kind, outcome, reply = f"{scope['method']} ?", "dropped", None
        try:
            route = routes.match(scope["method"], path)
            kind = self._kind(scope["method"], route)
            reply = await self._answer(request, route)
        except errors.ApiError as refusal:
            reply = self._refused(refusal)
        finally:
            outcome = str(reply.status) if reply else "dropped"
            self.stats.end(kind, outcome)
        if reply is not None:
            await self._response(reply)(scope, receive, send)

    async def _granted(self, request: Request) -> Answer:
        """A token for the app's own id and secret; it is asked for without one."""
        body, at = await request.body(), self.desk.store.now_ms()
        try:
            told = oauth.grant(self.apps, self.desk.portal, body, at=at, new_id=self.new_id)
        except errors.ApiError as refusal:
            return self._refused(refusal)
        return Answer(200, told)

    async def _answer(self, request: Request, route: Route) -> Answer | None:
        """None when the connection was dropped."""
        scope = request.scope
        body = await request.body()
        client = self.apps.by_header(
            request.headers.get("authorization", ""), self.desk.store.now_ms()
        )
        if len(scope["raw_path"]) + len(scope["query_string"]) > URI_MAX:
            raise errors.uri_too_long()
        fault = faults.pick(self.faults, scope["method"], scope["path"])
        if fault is not None:
            self.stats.faults[fault.action.value] += 1
        if fault is not None and fault.action in {Action.LOSE_REQUEST, Action.RESET}:
            await self._dropped(scope, fault)
            return None
        limits = self._admit(client, route)
        self._check(client.scopes, route)
        call = self._call(request, route, body, client)
        reply = await self._done(call, route, fault, scope)
        return reply and Answer(reply.status, reply.body, {**limits, **reply.headers})

    async def _done(
        self, call: Call, route: Route, fault: Fault | None, scope: Scope
    ) -> Answer | None:
        if fault is not None and fault.action is Action.LATE:
            task = asyncio.create_task(self._later(call, route, fault.ms))
            self.late.add(task)
            task.add_done_callback(self.late.discard)
            await self._dropped(scope, fault)
            return None
        await asyncio.sleep(self.latency_ms / 2_000)
        if fault is not None and fault.action is Action.STATUS:
            reply = self._struck(fault)
        else:
            reply = await self._handled(call, route, fault)
        await asyncio.sleep(self.latency_ms / 2_000)
        if fault is None:
            return reply
        match fault.action:
            case Action.LOSE_ANSWER:
                await self._dropped(scope, fault)
                return None
            case Action.SLOW:
                await asyncio.sleep(fault.ms / 1_000)
            case Action.STATUS_AFTER:
                return self._struck(fault)
            case _:
                pass
        return reply

    async def _handled(self, call: Call, route: Route, fault: Fault | None) -> Answer:
        problems: list[dict[str, Any]] = []
        if fault is not None and fault.action is Action.PARTIAL:
            body, problems = faults.split(fault, call.body)
            call = replace(call, body=body)
        started = time.perf_counter()
        try:
            handler = HANDLERS[route.handler]
            if route.handler in SLOW_HANDLERS:
                reply = await asyncio.to_thread(handler, self.desk, call)
            else:
                with self.desk.store.alone():
                    reply = handler(self.desk, call)
        except errors.ApiError as refusal:
            return self._refused(refusal)
        except Exception:
            log.exception("the sandbox has a fault of its own in %s", route.handler)
            return self._refused(
                errors.ApiError(500, {"status": "error", "message": "internal error"})
            )
        finally:
            self.stats.server_ms += (time.perf_counter() - started) * 1_000
        return _with_problems(reply, problems) if problems else reply

    async def _later(self, call: Call, route: Route, ms: int) -> None:
        await asyncio.sleep(ms / 1_000)
        await self._handled(call, route, None)

    async def _dropped(self, scope: Scope, fault: Fault) -> None:
        self.drop(scope, fault.action is Action.RESET)
        await asyncio.sleep(0)  # the server learns of the lost connection
        await asyncio.sleep(0)

    def _admit(self, client: Client, route: Route) -> dict[str, str]:
        at = self.desk.store.now_ms()
        try:
            return client.limiter.admit(at, search=route.handler == "search.search")
        except errors.ApiError as refusal:
            self.stats.refusals[refusal.body["policyName"]] += 1
            raise

    def _check(self, granted: frozenset[str], route: Route) -> None:
        ends = [route.params[key] for key in ("type", "to") if key in route.params]
        areas = [self.desk.catalog.kind(end).type.area for end in ends]
        scopes.check(granted, scopes.needed(route.handler, areas=areas))

    def _call(self, request: Request, route: Route, body: bytes, client: Client) -> Call:
        sent_as = request.headers.get("content-type", "")
        if body and "json" not in sent_as.lower():
            raise errors.unsupported_media()
        return Call(
            method=request.method,
            path=request.scope["path"],
            params=route.params,
            query=read_query(request.scope["query_string"]),
            body=body,
            source=client.source(),
            base_url=str(request.base_url).rstrip("/"),
        )

    def _kind(self, method: str, route: Route) -> str:
        """`POST /objects/contacts/batch/read`: the template, with the object types named."""
        text = route.template
        for key in ("type", "to"):
            if key in route.params:
                text = text.replace(f"{{{key}}}", self._plural(route.params[key]))
        return f"{method} {text}"

    def _plural(self, name: str) -> str:
        try:
            return self.desk.catalog.kind(name).type.plural
        except errors.ApiError:
            return "?"

    def _refused(self, refusal: errors.ApiError) -> Answer:
        if isinstance(refusal, errors.NoSuchRoute) and self.desk.options.unknown_route == "html":
            return Answer(404, refusal.page, {"Content-Type": "text/html;charset=utf-8"})
        status, message, *rest = refusal.body
        body = {
            "status": refusal.body[status],
            "message": refusal.body[message],
            "correlationId": self.new_id(),
            **{key: refusal.body[key] for key in rest},
        }
        return Answer(refusal.status, body, refusal.headers)

    def _struck(self, fault: Fault) -> Answer:
        status, headers, body = faults.answer(fault)
        if isinstance(body, bytes):
            return Answer(status, body, headers)
        return self._refused(errors.ApiError(status, body, headers))

    def _response(self, reply: Answer) -> Response:
        headers = {"X-HubSpot-Correlation-Id": self.new_id(), **reply.headers}
        if reply.body is None:
            return Response(status_code=reply.status, headers=headers)
        headers.setdefault("Content-Type", "application/json;charset=utf-8")
        content = reply.body if isinstance(reply.body, bytes) else orjson.dumps(reply.body)
        return Response(content, reply.status, headers)


def _with_problems(reply: Answer, problems: list[dict[str, Any]]) -> Answer:
    if reply.status not in {200, 201, 207} or not isinstance(reply.body, dict):
        return reply
    found = [*reply.body.get("errors", ()), *problems]
    return Answer(207, {**reply.body, "numErrors": len(found), "errors": found}, reply.headers)
