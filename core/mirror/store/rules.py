"""What the outbox decides without a database: which of two rows is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from core.audit.store.event_port import Event
from core.credits.records import Kind
from core.mirror.rows import BESIDE, SOURCE_TIME, is_erasure
from core.mirror.store.outbox_port import DeadLetters

#: From when a fresh outbox row may be taken: always, whatever the clocks of two hosts say.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


def row_to_copy(
    waiting: Mapping[str, Any] | None, offered: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """Which row is due when one is offered for a record that already waits; None: read it first.

    The newer one, by its source time, if it has every column of the older. Else a change would
    be lost, so the record is read from the truth before it is copied.

    An erasure stays until it is made: whoever carries it reads first whether the record is gone.
    """
    for row in (waiting, offered):
        if is_erasure(row):
            return row
    if waiting is None or offered is None:
        return None
    old, new = waiting, offered
    if _source_time(offered) < _source_time(waiting):
        old, new = offered, waiting
    return new if old.keys() - BESIDE <= new.keys() else None


def dead_by_error(counted: Iterable[tuple[str, Kind, int, datetime]]) -> list[DeadLetters]:
    """From rows of error, kind, number and oldest: the commonest error first."""
    by_error: dict[str, list[tuple[Kind, int, datetime]]] = {}
    for error, kind, number, oldest in counted:
        by_error.setdefault(error, []).append((kind, number, oldest))
    found = [
        DeadLetters(
            error=error,
            number=sum(number for _, number, _ in those),
            oldest=min(oldest for _, _, oldest in those),
            kinds={kind: number for kind, number, _ in those},
        )
        for error, those in by_error.items()
    ]
    return sorted(found, key=lambda each: (-each.number, each.error))


def revived(number: int, given: Mapping[str, str | None], *, at: datetime, actor: str) -> Event:
    """What is kept of dead letters that somebody made due again."""
    detail = {name: str(value) for name, value in given.items() if value is not None}
    what = "retried dead letters"
    return Event(at=at, actor=actor, what=what, detail={"copies": number, **detail})


def _source_time(row: Mapping[str, Any]) -> datetime:
    value = row.get(SOURCE_TIME)
    if not isinstance(value, str):
        return AT_ONCE
    at = datetime.fromisoformat(value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
