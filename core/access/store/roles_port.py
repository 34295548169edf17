"""The part of the journal that keeps who has which role."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from core.credits.roles import Grant, Role


class RoleRecords(Protocol):
    """Each method is one transaction. E-mails are kept in small letters."""

    def granted(self, email: str) -> Role | None:
        """The role of this address, None when nobody gave it one."""
        ...

    def grants(self) -> list[Grant]:
        """By e-mail."""
        ...

    def grant(self, grant: Grant, *, keep_an_admin: bool = False) -> Role | None:
        """Give the role instead of the one the address had, which is returned; with its event.

        ``keep_an_admin``: raise ``StateConflict`` when it would leave no admin.
        """
        ...

    def withdraw(
        self, email: str, *, by: str, at: datetime, keep_an_admin: bool = False
    ) -> Role | None:
        """Take the role away, with its event; the one it was, None when there was none.

        ``keep_an_admin``: raise ``StateConflict`` when it would leave no admin.
        """
        ...
