"""HubSpot's published OpenAPI documents, as a judge of answers: status, shape, unknown fields.

The documents are HubSpot's own and are not in this repository: they are read from a folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple


def is_moment(value: object) -> bool:
    """RFC 3339, with an offset."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def _validator(root: dict[str, Any]) -> Any:
    """Of this schema. jsonschema takes two seconds to load, which every run of tests would wait."""
    from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

    formats = FormatChecker(formats=())
    formats.checks("date-time", raises=ValueError)(is_moment)
    return Draft202012Validator(root, format_checker=formats)


class Fault(NamedTuple):
    """One thing in which an answer differs from the document."""

    call: str  # POST /crm/objects/{version}/{objectType}/batch/read
    status: int
    where: str  # results[].properties.phone, positions left out
    text: str

    def __str__(self) -> str:
        return f"{self.call} {self.status}: {self.where or 'the answer'}: {self.text}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path of one document."""

    method: str
    template: str
    body: Mapping[str, Any]
    document: Document
    pattern: re.Pattern[str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


@dataclass(frozen=True)
class Document:
    """One OpenAPI document."""

    root: Mapping[str, Any]

    @cached_property
    def components(self) -> dict[str, Any]:
        made: dict[str, Any] = _as_json_schema(self.root.get("components", {}))
        return made

    def resolved(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema, or the answer, behind its references."""
        while "$ref" in part:
            _, _, kind, name = str(part["$ref"]).split("/")
            part = self.components[kind][name]
        return part


@dataclass
class Published:
    """All documents of a folder."""

    operations: list[Operation] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path, version: str) -> Published:
        """The operations of one dated version; other files of the folder are passed over."""
        found = cls()
        for path in sorted(folder.rglob("*.json")):
            try:
                root = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                continue
            if isinstance(root, dict) and "openapi" in root and isinstance(root.get("paths"), dict):
                found.operations += _operations(root, version)
        return found

    def operation(self, method: str, path: str) -> Operation | None:
        """The one that the path means: with the most of it written out."""
        fitting = [o for o in self.operations if o.method == method and o.pattern.fullmatch(path)]
        return min(fitting, key=lambda o: o.template.count("{"), default=None)

    def faults(self, method: str, path: str, status: int, body: Any) -> Iterator[Fault]:
        """In what this answer differs; `body` is None for an empty one."""
        operation = self.operation(method, path)
        if operation is None:
            yield Fault(f"{method} {path}", status, "", "the documents have no such path")
            return
        answers = operation.body["responses"]
        answer = answers.get(str(status)) or (answers.get("default") if status >= 400 else None)
        if answer is None:
            declared = ", ".join(code for code in answers if code != "default")
            yield Fault(operation.name, status, "", f"this status is not declared, but {declared}")
            answer = next((a for code, a in answers.items() if code.startswith("2")), {})
        yield from _shape(operation, status, answer, body)


def _operations(root: Mapping[str, Any], version: str) -> Iterator[Operation]:
    document = Document(root)
    for template, methods in root["paths"].items():
        if f"/{version}/" not in f"{template}/":
            continue
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", template) + "/?")
        for method, body in methods.items():
            yield Operation(method.upper(), template, body, document, pattern)


def _shape(operation: Operation, status: int, answer: Any, body: Any) -> Iterator[Fault]:
    content = operation.document.resolved(answer).get("content", {})
    schema = next((one.get("schema") for one in content.values()), None)
    if schema is None:
        if body is not None and content == {} and status < 300:
            yield Fault(operation.name, status, "", "a body where none is declared")
        return
    if body is None:
        yield Fault(operation.name, status, "", "no body where one is declared")
        return
    if not isinstance(body, dict):
        yield Fault(operation.name, status, "", "no JSON object")
        return
    document = operation.document
    root = {**_as_json_schema(schema), "components": document.components}
    for error in _validator(root).iter_errors(body):
        yield Fault(operation.name, status, _place(error.absolute_path), _text(error))
    for place in sorted(set(_undeclared(document, schema, body, ()))):
        yield Fault(operation.name, status, _place(place), "a field that is not declared")


def _undeclared(
    document: Document, schema: Mapping[str, Any], value: Any, at: tuple[str | int, ...]
) -> Iterator[tuple[str | int, ...]]:
    schema = document.resolved(schema)
    if isinstance(value, list):
        for entry in value:
            yield from _undeclared(document, schema.get("items", {}), entry, (*at, 0))
    properties = schema.get("properties")
    if not isinstance(value, dict) or not properties or "additionalProperties" in schema:
        return
    for key, inside in value.items():
        if key not in properties:
            yield (*at, key)
        else:
            yield from _undeclared(document, properties[key], inside, (*at, key))


def _place(parts: Any) -> str:
    text = "".join("[]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")


def _text(error: Any) -> str:
    """What is wrong, without the value that differs from run to run."""
    if error.validator == "required":
        return str(error.message)
    shown = json.dumps(error.instance)[:40]
    return f"{error.validator} {json.dumps(error.validator_value)[:60]}, is {shown}"


def _as_json_schema(value: Any) -> Any:
    """OpenAPI's dialect in JSON Schema's: `nullable` is a type, examples say nothing."""
    if isinstance(value, list):
        return [_as_json_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {k: _as_json_schema(v) for k, v in value.items() if k not in {"example", "nullable"}}
    if value.get("nullable") is True and isinstance(value.get("type"), str):
        made["type"] = [value["type"], "null"]
    return made
