"""Pipelines and their stages. They are read only here: every account has these."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot import errors
from sandbox.hubspot.calls import Answer, Call
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.standard.pipelines import PIPELINES, Pipeline, Stage
from sandbox.hubspot.values import iso


def page(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    found = enumerate(PIPELINES.get(kind.type.id, ()))
    return Answer(200, {"results": [_pipeline(kind, one, order) for order, one in found]})


def get(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    return Answer(200, _pipeline(kind, *_find(kind, call)))


def stages(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    pipeline, _ = _find(kind, call)
    found = enumerate(pipeline.stages)
    return Answer(200, {"results": [_stage(kind, one, order) for order, one in found]})


def stage(desk: Desk, call: Call) -> Answer:
    kind = desk.kind(call)
    pipeline, _ = _find(kind, call)
    wanted = call.params["stage"]
    for order, one in enumerate(pipeline.stages):
        if one.id == wanted:
            return Answer(200, _stage(kind, one, order))
    raise errors.object_not_found(f"No stage with ID {wanted} exists")


def _find(kind: Kind, call: Call) -> tuple[Pipeline, int]:
    wanted = call.params["id"]
    for order, one in enumerate(PIPELINES.get(kind.type.id, ())):
        if one.id == wanted:
            return one, order
    raise errors.object_not_found(f"No pipeline with ID {wanted} exists")


def _pipeline(kind: Kind, pipeline: Pipeline, order: int) -> dict[str, Any]:
    return {
        "label": pipeline.label,
        "displayOrder": order,
        "id": pipeline.id,
        "stages": [_stage(kind, one, place) for place, one in enumerate(pipeline.stages)],
        **_made(kind),
    }


def _stage(kind: Kind, stage: Stage, order: int) -> dict[str, Any]:
    return {
        "label": stage.label,
        "displayOrder": order,
        "metadata": stage.metadata,
        "id": stage.id,
        **_made(kind),
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    }


def _made(kind: Kind) -> dict[str, Any]:
    moment = iso(kind.created_at)
    return {"createdAt": moment, "updatedAt": moment, "archived": False}
