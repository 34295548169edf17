"""Whether an operation is looked for, as the SQL journal judges it."""

from __future__ import annotations

from collections.abc import Iterable

from core.operations.sought import SoughtOperations
from core.operations.states import Item, Operation


def is_sought(operation: Operation, items: Iterable[Item], sought: SoughtOperations) -> bool:
    by, words = sought.by.lower(), sought.words.lower()
    return (
        (sought.since is None or operation.confirmed_at >= sought.since)
        and (sought.until is None or operation.confirmed_at < sought.until)
        and _is_by(operation.confirmed_by.lower(), by)
        and (not sought.kinds or operation.kind in sought.kinds)
        and (not sought.exam_id or is_of_exam(operation, items, sought.exam_id))
        and any(words in text.lower() for text in (operation.reason, operation.selection))
    )


def _is_by(who: str, by: str) -> bool:
    return who == by if "@" in by else by in who


def is_of_exam(operation: Operation, items: Iterable[Item], exam_id: str) -> bool:
    return operation.to_exam == exam_id or any(item.exam_id == exam_id for item in items)
