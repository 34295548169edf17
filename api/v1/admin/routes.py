"""What an admin app may ask, each request in the name of an admin (``Acting-Admin``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from api.v1 import PATH
from api.v1.admin import models, telling
from api.v1.changing import REPLAYED, RequestKey, fingerprint
from api.v1.described import REFUSED, SECURITY, problems
from api.v1.door import ask, needing, problem_of
from api.v1.problems import MEDIA_TYPE, Problem
from core.access.api_key_rules import ApiRequest, Scope
from core.app.assembly.parts import Core
from core.credits.errors import BadList, StateConflict, UnknownId
from core.credits.records import ContactId, ExamId
from core.credits.roles import Actor
from core.operations.choosing.adjustment_lists import Asked
from core.operations.choosing.select import ByContact, ByExam, ByReference, Selection
from core.operations.commands import NotConfirmed
from core.operations.states import ItemState
from core.operations.verdicts import Verdict
from core.students.admin_requests import Chosen

T = TypeVar("T")

ActingAdmin = Annotated[
    str,
    Header(
        alias="Acting-Admin",
        min_length=3,
        max_length=254,
        pattern=r"^[!-~]+$",
        description="E-mail of the admin who acts; an admin of Credit Desk at this moment",
    ),
]
PlanPath = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{1,40}$")]
OperationPath = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{1,40}$")]
Limit = Annotated[int, Query(ge=1, le=500, description="Rows of one page")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="Rows before this page")]
#: What is refused for good, so that a repetition is refused alike.
REFUSALS = (BadList, NotConfirmed, StateConflict)

router = APIRouter(
    prefix="/admin",
    tags=["admin"],
    route_class=needing(Scope.ADMIN),
    dependencies=[SECURITY],
    responses=problems(),
)


@router.post(
    "/plans",
    status_code=201,
    response_model=models.Plan,
    responses=REFUSED,
)
async def preview(
    request: Request, wish: models.PlanWish, key: RequestKey, admin: ActingAdmin
) -> Response:
    """Preview what would be done with these bookings. Changes nothing.

    Confirm it within an hour. Every booking that was chosen has a row with its verdict.
    """
    chosen = Chosen(
        kind=wish.kind,
        selection=_selection(wish),
        include=frozenset(wish.include),
        without=wish.without_record_ids,
        to=None if wish.to_exam_id is None else ExamId(wish.to_exam_id),
    )
    return await _previewed(request, wish, key, admin, chosen)


@router.post(
    "/plans/adjustments",
    status_code=201,
    response_model=models.Plan,
    responses=REFUSED,
)
async def preview_adjustment(
    request: Request, wish: models.AdjustmentWish, key: RequestKey, admin: ActingAdmin
) -> Response:
    """Preview changes of balances: each before and after, never below 0. Changes nothing.

    A fault names its change by its line, the first being 1; all of them are told.
    """
    asked = [
        Asked(
            contact_id=None if one.contact_id is None else ContactId(one.contact_id),
            student=one.student,
            credit=one.credit,
            change=one.change,
            reason=one.reason,
            line=n,
        )
        for n, one in enumerate(wish.changes, 1)
    ]
    return await _previewed(request, wish, key, admin, asked)


@router.get("/plans/{plan_id}")
async def plan(request: Request, plan_id: PlanPath, admin: ActingAdmin) -> models.Plan:
    """A preview, with its totals."""
    return await _looked(
        request,
        admin,
        lambda core, actor: telling.plan(core.admin_requests.plan(plan_id, actor), core),
    )


@router.get("/plans/{plan_id}/rows")
async def plan_rows(
    request: Request,
    plan_id: PlanPath,
    admin: ActingAdmin,
    verdict: Annotated[list[Verdict] | None, Query(description="Rows with these alone")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> models.PlanRows:
    """A page of a preview's rows."""

    def look(core: Core, actor: Actor) -> models.PlanRows:
        kind, rows = core.admin_requests.rows(
            plan_id, actor, verdicts=verdict or (), limit=limit + 1, offset=offset
        )
        told = [telling.plan_row(row, kind) for row in rows[:limit]]
        return models.PlanRows(rows=told, next_offset=_next(rows, limit, offset))

    return await _looked(request, admin, look)


@router.post(
    "/operations", status_code=202, response_model=models.AdminOperation, responses=REFUSED
)
async def confirm(
    request: Request, confirmation: models.Confirmation, key: RequestKey, admin: ActingAdmin
) -> Response:
    """Confirm a preview: it becomes an operation of the same id, once.

    It is held for some seconds, in which it can be stopped; a large one awaits a second admin,
    who approves it on the pages.
    """

    def act(core: Core, actor: Actor, kept: ApiRequest) -> models.AdminOperation:
        confirmed = core.admin_requests.confirm(
            kept,
            confirmation.plan_id,
            actor,
            reason=confirmation.reason,
            typed=confirmation.typed,
            tell=confirmation.tell_students,
        )
        return _followed(core, actor, confirmed.id)

    return await _once(request, confirmation, key, admin, act, 202)


@router.get("/operations/{operation_id}")
async def operation(
    request: Request, operation_id: OperationPath, admin: ActingAdmin
) -> models.AdminOperation:
    """Where an operation stands, whoever confirmed it."""
    return await _looked(request, admin, lambda core, actor: _followed(core, actor, operation_id))


@router.get("/operations/{operation_id}/rows")
async def operation_rows(
    request: Request,
    operation_id: OperationPath,
    admin: ActingAdmin,
    state: Annotated[list[ItemState] | None, Query(description="Rows in these alone")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> models.Items:
    """A page of an operation's rows, with what became of each."""

    def look(core: Core, actor: Actor) -> models.Items:
        kind, found = core.admin_requests.items(
            operation_id, actor, states=state or (), limit=limit + 1, offset=offset
        )
        told = [telling.item(one, kind) for one in found[:limit]]
        return models.Items(rows=told, next_offset=_next(found, limit, offset))

    return await _looked(request, admin, look)


@router.post(
    "/operations/{operation_id}/stop",
    response_model=models.AdminOperation,
    responses=REFUSED,
)
async def stop(
    request: Request,
    operation_id: OperationPath,
    stopping: models.Stopping,
    key: RequestKey,
    admin: ActingAdmin,
) -> Response:
    """Finish what was begun, and begin nothing else; before it began, withdraw it.

    What is done stays done. Of one that has ended, follow-ups that are still tried are given up.
    """

    def act(core: Core, actor: Actor, kept: ApiRequest) -> models.AdminOperation:
        core.admin_requests.stop(kept, operation_id, actor, reason=stopping.reason)
        return _followed(core, actor, operation_id)

    return await _once(request, stopping, key, admin, act, 200)


@router.post(
    "/operations/{operation_id}/retry",
    response_model=models.AdminOperation,
    responses=REFUSED,
)
async def retry(
    request: Request,
    operation_id: OperationPath,
    retrying: models.Retrying,
    key: RequestKey,
    admin: ActingAdmin,
) -> Response:
    """Carry on what failed, was blocked while it ran, or was stopped, and nothing else.

    What its preview blocked needs a new preview.
    """

    def act(core: Core, actor: Actor, kept: ApiRequest) -> models.AdminOperation:
        core.admin_requests.retry(kept, operation_id, actor)
        return _followed(core, actor, operation_id)

    return await _once(request, retrying, key, admin, act, 200)


def _selection(wish: models.PlanWish) -> Selection:
    """The one way in which bookings are chosen."""
    if wish.exam_ids:
        return ByExam(ids=tuple(map(ExamId, wish.exam_ids)))
    if wish.contact_ids:
        return ByContact(ids=tuple(map(ContactId, wish.contact_ids)))
    return ByReference(references=tuple(dict.fromkeys((*wish.record_ids, *wish.booking_ids))))


async def _previewed(
    request: Request,
    wish: BaseModel,
    key: str,
    admin: str,
    asked: Chosen | Sequence[Asked],
) -> Response:
    def act(core: Core, actor: Actor, kept: ApiRequest) -> models.Plan:
        return telling.plan(core.admin_requests.preview(kept, asked, actor), core)

    return await _once(request, wish, key, admin, act, 201)


def _followed(core: Core, actor: Actor, operation_id: str) -> models.AdminOperation:
    return telling.operation(core.admin_requests.followed(operation_id, actor))


def _next(found: Sequence[object], limit: int, offset: int) -> int | None:
    """Where the next page begins. ``found``: with one more than the page holds, if there is."""
    return offset + limit if len(found) > limit else None


async def _looked(request: Request, admin: str, look: Callable[[Core, Actor], T]) -> T:
    try:
        return await ask(
            request, lambda core, key: look(core, core.admin_requests.admin(key, admin))
        )
    except UnknownId as error:
        raise _unknown(request) from error


async def _once(
    request: Request,
    asked: BaseModel,
    key: str,
    admin: str,
    act: Callable[[Core, Actor, ApiRequest], BaseModel],
    status: int,
) -> Response:
    """Kept first, then done; the answer, or the refusal, is kept for repetitions."""
    print_ = fingerprint(request, asked, admin.casefold())
    actor = await ask(request, lambda core, client: core.admin_requests.admin(client, admin))
    kept = await ask(
        request, lambda core, client: core.idempotent_requests.begin(client, key, print_)
    )
    if kept.status is not None and kept.answer is not None:
        return _said(kept.status, dict(kept.answer), replayed=True)
    try:
        done = await ask(request, lambda core, _: act(core, actor, kept))
    except UnknownId as error:
        raise _unknown(request) from error
    except REFUSALS as error:
        problem = problem_of(error)
        status, body = problem.kind.status, problem.body
    else:
        body = done.model_dump(mode="json")
    await ask(request, lambda core, _: core.idempotent_requests.keep(kept, status, body))
    return _said(status, body)


def _said(status: int, body: dict[str, object], *, replayed: bool = False) -> Response:
    told = dict(REPLAYED) if replayed else {}
    if status >= 400:
        return JSONResponse(body, status, told, media_type=MEDIA_TYPE)
    if id_ := body.get("operation_id"):
        told["Location"] = f"{PATH}/admin/operations/{id_}"
    return JSONResponse(body, status, told)


def _unknown(request: Request) -> Problem:
    """A plan, or an operation."""
    path = request.scope["path"]
    plans = "/plans" in path or path.endswith("/admin/operations")
    return Problem("plan-not-found" if plans else "operation-not-found")
