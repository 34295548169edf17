"""Apps that ask over HTTP, the keys they hold, and what a key lets them do. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network

from core.credits.roles import Act, Actor, NotAllowed, Role


class Scope(StrEnum):
    """What a key may be made for."""

    READ = "read"
    BOOK = "book"
    CANCEL = "cancel"
    ADMIN = "admin"


#: What each scope lets a client do, for people.
MEANING: Mapping[Scope, str] = {
    Scope.READ: "look up balances, open sessions and bookings",
    Scope.BOOK: "book for a student, with a credit",
    Scope.CANCEL: "cancel bookings of one student",
    Scope.ADMIN: "do what an admin does, in the name of the admin whom each request names",
}
#: The same in the words of the services. Whoever books is told why not, and so looks up.
ACTS: Mapping[Scope, frozenset[Act]] = {
    Scope.READ: frozenset({Act.LOOK_UP}),
    Scope.BOOK: frozenset({Act.LOOK_UP, Act.BOOK_ONE}),
    Scope.CANCEL: frozenset({Act.BOOK_ONE}),
    #: Nothing by itself: whatever it asks for, the admin whom it names must be allowed.
    Scope.ADMIN: frozenset(),
}

#: What an app of students needs. The other one is for an admin app alone.
FOR_STUDENTS = frozenset(Scope) - {Scope.ADMIN}

assert MEANING.keys() == ACTS.keys() == set(Scope), "every scope says what it allows"

#: Of client names: they stand in addresses, notes and logs.
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_KEY = re.compile(r"desk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_ADDRESS = re.compile(r"api:([a-z0-9-]+)/([0-9a-f]{12})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One key of one client. The key itself is kept nowhere, only its digest."""

    #: The first part of the key, which names it and is no secret.
    id: str
    client: str
    scopes: frozenset[Scope]
    digest: str = field(repr=False)
    made_by: str
    made_at: datetime
    #: None: it holds until it is withdrawn.
    expires_at: datetime | None = None
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""
    #: When it was last used, to within a few minutes.
    used_at: datetime | None = None
    #: Where its requests may come from, as "203.0.113.0/24"; empty: from anywhere.
    networks: tuple[str, ...] = ()
    #: Bookings and cancellations that it may confirm in a day; None: as many as the settings say.
    writes_a_day: int | None = None
    #: Each request about a student must bring that student's own sign-in (``X-Student-Token``).
    needs_student: bool = False

    @property
    def address(self) -> str:
        """Who acts, as operations, notes and the history name it."""
        return f"api:{self.client}/{self.id}"

    @property
    def actor(self) -> Actor:
        """A client acts as staff do, and only within its scopes: never without a credit."""
        only = frozenset[Act]().union(*(ACTS[scope] for scope in self.scopes))
        return Actor(email=self.address, role=Role.STAFF, only=only)

    def require(self, scope: Scope) -> None:
        """Raise ``NotAllowed`` unless the key was made for this."""
        if scope not in self.scopes:
            held = ", ".join(sorted(self.scopes))
            told = f"this needs the scope {scope}; the key has {held}"
            raise NotAllowed(told, who=self.address)

    def holds(self, at: datetime) -> bool:
        """Whether it is neither withdrawn nor over."""
        return self.withdrawn_at is None and (self.expires_at is None or at < self.expires_at)

    @property
    def terms(self) -> dict[str, object]:
        """What it may, for the audit: what a row past the program would be given away by."""
        held_to: dict[str, object] = {
            "networks": list(self.networks),
            "writes_a_day": self.writes_a_day,
            "needs_student": self.needs_student,
        }
        return {
            "client": self.client,
            "scopes": sorted(scope.value for scope in self.scopes),
            "ends": self.expires_at.isoformat() if self.expires_at else "never",
            **{name: value for name, value in held_to.items() if value},
        }

    def takes(self, address: str) -> bool:
        """Whether a request may come from this IP address; "": from nowhere that is known."""
        if not self.networks:
            return True
        try:
            # an IPv4 caller of a socket that takes both kinds is written ::ffff:203.0.113.9
            found = ip_address(address)
        except ValueError:
            return False
        caller = getattr(found, "ipv4_mapped", None) or found
        return any(caller in ip_network(each) for each in self.networks)

    def opens(self, key: str) -> bool:
        """Whether this is the key; takes as long for any wrong one."""
        return hmac.compare_digest(self.digest, digest(key))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """A change that a client asked for, under a key that it made (``Idempotency-Key``)."""

    client: str
    key: str
    #: Of the request: another one may not come under the same key.
    fingerprint: str
    #: Made before anything is confirmed, so that a repetition finds the same operation.
    operation_id: str
    at: datetime
    #: HTTP status and body, once the answer is final.
    status: int | None = None
    answer: Mapping[str, object] | None = None


def written(id_: str, secret: str) -> str:
    """The key as the client sends it. ``secret``: 43 letters of chance."""
    return f"desk_{id_}_{secret}"


def id_of(key: str) -> str | None:
    """The part that names it; None: nothing of ours is written so."""
    found = _KEY.fullmatch(key)
    return found[1] if found else None


def digest(key: str) -> str:
    """What is kept of a key: of 256 bits of chance no slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def is_client(address: str) -> bool:
    """Whether this acting address is an API client's, not a person's."""
    return address.startswith("api:")


def key_in(address: str) -> str:
    """The id of the key in an acting address; "" for anything else."""
    found = _ADDRESS.fullmatch(address)
    return found[2] if found else ""


def client_in(address: str) -> str:
    """The client's name in an acting address; "" for anything else."""
    found = _ADDRESS.fullmatch(address)
    return found[1] if found else ""


def name_faults(client: str) -> list[str]:
    """What is wrong with a client's name, for people."""
    if NAME.fullmatch(client):
        return []
    wanted = "up to 40 small letters, digits and hyphens, such as student-app"
    return [f"{client!r} is no name for an app: {wanted}"]


def networks_of(given: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """Networks as they are kept, each once, and what is wrong with the others, for people."""
    found, faults = [], []
    for each in given:
        if not (text := each.strip()):
            continue
        try:
            found.append(str(ip_network(text, strict=False)))
        except ValueError:
            faults.append(f"{text!r} is no network: write 203.0.113.0/24, or one IP address")
    return tuple(dict.fromkeys(found)), faults
