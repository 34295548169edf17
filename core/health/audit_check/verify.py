"""Reads the audit, and goes along its chain to see that nobody changed it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core.audit.chain import EMPTY, Head, Link, Verified, Walk
from core.audit.entries import Sought
from core.credits.errors import BadList
from core.credits.roles import Act, Actor
from core.health.audit_check.forged import Held, Story
from core.health.audit_check.heads import ShippedHead, missing_heads
from core.health.audit_check.shipping import HeadShipping
from core.health.store.port import HealthStore
from core.work.clocks import within

log = logging.getLogger(__name__)

#: Entries read in one go.
PORTION = 2000
#: As far as a page goes along the chain while somebody waits: about a fifth of a second.
WAITED_FOR = 10_000
#: The same for a page that has more to tell: moments.
GLANCED_AT = 2_000
#: How often a process goes along what was appended, and notes the head in its log.
LOOK_EVERY_S = 3600.0
#: How often it goes along all of it again: what was gone along may be changed after.
AFRESH_EVERY = timedelta(days=1)
#: Entries of one export.
EXPORT_MAX = 100_000
#: Faults that are told; one is enough to call the auditors.
FAULTS_MAX = 50


@dataclass(slots=True)
class _Shipped:
    """Heads that are kept elsewhere, looked for on the way along the chain."""

    heads: Sequence[ShippedHead] = ()
    unread: Sequence[str] = ()
    _met: set[Head] = field(default_factory=set)

    def along(self, links: Sequence[Link]) -> None:
        wanted = {one.n for one in self.heads}
        self._met |= {link.head for link in links if link.n in wanted}

    def faults(self, *, after: int = 0) -> list[str]:
        return [*self.unread, *missing_heads(self.heads, self._met, after=after)]


@dataclass(slots=True)
class AuditLog:
    """Reads only. What was gone along is not gone along again by this process before a day."""

    journal: HealthStore
    now: Callable[[], datetime]
    #: Those of the settings, whose role no entry gives.
    admins: Collection[str] = ()
    #: Where heads are kept elsewhere; None: nowhere.
    shipping: HeadShipping | None = None
    _walk: Walk = field(default_factory=Walk)
    #: When this walk set out; all that stood there then, it has gone along.
    _since: datetime | None = None
    _walking: threading.Lock = field(default_factory=threading.Lock)

    def find(
        self, sought: Sought, actor: Actor, *, limit: int = 100, offset: int = 0
    ) -> list[Link]:
        """Newest first.

        Raises:
            NotAllowed: this person may not look at the audit.
        """
        actor.require(Act.WATCH)
        return self.journal.audit(sought, limit=limit, offset=offset)

    def count(self, sought: Sought, actor: Actor) -> int:
        """How many there are. Raises ``NotAllowed``."""
        actor.require(Act.WATCH)
        return self.journal.audit_count(sought)

    def sizes(self, operation_ids: Collection[str], actor: Actor) -> dict[str, int]:
        """How many entries each of these operations has. Raises ``NotAllowed``."""
        actor.require(Act.WATCH)
        return self.journal.audit_sizes(operation_ids)

    def export(self, sought: Sought, actor: Actor, *, limit: int = EXPORT_MAX) -> Iterator[Link]:
        """Newest first, read by portions. Raises ``NotAllowed`` at once."""
        actor.require(Act.WATCH)
        return self._portions(sought, limit)

    def _portions(self, sought: Sought, limit: int) -> Iterator[Link]:
        before: int | None = None
        while limit > 0:
            links = self.journal.audit(sought, before=before, limit=min(PORTION, limit))
            yield from links
            if len(links) < PORTION:
                return
            limit, before = limit - len(links), links[-1].n

    def verify(
        self, actor: Actor, *, since: int = 0, expect: str = "", heads: str = ""
    ) -> Verified:
        """Go along all of the chain, or from after entry ``since`` on, which is then trusted.

        Of all of it also: whether the entries fit each other, and what the store holds of roles,
        keys and writes (``core.health.audit_check.forged``).

        ``expect``: the hash of a head that was noted elsewhere before. An entry with it must be
        there, else the end was cut off since, or the whole chain made anew. ``heads``: lines of
        heads that were shipped, beside those that can be read from here.

        Raises:
            NotAllowed: this person may not look at the audit.
            BadList: there is no entry ``since``.
        """
        actor.require(Act.WATCH)
        walk = Walk(head=self._from(since))
        held = self._held() if since <= 0 else None
        story, shipped = self._story(), self._shipped(heads)
        noted, last = self.journal.audit_head()
        met = not expect or expect in {walk.head.hash, EMPTY.hash}
        for links in self._up_to(walk, noted.n):
            met = met or any(link.hash == expect for link in links)
            story.along(links)
            shipped.along(links)
        walk.end(noted, last)
        walk.faults += shipped.faults(after=since)
        if held is not None:
            walk.faults += self._ended(story, held)
        if not met:
            of = f"after entry {since}" if since else "in the chain"
            walk.faults.append(
                f"no entry {of} has the hash {expect}: entries were cut off at the end since it "
                "was noted, or the chain was made anew"
            )
        return self._told(walk, noted.n)

    def standing(self, actor: Actor, *, afresh: bool = False) -> Verified:
        """What this process knows, after going on along what it has not been along yet.

        ``afresh``: forget what it knows, and go along all of it.

        Raises:
            NotAllowed: this person may not look at the audit.
        """
        actor.require(Act.WATCH)
        if afresh:
            self._set_out_again()
        return self._go_on(None if afresh else WAITED_FOR)

    def glance(self, actor: Actor) -> Verified:
        """The same within moments: waits for nobody who goes along it just now.

        Raises:
            NotAllowed: this person may not look at the audit.
        """
        actor.require(Act.WATCH)
        if not self._walking.acquire(blocking=False):
            return self._told(self._walk, self.journal.audit_head()[0].n, self._since)
        try:
            return self._along(GLANCED_AT)
        finally:
            self._walking.release()

    def judged(self) -> Verified:
        """What this process knows already, for the alarms."""
        return self._go_on(0)

    def look(self) -> Verified:
        """For a thread: go on to the end, and note the head in the log, out of the database.

        Once a day along all of it.
        """
        if self._since is None or not within(self._since, self.now(), AFRESH_EVERY):
            self._set_out_again()
        verified = self._go_on(None)
        head = verified.head
        _cry_out(verified.faults)
        if not verified.faults:
            log.info("audit head: entry %d, hash %s", head.n, head.hash)
        return verified

    def _set_out_again(self) -> None:
        """Pages meanwhile go on with what was known before."""
        since, walk = self.now(), Walk()
        held, story, shipped = self._held(), self._story(), self._shipped()
        for links in self._up_to(walk, self.journal.audit_head()[0].n):
            story.along(links)
            shipped.along(links)
        walk.faults += [*shipped.faults(), *self._ended(story, held)]
        _cry_out(walk.faults)
        with self._walking:
            self._walk, self._since = walk, since

    def _go_on(self, at_most: int | None) -> Verified:
        with self._walking:
            return self._along(at_most)

    def _along(self, at_most: int | None) -> Verified:
        noted, last = self.journal.audit_head()
        until = noted.n if at_most is None else min(noted.n, self._walk.head.n + at_most)
        known = len(self._walk.faults)
        for _ in self._up_to(self._walk, until):
            pass
        ended = replace(self._walk, faults=list(self._walk.faults))
        if until == noted.n:
            ended.end(noted, last)
        _cry_out(self._walk.faults[known:])
        return self._told(ended, noted.n, self._since)

    def _up_to(self, walk: Walk, n: int) -> Iterator[list[Link]]:
        while walk.head.n < n and len(walk.faults) < FAULTS_MAX:
            links = self.journal.audit_links(walk.head.n, min(PORTION, n - walk.head.n))
            links = [link for link in links if link.n <= n]
            if not links:
                return  # the end is missing, which ``Walk.end`` tells
            walk.along(links)
            yield links

    def _story(self) -> Story:
        return Story(self.now(), {admin.casefold() for admin in self.admins})

    def _shipped(self, more: str = "") -> _Shipped:
        """Before the chain is read: a head that is shipped meanwhile is none that is missing."""
        if self.shipping is None:
            return _Shipped()
        try:
            return _Shipped(*self.shipping.kept(more))
        except (OSError, ValueError) as error:
            return _Shipped(unread=[f"the shipped heads cannot be read: {error}"])

    def _held(self) -> Held:
        """Before the entries are read: whatever is saved has its entry by then."""
        return Held(
            grants=self.journal.grants(), keys=self.journal.api_keys(), landed=self._landed()
        )

    def _landed(self) -> dict[str, int]:
        found: dict[str, int] = {}
        after = 0
        while some := self.journal.landed_writes(after=after, limit=PORTION):
            found |= {one.id: one.movements for one in some}
            after = some[-1].seq
        return found

    def _ended(self, story: Story, held: Held) -> list[str]:
        since = self._landed() if story.unexplained(held) else ()
        return story.end(held, since)

    def _from(self, since: int) -> Head:
        if since <= 0:
            return EMPTY
        links = self.journal.audit_links(since - 1, 1)
        if not links or links[0].n != since:
            raise BadList([f"there is no entry {since} to begin after"])
        return links[0].head

    def _told(self, walk: Walk, total: int, since: datetime | None = None) -> Verified:
        faults = tuple(walk.faults[:FAULTS_MAX])
        return Verified(at=self.now(), head=walk.head, total=total, faults=faults, since=since)


def _cry_out(faults: Sequence[str]) -> None:
    if faults:
        log.error("the audit was changed: %s", "; ".join(faults[:3]))
