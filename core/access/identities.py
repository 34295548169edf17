"""Whose account an e-mail address is: providers promise that ``iss`` and ``sub`` name one person.

An address can pass to somebody else, or be claimed at another provider (OpenID Connect Core 1.0,
section 5.7). So the account that signs in first with an address is kept as the address's own;
another one waits for an admin.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.access.sign_ins import DEFAULT_PROVIDER
from core.credits.roles import NotAllowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account at one provider. Compared letter by letter, as OpenID Connect demands."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAccount:
    """The account that an address belongs to, and another one that asked to come in with it."""

    #: In small letters.
    email: str
    issuer: str
    subject: str
    at: datetime
    #: The latest other account; "" for none.
    other_issuer: str = ""
    other_subject: str = ""
    other_at: datetime | None = None

    @property
    def account(self) -> Account:
        """The one that may sign in."""
        return Account(issuer=self.issuer, subject=self.subject)

    @property
    def other(self) -> Account | None:
        """The one that waits for an admin's word."""
        if not self.other_subject:
            return None
        return Account(issuer=self.other_issuer, subject=self.other_subject)


def account_of(claims: Mapping[str, Any]) -> Account:
    """The account of a sign-in.

    Raises:
        NotAllowed: the provider does not name it, as OpenID Connect demands.
    """
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not (isinstance(issuer, str) and isinstance(subject, str) and issuer and subject):
        raise NotAllowed(
            "the provider of this sign-in does not name the account (iss and sub). Ask whoever "
            "runs this desk to look at the provider's settings"
        )
    return Account(issuer=issuer, subject=subject)


def provider_fault(
    email: str, claims: Mapping[str, Any], bound: Mapping[str, tuple[str, ...]]
) -> str:
    """Why this address may not come from this provider; "" when it may.

    ``bound``: domains to the providers, by their names in the settings, that alone vouch for them.
    """
    allowed = bound.get(email.rpartition("@")[2].casefold())
    provider = claims.get("provider") or DEFAULT_PROVIDER
    if allowed is None or provider in allowed:
        return ""
    return (
        f"{email} must sign in with {' or '.join(allowed)}, and this sign-in is from {provider}. "
        "Sign out and choose the other button"
    )
