"""The roles' part of the journal in memory. Held to the SQL one by tests/contract/journal."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime

from core.access.store import audit_entries
from core.access.store.rules import last_admin, role_event
from core.audit.store.event_port import Event
from core.credits.roles import Grant, Role
from tests.fakes.audit import MemoryAudit


class MemoryRoles(MemoryAudit):
    _lock: threading.RLock
    _events: list[Event]
    _grants: dict[str, Grant]

    def granted(self, email: str) -> Role | None:
        with self._lock:
            found = self._grants.get(email.casefold())
            return found.role if found else None

    def grants(self) -> list[Grant]:
        with self._lock:
            return [self._grants[email] for email in sorted(self._grants)]

    def grant(self, grant: Grant, *, keep_an_admin: bool = False) -> Role | None:
        with self._lock:
            email = grant.email.casefold()
            before = self.granted(email)
            if keep_an_admin and before is Role.ADMIN is not grant.role:
                self._keep_an_admin()
            self._grants[email] = replace(grant, email=email)
            self._tell(email, before, grant.role, by=grant.by, at=grant.at)
            return before

    def withdraw(
        self, email: str, *, by: str, at: datetime, keep_an_admin: bool = False
    ) -> Role | None:
        with self._lock:
            before = self.granted(email)
            if before is None:
                return None
            if keep_an_admin and before is Role.ADMIN:
                self._keep_an_admin()
            del self._grants[email.casefold()]
            self._tell(email.casefold(), before, None, by=by, at=at)
            return before

    def _tell(
        self, email: str, before: Role | None, after: Role | None, *, by: str, at: datetime
    ) -> None:
        self._events.append(role_event(email, before, after, by=by, at=at))
        self.record(audit_entries.role_changed(email, before, after, by=by, at=at))

    def _keep_an_admin(self) -> None:
        if sum(grant.role is Role.ADMIN for grant in self._grants.values()) <= 1:
            raise last_admin()
