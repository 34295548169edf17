"""The part of the journal that keeps who has which role."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from core.credits.roles import Grant, Role, RoleRequest


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

    def ask_role(self, request: RoleRequest) -> None:
        """Keep the request, instead of any for this address."""
        ...

    def role_requests(self) -> list[RoleRequest]:
        """By e-mail. One ends when the role is given, refused or withdrawn."""
        ...

    def approve_role(self, asked: RoleRequest, *, by: str, at: datetime) -> bool:
        """Give the role that was asked for, with its event; False when it is asked for no more."""
        ...

    def refuse_role(self, asked: RoleRequest, *, by: str, at: datetime) -> bool:
        """End the request; False when there is no such one any more."""
        ...

    def withdraw(
        self, email: str, *, by: str, at: datetime, keep_an_admin: bool = False
    ) -> Role | None:
        """Take the role away, with its event; the one it was, None when there was none.

        ``keep_an_admin``: raise ``StateConflict`` when it would leave no admin.
        """
        ...
