"""What a client may change: book, cancel one, cancel several of one contact. Each once.

The answer waits for the operation's end, within reason; after that it says where to ask.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from api.v1 import PATH, models, telling
from api.v1.described import SECURITY, changing, problems
from api.v1.door import ask, door_of, needing, problem_of
from api.v1.problems import MEDIA_TYPE, Problem, of_faults, sentence
from api.v1.reading import BookingPath, ContactPath
from core.access.api_key_rules import ApiKey, ApiRequest, Scope
from core.app.assembly.parts import Core
from core.credits.records import BookingId, ContactId, ExamId
from core.operations.booking_rules import Wish
from core.operations.commands import NotConfirmed
from core.operations.kinds.registry import makes_bookings
from core.operations.states import Operation
from core.students.api_requests import End, Fault, NotServed, Outcome

#: How long between two looks at an operation: most end within two seconds.
PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.3)
#: Says that this very answer was given before.
REPLAYED = {"Idempotency-Replayed": "true"}

RequestKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern=r"^[!-~]+$",
        description="Yours, new for each change; the same when you send a change again",
    ),
]
#: Begins the operation, or finds the one that was begun.
Begin = Callable[[Core, ApiKey, ApiRequest], Operation]

booking = APIRouter(tags=["change"], route_class=needing(Scope.BOOK), dependencies=[SECURITY])
cancelling = APIRouter(tags=["change"], route_class=needing(Scope.CANCEL), dependencies=[SECURITY])
#: Whoever may change something may see what became of it.
operations = APIRouter(
    tags=["change"], route_class=needing(None), dependencies=[SECURITY], responses=problems()
)


@booking.post(
    "/contacts/{contact_id}/bookings",
    status_code=201,
    response_model=models.Operation,
    responses=changing(201),
)
async def book(
    request: Request, contact_id: ContactPath, wish: models.BookingWish, key: RequestKey
) -> Response:
    """Book a seat for this contact with one of its credits.

    Credit, seat and booking come together or not at all, and once, however often it is sent.
    """

    def begin(core: Core, client: ApiKey, kept: ApiRequest) -> Operation:
        wanted = Wish(
            contact_id=ContactId(contact_id),
            exam_id=ExamId(wish.exam_id),
            attending_location=wish.attending_location,
            dominant_hand=wish.dominant_hand or "",
        )
        return core.idempotent_requests.book(
            kept, wanted, client, wish.reason or f"booked by {client.client}"
        )

    return await _changed(request, key, wish, begin)


@cancelling.post(
    "/contacts/{contact_id}/bookings/{record_id}/cancel",
    response_model=models.Operation,
    responses=changing(200),
)
async def cancel(
    request: Request,
    contact_id: ContactPath,
    record_id: BookingPath,
    cancellation: models.Cancellation,
    key: RequestKey,
) -> Response:
    """Cancel one booking of this contact and give its credit back."""
    return await _cancelled(request, key, contact_id, [record_id], cancellation)


@cancelling.post(
    "/contacts/{contact_id}/cancellations",
    response_model=models.Operation,
    responses=changing(200),
)
async def cancel_several(
    request: Request, contact_id: ContactPath, cancellations: models.Cancellations, key: RequestKey
) -> Response:
    """Cancel several bookings of this contact and give their credits back, together.

    When one of them cannot be cancelled, none is, and every reason is told.
    """
    return await _cancelled(request, key, contact_id, cancellations.record_ids, cancellations)


@operations.get("/operations/{operation_id}")
async def operation(
    request: Request, operation_id: Annotated[str, Path(pattern=r"^[0-9A-Za-z]{1,40}$")]
) -> models.Operation:
    """What became of a booking or cancellation that this client asked for."""
    return await ask(
        request,
        lambda core, key: telling.operation(core.idempotent_requests.outcome(operation_id, key)),
    )


async def _cancelled(
    request: Request, key: str, contact_id: str, ids: list[str], asked: models.Cancellation
) -> Response:
    def begin(core: Core, client: ApiKey, kept: ApiRequest) -> Operation:
        reason = asked.reason or f"cancelled by {client.client}"
        bookings = [BookingId(id_) for id_ in ids]
        return core.idempotent_requests.cancel(
            kept, ContactId(contact_id), bookings, client, reason
        )

    return await _changed(request, key, asked, begin)


# once


async def _changed(request: Request, key: str, asked: BaseModel, begin: Begin) -> Response:
    """Kept first, then begun, then waited for; a final answer is kept for repetitions."""
    print_ = fingerprint(request, asked)
    kept = await ask(
        request, lambda core, client: core.idempotent_requests.begin(client, key, print_)
    )
    if kept.status is not None and kept.answer is not None:
        return _said(kept.status, dict(kept.answer), REPLAYED)
    try:
        begun = await ask(request, lambda core, client: begin(core, client, kept))
    except (NotServed, NotConfirmed) as error:
        refused = problem_of(error)
    else:
        await _until_ended(request, begun.id)
        outcome = await ask(
            request, lambda core, client: core.idempotent_requests.outcome(begun.id, client)
        )
        if outcome.end is not End.NOT_DONE:
            return await _told(request, kept, outcome)
        refused = await ask(request, lambda core, client: _came_to_nothing(core, client, outcome))
    return await _final(request, kept, refused.kind.status, refused.body)


async def _told(request: Request, kept: ApiRequest, outcome: Outcome) -> Response:
    body = telling.operation(outcome).model_dump(mode="json")
    if outcome.end in {End.UNDER_WAY, End.UNDECIDED}:
        return _said(202, body)
    booked = makes_bookings(outcome.operation.kind)
    status = 201 if booked else 200
    if booked and outcome.made is None:
        return _said(status, body)  # a repetition tells the id
    return await _final(request, kept, status, body)


async def _final(
    request: Request, kept: ApiRequest, status: int, body: dict[str, object]
) -> Response:
    await ask(request, lambda core, _: core.idempotent_requests.keep(kept, status, body))
    return _said(status, body)


def _said(status: int, body: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    problem = status >= 400
    told = dict(headers or {})
    if not problem:
        if status == 202:
            told["Retry-After"] = "1"
        told["Location"] = f"{PATH}/operations/{body['operation_id']}"
    media_type = MEDIA_TYPE if problem else "application/json"
    return JSONResponse(body, status_code=status, headers=told, media_type=media_type)


def fingerprint(request: Request, asked: BaseModel, *more: str) -> str:
    """Of what is meant: spaces and the order of members do not matter.

    ``more``: what is meant beside the body.
    """
    meant = [request.method, request.scope["path"], asked.model_dump(mode="json"), *more]
    return hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()


def _came_to_nothing(core: Core, client: ApiKey, outcome: Outcome) -> Problem:
    """An operation that changed nothing: as it stands now tells the kind, it itself the words."""
    told = telling.operation(outcome).model_dump(mode="json")
    words = [item.why for item in outcome.items] or ["it was withdrawn before it started"]
    faults: list[Fault] = []
    booking = makes_bookings(outcome.operation.kind)
    if booking and outcome.items:
        faults = core.idempotent_requests.against(_wished(outcome), client)
    if not faults:
        return Problem("changed-meanwhile", sentence("; ".join(words)), operation=told)
    problem = of_faults(faults, operation=told)
    problem.detail = sentence("; ".join(words))
    return problem


def _wished(outcome: Outcome) -> Wish:
    (item,) = outcome.items
    return Wish(
        contact_id=item.contact_id or ContactId(""),
        exam_id=item.exam_id or ExamId(""),
        attending_location=item.attending_location,
        dominant_hand=item.dominant_hand,
    )


async def _until_ended(request: Request, operation_id: str) -> bool:
    """Whether it did within the time that a client waits. No thread waits meanwhile."""
    for pause_s in pauses(door_of(request).wait_s):
        if await ask(request, lambda core, _: core.idempotent_requests.ended(operation_id)):
            return True
        await asyncio.sleep(pause_s)
    return False


def pauses(wait_s: float) -> Iterator[float]:
    """Short ones first; together as long as ``wait_s``."""
    left = wait_s
    n = 0
    while left > 0:
        pause = min(left, PAUSES_S[min(n, len(PAUSES_S) - 1)])
        yield pause
        left -= pause
        n += 1
