"""What is wrong with a file that a person wrote: every fault, its line, and how to mend it."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Place = tuple[str | int, ...]
SHOWN_MAX = 50
_KEY = re.compile(r"""\s*(?P<key>(?:"[^"]*"|'[^']*'|[\w.-])+)\s*=""")
_JSON = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


class Unusable(Exception):
    """Files that no account can be made of. The text has one line for each fault."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        shown = "\n".join(self.problems[:SHOWN_MAX])
        more = len(self.problems) - SHOWN_MAX
        super().__init__(f"{shown}\n... and {more} more" if more > 0 else shown)


@dataclass(slots=True)
class Report:
    """Gathers the faults of one file."""

    name: str
    line_of: Callable[[Place], int | None]
    problems: list[str] = field(default_factory=list)

    def add(self, place: Place, text: str) -> None:
        """One fault, at a place such as ("objects", "pets", "id")."""
        line = self.line_of(place)
        where = f"{self.name}:{line}" if line else self.name
        self.problems.append(f"{where}: {dotted(place)}: {text}")

    def unknown(self, place: Place, given: str, known: Iterable[str], what: str) -> None:
        """A name that is none of the known ones, with the nearest of them."""
        names = sorted(known)
        near = difflib.get_close_matches(given, names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
        self.add(place, f"{given!r} is no {what}; {hint}")

    def raise_all(self) -> None:
        """Raises Unusable if there is any fault."""
        if self.problems:
            raise Unusable(self.problems)


def dotted(place: Place) -> str:
    """`contacts[3].properties.email`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "the file"


def read_toml(path: Path) -> tuple[dict[str, Any], Report]:
    """A TOML file and the report for its faults. Raises Unusable when it is no TOML."""
    text = _text(path)
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unusable([f"{path}: not TOML: {error}"]) from None
    return value, Report(str(path), lambda place: _toml_line(text, place))


def read_json(path: Path) -> tuple[Any, Report]:
    """A JSON file and the report for its faults. Raises Unusable when it is no JSON."""
    text = _text(path)
    return parse_json(text, str(path))


def parse_json(text: str, name: str) -> tuple[Any, Report]:
    """JSON text and the report for its faults. Raises Unusable when it is no JSON."""
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        where = f"{name}:{error.lineno}"
        raise Unusable([f"{where}: not JSON: {error.msg}, column {error.colno}"]) from None
    except ValueError as error:
        raise Unusable([f"{name}: {error}"]) from None
    except RecursionError:
        raise Unusable([f"{name}: nested too deeply"]) from None
    return value, Report(name, lambda place: _json_line(text, place))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"an object has the key {twice!r} twice; keep one of them")
    return made


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Unusable([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise Unusable([f"{path}: not UTF-8, at byte {error.start}"]) from None


def _toml_line(text: str, place: Place) -> int | None:
    """The line that names most of the place."""
    best: tuple[int, int | None] = (0, None)
    for number, path in _toml_paths(text):
        if len(path) > best[0] and path == place[: len(path)]:
            best = len(path), number
    return best[1]


def _toml_paths(text: str) -> Iterator[tuple[int, Place]]:
    """Each line that begins a table or sets a key, with the place that it stands for."""
    table: Place = ()
    counts: dict[Place, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith("["):
            name = _keys(bare.split("#", 1)[0].strip().strip("[]"))
            if bare.startswith("[["):
                counts[name] = counts.get(name, -1) + 1
                name = (*name, counts[name])
            table = name
            yield number, table
        elif found := _KEY.match(line):
            yield number, (*table, *_keys(found["key"]))


def _keys(text: str) -> Place:
    """The parts of a dotted TOML key."""
    parts = re.findall(r""""[^"]*"|'[^']*'|[\w-]+""", text)
    return tuple(part.strip("\"'") for part in parts)


def _json_line(text: str, place: Place) -> int | None:
    """The line where the value at the place begins, or the nearest one above it."""
    at = _skip(text, 0)
    for part in place:
        found = _member(text, at, part)
        if found is None:
            break
        at = found
    return text.count("\n", 0, at) + 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _member(text: str, at: int, part: str | int) -> int | None:
    """Where the value of a key, or of a position in a list, begins; None where there is none."""
    opening = text[at : at + 1]
    if opening != ("[" if isinstance(part, int) else "{"):
        return None
    at, index = _skip(text, at + 1), 0
    while text[at : at + 1] not in {"]", "}", ""}:
        key: str | int = index
        if opening == "{":
            key, at = _JSON.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        if key == part:
            return at
        _, at = _JSON.raw_decode(text, at)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        index += 1
    return None
