"""Sign-ins: each has a record from its beginning to its end, and counts as long as that is there.

A cookie alone proves nothing: a copy of one is worth nothing once its person has signed out, and
one that is made with a stolen secret never had a record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.access.sign_ins import (
    LASTS,
    RECORD,
    SKEW,
    SignIn,
    SignInEnded,
    ended,
    record_of,
    slim,
    stated,
)
from core.access.store.port import AccessStore


@dataclass(frozen=True, slots=True)
class SignIns:
    """Begins, ends and judges sign-ins."""

    journal: AccessStore
    now: Callable[[], datetime]
    make_id: Callable[[], str]

    def begin(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a record of it; what its cookie is to hold: the claims needed, and the record's id.

        ``claims``: as the provider gave them.

        Raises:
            JournalError: it is not recorded, and would open nothing.
        """
        kept, at = slim(claims), self.now()
        begun = SignIn(
            id=self.make_id(), email=stated(kept).casefold(), at=at, until=at + LASTS + SKEW
        )
        self.journal.begin_sign_in(begun)
        return kept | {RECORD: begun.id}

    def end(self, claims: Mapping[str, Any]) -> None:
        """From now on these claims open nothing, in no tab and from no copy of their cookie.

        Raises:
            JournalError: it goes on.
        """
        if named := record_of(claims):
            self.journal.end_sign_in(named)

    def require(self, claims: Mapping[str, Any]) -> None:
        """Raise unless it goes on at this moment.

        Raises:
            SignInEnded: it does not.
            JournalError: it cannot be known.
        """
        named = record_of(claims)
        begun = self.journal.sign_in(named) if named else None
        of_theirs = begun is not None and begun.email == stated(claims).casefold()
        if not of_theirs or ended(claims, self.now()):
            raise SignInEnded("the sign-in has ended. Sign in again")
