"""Access: which role a person has, and who gives it (design, section 10)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.access import identities, sign_ins
from core.access.api_key_rules import ApiKey, Scope, is_client, key_in
from core.access.identities import Account, KnownAccount
from core.access.mailboxes import one_mailbox
from core.access.store.port import AccessStore
from core.credits.errors import BadList, StateConflict
from core.credits.roles import Act, Actor, Grant, NotAllowed, Role, RoleRequest

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
    #: Domains to the providers that alone vouch for their addresses.
    bound: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: How long a request for the admin role waits for a second admin; None: one admin gives it.
    admin_request_life: timedelta | None = None

    def is_first(self, email: str) -> bool:
        """Whether the settings make this address an admin."""
        return email.strip().casefold() in {admin.casefold() for admin in self.admins}

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
            NotAllowed: it vouches for nobody, or nobody gave this address a role, or another
                account or provider than this one is the address's own.
            JournalError: the roles cannot be read.
        """
        email = sign_ins.address(claims, self.unverified_from)
        if is_client(email):
            raise NotAllowed(f"{email} is no person's address: API clients do not sign in")
        if fault := identities.provider_fault(email, claims, self.bound):
            raise NotAllowed(fault)
        actor = self.actor(email)
        self._same_account(email, identities.account_of(claims))
        return actor

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
                "with one of these",
                who=email,
            )
        role = None
        if _ADDRESS.fullmatch(email):
            role = Role.ADMIN if self.is_first(email) else self.journal.granted(email)
        if role is None:
            raise NotAllowed(
                f"{email or 'nobody'} has no role here. Ask an admin of this desk to give the "
                "address one, on the page People or by python -m core roles grant",
                who=email,
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
            told = f"{email} is an API client: name the person who acts"
            raise NotAllowed(told, who=key.address)
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
        return self._other_admins(email, self.journal.grants())

    def seconds(self, asker: str, asked_at: datetime) -> list[str]:
        """Who may say yes to what this admin asked for then."""
        grants = self.journal.grants()
        others = self._other_admins(asker, grants)
        return [each for each in others if not self._faults(asker, asked_at, each, grants)]

    def second_faults(self, asker: str, asked_at: datetime, email: str) -> list[str]:
        """Why this admin is no second person to what the asker asked for then; [] when they are."""
        return self._faults(asker, asked_at, email, self.journal.grants())

    def people(self, actor: Actor) -> list[Grant]:
        """Everybody who has a role, those of the settings first.

        Raises:
            NotAllowed: this person may not give roles.
        """
        actor.require(Act.GIVE_ROLES)
        at = self.now()
        first = [Grant(email=e, role=Role.ADMIN, by=BY_SETTINGS, at=at) for e in self.admins]
        return first + [g for g in self.journal.grants() if not self.is_first(g.email)]

    def grant(self, email: str, role: Role, actor: Actor) -> Grant | RoleRequest:
        """Give this role instead of any other that the address has; or ask a second admin for it.

        Raises:
            NotAllowed: this person may not give roles.
            BadList: that is no e-mail address, or of a domain that may not be here.
            StateConflict: an admin by settings stays one; the last admin stays one; there is
                nobody who could approve it.
        """
        actor.require(Act.GIVE_ROLES)
        email = email.strip()
        if not _ADDRESS.fullmatch(email):
            raise BadList([f"{email!r} is not an e-mail address"])
        if not self._of_ours(email):
            raise BadList([f"{email} is not of {self._domains_in_words()}"])
        self._not_by_settings(email)
        email = email.casefold()
        asks = role is Role.ADMIN and self.admin_request_life is not None
        if asks and self.journal.granted(email) is not Role.ADMIN:
            return self._ask(email, role, actor)
        grant = Grant(email=email, role=role, by=actor.email, at=self.now())
        self.journal.grant(grant, keep_an_admin=not self.admins)
        return grant

    def same_people(self, emails: Iterable[str]) -> dict[str, list[str]]:
        """Addresses with a role that reach the same mailbox as each: not a second person.

        By the addresses as they were given; those without any are left out.
        """
        known = {*self.admins, *(grant.email for grant in self.journal.grants())}
        found = {
            email: sorted(
                each
                for each in known
                if each != email.strip().casefold() and one_mailbox(each, email)
            )
            for email in emails
        }
        return {email: others for email, others in found.items() if others}

    def requests(self, actor: Actor) -> list[RoleRequest]:
        """Roles that wait for a second admin; those whose time is over are left out.

        Raises:
            NotAllowed: this person may not give roles.
        """
        actor.require(Act.GIVE_ROLES)
        return [each for each in self.journal.role_requests() if self.waits(each)]

    def requests_for(self, actor: Actor) -> list[tuple[RoleRequest, list[str]]]:
        """The same, each with why this admin is no second person to it.

        Raises:
            NotAllowed: this person may not give roles.
        """
        asked, grants = self.requests(actor), self.journal.grants()
        return [(each, self._faults(each.by, each.at, actor.email, grants)) for each in asked]

    def approve(self, email: str, actor: Actor) -> Grant:
        """Give the role that another admin asked for.

        Raises:
            NotAllowed: this person may not give roles at this moment, or is no second person.
            BadList: nobody asks for a role of this address.
            StateConflict: it was approved, refused or asked anew meanwhile.
        """
        asked = self._asked(email, actor)
        if faults := self.second_faults(asked.by, asked.at, actor.email):
            raise NotAllowed("; ".join(faults), who=actor.email)
        if not self.may(asked.by, Act.GIVE_ROLES):
            raise NotAllowed(f"{asked.by}, who asked, may no longer give roles")
        at = self.now()
        if not self.journal.approve_role(asked, by=actor.email, at=at):
            raise _gone(asked)
        return Grant(email=asked.email, role=asked.role, by=actor.email, at=at)

    def refuse(self, email: str, actor: Actor) -> RoleRequest:
        """End the request for a role; who asked may do so too.

        Raises:
            NotAllowed: this person may not give roles at this moment.
            BadList: nobody asks for a role of this address.
            StateConflict: it was approved, refused or asked anew meanwhile.
        """
        asked = self._asked(email, actor)
        if not self.journal.refuse_role(asked, by=actor.email, at=self.now()):
            raise _gone(asked)
        return asked

    def strangers(self, actor: Actor) -> list[KnownAccount]:
        """Addresses with which another account than their own asked to come in.

        Raises:
            NotAllowed: this person may not give roles.
        """
        actor.require(Act.GIVE_ROLES)
        return [known for known in self.journal.accounts() if known.other is not None]

    def accept(self, email: str, account: Account, actor: Actor) -> None:
        """From now on this other account signs in with the address, and the one before does not.

        Raises:
            NotAllowed: this person may not give roles at this moment.
            BadList: this account does not wait.
        """
        self._require(actor)
        email = email.strip()
        if not self.journal.accept_account(email, account, by=actor.email, at=self.now()):
            raise BadList([f"no such account asked to sign in as {email}"])

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

    def _ask(self, email: str, role: Role, actor: Actor) -> RoleRequest:
        request = RoleRequest(email=email, role=role, by=actor.email, at=self.now())
        if not self.seconds(request.by, request.at):
            told = (
                "another admin has to approve it (CREDIT_DESK_SECOND_ADMIN_FOR_ADMINS), and there "
                f"is none: name two in {BY_SETTINGS}"
            )
            raise StateConflict(told, state=role)
        self.journal.ask_role(request)
        return request

    def _asked(self, email: str, actor: Actor) -> RoleRequest:
        self._require(actor)
        email = email.strip().casefold()
        for each in self.requests(actor):
            if each.email == email:
                return each
        raise BadList([f"nobody asks for a role of {email}, or its time is over"])

    def waits(self, request: RoleRequest) -> bool:
        """Whether its time is not over, and roles still begin with a second admin."""
        life = self.admin_request_life
        return life is not None and self.now() < request.at + life

    def _require(self, actor: Actor) -> None:
        """By the role of this moment: the one the caller read may be a page's."""
        self.actor(actor.email).require(Act.GIVE_ROLES)

    def _other_admins(self, email: str, grants: Iterable[Grant]) -> list[str]:
        granted = [grant.email for grant in grants if grant.role is Role.ADMIN]
        found = dict.fromkeys(each.casefold() for each in (*self.admins, *granted))
        return [each for each in found if not one_mailbox(each, email)]

    def _faults(
        self, asker: str, asked_at: datetime, email: str, grants: Iterable[Grant]
    ) -> list[str]:
        """See ``second_faults``."""
        if one_mailbox(asker, email):
            same = asker.casefold() == email.strip().casefold()
            told = "" if same else f" as {asker}: both addresses are one mailbox"
            return [f"{email} asked for it{told}, so another admin has to approve it"]
        since = self._admin_since(email, grants)
        if since is not None and since > asked_at:
            told = "became an admin after it was asked for, so an admin of before has to approve it"
            return [f"{email} {told}"]
        return []

    def _admin_since(self, email: str, grants: Iterable[Grant]) -> datetime | None:
        """None: by the settings, which are older than all that is asked for."""
        email = email.strip().casefold()
        if self.is_first(email):
            return None
        return next((each.at for each in grants if each.email == email), None)

    def _same_account(self, email: str, account: Account) -> None:
        known = self.journal.account(email)
        if known is None or account not in {known.account, known.other}:
            known = self.journal.meet_account(email, account, at=self.now())
        if known.account != account:
            raise NotAllowed(
                f"{email} belongs to another account here: the one that signed in first, at "
                f"{known.issuer}. If this account is yours, ask an admin to accept it on the page "
                "People or by python -m core roles accept"
            )

    def _client(self, address: str) -> Actor:
        return self._key(address).actor

    def _key(self, address: str) -> ApiKey:
        key = self.journal.api_key(key_in(address))
        if key is None or key.address != address or not key.holds(self.now()):
            told = f"the key of {address} was withdrawn, or its time is over"
            raise NotAllowed(told, who=address)
        return key

    def _of_ours(self, email: str) -> bool:
        return not self.domains or email.rpartition("@")[2].casefold() in self.domains

    def _domains_in_words(self) -> str:
        return " or ".join(self.domains)

    def _not_by_settings(self, email: str) -> None:
        if self.is_first(email):
            told = f"{email} is an admin by {BY_SETTINGS}: change it there, and start again"
            raise StateConflict(told, state=Role.ADMIN)


def _gone(asked: RoleRequest) -> StateConflict:
    told = f"the request to make {asked.email} {asked.role} was answered or asked anew meanwhile"
    return StateConflict(told, state=asked.role)
