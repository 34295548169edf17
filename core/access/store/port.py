"""The store as this package needs it: roles and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.access.api_key_rules import ApiKey, ApiRequest
from core.access.identities import Account, KnownAccount
from core.access.pacing import Spent, Use
from core.access.sign_ins import SignIn
from core.audit.store.port import AuditStore
from core.credits.roles import Grant, Role, RoleRequest


class AccountRecords(Protocol):
    """Which account each address belongs to. E-mails are kept in small letters."""

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


class ClientRecords(Protocol):
    """API keys, and the changes that clients asked for."""

    def add_key(self, key: ApiKey) -> None:
        """With its event. Raises ``JournalError`` when the id is taken."""
        ...

    def api_key(self, id_: str) -> ApiKey | None:
        """None: there never was one."""
        ...

    def api_keys(self) -> list[ApiKey]:
        """Withdrawn ones too; by client, oldest first."""
        ...

    def withdraw_key(self, id_: str, *, by: str, at: datetime) -> ApiKey | None:
        """As it is then, with its event; None: there is none.

        Withdrawing again changes nothing.
        """
        ...

    def withdraw_keys(self, *, by: str, at: datetime) -> list[ApiKey]:
        """Withdraw all that hold, each with its event; those, as they are then, by client."""
        ...

    def key_used(self, id_: str, *, at: datetime) -> None:
        """It was used then."""
        ...

    def begin_request(self, request: ApiRequest) -> ApiRequest:
        """Keep it, unless this client's key is known: then what was kept before."""
        ...

    def answer_request(
        self, client: str, key: str, *, status: int, answer: Mapping[str, object]
    ) -> None:
        """Keep the answer; the first one stays."""
        ...

    def forget_answers(self, *, before: datetime) -> int:
        """Forget what was answered to those asked before, but for refusals; how many.

        The request stays known, with its operation.
        """
        ...

    def forget_requests(self, *, before: datetime) -> int:
        """Forget those asked before; how many."""
        ...


class UseRecords(Protocol):
    """What people and apps do within a time, counted."""

    def spend(self, use: Use, *, most: int | None) -> Spent:
        """Count this use, unless all that counts would then be more than ``most``.

        Of several at once of one actor, each counts those before it. What is known by its name is
        kept already. What counts no more is forgotten, whoever did it.
        """
        ...


class RoleRecords(Protocol):
    """Who has which role. E-mails are kept in small letters."""

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


#: What stands in one field of a filter. Days are in the form 2026-05-04.
Chosen = str | Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFilter:
    """One filter of one person on one page."""

    email: str
    page: str
    name: str
    #: By the name of each field in the address.
    chosen: Mapping[str, Chosen]
    at: datetime


class SavedFilterRecords(Protocol):
    """The filters of each person. E-mails are kept in small letters."""

    def saved_filters(self, email: str, page: str) -> list[SavedFilter]:
        """Of this person on this page, by name."""
        ...

    def save_filter(self, made: SavedFilter) -> None:
        """In the place of one of the same person, page and name."""
        ...

    def remove_filter(self, email: str, page: str, name: str) -> None:
        """Whether or not there is one."""
        ...


class SignInRecords(Protocol):
    """The sign-ins that go on."""

    def begin_sign_in(self, begun: SignIn) -> None:
        """Keep it, and drop those that were over by then."""
        ...

    def sign_in(self, id_: str) -> SignIn | None:
        """The one of this id; None when it never was or was ended."""
        ...

    def end_sign_in(self, id_: str) -> None:
        """Drop it; nothing when it is not there."""
        ...


class AccessStore(
    AuditStore,
    RoleRecords,
    ClientRecords,
    AccountRecords,
    UseRecords,
    SignInRecords,
    SavedFilterRecords,
    Protocol,
):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
