"""A request as the handlers see it, and the answer that they give. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import orjson

from sandbox.hubspot import errors
from sandbox.hubspot.rows import Source

INT64_MAX = 2**63 - 1
_DATED = re.compile(r"/20\d\d-\d\d(/|$)")
_VERSION = re.compile(r"/(v\d|20\d\d-\d\d)(?:/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, past the token check."""

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: bytes
    source: Source
    base_url: str = ""

    @property
    def dated(self) -> bool:
        """Whether the path names a dated version, and not v3 or v4."""
        return _DATED.search(self.path) is not None

    @property
    def version(self) -> str:
        """The version in the path: v3, v4 or a date."""
        found = _VERSION.search(self.path)
        return found[1] if found else ""

    def next_link(self, after: str) -> str:
        """Where the next page is: the same question, from `after` on."""
        asked = urlencode({**self.query, "after": [after]}, doseq=True)
        return f"{self.base_url}{self.path}?{asked}"

    def json(self) -> dict[str, Any]:
        """The body as an object. Raises ApiError 400."""
        value = self.json_value()
        if not isinstance(value, dict):
            raise errors.invalid_json(": the body is not an object")
        return value

    def json_value(self) -> Any:
        """The body, whatever JSON it is. Raises ApiError 400."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            where = f" on line {error.lineno}, column {error.colno}: {error.msg}"
            raise errors.invalid_json(where) from None

    def names(self, key: str) -> list[str]:
        """A list in the query: repeated, or joined by commas."""
        return [name for part in self.query.get(key, ()) for name in part.split(",") if name]

    def flag(self, key: str) -> bool:
        """A boolean in the query."""
        text = self.query.get(key, ["false"])[-1].lower()
        if text not in {"true", "false"}:
            raise errors.validation(f'{key}: "{text}" is not a boolean')
        return text == "true"

    def number(self, key: str, *, default: int, most: int, least: int = 0) -> int:
        """A whole number in the query."""
        return whole(self.query.get(key, [str(default)])[-1], key, most=most, least=least)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. A body of None is an empty one; bytes go out as they are."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def read_query(text: bytes) -> dict[str, list[str]]:
    """The query string, with nothing refused: HubSpot ignores what it does not know."""
    return parse_qs(text.decode("latin-1"), keep_blank_values=True, errors="replace")


def whole(value: object, key: str, *, most: int = INT64_MAX, least: int = 0) -> int:
    """A whole number within bounds. Raises ApiError 400."""
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise errors.validation(f'{key}: "{text}" is not a valid number')
    number = int(text)
    if not least <= number <= most:
        raise errors.validation(f"{key} must be between {least} and {most}, was {number}")
    return number


def object_id(text: str) -> int:
    """An id in a path. Raises ApiError 404, as HubSpot does for ids that are no numbers."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise errors.object_not_found()
    return int(text)
