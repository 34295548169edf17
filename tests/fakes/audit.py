"""The audit in memory. Held to the SQL one by tests/contract/journal."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.audit.chain import EMPTY, Head, Link, chained, texts
from core.audit.entries import ACTS, Entry, Sought, Subject, What, as_recorded
from core.audit.reasons import apart
from core.audit.retention_rules import NOT_KEPT
from core.audit.store import audit_entries
from core.audit.store.event_port import Event, Recorded
from core.credits.records import CancelledExam, ExamId, WriteId
from core.credits.roles import Grant, Role
from core.credits.ways import way
from core.credits.writes import WriteState
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.states import Item
from core.operations.verdicts import OperationKind
from core.students.exam_acts import ExamAct
from tests.fakes.sought import is_of_exam

BOOK = OperationKind.BOOK


class MemoryAudit:
    _lock: threading.RLock
    _grants: dict[str, Grant]
    _admins: Collection[str]
    _operations: dict[str, Any]
    _writes: dict[WriteId, WriteRecord]
    _exam_acts: dict[str, ExamAct]
    _cancelled_exams: dict[ExamId, CancelledExam]
    _audit: list[Link]
    _events: list[Event]
    _noted: Head
    #: Saved and not yet chained: chaining costs a simulation of thousands of histories a tenth.
    _unchained: list[Entry]
    _announce: Callable[[Sequence[Entry]], None]

    def record(self, *recorded: Recorded) -> None:
        with self._lock:
            self._events += [each for each in recorded if isinstance(each, Event)]
            entries = [each for each in recorded if isinstance(each, Entry)]
            self._announce(entries)
            self._unchained += [
                as_recorded(each, self._role(each.actor), way() or "") for each in entries
            ]

    def recorded(self) -> list[Entry]:
        """Oldest first, without the cost of the chain: for simulations, which never ask for it."""
        with self._lock:
            return [*(link.entry for link in self._audit), *self._unchained]

    def _role(self, actor: str) -> Role | None:
        email = actor.casefold()
        if email in self._admins:
            return Role.ADMIN
        grant = self._grants.get(email)
        return grant.role if grant else None

    def _chain(self) -> list[Link]:
        if self._unchained:
            met = {link.entry.once for link in self._audit}
            fresh = []
            for entry in self._unchained:
                if entry.once is None or entry.once not in met:
                    fresh.append(entry)
                met.add(entry.once)
            self._unchained.clear()
            withheld, reasons = apart(fresh, lambda: secrets.token_hex(16))
            said = {each.commitment: each for each in reasons}
            self._audit += [
                replace(link, reason=said.get(entry.reason))
                for link, entry in zip(
                    chained(self._noted, map(texts, withheld)), withheld, strict=True
                )
            ]
            self._noted = self._audit[-1].head if self._audit else EMPTY
        return self._audit

    def audit(
        self, sought: Sought, *, before: int | None = None, limit: int = 100, offset: int = 0
    ) -> list[Link]:
        with self._lock:
            found = [each for each in self._sought(sought) if before is None or each.n < before]
            return found[::-1][offset : offset + limit]

    def audit_count(self, sought: Sought) -> int:
        with self._lock:
            return sum(1 for _ in self._sought(sought))

    def commits(self) -> int | None:
        return None

    def marks_of(self, operation_ids: Collection[str]) -> dict[str, tuple[int, int]]:
        with self._lock:
            return {
                id_: (
                    max((e.n for e in self._chain() if e.entry.operation_id == id_), default=0),
                    sum(event.operation_id == id_ for event in self._events),
                )
                for id_ in set(operation_ids) & self._operations.keys()
            }

    def audit_links(self, after: int, limit: int) -> list[Link]:
        with self._lock:
            return [link for link in self._chain() if link.n > after][:limit]

    def forget_reasons(self, *, before: datetime, by: str, at: datetime) -> int:
        with self._lock:
            old = {
                link.reason.commitment
                for link in self._chain()
                if link.reason is not None and link.reason.at < before
            }
            self._audit[:] = [
                replace(link, reason=None)
                if link.reason is not None and link.reason.commitment in old
                else link
                for link in self._audit
            ]
            for act in self._exam_acts.values():
                if act.ended_at is not None and act.ended_at < before:
                    self._exam_acts[act.id] = replace(
                        act, reason=NOT_KEPT, tell=act.tell and NOT_KEPT
                    )
            for exam in self._cancelled_exams.values():
                if exam.at < before:
                    self._cancelled_exams[exam.exam_id] = replace(exam, reason=NOT_KEPT)
            if old:
                self.record(audit_entries.forgot_reasons(len(old), before=before, by=by, at=at))
            return len(old)

    def audit_head(self) -> tuple[Head, int]:
        with self._lock:
            links = self._chain()
            return self._noted, links[-1].n if links else 0

    def _sought(self, sought: Sought) -> Iterator[Link]:
        actor = sought.actor.casefold() if "@" in sought.actor else sought.actor
        for link in self._chain():
            entry = link.entry
            if (
                (sought.since is None or entry.at >= sought.since)
                and (sought.until is None or entry.at < sought.until)
                and actor in {"", entry.actor}
                and (not sought.what or entry.what in sought.what)
                and sought.operation_id in {"", entry.operation_id}
                and (not sought.contact_id or self._of_contact(entry, sought.contact_id))
                and (not sought.booking_id or self._of_booking(entry, sought.booking_id))
                and (not sought.exam_id or self._of_exam(entry, sought.exam_id))
                and (not sought.kinds or self._kind(entry) in sought.kinds)
                and (not sought.words or _said(link, sought.words))
                and not (sought.acts_only and entry.what not in ACTS)
            ):
                yield link

    def audit_sizes(self, operation_ids: Collection[str]) -> dict[str, int]:
        with self._lock:
            of = Counter(link.entry.operation_id for link in self._chain())
            return {id_: of[id_] for id_ in operation_ids if of[id_]}

    def _of_exam(self, entry: Entry, exam_id: str) -> bool:
        kept = self._operations.get(entry.operation_id)
        own = (entry.subject, entry.subject_id) == (Subject.EXAM, exam_id)
        return own or bool(kept and is_of_exam(kept.operation, kept.items.values(), exam_id))

    def _kind(self, entry: Entry) -> str | None:
        kept = self._operations.get(entry.operation_id)
        return kept.operation.kind.value if kept else None

    def _of_contact(self, entry: Entry, contact_id: str) -> bool:
        if entry.subject == Subject.CONTACT:
            return entry.subject_id == contact_id
        items = self._items_in(entry.operation_id)
        return entry.subject == Subject.BOOKING and any(
            item.contact_id == contact_id and (item.booking_id == entry.subject_id or kind is BOOK)
            for kind, item in items
        )

    def _of_booking(self, entry: Entry, booking_id: str) -> bool:
        if entry.subject == Subject.BOOKING:
            return entry.subject_id == booking_id
        return (
            entry.subject == Subject.CONTACT
            and entry.operation_id in self._parts(booking_id)
            and any(
                item.contact_id == entry.subject_id
                and (item.booking_id == booking_id or self._made(entry.operation_id) == booking_id)
                for _, item in self._items_in(entry.operation_id)
            )
        )

    def _parts(self, booking_id: str) -> set[str]:
        """The operations that wrote it, or moved its credit."""
        own = {
            link.entry.operation_id
            for link in self._chain()
            if (link.entry.subject, link.entry.subject_id) == (Subject.BOOKING, booking_id)
        }
        moved = {
            record.write.operation_id
            for record in self._writes.values()
            if record.state is not WriteState.VOID
            and any(movement.booking_id == booking_id for movement in record.write.movements)
        }
        return own | moved

    def _items_in(self, operation_id: str) -> list[tuple[OperationKind, Item]]:
        kept = self._operations.get(operation_id)
        return [(kept.operation.kind, item) for item in kept.items.values()] if kept else []

    def _made(self, operation_id: str) -> str | None:
        """The booking that it created."""
        made = (
            link.entry.subject_id
            for link in self._chain()
            if link.entry.operation_id == operation_id and link.entry.what == What.BOOKED
        )
        return next(made, None)


def _said(link: Link, words: str) -> bool:
    return link.reason is not None and words.lower() in link.reason.words.lower()
