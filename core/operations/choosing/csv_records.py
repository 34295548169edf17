"""The text of a CSV file, record by record, each with the line where it begins. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.operations.choosing.references import mentions_name

DELIMITERS = ",;\t|"
#: HubSpot's record ids have more digits; house numbers and marks of prose have fewer.
DIGITS_MIN = 5
#: More broken quotes than this, and the rest of the file is not tried.
BROKEN_MAX = 20
_SEP = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)


class NotText(ValueError):
    """Bytes that are no text; the words say what they seem to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The text of a file."""

    text: str
    #: Whether its letters beyond ASCII are as they were written.
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row, or why the line where it begins cannot be read."""

    line: int
    cells: tuple[str, ...] = ()
    fault: str = ""


def decoded(data: bytes) -> Decoded:
    """UTF-8, UTF-16 or UTF-32, marked or not; else as Windows wrote it.

    Raises:
        NotText: a workbook, or something else that is not text.
    """
    if data[:4] == b"PK\x03\x04":
        raise NotText("an Excel workbook, not a CSV: save it as CSV and try again")
    encoding = _encoding(data)
    if encoding:
        try:
            return Decoded(text=data.decode(encoding), certain=True)
        except UnicodeDecodeError:
            raise NotText(
                "not a text file: export it as CSV (an Excel workbook cannot be read)"
            ) from None
    try:
        return Decoded(text=data.decode("utf-8-sig"), certain=True)
    except UnicodeDecodeError:
        return Decoded(text=data.decode("cp1252", errors="replace"), certain=False)


def _encoding(data: bytes) -> str:
    """Of what is marked, or has zeros where only UTF-16 has them."""
    if data[:4] in {b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"}:
        return "utf-32"
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "utf-16"
    if b"\x00" in data[:4]:
        return "utf-16-be" if data[:1] == b"\x00" else "utf-16-le"
    return ""


def lines_of(text: str) -> tuple[list[str], int, str]:
    """Its lines with their ends, how many come before the header, and the delimiter they name."""
    lines = list(io.StringIO(text, newline=""))
    if lines and (found := _SEP.fullmatch(lines[0])):
        return lines, 1, found[1]
    return lines, 0, ""


def records(lines: Sequence[str], skip: int, delimiter: str) -> Iterator[Record]:
    """Each row of ``lines`` after the first ``skip``; a broken one alone is lost, and told."""
    at, broken = skip, 0
    while at < len(lines):
        reader = csv.reader(iter(lines[at:]), delimiter=delimiter, strict=True)
        begins = at
        try:
            for cells in reader:
                line, at = at + 1, begins + reader.line_num
                yield Record(line=line, cells=tuple(cells), fault=_swallowed(cells, delimiter))
        except csv.Error as error:
            broken += 1
            yield Record(line=at + 1, fault=_broken(str(error)))
            if broken >= BROKEN_MAX:
                if at + 1 < len(lines):
                    told = f"and the lines after it, up to {len(lines)}, were not read"
                    yield Record(line=at + 2, fault=told)
                return
            at += 1


def _broken(error: str) -> str:
    if "unexpected end" in error:
        return "a quote is opened and never closed; close or remove it"
    if "expected after" in error:
        return "a quote is opened and not closed where the cell ends; close, double or remove it"
    return f"cannot be read as CSV: {error}"


def _swallowed(cells: Sequence[str], delimiter: str) -> str:
    """A cell of several lines that holds whole rows: a quote before them was never closed."""
    for cell in cells:
        inner = cell.splitlines()
        if len(inner) > 1 and any(_is_row(line, delimiter) for line in inner):
            return (
                f"one cell holds {len(inner):,} lines that look like rows, so a quote in it is not "
                "closed; close or remove it"
            )
    return ""


def _is_row(line: str, delimiter: str) -> bool:
    """With a record id of its own between delimiters, or the name of a booking."""
    parts = [part.strip().strip("\"'") for part in line.split(delimiter)]
    ids = any(part.isdecimal() and len(part) >= DIGITS_MIN for part in parts)
    return len(parts) > 1 and (ids or mentions_name(line))
