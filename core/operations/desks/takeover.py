"""Desks: whether another desk writes on this account, and how one takes over from it.

The register tells people of each other. What keeps credits right is another thing: no record is
written whose last marked write the journal does not know (``known_writes``).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from core.credits.errors import GatewayError
from core.credits.records import ContactId, Counted, Kind
from core.credits.roles import Act, Actor
from core.credits.typed_reasons import reason_faults
from core.hubspot.ports.crm import Crm
from core.hubspot.ports.inspection import Finding, Health
from core.operations.desks.rules import Process, Registered, Takeover, told_of
from core.operations.desks.store.desks_port import DeskRegister
from core.operations.owed.find import OwedCredits
from core.operations.owed.rules import Owed
from core.operations.protocol.known_writes import KnownWrites
from core.operations.store.port import OperationStore

log = logging.getLogger(__name__)

#: How often a running process renews its entry: thrice within ``LIVE_S``.
RENEW_EVERY_S = 20.0
#: How old an answer of the register may be for whoever confirms.
BELIEVED_S = 25.0
WHAT = "other desks"
TAKE_OVER = (
    "Stop it, or take over from it (python -m core takeover --reason TEXT; on the page of the "
    "operation: Take over): it then stops writing"
)
UNREACHABLE = (
    "Another desk would not be seen here; its writes would still be found in HubSpot before "
    "anything is written over"
)


class NoTakeover(ValueError):
    """The takeover was refused; nothing was changed."""


class AnotherDesk(ValueError):
    """Another desk is at work, or took over. Nothing was changed; ``str()`` says what to do."""


class Clock(Protocol):
    """Seconds that never go back."""

    def __call__(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """What the register told of other desks."""

    live: Sequence[Registered] = ()
    #: Not renewed lately, or taken over from.
    past: Sequence[Registered] = ()
    #: Who took over from this desk; empty: nobody did.
    taken_over_by: str = ""
    taken_over_at: datetime | None = None
    #: Why nothing is known; empty: it is.
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """What a takeover came to, or would come to."""

    others: Others
    #: Owed bookings of students whose last write is another desk's: it may have refunded them.
    in_doubt: Sequence[Owed]


@dataclass(slots=True)
class Desks:
    """One for each process. ``register`` None: there is none, and no other desk is seen."""

    crm: Crm
    journal: OperationStore
    owing: OwedCredits
    register: DeskRegister | None
    #: This process; its desk is filled in from the journal.
    process: Process
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    monotonic: Clock
    _last: Others | None = field(default=None, init=False)
    _known_at: float = field(default=0.0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def id(self) -> str:
        """The name of this desk."""
        return self.journal.desk_id(self.new_id()[:8])

    def renew(self) -> None:
        """Renew the entry of this process, and learn of others. A register that is down is told."""
        if self.register is None:
            return
        with self._lock:
            mine = replace(self.process, desk=self.id())
            self.journal.note_process(mine.name, at=self.now())
            self._learn(lambda register: register.register(mine))

    def leave(self) -> None:
        """Remove the entry of this process, as it ends."""
        if self.register is None:
            return
        try:
            self.register.unregister(self.process.name)
        except GatewayError as error:
            log.warning("this desk could not leave the register: %s", error)

    def others(self) -> Others:
        """As the register told within the last seconds, or tells now."""
        if self.register is None:
            return Others()
        if (fresh := self._fresh()) is not None:
            return fresh
        with self._lock:
            if (fresh := self._fresh()) is not None:
                return fresh  # somebody else asked while we waited
            self._learn(lambda register: register.registered())
            assert self._last is not None
            return self._last

    def takeovers(self, actor: Actor) -> list[Takeover]:
        """Those by this desk, newest first.

        Raises:
            NotAllowed: this person may not watch.
        """
        actor.require(Act.WATCH)
        return self.journal.takeovers()

    def _fresh(self) -> Others | None:
        recent = self.monotonic() - self._known_at <= BELIEVED_S
        return self._last if recent else None

    def barred(self) -> str:
        """Why this desk may write nothing, as far as this process has heard; empty: it may."""
        last = self._last
        if last is None or not last.taken_over_by:
            return ""
        return _taken_over(last)

    def objections(self) -> list[str]:
        """What speaks against confirming anything here, for people. A register that is down: none.

        Raises:
            JournalError: the journal does not tell.
        """
        others = self.others()
        if others.taken_over_by:
            return [_taken_over(others)]
        return [f"{one} is at work on this HubSpot account. {TAKE_OVER}" for one in told(others)]

    def require_alone(self) -> None:
        """Before anything is written again at a person's word.

        Raises:
            AnotherDesk: as ``objections``.
            JournalError: the journal does not tell.
        """
        if against := self.objections():
            raise AnotherDesk("; ".join(against))

    def in_doubt(self) -> list[Owed]:
        """Owed bookings that another desk may have refunded without marking them.

        Raises:
            GatewayError, JournalError: nothing is known.
        """
        owed = self.owing.listed(lambda one: one.not_owed is None)
        ids = {one.contact_id for one in owed if one.contact_id is not None}
        if not ids:
            return []
        read: dict[str, Counted | None] = self.crm.counted(Kind.CONTACT, ids)
        there = {id_: contact for id_, contact in read.items() if contact is not None}
        strange = KnownWrites(self.crm, self.journal).unknown(there.values())
        return [
            one
            for one in owed
            if (contact := there.get(one.contact_id or ContactId(""))) is not None
            and contact.id in strange
        ]

    def look(self, actor: Actor) -> TakenOver:
        """What a takeover would mean just now. Changes nothing.

        Raises:
            NotAllowed: this person may not take over.
            GatewayError, JournalError: nothing is known.
        """
        actor.require(Act.TAKE_OVER)
        return TakenOver(others=self.others(), in_doubt=self.in_doubt())

    def take_over(self, actor: Actor, *, reason: str) -> Others:
        """From now on what other desks wrote counts as known, and they stop writing.

        Raises:
            NotAllowed: this person may not take over.
            NoTakeover: no reason was given.
            JournalError: nothing was changed.
        """
        actor.require(Act.TAKE_OVER)
        missing = "give a reason for the takeover: it is kept in the audit"
        if faults := reason_faults(reason, missing=missing):
            raise NoTakeover("; ".join(faults))
        others = self.others()
        mine = self.id()
        theirs = {entry.process.desk for entry in (*others.live, *others.past)}
        if others.taken_over_by:
            theirs.add(others.taken_over_by)
        copied = mine in theirs
        rename = self.new_id()[:8] if copied else ""
        done = Takeover(at=self.now(), by=actor.email, reason=reason.strip())
        self.journal.take_over(done, rename=rename)
        if self.register is not None:
            self._mark(sorted(theirs), by=rename or mine)
        return others

    def findings(self) -> list[Finding]:
        """For ``doctor``."""
        if self.register is None:
            return []
        others = self.others()
        if others.fault:
            said = f"the register of desks in Supabase does not answer: {others.fault}"
            return [Finding(health=Health.WARNING, what=WHAT, said=said, mend=UNREACHABLE)]
        if others.taken_over_by:
            mend = "use that desk, or take over from it (python -m core takeover --reason TEXT)"
            fault = Health.FAULT
            return [Finding(health=fault, what=WHAT, said=_taken_over(others), mend=mend)]
        found = [
            Finding(health=Health.FAULT, what=WHAT, said=f"{one} is at work", mend=TAKE_OVER)
            for one in told(others)
        ]
        return found or [
            Finding(health=Health.FINE, what=WHAT, said=f"none is at work; this is {self.id()}")
        ]

    def _mark(self, theirs: Sequence[str], *, by: str) -> None:
        assert self.register is not None
        try:
            self.register.mark_taken_over(theirs, by=by)
        except GatewayError as error:
            # the other one is stopped by what it finds in HubSpot, if not by the register
            log.warning("the other desk could not be told that it was taken over: %s", error)
        with self._lock:
            self._last = None

    def _learn(self, ask: Callable[[DeskRegister], Sequence[Registered]]) -> None:
        assert self.register is not None
        try:
            entries = ask(self.register)
        except GatewayError as error:
            # who was taken over from stays so, whatever becomes of the register
            self._last = replace(self._last or Others(), live=(), past=(), fault=str(error))
        else:
            self._last = self._judged(entries)
        self._known_at = self.monotonic()

    def _judged(self, entries: Sequence[Registered]) -> Others:
        ours = self.journal.known_processes([entry.process.name for entry in entries])
        mine = self.id()
        theirs = [entry for entry in entries if entry.process.name not in ours]
        live = [entry for entry in theirs if entry.live and not entry.taken_over_by]
        marked = next(
            (e for e in entries if e.process.desk == mine and e.taken_over_by not in {"", mine}),
            None,
        )
        return Others(
            live=live,
            past=[entry for entry in theirs if entry not in live],
            taken_over_by=marked.taken_over_by if marked else "",
            taken_over_at=marked.taken_over_at if marked else None,
        )


def told(others: Others) -> list[str]:
    """One line for each other desk that is at work."""
    return told_of(others.live)


def _taken_over(others: Others) -> str:
    when = f" on {others.taken_over_at:%d %b %Y %H:%M} UTC" if others.taken_over_at else ""
    return (
        f"desk {others.taken_over_by} took over from this one{when}, so this one writes nothing. "
        "Use that desk, or take over from it"
    )
