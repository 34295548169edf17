"""CSV for people who open it in a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

#: A cell that begins so is a formula to a spreadsheet.
_WIDE = (  # to some spreadsheets these are, too
    "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
    "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
FORMULA_STARTS = (*"=+-@\t\r\n", *_WIDE)


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
    """Made text by a quote, if a spreadsheet would run it, or reads back as one that was."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def unescaped(text: str) -> str:
    """What was ``escaped``, as it was; a quote of its own stays."""
    quoted = text.startswith("'") and text.lstrip("'").startswith(FORMULA_STARTS)
    return text[1:] if quoted else text
