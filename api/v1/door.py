"""At the door of the API: who asks, may they, how often; and every failure as problem+json."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.v1.limits import Hands
from api.v1.problems import KINDS, Problem, of_faults, sentence, type_of
from core.access.api_key_rules import ApiKey, Scope
from core.access.api_keys import AsksTooOften, NotAdmitted
from core.access.rationing import TooMany
from core.app.assembly.parts import Core
from core.credits.errors import (
    BadList,
    GatewayError,
    JournalError,
    NotSent,
    OutcomeUnknown,
    StateConflict,
    Store,
    UnknownId,
)
from core.credits.records import ContactId
from core.credits.roles import NotAllowed
from core.operations.commands import NotConfirmed
from core.operations.desks.takeover import AnotherDesk
from core.students.api_requests import KeyReused, NotServed
from core.students.proving import NoProof

log = logging.getLogger(__name__)

T = TypeVar("T")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_BEARER = re.compile(r"Bearer +([!-~]+) *", re.IGNORECASE)
_REQUEST_KEY = re.compile(r"[!-~]{1,128}")
#: By which the student who is signed in shows itself beside the key.
STUDENT_TOKEN = "X-Student-Token"
NOT_PROVED = "the student's own token is missing or does not fit"
#: When a budget of a day is spent: sooner there is room for one or two.
DAY = {"Retry-After": "3600"}
#: When HubSpot or the store does not answer.
AGAIN = {"Retry-After": "5"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One for the whole API."""

    core: Callable[[], Core]
    #: How long a change is waited for before its answer is "under way".
    wait_s: float
    hands: Hands = field(default_factory=Hands)

    async def enter(self, request: Request, scope: Scope | None) -> None:
        """Raises ``Problem`` unless this request may come in."""
        found = _BEARER.fullmatch(request.headers.get("authorization", ""))
        if not found:
            raise _not_admitted()
        admit = partial(_admit, self.ready(), found[1], scope, request)
        request.state.api_key = await self.hands.run(admit)
        if request.method == "POST":
            _check_change(request)

    async def note(self, refusal: NotAllowed) -> None:
        """Record that somebody was refused."""
        await self.hands.run(partial(self.ready().access_log.refused, refusal))

    def ready(self) -> Core:
        """Raises ``Problem`` as long as the services are not there."""
        try:
            return self.core()
        except Exception:
            log.exception("the API is not ready")
            raise Problem("not-ready", "Ask again in a moment.", headers=AGAIN) from None


def _admit(core: Core, token: str, scope: Scope | None, request: Request) -> ApiKey:
    """The key behind this token, if it may ask this."""
    key = core.api_keys.admit(token, request.client.host if request.client else "")
    if scope is not None:
        key.require(scope)
    _prove(core, key, request)
    return key


def _prove(core: Core, key: ApiKey, request: Request) -> None:
    """The student's own token, where it is given or needed, is of the student who is asked about.

    When it is not, the audit says so in words of its own: the token's may be anybody's.
    """
    try:
        _is_student(core, key, request)
    except NoProof:
        core.access_log.refused(NotAllowed(NOT_PROVED, who=key.address))
        raise


def _is_student(core: Core, key: ApiKey, request: Request) -> None:
    """The one place for it: a request names its student in its path, or looks one up by e-mail."""
    email = core.student_proof.signed_in(key, request.headers.get(STUDENT_TOKEN, ""))
    if not email:
        return
    named = request.path_params
    if contact_id := named.get("contact_id"):
        core.student_proof.about(email, ContactId(contact_id))
    elif operation_id := named.get("operation_id"):
        core.student_proof.about_operation(email, operation_id)
    else:
        core.student_proof.named(email, request.query_params.get("email", ""))


def needing(scope: Scope | None) -> type[APIRoute]:
    """Routes behind the door. ``scope``: what the key must be for; None: any will do."""

    class Guarded(APIRoute):
        """Nothing of a request's body is read before its key was looked at."""

        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                try:
                    await door_of(request).enter(request, scope)
                    return await handle(request)
                except StarletteHTTPException:
                    raise  # the application's own handler has the words
                except NotAllowed as refusal:
                    await door_of(request).note(refusal)
                    return problem_of(refusal).answer
                except Exception as error:  # noqa: BLE001 - each becomes an answer
                    return problem_of(error).answer

            return guarded

    return Guarded


def door_of(request: Request) -> Door:
    """The one door of the application."""
    door: Door = request.app.state.door
    return door


def key_of(request: Request) -> ApiKey:
    """Whose request this is, past the door."""
    key: ApiKey = request.state.api_key
    return key


async def ask(request: Request, work: Callable[[Core, ApiKey], T]) -> T:
    """Have the services do this for the client, on a thread of the API's own."""
    door = door_of(request)
    return await door.hands.run(partial(work, door.ready(), key_of(request)))


def _check_change(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if media_type != "application/json":
        raise Problem("not-json", "Send the body with Content-Type: application/json.")
    if not _REQUEST_KEY.fullmatch(request.headers.get("idempotency-key", "")):
        raise Problem(
            "idempotency-key-missing",
            "Send an Idempotency-Key of 1 to 128 visible ASCII characters, a new one for each "
            "change, and the same one when you send a change again. Nothing was changed.",
        )


def problem_of(error: Exception) -> Problem:
    """What a failure is to a client. What nobody foresaw is logged, and told as that."""
    match error:
        case Problem():
            return error
        case NotAdmitted():
            return _not_admitted()
        case AsksTooOften():
            return _too_often(error)
        case NotAllowed():
            return Problem("not-allowed", sentence(str(error)))
        case NoProof():
            return Problem("student-not-proved", sentence(str(error)))
        case TooMany():
            told = f"More than {error.most:,} {error.counted} within {error.within}."
            return Problem("daily-budget-spent", f"{told} Nothing was changed.", headers=DAY)
        case NotServed(faults=faults):
            return of_faults(faults)
        case KeyReused():
            return Problem(
                "idempotency-key-reused",
                "Make a new key for each change. Nothing was changed by this request.",
            )
        case RequestValidationError():
            return _invalid(error)
    return _refusal(error) or _unable(error)


def _refusal(error: Exception) -> Problem | None:
    """What a service refuses with reasons for people; None: it is something else."""
    match error:
        case NotConfirmed(faults=faults):
            return _refused("not-confirmed", faults)
        case BadList(faults=faults):
            return _refused("list-refused", faults)
        case StateConflict():
            return _refused("wrong-state", [str(error)])
        case AnotherDesk():
            return _refused("another-desk", [str(error)])
    return None


def _unable(error: Exception) -> Problem:
    match error:
        case UnknownId():
            return Problem("operation-not-found")
        case JournalError():
            log.error("the operational store failed an API request: %s", error)
            detail = "Send it again under the same Idempotency-Key."
            return Problem("store-unavailable", detail, headers=AGAIN)
        case NotSent() | OutcomeUnknown():
            detail = "Nothing was changed. Send it again under the same Idempotency-Key."
            away = "supabase" if error.store is Store.SUPABASE else "hubspot"
            return Problem(f"{away}-unavailable", detail, headers=AGAIN)
        case GatewayError():
            log.error("%s refused what an API request needs: %s", error.store, error)
            detail = "Nothing was changed. Its operators find the reason in the log."
            return Problem("not-ready", detail, headers=AGAIN)
    log.error("an API request failed", exc_info=error)
    detail = "Send it again under the same Idempotency-Key; nothing happens twice."
    return Problem("internal-error", detail)


def _refused(name: str, faults: Sequence[str]) -> Problem:
    """With all of the reasons, which are written for people."""
    kind = KINDS[name]
    said = [sentence(fault) for fault in faults]
    told = [{"type": type_of(name), "title": kind.title, "detail": each} for each in said]
    return Problem(name, " ".join([*said, "Nothing was changed."]), faults=told)


def _not_admitted() -> Problem:
    return Problem(
        "key-missing-or-invalid",
        "Send a key that holds as Authorization: Bearer <key>.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _too_often(error: AsksTooOften) -> Problem:
    seconds = str(math.ceil(error.wait_s))
    return Problem(
        "too-many-requests",
        f"At most {error.rate:g} requests a second; ask again in {seconds} s.",
        headers={"Retry-After": seconds},
    )


def _invalid(error: RequestValidationError) -> Problem:
    """Where and what, never the value: it may be personal."""
    if any(told["type"] == "json_invalid" for told in error.errors()):
        return Problem("malformed-request", "The body is not JSON.")
    kind = KINDS["invalid-request"]
    faults = [
        {
            "type": type_of(kind.name),
            "title": kind.title,
            "detail": f"{told['msg']}.",
            "where": ".".join(str(part) for part in told["loc"]),
        }
        for told in error.errors()
    ]
    detail = "; ".join(f"{fault['where']}: {fault['detail']}" for fault in faults[:3])
    return Problem(kind.name, detail, faults=faults)
