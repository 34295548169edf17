"""How an admin says which bookings are meant, and reading a pasted or uploaded list of them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Column names that hold a booking, lower-case, in order of preference.
ID_COLUMNS = ("booking_id", "booking id", "record id", "hs_object_id", "record_id", "id", "booking")
#: One operation takes no more than this; a larger list is split by its owner.
BOOKINGS_MAX = 20_000
#: How many faults of one list are told in full.
FAULTS_TOLD = 10

_RECORD_ID = re.compile(r"\d{1,20}")
#: ``{mock_type}-{student_id}-{Month D, YYYY}``, as the school's apps make it (design, section 3).
_BOOKING_NAME = re.compile(r".+-.+-[A-Z][a-z]+ \d{1,2}, \d{4}")


class BadList(ValueError):
    """A list of bookings that cannot be used. ``faults`` are all of them, for people."""

    def __init__(self, faults: Sequence[str]) -> None:
        """``faults``: at least one sentence, each saying where and how to mend it."""
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingList:
    """References to bookings: record ids or ``booking_id`` names, each once, in order."""

    references: tuple[str, ...]
    #: How often one was named again.
    repeated: int = 0


def is_record_id(reference: str) -> bool:
    """Whether this is a HubSpot record id rather than a ``booking_id``."""
    return _RECORD_ID.fullmatch(reference) is not None


def from_text(text: str) -> BookingList:
    """References pasted one to a line. Record ids may also be parted by commas or spaces.

    Raises:
        BadList: nothing in it, a line that is neither, or more than ``BOOKINGS_MAX``.
    """
    found: list[tuple[int, str]] = []
    for n, line in enumerate(text.splitlines(), start=1):
        parts = re.split(r"[\s,;]+", line.strip())
        alike = all(is_record_id(part) for part in parts if part)
        found += [(n, part) for part in (parts if alike else [line.strip()]) if part]
    return _checked(found, empty="nothing was pasted: give one booking to a line")


def from_csv(data: bytes) -> BookingList:
    """References in the booking column of a CSV: comma, semicolon or tab; UTF-8, UTF-16, Latin-1.

    Raises:
        BadList: empty, no header with one of ``ID_COLUMNS``, bad cells, or too many rows.
    """
    rows = [row for row in _rows(_decoded(data)) if any(cell.strip() for cell in row[1])]
    if not rows:
        raise BadList(["the file is empty: it needs a header line and one booking to a line"])
    header = [cell.strip().casefold() for cell in rows[0][1]]
    column = next((header.index(name) for name in ID_COLUMNS if name in header), None)
    if column is None:
        if len(header) == 1 and _is_reference(rows[0][1][0].strip()):
            column, body = 0, rows  # a bare list without a header
        else:
            names = ", ".join(repr(cell) for cell in rows[0][1][:8])
            raise BadList(
                [f"no booking column: found {names}; name one of them booking_id or record_id"]
            )
    else:
        body = rows[1:]
    cells = [(n, row[column].strip() if column < len(row) else "") for n, row in body]
    return _checked(cells, empty="the file has a header but no bookings below it")


def _decoded(data: bytes) -> str:
    if b"\x00" in data[:4] or data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            raise BadList(
                ["not a text file: export it as CSV (an Excel workbook cannot be read)"]
            ) from None
    if data[:4] == b"PK\x03\x04":
        raise BadList(["an Excel workbook, not a CSV: save it as CSV and try again"])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # every byte is a character there; ids are ASCII anyway


def _rows(text: str) -> list[tuple[int, list[str]]]:
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise BadList([f"line {reader.line_num} cannot be read as CSV: {error}"]) from error


def _is_reference(cell: str) -> bool:
    return is_record_id(cell) or _BOOKING_NAME.fullmatch(cell) is not None


def _checked(cells: list[tuple[int, str]], *, empty: str) -> BookingList:
    if not cells:
        raise BadList([empty])
    if len(cells) > BOOKINGS_MAX:
        most = f"one operation takes at most {BOOKINGS_MAX:,}; split the list"
        raise BadList([f"{len(cells):,} bookings: {most}"])
    bad = [(n, cell) for n, cell in cells if not _is_reference(cell)]
    if bad:
        raise BadList(_told(bad))
    once = tuple(dict.fromkeys(cell for _, cell in cells))
    return BookingList(references=once, repeated=len(cells) - len(once))


def _told(bad: list[tuple[int, str]]) -> list[str]:
    told = [
        f"line {n}: {cell[:60]!r} is neither a HubSpot record id nor a booking_id"
        if cell
        else f"line {n}: no booking"
        for n, cell in bad[:FAULTS_TOLD]
    ]
    if len(bad) > FAULTS_TOLD:
        told.append(f"and {len(bad) - FAULTS_TOLD:,} more lines like these")
    return told
