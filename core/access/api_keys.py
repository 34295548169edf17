"""Admitting: keys of API clients, made and withdrawn by admins; and whether one may ask now."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.access.api_key_rules import ApiKey, Scope, digest, id_of, name_faults, written
from core.access.store.port import AccessStore
from core.access.store.rate_port import Pace
from core.credits.errors import BadList, UnknownId
from core.credits.roles import Act, Actor

#: How exactly it is known when a key was last used: a write for every request would be too many.
USED_WITHIN = timedelta(minutes=5)
#: A key that was silent may ask for so many seconds' worth at once.
BURST_S = 3.0
#: Compared when nothing else is there to compare, so that the answer takes as long.
_NOBODY = ApiKey(
    id="",
    client="",
    scopes=frozenset(),
    digest=digest(""),
    made_by="",
    made_at=datetime.min,  # noqa: DTZ901 - never shown, never compared
)


class NotAdmitted(PermissionError):
    """No key, a wrong one, or one that holds no longer. Which of these is not told."""


class AsksTooOften(Exception):
    """This key has used up for now what all keys may."""

    def __init__(self, rate: float, wait_s: float) -> None:
        """``rate``: requests a second. ``wait_s``: when there will be room."""
        super().__init__(f"at most {rate:g} requests a second")
        self.rate = rate
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeys:
    """Keys are 256 bits of chance; of each its digest is kept, and the key itself shown once."""

    journal: AccessStore
    now: Callable[[], datetime]
    #: None: nobody counts.
    pace: Pace | None = None
    #: Requests of one key a second, over all processes.
    rate: float = 20
    #: 12 hexadecimal digits that name a key, and 43 letters of chance that make it one.
    new_id: Callable[[], str] = lambda: secrets.token_hex(6)
    new_secret: Callable[[], str] = lambda: secrets.token_urlsafe(32)

    def keys(self, actor: Actor) -> list[ApiKey]:
        """All that were ever made, by client.

        Raises:
            NotAllowed: this person may not give keys.
        """
        actor.require(Act.GIVE_KEYS)
        return self.journal.api_keys()

    def make(
        self,
        client: str,
        scopes: Collection[Scope],
        actor: Actor,
        *,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key for this client, beside those it has; and the key itself, told here alone.

        Raises:
            NotAllowed: this person may not give keys.
            BadList: everything that is wrong with the name, the scopes and the end.
        """
        actor.require(Act.GIVE_KEYS)
        at = self.now()
        client = client.strip()
        if faults := _faults(client, scopes, at, expires_at):
            raise BadList(faults)
        text = written(self.new_id(), self.new_secret())
        key = ApiKey(
            id=id_of(text) or "",
            client=client,
            scopes=frozenset(scopes),
            digest=digest(text),
            made_by=actor.email,
            made_at=at,
            expires_at=expires_at,
        )
        self.journal.add_key(key)
        return key, text

    def withdraw(self, id_: str, actor: Actor) -> ApiKey:
        """From now on it opens nothing, and what was confirmed by it does not begin.

        Raises:
            NotAllowed: this person may not withdraw keys.
            UnknownId: there is no such key.
        """
        actor.require(Act.GIVE_KEYS)
        key = self.journal.withdraw_key(id_.strip(), by=actor.email, at=self.now())
        if key is None:
            raise UnknownId(f"there is no API key {id_}")
        return key

    def admit(self, key: str) -> ApiKey:
        """Who shows this key.

        Raises:
            NotAdmitted: there is no such key, or it holds no longer.
            AsksTooOften: it must wait.
            JournalError: it cannot be looked up.
        """
        id_ = id_of(key)
        found = self.journal.api_key(id_) if id_ else None
        right = (found or _NOBODY).opens(key)
        at = self.now()
        if found is None or not right or not found.holds(at):
            raise NotAdmitted
        self._in_turn(found)
        if found.used_at is None or at - found.used_at >= USED_WITHIN:
            self.journal.key_used(found.id, at=at)
        return found

    def _in_turn(self, key: ApiKey) -> None:
        if self.pace is None:
            return
        most = max(1.0, self.rate * BURST_S)
        if wait_s := self.pace.take(key.id, rate=self.rate, most=most):
            raise AsksTooOften(self.rate, wait_s)


def _faults(
    client: str, scopes: Collection[Scope], at: datetime, expires_at: datetime | None
) -> list[str]:
    faults = name_faults(client)
    if not scopes:
        faults.append(f"choose at least one scope of {', '.join(Scope)}")
    if expires_at is not None and expires_at <= at:
        faults.append(f"the key would have ended on {expires_at:%-d %B %Y}: choose a later day")
    return faults
