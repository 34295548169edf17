"""Access: which role a person has, and who gives it (design, section 10)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.access import sign_ins
from core.access.api_key_rules import ApiKey, Scope, is_client, key_in
from core.access.store.port import AccessStore
from core.credits.errors import BadList, StateConflict
from core.credits.roles import Act, Actor, Grant, NotAllowed, Role

#: Enough to catch a slip; whether the address exists, its identity provider knows. Of other letters
#: some fold into ASCII ones (the Kelvin sign into k), so that two mailboxes would be one person.
_ADDRESS = re.compile(r"[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
BY_SETTINGS = "CREDIT_DESK_ADMINS"


@dataclass(frozen=True, slots=True)
class Access:
    """First admins come from settings (``CREDIT_DESK_ADMINS``); all others from the journal."""

    admins: tuple[str, ...]
    journal: AccessStore
    now: Callable[[], datetime]
    #: Of these alone people may be; none: of any.
    domains: tuple[str, ...] = ()
    #: Providers whose addresses count although they never say that one was verified.
    unverified_from: tuple[str, ...] = ()

    def first_admin(self) -> str:
        """Who acts in a script that names nobody; "" when the settings name no admin."""
        return self.admins[0] if self.admins else ""

    def vouched(self, claims: Mapping[str, Any]) -> str:
        """The address that the provider of a sign-in vouches for, "" for none. Needs no role."""
        try:
            return sign_ins.address(claims, self.unverified_from)
        except NotAllowed:
            return ""

    def signed_in(self, claims: Mapping[str, Any]) -> Actor:
        """The person whom the provider of a sign-in vouches for.

        Raises:
            NotAllowed: it vouches for nobody, or nobody gave this address a role.
            JournalError: the roles cannot be read.
        """
        email = sign_ins.address(claims, self.unverified_from)
        if is_client(email):
            raise NotAllowed(f"{email} is no person's address: API clients do not sign in")
        return self.actor(email)

    def actor(self, email: str) -> Actor:
        """The person or API client behind this address, with what it may at this moment.

        Raises:
            NotAllowed: nobody gave this address a role, or its domain may not be here.
            JournalError: the roles cannot be read.
        """
        email = email.strip()
        if is_client(email):
            return self._client(email)
        if email and not self._of_ours(email):
            raise NotAllowed(
                f"{email} may not be here, only addresses of {self._domains_in_words()}. Sign in "
                "with one of these"
            )
        role = None
        if _ADDRESS.fullmatch(email):
            role = Role.ADMIN if self._by_settings(email) else self.journal.granted(email)
        if role is None:
            raise NotAllowed(
                f"{email or 'nobody'} has no role here. Ask an admin to give the address one, "
                "on the page People or by python -m core roles grant"
            )
        whom = () if role is Role.ADMIN else tuple(self.other_admins(email))
        return Actor(email=email, role=role, admins=whom)

    def admin_through(self, key: ApiKey, email: str) -> Actor:
        """The admin whom a request of this key names, as of this moment.

        Raises:
            NotAllowed: the key is not made for it, or the address is not an admin's.
            JournalError: the roles cannot be read.
        """
        key.require(Scope.ADMIN)
        if is_client(email.strip()):
            raise NotAllowed(f"{email} is an API client: name the person who acts")
        actor = self.actor(email)
        actor.require(Act.RUN_BATCHES)
        return replace(actor, via=key.address)

    def acts_for_admins(self, address: str) -> bool:
        """Whether the API key of this address may still act for the admins it names."""
        try:
            return Scope.ADMIN in self._key(address).scopes
        except NotAllowed:
            return False

    def may(self, email: str, act: Act) -> bool:
        """Whether this person may do this now."""
        try:
            self.actor(email).require(act)
        except NotAllowed:
            return False
        return True

    def other_admins(self, email: str) -> list[str]:
        """Who else is an admin now, those of the settings first."""
        granted = [grant.email for grant in self.journal.grants() if grant.role is Role.ADMIN]
        mine = email.strip().casefold()
        found = dict.fromkeys(each.casefold() for each in (*self.admins, *granted))
        return [each for each in found if each != mine]

    def people(self, actor: Actor) -> list[Grant]:
        """Everybody who has a role, those of the settings first.

        Raises:
            NotAllowed: this person may not give roles.
        """
        actor.require(Act.GIVE_ROLES)
        at = self.now()
        first = [Grant(email=e, role=Role.ADMIN, by=BY_SETTINGS, at=at) for e in self.admins]
        return first + [g for g in self.journal.grants() if not self._by_settings(g.email)]

    def grant(self, email: str, role: Role, actor: Actor) -> Grant:
        """Give this role instead of any other that the address has.

        Raises:
            NotAllowed: this person may not give roles.
            BadList: that is no e-mail address, or of a domain that may not be here.
            StateConflict: an admin by settings stays one; the last admin stays one.
        """
        actor.require(Act.GIVE_ROLES)
        email = email.strip()
        if not _ADDRESS.fullmatch(email):
            raise BadList([f"{email!r} is not an e-mail address"])
        if not self._of_ours(email):
            raise BadList([f"{email} is not of {self._domains_in_words()}"])
        self._not_by_settings(email)
        grant = Grant(email=email.casefold(), role=role, by=actor.email, at=self.now())
        self.journal.grant(grant, keep_an_admin=not self.admins)
        return grant

    def withdraw(self, email: str, actor: Actor) -> Role:
        """Take the role away; the one it was. What the person has confirmed does not begin.

        Raises:
            NotAllowed: this person may not withdraw roles.
            BadList: the address has no role.
            StateConflict: an admin by settings stays one; the last admin stays one.
        """
        actor.require(Act.GIVE_ROLES)
        self._not_by_settings(email)
        before = self.journal.withdraw(
            email.strip(), by=actor.email, at=self.now(), keep_an_admin=not self.admins
        )
        if before is None:
            raise BadList([f"{email} has no role"])
        return before

    def _client(self, address: str) -> Actor:
        return self._key(address).actor

    def _key(self, address: str) -> ApiKey:
        key = self.journal.api_key(key_in(address))
        if key is None or key.address != address or not key.holds(self.now()):
            raise NotAllowed(f"the key of {address} was withdrawn, or its time is over")
        return key

    def _of_ours(self, email: str) -> bool:
        return not self.domains or email.rpartition("@")[2].casefold() in self.domains

    def _domains_in_words(self) -> str:
        return " or ".join(self.domains)

    def _by_settings(self, email: str) -> bool:
        return email.strip().casefold() in {admin.casefold() for admin in self.admins}

    def _not_by_settings(self, email: str) -> None:
        if self._by_settings(email):
            told = f"{email} is an admin by {BY_SETTINGS}: change it there, and start again"
            raise StateConflict(told, state=Role.ADMIN)
