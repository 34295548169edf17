"""What the engine's tables may hold: JSON. A pickle there is refused, whatever its row says.

Whoever can write the engine's tables (its password, its file) must not thereby run code in the
desk. DBOS pickles by default, and reads each row by the serializer that the row itself names; so
setting another one is not enough. The journal is the truth: work whose rows are refused is begun
anew from it (docs/decisions/0040-store.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from core.workers.engine.attempt import Look

if TYPE_CHECKING:
    from dbos import Serializer


class RowRefused(Exception):
    """A row of the engine's tables is not what the desk writes. Nothing of it was run."""


def plain_rows() -> Serializer:
    """How DBOS writes and reads its rows from now on, in this process: as JSON, and only so."""
    from dbos import _serialization as dbos_rows  # noqa: PLC0415

    dbos_rows.DefaultSerializer.deserialize = _refuse  # type: ignore[assignment, method-assign]
    return dbos_rows.DBOSPortableJSON


def _refuse(*_: object) -> NoReturn:
    raise RowRefused("a row of the engine's tables holds a pickle: refused, nothing of it was run")


def to_row(look: Look) -> dict[str, Any]:
    """What is kept of a look."""
    return {"again": look.again and look.again.isoformat(), "failures": look.failures}


def from_row(row: object) -> Look:
    """The look again. Raises ``RowRefused`` for what ``to_row`` does not make."""
    match row:
        case Mapping() if row.keys() == {"again", "failures"}:
            again, failures = row["again"], row["failures"]
        case _:
            raise RowRefused("a row of the engine's tables holds no look at work")
    try:
        at = None if again is None else datetime.fromisoformat(again)
    except (TypeError, ValueError):
        raise RowRefused("a row of the engine's tables holds no time of a look") from None
    if (at is not None and at.tzinfo is None) or type(failures) is not int or failures < 0:
        raise RowRefused("a row of the engine's tables holds no look at work")
    return Look(again=at, failures=failures)
