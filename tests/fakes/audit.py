"""The audit in memory. Held to the SQL one by tests/contract/journal."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime

from core.domain.audit import Entry, Sought, Subject, as_recorded
from core.domain.chain import EMPTY, Head, Link, chained, texts
from core.domain.reasons import apart
from core.domain.roles import Grant, Role
from core.gateways.journal import acts


class MemoryAudit:
    _lock: threading.RLock
    _grants: dict[str, Grant]
    _admins: Collection[str]
    _audit: list[Link]
    _noted: Head
    #: Saved and not yet chained: chaining costs a simulation of thousands of histories a tenth.
    _unchained: list[Entry]

    def record(self, *entries: Entry) -> None:
        with self._lock:
            self._unchained += [as_recorded(each, self._role(each.actor)) for each in entries]

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
            if old:
                self.record(acts.forgot_reasons(len(old), before=before, by=by, at=at))
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
                and (
                    not sought.contact_id
                    or (entry.subject, entry.subject_id) == (Subject.CONTACT, sought.contact_id)
                )
            ):
                yield link
