"""Which account each address belongs to, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.access.identities import Account, KnownAccount
from core.access.store import audit_entries


class MemoryAccounts:
    _lock: threading.RLock
    _accounts: dict[str, KnownAccount]
    record: Callable[..., Any]

    def account(self, email: str) -> KnownAccount | None:
        with self._lock:
            return self._accounts.get(email.casefold())

    def accounts(self) -> list[KnownAccount]:
        with self._lock:
            return [self._accounts[email] for email in sorted(self._accounts)]

    def meet_account(self, email: str, account: Account, *, at: datetime) -> KnownAccount:
        with self._lock:
            email = email.casefold()
            found = self._accounts.get(email)
            if found is None:
                made = KnownAccount(
                    email=email, issuer=account.issuer, subject=account.subject, at=at
                )
                self._accounts[email] = made
                return made
            if account not in {found.account, found.other}:
                self._accounts[email] = replace(
                    found,
                    other_issuer=account.issuer,
                    other_subject=account.subject,
                    other_at=at,
                )
                self.record(audit_entries.account_refused(email, account, at=at))
            return found

    def accept_account(self, email: str, account: Account, *, by: str, at: datetime) -> bool:
        with self._lock:
            email = email.casefold()
            found = self._accounts.get(email)
            if found is None or found.other != account:
                return False
            self._accounts[email] = KnownAccount(
                email=email, issuer=account.issuer, subject=account.subject, at=at
            )
            self.record(audit_entries.account_accepted(found, account, by=by, at=at))
            return True
