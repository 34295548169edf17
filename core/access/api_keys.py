"""Keys of API clients: admins make and revoke them; whether one may ask now."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.access.api_key_rules import (
    ApiKey,
    Scope,
    digest,
    id_of,
    name_faults,
    networks_of,
    written,
)
from core.access.store.port import AccessStore
from core.access.store.rate_port import Pace
from core.access.unusual import unusual
from core.audit.entries import Subject
from core.credits.errors import BadList, UnknownId
from core.credits.roles import Act, Actor

#: How exactly it is known when a key was last used: a write for every request would be too many.
USED_WITHIN = timedelta(minutes=5)
#: A key that was silent may ask for so many seconds' worth at once.
BURST_S = 3.0
#: For how long a key holds, unless its maker says otherwise.
LASTS = timedelta(days=365)
#: More than a school does, and what every store can count to.
WRITES_A_DAY_MAX = 1_000_000
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
    #: How long a new key holds.
    lasts: timedelta = LASTS
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
        forever: bool = False,
        networks: Collection[str] = (),
        writes_a_day: int | None = None,
        needs_student: bool = False,
    ) -> tuple[ApiKey, str]:
        """A new key for this client, beside those it has; and the key itself, told here alone.

        ``expires_at``: None: after ``lasts``. ``forever``: it never ends, on purpose. ``networks``:
        from which alone it may be used; none: from any. ``writes_a_day``: None: as the settings
        say. ``needs_student``: it opens nothing without the sign-in of the student asked about.

        Raises:
            NotAllowed: this person may not give keys.
            BadList: everything that is wrong with the name, the scopes, the end and the limits.
        """
        actor.require(Act.GIVE_KEYS)
        at = self.now()
        client = client.strip()
        known, faults = networks_of(networks)
        faults = _faults(client, scopes, at, expires_at) + faults
        if forever and expires_at is not None:
            faults.append("choose either a last day or a key that never ends")
        if writes_a_day is not None and not 1 <= writes_a_day <= WRITES_A_DAY_MAX:
            faults.append(f"a budget of writes is from 1 to {WRITES_A_DAY_MAX:,} a day")
        if needs_student and Scope.ADMIN in scopes:
            faults.append("an admin app acts for many students: none of them can sign in for it")
        if faults:
            raise BadList(faults)
        text = written(self.new_id(), self.new_secret())
        key = ApiKey(
            id=id_of(text) or "",
            client=client,
            scopes=frozenset(scopes),
            digest=digest(text),
            made_by=actor.email,
            made_at=at,
            expires_at=None if forever else expires_at or at + self.lasts,
            networks=known,
            writes_a_day=writes_a_day,
            needs_student=needs_student,
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

    def withdraw_all(self, actor: Actor) -> list[ApiKey]:
        """From now on no key opens anything; those that held until now, by client.

        Raises:
            NotAllowed: this person may not withdraw keys.
        """
        actor.require(Act.GIVE_KEYS)
        return self.journal.withdraw_keys(by=actor.email, at=self.now())

    def admit(self, key: str, address: str = "") -> ApiKey:
        """Who shows this key. ``address``: the IP address that the request comes from.

        Raises:
            NotAdmitted: there is no such key, it holds no longer, or not for this address.
            AsksTooOften: it must wait.
            JournalError: it cannot be looked up.
        """
        id_ = id_of(key)
        found = self.journal.api_key(id_) if id_ else None
        right = (found or _NOBODY).opens(key)
        at = self.now()
        if found is None or not right or not found.holds(at):
            raise NotAdmitted
        if not found.takes(address):
            self._from_elsewhere(found, address, at)
            raise NotAdmitted
        self._in_turn(found)
        if found.used_at is None or at - found.used_at >= USED_WITHIN:
            self.journal.key_used(found.id, at=at)
        return found

    def _from_elsewhere(self, key: ApiKey, address: str, at: datetime) -> None:
        """The right key from a wrong place: whoever has it there may have stolen it."""
        told = "its key was used from outside its networks"
        entry = unusual(
            key.address, told, at, subject=Subject.KEY, id_=key.id, address=address or "unknown"
        )
        self.journal.record(entry)

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
