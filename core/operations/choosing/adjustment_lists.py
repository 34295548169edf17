"""Reading which balances are to be adjusted: rows of student, credit, change and reason. Pure.

A list with a fault is refused whole, with all of its faults, each by its line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from core.credits.adjustments import BadChange, Change, read_change
from core.credits.catalogue import Catalogue, CreditType
from core.credits.csv_safe import unescaped
from core.credits.errors import BadList
from core.credits.records import ContactId
from core.credits.typed_reasons import reason_faults
from core.operations.choosing import csv_records, references
from core.operations.choosing.selections import ranges

#: Faults told in full; of the others the lines.
TOLD_MAX = 100
#: Headers, in small letters and without signs, of each column.
HEADERS: Mapping[str, frozenset[str]] = {
    "student": frozenset(
        {"student", "studentid", "email", "contact", "contactid", "recordid", "hsobjectid"}
    ),
    "credit": frozenset({"credit", "credittype", "token"}),
    "change": frozenset({"change", "adjustment"}),
    "reason": frozenset({"reason"}),
}
NEEDED = ("student", "credit", "change")

#: A student by HubSpot id, or by text that may be one of several things.
Who = tuple[ContactId | None, str]
#: What is wrong with a line, for people.
Fault = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One row as somebody wrote it."""

    #: A HubSpot id, a student id or an e-mail; not looked at where ``contact_id`` is given.
    student: str = ""
    #: A credit type by its key, its name or its token.
    credit: str
    change: str
    reason: str = ""
    #: Where it stands in its file; 0: it is none's.
    line: int = 0
    #: The student's HubSpot id, where that and nothing else is meant.
    contact_id: ContactId | None = None

    @property
    def who(self) -> Who:
        """How the student is named; equal for rows that name the same one alike."""
        return (self.contact_id, "" if self.contact_id else self.student.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedList:
    """The rows of a file, and what is wrong with others of it."""

    rows: tuple[Asked, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One row whose credit and change are known; its student is still to be found."""

    asked: Asked
    credit: CreditType
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    delimiter: str
    width: int
    places: Mapping[str, int] = field(default_factory=dict)


def from_csv(data: bytes) -> AskedList:
    """The rows of a CSV file with a header, whatever its delimiter and encoding.

    Raises:
        BadList: it is no text, has not the columns, or has no rows.
    """
    try:
        read = csv_records.decoded(data)
    except csv_records.NotText as error:
        raise BadList([str(error)]) from None
    lines, skip, delimiter = csv_records.lines_of(read.text)
    begins = next((n for n in range(skip, len(lines)) if lines[n].strip(' \t\r\n,;|"')), None)
    if begins is None:
        raise BadList(["the file is empty: it needs a header line and one change to a line"])
    columns = _columns_of(lines, begins, delimiter)
    found = list(csv_records.records(lines, begins, columns.delimiter))[1:]
    records = [row for row in found if row.fault or any(cell.strip() for cell in row.cells)]
    if not records:
        raise BadList(["the file has a header but no changes below it"])
    rows, faults = [], []
    for record in records:
        if fault := record.fault or _misshapen(record, columns):
            faults.append((record.line, fault))
        else:
            rows.append(_asked(record, columns))
    return AskedList(rows=tuple(rows), faults=tuple(faults))


def _columns_of(lines: Sequence[str], begins: int, delimiter: str) -> _Columns:
    """By the delimiter that shows the most of them.

    Raises:
        BadList: columns are missing, or one of them stands there twice.
    """
    tried = [_columns(lines, begins, each) for each in delimiter or csv_records.DELIMITERS]
    best = max(tried, key=lambda each: (len(each[0].places), each[0].width))
    columns, twice = best
    missing = [name for name in NEEDED if name not in columns.places]
    if missing:
        header = "student,credit,change,reason (the reason may be missing)"
        lacking = f"the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
        raise BadList([f"the list lacks {lacking}: begin it with a line {header}"])
    if twice:
        raise BadList([f"several columns of the {name}: keep one" for name in twice])
    return columns


def _columns(lines: Sequence[str], begins: int, delimiter: str) -> tuple[_Columns, Sequence[str]]:
    first = next(csv_records.records(lines, begins, delimiter), None)
    header = [] if first is None or first.fault else [_plain(cell) for cell in first.cells]
    of = {name: [n for n, cell in enumerate(header) if cell in HEADERS[name]] for name in HEADERS}
    places = {name: found[0] for name, found in of.items() if found}
    made = _Columns(delimiter=delimiter, width=len(header), places=places)
    return made, [name for name, found in of.items() if len(found) > 1]


def _plain(header: str) -> str:
    return "".join(c for c in header.casefold() if c.isalnum())


def _misshapen(row: csv_records.Record, columns: _Columns) -> str:
    if any(cell.strip() for cell in row.cells[columns.width :]):
        return (
            f"has {len(row.cells)} cells, and the header {columns.width}: put quotes around a cell "
            f"that holds {columns.delimiter!r}"
        )
    return ""


def _asked(row: csv_records.Record, columns: _Columns) -> Asked:
    def cell(name: str) -> str:
        place = columns.places.get(name, len(row.cells))
        return row.cells[place] if place < len(row.cells) else ""

    return Asked(
        student=references.tidied(cell("student")),
        credit=references.tidied(cell("credit")),
        change=unescaped(cell("change").strip()),
        reason=unescaped(" ".join(cell("reason").split())),
        line=row.line,
    )


def read(asked: Iterable[Asked], catalogue: Catalogue) -> tuple[list[Read], list[Fault]]:
    """Those whose cells can be read, and what is wrong with the others, every cell of it."""
    found: list[Read] = []
    faults: list[Fault] = []
    known = {name: c.key for c in catalogue.credits for name in _names(c.key, c.label, c.token)}
    for one in asked:
        credit = known.get(one.credit.strip().casefold())
        wrong = list(_wrong(one))
        if credit is None:
            types = ", ".join(f"{c.key} ({c.label})" for c in catalogue.credits)
            wrong.append(f"{one.credit[:60]!r} is no credit type; the types are {types}")
        change = Change()
        try:
            change = read_change(one.change)
        except BadChange as fault:
            wrong.append(f"change {one.change[:60]!r} {fault}")
        faults += [(one.line, each) for each in wrong]
        if credit is not None and not wrong:
            found.append(Read(asked=one, credit=credit, change=change))
    return found, faults


def _names(*names: str) -> Iterator[str]:
    return (name.casefold() for name in names)


def _wrong(one: Asked) -> Iterator[str]:
    _, student = one.who
    if one.contact_id is None and not student:
        yield "no student: give a HubSpot id, a student id or an e-mail"
    elif student[:1].isdigit() and not student.isdigit() and "@" not in student:
        try:
            references.read(student)
        except references.Unclear as unclear:
            if str(unclear) != references.NEITHER:
                yield f"student {student[:60]!r} {unclear}"
    yield from reason_faults(one.reason)


def told(faults: Iterable[Fault]) -> list[str]:
    """For people, by line; of very many the lines alone."""
    by_line = sorted(faults, key=lambda fault: fault[0])
    said = [f"line {line}: {what}" if line else what for line, what in by_line[:TOLD_MAX]]
    if more := by_line[TOLD_MAX:]:
        lines = ranges(line for line, _ in more)
        said.append(f"and {len(more):,} more faults like these: lines {lines}")
    return said
