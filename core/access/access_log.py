"""Acts that change nothing in the database, and are in the audit all the same."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from core.access.pacing import spans
from core.access.people import BY_SETTINGS
from core.access.rationing import Rationing
from core.audit.entries import Entry, Sought, Subject, What
from core.audit.store.port import AuditStore
from core.credits.errors import JournalError
from core.credits.records import ContactId
from core.credits.roles import Actor, NotAllowed

log = logging.getLogger(__name__)

#: Whoever looks at the same contact again within this has looked once.
LOOK_AGAIN = timedelta(minutes=15)
#: Of a token that tells no time of its own: a sign-in within this is the same one.
SIGN_IN = timedelta(hours=12)
#: Acts remembered, so that a rerun does not ask the journal what it asked before.
KNOWN_MAX = 10_000
#: Who acts when a process starts.
START = "the start"


@dataclass(slots=True)
class AccessLog:
    """Each is recorded once, however often a page is drawn, and by however many processes."""

    journal: AuditStore
    now: Callable[[], datetime]
    #: Whether looks at contacts are recorded (``CREDIT_DESK_AUDIT_LOOKS``).
    looks: bool = True
    #: None: nobody counts how many students somebody opens.
    rationing: Rationing | None = None
    _known: set[str] = field(default_factory=set)

    def signed_in(self, email: str, claims: Mapping[str, Any]) -> None:
        """Somebody came with this token, whatever role they have; once for each token.

        ``claims``: the token's, of which the time it was issued tells it from the next.

        Raises:
            JournalError: it is not recorded, and nobody is let in.
        """
        if not email:
            return  # an address that nobody verified opens nothing
        at = self.now()
        self._once(
            f"sign-in {email.casefold()} {_token(claims, at)}",
            Entry(at=at, actor=email, what=What.SIGNED_IN),
        )

    def looked(self, id_: ContactId, actor: Actor) -> None:
        """This person opened this contact; once in a quarter of an hour.

        Raises:
            TooMany: a person opens more than anybody who works; the contact is not shown.
            JournalError: it is not recorded, and the contact is not shown.
        """
        at = self.now()
        key = f"look {actor.email.casefold()} {id_} {spans(at, LOOK_AGAIN)}"
        if key in self._known:
            return
        if self.rationing is not None and actor.only is None:
            self.rationing.opened(id_, actor.email)
        if not self.looks:
            self._remember(key)
            return
        self._once(
            key,
            Entry(
                at=at,
                actor=actor.email,
                role=actor.role.value,
                what=What.LOOKED,
                subject=Subject.CONTACT,
                subject_id=id_,
            ),
        )

    def searched(self, text: str, hits: int, where: str, actor: Actor) -> None:
        """This person searched, and so many students were listed; the text is not kept.

        The same text again within a quarter of an hour is the same search: a page is drawn again
        with every click.

        Raises:
            TooMany: more students were listed than a person reads; they are not shown.
            JournalError: it is not recorded, and nobody is shown.
        """
        at = self.now()
        key = f"search {actor.email.casefold()} {where} {text} {spans(at, LOOK_AGAIN)}"
        if key in self._known:
            return
        if self.rationing is not None:
            self.rationing.listed(hits, actor.email)
        if self.looks:
            entry = Entry(
                at=at,
                actor=actor.email,
                role=actor.role.value,
                what=What.SEARCHED,
                detail={"hits": hits, "where": where, "letters": len(text)},
            )
            self.journal.record(entry)
        self._remember(key)

    def signed_out(self, email: str, claims: Mapping[str, Any]) -> None:
        """Somebody ended the sign-in of this token; once for each token.

        ``claims``: as of ``signed_in``.

        Raises:
            JournalError: it is not recorded. The sign-out itself must go on.
        """
        if not email:
            return
        at = self.now()
        self._once(
            f"sign-out {email.casefold()} {_token(claims, at)}",
            Entry(at=at, actor=email, what=What.SIGNED_OUT),
        )

    def refused(self, refusal: NotAllowed, who: str = "") -> None:
        """A role, or a key, did not allow what was asked; once in a quarter of an hour.

        Kept as it is told, which names the act. ``who``: in place of whom the refusal names.
        Never raises: whoever was refused is told so, whether or not it is recorded.
        """
        who, why = who or refusal.who, str(refusal)
        if not who:
            return
        at = self.now()
        try:
            self._once(
                f"refused {who.casefold()} {why} {spans(at, LOOK_AGAIN)}",
                Entry(at=at, actor=who, what=What.REFUSED, detail={"why": why}),
            )
        except JournalError:
            log.exception("a refusal is not in the audit")

    def settings(self, told: Mapping[str, str], *, where: str) -> None:
        """What differs from the settings at the last start, by name.

        ``told``: values for people, none of them secret. ``where``: which process starts.

        Raises:
            JournalError: it is not recorded.
        """
        last, n = self._last_settings()
        self._settings_changed(last, {**dict.fromkeys(last), **told}, after=n, where=where)

    def first_admins(self, admins: Collection[str], *, where: str) -> None:
        """The same of those whom the settings name, before a command acts as one of them.

        A command that starts no worker tells nothing of its settings. Its admin, whom no entry gave
        a role, would be taken for a forged one as soon as other settings name another.

        Raises:
            JournalError: it is not recorded.
        """
        last, n = self._last_settings()
        if last:  # else the first start tells, and until then these are the settings
            self._settings_changed(last, {BY_SETTINGS: ", ".join(admins)}, after=n, where=where)

    def _last_settings(self) -> tuple[dict[str, str], int]:
        """What the entries tell of them, and the newest of these entries."""
        past = self.journal.audit(Sought(what=(What.SETTINGS,)), limit=KNOWN_MAX)
        last: dict[str, str] = {}
        for link in reversed(past):
            last |= link.entry.after
        known = {name: value for name, value in last.items() if value is not None}
        return known, past[0].n if past else 0

    def _settings_changed(
        self, last: Mapping[str, str], told: Mapping[str, str | None], *, after: int, where: str
    ) -> None:
        changed = {n: told[n] for n in sorted(told) if last.get(n) != told[n]}
        if not changed:
            return
        seen = sha256(repr((after, changed)).encode()).hexdigest()[:16]
        entry = Entry(
            at=self.now(),
            actor=START,
            what=What.SETTINGS,
            before={name: last.get(name) for name in changed},
            after=changed,
            detail={"where": where},
            once=f"settings {seen}",  # two processes that start together find the same
        )
        self.journal.record(entry)

    def _once(self, key: str, entry: Entry) -> None:
        if key in self._known:
            return
        self.journal.record(replace(entry, once=key))
        self._remember(key)

    def _remember(self, key: str) -> None:
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known.add(key)


def _token(claims: Mapping[str, Any], at: datetime) -> object:
    """What tells one token from the next."""
    return claims.get("iat") or claims.get("exp") or spans(at, SIGN_IN)
