"""Who may do what (design, section 10). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

#: Admins named to whoever is refused.
NAMED_MAX = 3


class Role(StrEnum):
    """What a signed-in person is here."""

    STAFF = "staff"
    MANAGER = "manager"
    ADMIN = "admin"


class Act(StrEnum):
    """What a role may be allowed; the value reads on after "may not"."""

    LOOK_UP = "look contacts and exams up"
    BOOK_ONE = "book or cancel for one student"
    WATCH = "watch operations and drift"
    RUN_BATCHES = "cancel or refund bookings in bulk"
    MEND_MIRROR = "copy to Supabase or repair what differs there"
    GIVE_ROLES = "give or withdraw roles"
    FORGET = "forget students' names"
    OVERRIDE = "book without a credit"
    GIVE_KEYS = "give or withdraw API keys"
    SET_UP = "set up HubSpot"
    DECIDE_OWED = "decide which credits are owed"
    TAKE_OVER = "take over from another desk"
    EXPORT_STUDENTS = "export the list of students"


ALLOWED: dict[Role, frozenset[Act]] = {
    Role.STAFF: frozenset({Act.LOOK_UP, Act.BOOK_ONE}),
    Role.MANAGER: frozenset({Act.LOOK_UP, Act.WATCH}),
    Role.ADMIN: frozenset(Act),
}

assert ALLOWED.keys() == set(Role), "every role says what it may"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role that an admin gave to an address."""

    email: str
    role: Role
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRequest:
    """A role that one admin asked for and another has to approve."""

    email: str
    role: Role
    by: str
    at: datetime


class NotAllowed(PermissionError):
    """This person may not do this; the message says whom to ask."""

    def __init__(self, told: str, *, who: str = "") -> None:
        """``who``: was refused, by the address they act by; "": nobody that is known."""
        super().__init__(told)
        self.who = who


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks. Scripts act as a person too (``--as``); an API client as staff, within its key."""

    email: str
    role: Role
    #: What an API client's key leaves of the role. None: a person, who may all of it.
    only: frozenset[Act] | None = None
    #: Of an admin who acts over HTTP: the API key that named them (``api:admin-app/3f9a…``).
    via: str = ""
    #: Whom to ask for what the role does not allow.
    admins: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def may(self, act: Act) -> bool:
        """Whether this role, or key, lets them."""
        return act in ALLOWED[self.role] and (self.only is None or act in self.only)

    def require(self, act: Act) -> None:
        """Raise ``NotAllowed`` unless this role may."""
        if self.only is not None and act not in self.only & ALLOWED[self.role]:
            raise NotAllowed(f"the key of {self.email} does not let it {act}", who=self.email)
        if act not in ALLOWED[self.role]:
            raise NotAllowed(
                f"{self.email} is {self.role} and may not {act}. {_whom(self.admins)} may, or can "
                "give the role",
                who=self.email,
            )


def _whom(admins: tuple[str, ...]) -> str:
    """Up to three to ask by name: "The admin ann@x.test"."""
    match admins:
        case ():
            return "An admin"
        case (only,):
            return f"The admin {only}"
    return f"An admin ({', '.join(admins[:NAMED_MAX])}{' …' if len(admins) > NAMED_MAX else ''})"
