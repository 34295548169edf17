"""The part of the journal that keeps which account each address belongs to."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from core.access.identities import Account, KnownAccount


class AccountRecords(Protocol):
    """Each method is one transaction. E-mails are kept in small letters."""

    def account(self, email: str) -> KnownAccount | None:
        """The account of this address, None before its first sign-in."""
        ...

    def accounts(self) -> list[KnownAccount]:
        """By e-mail."""
        ...

    def meet_account(self, email: str, account: Account, *, at: datetime) -> KnownAccount:
        """Somebody signs in: the first account is kept as the address's own, another one beside it.

        What was kept before; another account that is new has its entry in the audit.
        """
        ...

    def accept_account(self, email: str, account: Account, *, by: str, at: datetime) -> bool:
        """Make the other account the address's own; False when another one waits, or none."""
        ...
