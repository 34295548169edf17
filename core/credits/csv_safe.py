"""CSV for people who open it in a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

#: A cell that begins so is a formula to a spreadsheet.
_WIDE = (  # to some spreadsheets these are, too
    "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
    "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
_FORMULA = re.escape("=+-@" + _WIDE)
#: Where a cell may begin: a spreadsheet of a country whose lists are parted by semicolons, or one
#: told to part at tabs, begins cells of its own inside ours, and reads on past quotes and spaces.
_BEGINS = rf"(?:^(?={{0}}['\" ]*[{_FORMULA}\t\r\n])|(?<=[;|\t\r\n])(?={{0}}['\" ]*[{_FORMULA}]))"
_RUNS = re.compile(_BEGINS.format(""))
_QUOTED = re.compile(f"{_BEGINS.format(chr(39))}'")


#: Rows that are made into text in one go.
PORTION = 1000
#: Before everything: it tells Excel that what follows is UTF-8, so that it shows every name.
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, and rows that may still be read while they are written."""

    columns: Sequence[str]
    rows: Iterable[Mapping[str, object]]

    def portions(self) -> Iterator[tuple[bytes, int]]:
        """The file part by part, each with how many rows it has: never all of it at once."""
        yield BOM + _lines([list(self.columns)]), 0
        rows = iter(self.rows)
        while some := list(islice(rows, PORTION)):
            cells = [[_cell(row.get(column)) for column in self.columns] for row in some]
            yield _lines(cells), len(some)


def _lines(rows: Iterable[Sequence[str | int]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _cell(value: object) -> str | int:
    """Our numbers stay numbers; text that a spreadsheet would run is made text by a quote."""
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    return escaped(str(value))


def escaped(text: str) -> str:
    """Made text by quotes, where a spreadsheet would run it, or reads back as one that was."""
    return _RUNS.sub("'", text)


def unescaped(text: str) -> str:
    """What was ``escaped``, as it was; quotes of its own stay."""
    return _QUOTED.sub("", text)
