"""The roles' part of the journal in memory. Held to the SQL one by tests/contract/journal."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime

from core.access.store import audit_entries
from core.access.store.rules import last_admin
from core.credits.roles import Grant, Role, RoleRequest
from tests.fakes.audit import MemoryAudit


class MemoryRoles(MemoryAudit):
    _lock: threading.RLock
    _grants: dict[str, Grant]
    _role_requests: dict[str, RoleRequest]

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
            self._role_requests.pop(email, None)
            self._grants[email] = replace(grant, email=email)
            self._tell(email, before, grant.role, by=grant.by, at=grant.at)
            return before

    def ask_role(self, request: RoleRequest) -> None:
        with self._lock:
            email = request.email.casefold()
            self._role_requests[email] = replace(request, email=email)
            self.record(audit_entries.role_asked(request))

    def role_requests(self) -> list[RoleRequest]:
        with self._lock:
            return [self._role_requests[email] for email in sorted(self._role_requests)]

    def approve_role(self, asked: RoleRequest, *, by: str, at: datetime) -> bool:
        with self._lock:
            if not self._answered(asked):
                return False
            email, before = asked.email, self.granted(asked.email)
            self._grants[email] = Grant(email=email, role=asked.role, by=by, at=at)
            self._tell(email, before, asked.role, by=by, at=at, asked_by=asked.by)
            return True

    def refuse_role(self, asked: RoleRequest, *, by: str, at: datetime) -> bool:
        with self._lock:
            if not self._answered(asked):
                return False
            self.record(audit_entries.role_refused(asked, by=by, at=at))
            return True

    def _answered(self, asked: RoleRequest) -> bool:
        if self._role_requests.get(asked.email) != asked:
            return False
        del self._role_requests[asked.email]
        return True

    def withdraw(
        self, email: str, *, by: str, at: datetime, keep_an_admin: bool = False
    ) -> Role | None:
        with self._lock:
            before = self.granted(email)
            self._role_requests.pop(email.casefold(), None)
            if before is None:
                return None
            if keep_an_admin and before is Role.ADMIN:
                self._keep_an_admin()
            del self._grants[email.casefold()]
            self._tell(email.casefold(), before, None, by=by, at=at)
            return before

    def _tell(
        self,
        email: str,
        before: Role | None,
        after: Role | None,
        *,
        by: str,
        at: datetime,
        asked_by: str = "",
    ) -> None:
        self.record(
            audit_entries.role_changed(email, before, after, by=by, at=at, asked_by=asked_by)
        )

    def _keep_an_admin(self) -> None:
        if sum(grant.role is Role.ADMIN for grant in self._grants.values()) <= 1:
            raise last_admin()
