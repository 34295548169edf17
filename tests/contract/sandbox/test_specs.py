"""The judge of answers by HubSpot's documents: what it finds, and that every path is asked.

HubSpot's documents are not here, so the judge is tried on one of our own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.specs import __main__ as command
from tests.specs.known import KNOWN, reason
from tests.specs.published import Fault, Published

ERROR = {"$ref": "#/components/responses/Error"}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.1",
    "paths": {
        "/crm/things/2026-09/{thingId}": {
            "get": {
                "responses": {
                    "200": {"content": {"*/*": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "default": ERROR,
                }
            },
            "delete": {"responses": {"204": {"description": "gone", "content": {}}}},
        },
        "/crm/things/2026-09/first": {"get": {"responses": {"202": {"content": {}}}}},
        "/crm/things/2026-03/{thingId}": {"get": {"responses": {"200": {"content": {}}}}},
    },
    "components": {
        "schemas": {
            "Thing": {
                "required": ["id", "at"],
                "type": "object",
                "properties": {
                    "id": {"type": "string", "example": None},
                    "at": {"type": "string", "format": "date-time"},
                    "note": {"type": "string", "nullable": True},
                    "values": {"type": "object", "additionalProperties": {"type": "string"}},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                },
            },
            "Part": {"type": "object", "properties": {"size": {"type": "integer"}}},
            "Error": {"required": ["message"], "properties": {"message": {"type": "string"}}},
        },
        "responses": {
            "Error": {"content": {"*/*": {"schema": {"$ref": "#/components/schemas/Error"}}}}
        },
    },
}
GOOD = {
    "id": "1",
    "at": "2026-11-23T12:00:00Z",
    "note": None,
    "values": {"any": "x"},
    "parts": [{"size": 1}],
}


@pytest.fixture
def published(tmp_path: Path) -> Published:
    folder = tmp_path / "deep" / "down"
    folder.mkdir(parents=True)
    (folder / "things.json").write_text(json.dumps(DOCUMENT))
    (folder / "other.json").write_text('{"info": 1}')
    (folder / "broken.json").write_text("{")
    return Published.read(tmp_path, "2026-09")


def told(published: Published, status: int, body: Any, method: str = "GET") -> list[str]:
    path = "/crm/things/2026-09/1"
    return [f"{one.where}: {one.text}" for one in published.faults(method, path, status, body)]


def test_an_answer_that_fits_has_no_fault(published: Published) -> None:
    assert [] == told(published, 200, GOOD)
    assert [] == told(published, 404, {"message": "no"})
    assert [] == told(published, 204, None, "DELETE")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": 1}, 'id: type "string", is 1'),
        ({"id": None}, 'id: type "string", is null'),
        ({"at": "yesterday"}, 'at: format "date-time", is "yesterday"'),
        ({"at": "2026-11-23T12:00:00"}, 'at: format "date-time", is "2026-11-23T12:00:00"'),
        ({"values": {"any": 1}}, 'values.any: type "string", is 1'),
        ({"parts": [{"size": "x"}]}, 'parts[].size: type "integer", is "x"'),
        ({"parts": [{}, {"hue": 1}]}, "parts[].hue: a field that is not declared"),
        ({"colour": "red"}, "colour: a field that is not declared"),
    ],
)
def test_an_answer_that_differs_is_told(published: Published, change: Any, fault: str) -> None:
    assert [fault] == told(published, 200, {**GOOD, **change})


def test_a_status_a_body_and_a_path_that_are_not_declared_are_told(published: Published) -> None:
    assert [": this status is not declared, but 200"] == told(published, 201, GOOD)
    assert [": no body where one is declared"] == told(published, 200, None)
    assert [": a body where none is declared"] == told(published, 204, {"x": 1}, "DELETE")
    assert [": 'message' is a required property"] == told(published, 500, {})
    assert [": no JSON object"] == told(published, 500, b"<html>")
    assert [": the documents have no such path"] == told(published, 200, GOOD, "PATCH")


def test_a_path_that_is_written_out_goes_before_a_pattern(published: Published) -> None:
    assert [] == list(published.faults("GET", "/crm/things/2026-09/first", 202, None))


def test_every_known_difference_has_its_source_and_fits_no_other_fault() -> None:
    assert all(one.why.endswith(")") for one in KNOWN)
    assert reason(Fault("GET /crm/things/2026-09/{id}", 200, "id", 'type "string", is 1')) is None


def test_the_command_wants_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == command.main([str(tmp_path)])
    assert "no OpenAPI document of version 2026-03 there" in capsys.readouterr().err


@pytest.mark.parametrize("version", command.VERSIONS)
def test_every_served_path_is_asked_with_success(
    version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = command.toured(version)

    assert not command.unasked(version, answers), capsys.readouterr().out
    assert {200, 201, 202, 204, 207, 400, 401, 403, 404, 409, 423, 429, 477, 503} <= {
        one.status for one in answers
    }
