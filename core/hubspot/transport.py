"""One request to HubSpot and what became of it; reads repeated, writes almost never."""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import stamina

from core.credits.errors import GatewayError, LimitReached, NotSent, OutcomeUnknown
from core.credits.redact import unquoted
from core.credits.texts import storable_json
from core.hubspot.hearing import Hearing
from core.hubspot.pace.limiter import Limiter, Priority
from core.hubspot.pace.people import People, somebody_waits
from core.hubspot.wire.failures import failure
from core.work.call_count import count_call

log = logging.getLogger(__name__)

#: Nothing of the request can have reached HubSpot.
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.LocalProtocolError,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
#: All of it can have, and been carried out.
MAYBE_SENT = (
    httpx.CloseError,
    httpx.ReadError,
    httpx.ReadTimeout,
    httpx.RemoteProtocolError,
    httpx.WriteError,
    httpx.WriteTimeout,
)

#: httpx's timeouts are for one phase each, and the phases before an answer add up. With these a
#: request is on its way to HubSpot at most 20 s after it got its slot (connecting counts twice,
#: for TCP and for TLS); a write gets its slot within SEND_WITHIN_S of its ``sent_at``; so none
#: leaves this machine later than 30 s after its ``sent_at``, well before the quiet period of
#: 60 s is over, however slowly the answer comes.
CONNECT_S, WRITE_S, POOL_S = 5.0, 5.0, 5.0
#: HubSpot closes a connection that rests; a write on one that it is just closing would be unknown.
KEEP_ALIVE_S = 4.0

#: How long a read is tried, its waiting for a slot included: a sweep stands behind all others.
READ_WITHIN_S = {Priority.OPERATION: 60.0, Priority.MIRROR: 120.0, Priority.SWEEP: 900.0}
#: How often, and how long an answer may ask to be waited for.
READ_ATTEMPTS, WAIT_MAX_S = 8, 30.0
#: How long a write that is not tied to a ``sent_at`` waits for its turn.
WRITE_WITHIN_S = 60.0


@contextmanager
def translated() -> Iterator[None]:
    """What goes wrong in httpx becomes ours, here only."""
    try:
        yield
    except NEVER_SENT as error:
        raise NotSent(f"HubSpot cannot be reached ({type(error).__name__})") from error
    except (*MAYBE_SENT, httpx.DecodingError) as error:
        raise OutcomeUnknown(f"HubSpot did not answer ({type(error).__name__})") from error


def make_client(
    *,
    base_url: str,
    token: str,
    concurrency: int,
    request_timeout_s: float,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """HTTP/1.1 on purpose: with HTTP/2 one lost connection would make sixteen writes unknown."""
    url = httpx.URL(base_url)
    local = url.host in {"127.0.0.1", "localhost", "::1"}
    return httpx.Client(
        base_url=base_url,
        headers={"Authorization": f"Bearer {token}", "User-Agent": "credit-desk"},
        timeout=httpx.Timeout(request_timeout_s, connect=CONNECT_S, write=WRITE_S, pool=POOL_S),
        limits=httpx.Limits(
            # each priority has threads of its own, and haste, and none shall wait for another's
            max_connections=concurrency * (len(Priority) + 1),
            max_keepalive_connections=concurrency * (len(Priority) + 1),
            keepalive_expiry=KEEP_ALIVE_S,
        ),
        trust_env=not local,  # a proxy named in the environment knows nothing of the sandbox
        verify=url.scheme == "https",  # loading certificates takes a second for nothing
        follow_redirects=False,
        transport=transport,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. ``what`` is its kind, for people who count calls."""

    what: str
    path: str
    body: Mapping[str, Any] | None = field(default=None, repr=False)  # names, or the token
    method: str = "POST"
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def search(self) -> bool:
        """Searches have a limit of their own."""
        return self.path.endswith("/search")


@dataclass(slots=True)
class Transport:
    """Safe for threads."""

    client: httpx.Client
    limiter: Limiter
    request_timeout_s: float
    #: Never in what is said of a failure, whatever HubSpot or a proxy echoes.
    token: str = field(default="", repr=False)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    hearing: Hearing = field(default_factory=Hearing)
    #: None: whoever waits, waits as long as work that goes on by itself.
    people: People | None = None
    _usage: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, call: Call, priority: Priority, *, hasty: bool = False) -> Mapping[str, Any]:
        """Tried again as long as that can help, or somebody waits for it.

        ``hasty``: one of many that a person waits for.

        Raises:
            GatewayError: the last failure, when nothing helped.
        """
        if self.people is None or not somebody_waits():
            return self._read(call, priority, hasty=hasty)
        return self.people.read(lambda wanted: self._read(call, priority, wanted, hasty=hasty))

    def _read(
        self,
        call: Call,
        priority: Priority,
        wanted: Callable[[], bool] = lambda: True,
        *,
        hasty: bool,
    ) -> Mapping[str, Any]:
        within_s = READ_WITHIN_S[priority]
        until = self.monotonic() + within_s
        for attempt in stamina.retry_context(
            on=lambda error: wanted() and _again(error),
            attempts=READ_ATTEMPTS,
            timeout=within_s,
            wait_jitter=0.5,
        ):
            with attempt:
                return self._send(call, priority, until=until, hasty=hasty)
        raise AssertionError("retry_context returns or raises")

    def write(
        self, call: Call, priority: Priority, *, within_s: float = WRITE_WITHIN_S
    ) -> Mapping[str, Any]:
        """Tried again only while HubSpot certainly took nothing, and within this time.

        Raises:
            NotSent: nothing was sent.
            OutcomeUnknown: it may have been carried out.
            Refused: HubSpot refused all of it.
        """
        until = self.monotonic() + within_s
        wait_s = 0.2
        while True:
            try:
                return self._send(call, priority, until=until)
            except LimitReached:
                raise
            except NotSent as error:
                asked = wait_s if error.retry_after_s is None else error.retry_after_s
                wait = asked + wait_s * self.chance()
                wait_s *= 2
                if self.monotonic() + wait >= until:
                    raise
            self.sleep(wait)

    def usage(self) -> Mapping[str, int]:
        """Requests sent by kind, and ``total``."""
        with self._lock:
            return {**self._usage, "total": sum(self._usage.values())}

    def _send(
        self, call: Call, priority: Priority, until: float, *, hasty: bool = False
    ) -> Mapping[str, Any]:
        with self.limiter.slot(priority, search=call.search, hasty=hasty, until=until):
            count_call()
            with self._lock:
                self._usage[call.what] += 1
            with self.hearing.silence(call.what), translated():
                status, headers, body = self._exchange(call)
        self.hearing.answered(call.what, status, headers.get("date"))
        self.limiter.learn(headers)
        if 200 <= status < 300:
            return _parsed(body)
        told = unquoted(body.decode(errors="replace"), self.token)
        error = failure(status, headers, told.encode())
        if status == 429:
            self._slow_down(error, search=call.search)
        raise error

    def _exchange(self, call: Call) -> tuple[int, Mapping[str, str], bytes]:
        """The answer, waited for and read for at most twice the time that a request may take.

        httpx starts its reading time anew with every piece of the answer, so that one which
        drips would never end: hence the look at the clock between the pieces.
        """
        deadline = self.monotonic() + self.request_timeout_s
        request = self.client.build_request(
            call.method, call.path, json=call.body, params=call.query or None
        )
        response = self.client.send(request, stream=True)
        try:
            pieces = []
            for piece in response.iter_bytes():
                pieces.append(piece)
                if self.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer dripped", request=request)
        finally:
            response.close()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return response.status_code, headers, b"".join(pieces)

    def _slow_down(self, error: GatewayError, *, search: bool) -> None:
        if isinstance(error, LimitReached):
            self.limiter.day_is_over()
        elif isinstance(error, NotSent):
            self.limiter.refused(error.retry_after_s or 1.0, search=search)


def log_retries() -> None:
    """Retries are told to stdlib's log, which goes to stderr.

    By itself stamina finds structlog and prints on stdout, where scripts expect one JSON object.
    """
    stamina.instrumentation.set_on_retry_hooks([_log_retry])


def _log_retry(details: stamina.instrumentation.RetryDetails) -> None:
    log.warning("HubSpot is asked again in %.1f s: %s", details.wait_for, details.caused_by)


def _again(error: Exception) -> bool | float:
    """What stamina asks after a failed read: whether to try again, or in how many seconds."""
    match error:
        case LimitReached():
            return False
        case NotSent(retry_after_s=float(asked)):
            return asked if asked <= WAIT_MAX_S else False
        case NotSent() | OutcomeUnknown():
            return True
    return False


def _parsed(body: bytes) -> Mapping[str, Any]:
    """A success that cannot be read tells nothing of what was done."""
    if not body.strip():
        return {}
    try:
        told = _read_json(body)
    except ValueError as error:
        raise OutcomeUnknown("HubSpot's answer is not JSON") from error
    if not isinstance(told, Mapping):
        raise OutcomeUnknown("HubSpot's answer is not an object")
    return told


def _read_json(body: bytes) -> Any:
    """One name with a NUL or half an emoji must not hide the other records of the answer."""
    try:
        told = orjson.loads(body)
    except ValueError:  # orjson takes no lone surrogate, the standard library does
        return storable_json(json.loads(body, parse_int=orjson.loads))
    return storable_json(told) if b"\\u0000" in body else told
