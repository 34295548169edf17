"""CSV for people who open it in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

#: A cell that begins so is a formula to a spreadsheet.
_WIDE = (  # to some spreadsheets these are, too
    "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
    "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
FORMULA_STARTS = (*"=+-@\t\r\n", *_WIDE)


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """UTF-8 with a byte order mark, so that Excel shows every name as it is."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return out.getvalue().encode("utf-8-sig")


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
