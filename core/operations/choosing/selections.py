"""How an admin says which bookings are meant, and reading a pasted or uploaded list of them.

Rows in = rows accounted for: each is a booking, names one again, or is a fault with its line. A
list with a fault is refused whole, with all of its faults.

Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.credits.errors import BadList
from core.operations.choosing import csv_records, references
from core.operations.choosing.csv_records import Record
from core.operations.choosing.references import Unclear, is_record_id

#: How many faults of one list are told in full; of the others the lines.
FAULTS_TOLD = 10

#: Headers of a column of HubSpot's record ids, as ``_plain`` has them: ours, the property's name,
#: and what HubSpot's own export calls "Record ID" in the languages of its accounts.
RECORD_HEADERS = frozenset(
    {
        "recordid",
        "hsobjectid",
        "bookingrecordid",
        "datensatzid",
        "idenregistrement",
        "iddenregistrement",
        "iddelenregistrement",
        "iddefichedinformations",
        "iddelafichedinformations",
        "idderegistro",
        "iddelregistro",
        "iddoregistro",
        "idrecord",
        "iddelrecord",
        "postid",
        "postensid",
        "idrekordu",
        "identyfikatorrekordu",
        "tietueentunnus",
        "tietuetunnus",
        "レコードid",
        "记录id",
        "記錄id",
        "레코드id",
    }
)
NAME_HEADERS = frozenset({"bookingid"})
#: Looked at only where there is none of the others.
OTHER_HEADERS = frozenset({"id", "booking"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingList:
    """References to bookings: record ids or ``booking_id`` names, each once, in order."""

    references: tuple[str, ...]
    #: The line of each.
    lines: tuple[int, ...] = ()
    #: The lines that name one of them again.
    again: tuple[int, ...] = ()

    @property
    def repeated(self) -> int:
        """How often one was named again."""
        return len(self.again)

    @property
    def rows(self) -> int:
        """All that was given: the bookings, and those named again."""
        return len(self.references) + len(self.again)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One row of a list, read."""

    line: int
    reference: str = ""
    #: What was there, and why it names no booking; empty: it does.
    cell: str = ""
    why: str = ""

    @property
    def told(self) -> str:
        """The fault as people read it."""
        if self.why == references.MISSING or not self.cell:
            return f"line {self.line}: {self.why}"
        between = ": " if self.why.startswith("a ") else " "
        return f"line {self.line}: {self.cell[:60]!r}{between}{self.why}"


def from_text(text: str) -> BookingList:
    """References pasted one to a line. Record ids may also be separated by commas or spaces.

    A table with a header is read as ``from_csv`` reads it.

    Raises:
        BadList: nothing in it, or a line that is neither.
    """
    lines, skip, delimiter = csv_records.lines_of(text)
    if skip or _columns_of(lines, skip, delimiter):
        return _from_table(lines, skip, delimiter, certain=True)
    found = [one for n, line in enumerate(text.splitlines(), start=1) for one in _pasted(n, line)]
    return _checked(found, empty="nothing was pasted: give one booking to a line")


def from_csv(data: bytes) -> BookingList:
    """References in the booking columns of a CSV, whatever its delimiter and encoding.

    Of a row with a record id and a ``booking_id`` the record id counts, where it can be read.

    Raises:
        BadList: empty, no column of bookings, or bad cells.
    """
    try:
        read = csv_records.decoded(data)
    except csv_records.NotText as error:
        raise BadList([str(error)]) from None
    return _from_table(*csv_records.lines_of(read.text), certain=read.certain)


def _pasted(n: int, line: str) -> Iterator[_Found]:
    text = references.tidied(line)
    if not text:
        return
    parts = [part for part in re.split(r"[\s,;]+", text) if part]
    if len(parts) > 1 and references.several(text):
        why = (
            "may be one number with thousands separators, or several record ids; "
            "write one to a line, in digits alone"
        )
        yield _Found(line=n, cell=line.strip(), why=why)
    elif len(parts) > 1 and all(map(is_record_id, parts)):
        yield from (_read(n, part) for part in parts)
    else:
        yield _read(n, line)


def _read(line: int, cell: str) -> _Found:
    try:
        return _Found(line=line, reference=references.read(cell))
    except Unclear as unclear:
        return _Found(line=line, cell=cell.strip(), why=str(unclear))


# tables


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Where a table has its bookings."""

    delimiter: str
    width: int
    records: tuple[int, ...]
    names: tuple[int, ...]


def _from_table(lines: Sequence[str], skip: int, delimiter: str, *, certain: bool) -> BookingList:
    begins = next((n for n in range(skip, len(lines)) if lines[n].strip(' \t\r\n,;|"')), None)
    if begins is None:
        raise BadList(["the file is empty: it needs a header line and one booking to a line"])
    columns = _columns_of(lines, begins, delimiter)
    if columns is None:
        if _bare(lines[begins]):
            found = [_read(n + 1, line) for n, line in enumerate(lines) if n >= begins]
            kept = [one for one in found if one.why != references.MISSING]
            return _checked(kept, empty="", certain=certain)
        raise BadList([_no_column(lines[begins], delimiter)])
    rows = list(csv_records.records(lines, begins, columns.delimiter))[1:]
    found = [_of(row, columns) for row in rows if row.fault or any(c.strip() for c in row.cells)]
    return _checked(found, empty="the file has a header but no bookings below it", certain=certain)


def _bare(line: str) -> bool:
    """Whether the first line of a file is a booking already: a list without a header."""
    try:
        references.read(line)
    except Unclear:
        return False
    return True


def _columns_of(lines: Sequence[str], begins: int, delimiter: str) -> _Columns | None:
    """By the delimiter that shows a column of bookings, the most telling first."""
    found = [_columns(lines, begins, each) for each in delimiter or csv_records.DELIMITERS]
    known = [columns for columns in found if columns is not None]
    return max(known, key=lambda columns: columns.width, default=None)


def _columns(lines: Sequence[str], begins: int, delimiter: str) -> _Columns | None:
    first = next(csv_records.records(lines, begins, delimiter), None)
    if first is None or first.fault:
        return None
    header = [_plain(cell) for cell in first.cells]
    records = _among(header, RECORD_HEADERS)
    names = _among(header, NAME_HEADERS)
    if not records and not names:
        names = _among(header, OTHER_HEADERS)[:1]
    if not records and not names:
        return None
    return _Columns(delimiter=delimiter, width=len(header), records=records, names=names)


def _among(header: Sequence[str], known: frozenset[str]) -> tuple[int, ...]:
    return tuple(n for n, name in enumerate(header) if name in known)


def _plain(header: str) -> str:
    """A header without case, accents, spaces and signs."""
    apart = unicodedata.normalize("NFKD", header).casefold()
    return "".join(c for c in unicodedata.normalize("NFC", _unaccented(apart)) if c.isalnum())


def _unaccented(text: str) -> str:
    """Latin letters without their accents; the marks of other scripts are part of a letter."""
    return re.sub(r"(?<=[a-z])[\u0300-\u036f]+", "", text)


def _no_column(line: str, delimiter: str) -> str:
    by = delimiter or max(csv_records.DELIMITERS, key=line.count)
    cells = [cell.strip().strip('"') for cell in line.strip("\ufeff\r\n").split(by)]
    names = ", ".join(repr(cell[:40]) for cell in cells[:8])
    return (
        f"no booking column: found {names}; name one of them booking_id or record_id, or export "
        "the Record ID of the bookings from HubSpot"
    )


def _of(row: Record, columns: _Columns) -> _Found:
    """The booking of a row. One whose cells have moved is not looked at: which is which?"""
    if row.fault:
        return _Found(line=row.line, why=row.fault)
    cells = _realigned(row.cells, columns)
    if any(cell.strip() for cell in cells[columns.width :]):
        why = (
            f"has {len(cells)} cells, and the header {columns.width}: put quotes around a cell "
            f"that holds {columns.delimiter!r}"
        )
        return _Found(line=row.line, why=why)
    ids = [_cell(row.line, cells, n) for n in columns.records]
    known = {one.reference for one in ids if not one.why and is_record_id(one.reference)}
    if len(known) > 1:
        why = f"names several records: {', '.join(sorted(known))}; keep one column of record ids"
        return _Found(line=row.line, why=why)
    names = [_cell(row.line, cells, n) for n in columns.names]
    either = [*ids, *names]
    certain = [one for one in either if not one.why]
    told = [one for one in either if one.why != references.MISSING]
    return (certain or told or either)[0]


def _realigned(cells: Sequence[str], columns: _Columns) -> Sequence[str]:
    """In a table of one column a name's own comma parts nothing."""
    if columns.width == 1 and len(cells) > 1:
        whole = columns.delimiter.join(cells)
        if references.is_name(references.tidied(whole)):
            return [whole]
    return cells


def _cell(line: int, cells: Sequence[str], column: int) -> _Found:
    return _read(line, cells[column] if column < len(cells) else "")


# what was found


def _checked(found: Sequence[_Found], *, empty: str, certain: bool = True) -> BookingList:
    if not found:
        raise BadList([empty])
    bad = [one for one in found if one.why or not (certain or one.reference.isascii())]
    if bad:
        raise BadList(_told(bad))
    return _listed(found)


def _listed(found: Sequence[_Found]) -> BookingList:
    lines: dict[str, int] = {}
    again = []
    for one in found:
        if one.reference in lines:
            again.append(one.line)
        else:
            lines[one.reference] = one.line
    return BookingList(references=tuple(lines), lines=tuple(lines.values()), again=tuple(again))


def _told(bad: Sequence[_Found]) -> list[str]:
    """Up to ten faults in full; of the others the lines, so that all are corrected at once."""
    unread = "has letters that cannot be read; save the file as UTF-8"
    told = [
        one.told if one.why else f"line {one.line}: {one.reference[:60]!r} {unread}"
        for one in bad[:FAULTS_TOLD]
    ]
    if more := bad[FAULTS_TOLD:]:
        told.append(f"and {len(more):,} more lines like these: {ranges(one.line for one in more)}")
    return told


def ranges(lines: Iterable[int]) -> str:
    """Line numbers in short: "3, 7-9"."""
    numbers = sorted(set(lines))
    ends = [n for n, (a, b) in enumerate(pairwise(numbers), start=1) if b != a + 1]
    runs = [numbers[a:b] for a, b in pairwise([0, *ends, len(numbers)])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs if run)
