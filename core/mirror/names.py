"""What a school's tables in Supabase call our columns, and how they write our values.

Rows go out under our names: the database knows its own. Rows that are read come in under the
table's names and types, and become ours here, so that they are compared by meaning and not by text.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from core.credits.catalogue import SCHOOL, Catalogue
from core.credits.records import CAPACITY, TOTAL_BOOKINGS, Kind
from core.mirror.rows import ID, SOURCE_TIME, Row, columns

#: Our name of a column to the table's, the one that is read first.
Names = Mapping[str, tuple[str, ...]]

#: Columns that tell old readers of a booking's student. The database fills them in from the row of
#: the student, and nothing compares them.
FILLED: Mapping[Kind, frozenset[str]] = {
    Kind.CONTACT: frozenset(),
    Kind.BOOKING: frozenset({"student_id", "name", "student_email", "ndecc_exam_date"}),
    Kind.EXAM: frozenset(),
}
#: The database's own, under one name in every table.
RESERVED = frozenset(
    {"id", ID, SOURCE_TIME, "created_at", "updated_at", "synced_at"}
    | {"credit_desk_synced_at", "credit_desk_changed_at"}
)
#: PostgreSQL cuts longer names off.
NAME_MAX = 63

_MARKS = frozenset({"token_refunded"})
_DAYS = frozenset({"exam_date", "ndecc_exam_date"})
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?=$|[T ])")

_Plan = tuple[tuple[str, str, Callable[[object], object]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorNames:
    """The column names of one mirror. Checked as it is made.

    Raises:
        ValueError: a column that we do not have is named, or a name cannot be one.
    """

    #: Only where the table's name differs from ours, or where there are several.
    renamed: Mapping[Kind, Names] = field(default_factory=dict)
    catalogue: Catalogue = SCHOOL
    _plans: Mapping[Kind, _Plan] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse names that would read one column as two."""
        ours = columns(self.catalogue)
        for kind in Kind:
            self._check(kind, (ours[kind] | FILLED[kind]) - RESERVED)
        plans = {kind: self._plan(kind, ours[kind]) for kind in Kind}
        object.__setattr__(self, "_plans", plans)

    def column(self, kind: Kind, ours: str) -> str:
        """The column that holds this value."""
        return self.renamed.get(kind, {}).get(ours, (ours,))[0]

    def read(self, kind: Kind, held: Row) -> dict[str, object]:
        """A table's row as ours: only our columns, and of those only what the table has."""
        row = {
            ours: to_ours(held[theirs])
            for ours, theirs, to_ours in self._plans[kind]
            if theirs in held
        }
        return {**row, **_stamps(held)}

    def _plan(self, kind: Kind, ours: Collection[str]) -> _Plan:
        counters = {*map(str, self.catalogue.keys), TOTAL_BOOKINGS, CAPACITY}
        return tuple(
            (name, self.column(kind, name), _reader(name, name in counters))
            for name in sorted(ours)
        )

    def _check(self, kind: Kind, ours: Collection[str]) -> None:
        renamed = self.renamed.get(kind, {})
        where = f"[columns.{kind}]"
        if strangers := sorted(set(renamed) - set(ours)):
            known = ", ".join(sorted(ours))
            raise ValueError(f"{where} names no column of ours: {', '.join(strangers)}; {known}")
        taken: set[str] = set()
        for name in sorted(ours):
            theirs = renamed.get(name, (name,))
            if not theirs:
                raise ValueError(f"{where} {name} names no column")
            for one in theirs:
                if not one or "\0" in one or len(one.encode()) > NAME_MAX:
                    raise ValueError(f"{where} {name}: {one!r} cannot be a column's name")
                if one in RESERVED:
                    raise ValueError(f"{where} {name}: {one} has a meaning of its own")
                if one in taken:
                    raise ValueError(f"{where} {one} holds two of our columns, one of them {name}")
                taken.add(one)


def _reader(name: str, counter: bool) -> Callable[[object], object]:
    if name in _MARKS:
        return _mark
    if name in _DAYS:
        return _day
    return _count if counter else _text


def _mark(value: object) -> object:
    """A text of "true" or "false" is what it says; any other stays, and differs."""
    if not isinstance(value, str):
        return value
    return {"true": True, "false": False, "": None}.get(value.strip().casefold(), value)


def _day(value: object) -> object:
    """Of a timestamp or a text that begins with a day, the day."""
    found = _DAY.match(value) if isinstance(value, str) else None
    return found[0] if found else value


def _count(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _text(value: object) -> object:
    """A number or a yes and no, where we have a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


def _stamps(held: Row) -> Row:
    """When the desk last wrote the row, and when it was last changed at all.

    Other writers set ``synced_at`` and ``updated_at`` as they like: the desk has its own columns.
    """
    synced = held.get("credit_desk_synced_at")
    changed = held.get("credit_desk_changed_at")
    return {
        "synced_at": synced,
        "updated_at": changed or synced or held.get("updated_at"),
    }
