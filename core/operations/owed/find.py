"""Which credits students still wait for, as both stores and the journal tell it."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from core.credits.catalogue import Catalogue, CreditType
from core.credits.errors import BadList
from core.credits.records import Booking, BookingId, BookingStatus
from core.credits.roles import Act, Actor
from core.credits.writes import MovementKind
from core.hubspot.ports.crm import SEARCH_KNOWS, BookingFilter, Crm
from core.mirror.port import Mirror
from core.operations.choosing.select import ByIds
from core.operations.owed.check import OwedCheck
from core.operations.owed.rules import Owed, longest, longest_first
from core.operations.owed.summary import OwedSummary, summed_up
from core.operations.store.port import OperationStore
from core.work.context_pool import ContextPool
from core.work.inline_executor import InlineExecutor

#: Rows of the mirror in one answer.
PAGE = 1000
#: Bookings read and judged in one go; so many are in memory.
PORTION = 5 * PAGE
#: As a choice of bookings, in words.
EVERYTHING = "everything owed"
LAGS = (
    "bookings that were cancelled within the last minute may be missing: HubSpot's search and "
    "Supabase show them a little later"
)
NOTHING = "nothing is owed, so nothing can be given back"
#: As the mirror names them.
NARROW = BookingFilter(statuses=(BookingStatus.CANCELLED,), with_token=True, refunded=False)


@dataclass(slots=True)
class _Known:
    """What is read of a list, and which of it search must know as well."""

    #: Changed later than this, a booking need not be in the search yet.
    before: datetime
    read: set[BookingId] = field(default_factory=set)
    sure: list[BookingId] = field(default_factory=list)

    def add(
        self, ids: Sequence[BookingId], bookings: Collection[Booking | None]
    ) -> Collection[Booking]:
        """Those asked for. Of what HubSpot told of them: each booking that it had not told yet.

        One that was merged from others is told under the id of each.
        """
        new = {one.id: one for one in bookings if one is not None and one.id not in self.read}
        self.read.update(ids, new)
        self.sure += [
            one.id for one in new.values() if NARROW.fits(one) and one.modified_at < self.before
        ]
        return new.values()


@dataclass(frozen=True, slots=True)
class OwedCredits:
    """Both stores only name candidates: what counts is each booking's own fresh read.

    The mirror names nearly all, and quickly. What it lacks, HubSpot's search finds: it counts the
    bookings of each range of ids, and lists a range where that are not those that were read
    (docs/decisions/0051-any-size.md).

    For n candidates in m ranges that differ: a mirror page for each 1,000, a read for each 100 and
    two of associations for each 1,000, a search for each 10,000 and a few for each of m; then what
    ``OwedCheck`` reads. About 105 calls for 2,000 bookings of as many students.
    """

    crm: Crm
    mirror: Mirror
    journal: OperationStore
    catalogue: Catalogue
    check: OwedCheck
    now: Callable[[], datetime]
    #: One thing after the other: for simulations by a seed.
    in_turn: bool = False

    def owed(self, actor: Actor, limit: int | None = None) -> list[Owed]:
        """The longest owed first, at most ``limit``, each since its cancellation.

        Raises:
            NotAllowed: this person may not watch drift.
            GatewayError: a store cannot be read.
        """
        found = self.each(actor)
        return longest_first(found) if limit is None else heapq.nsmallest(limit, found, key=longest)

    def everything(self, actor: Actor) -> ByIds:
        """All that students wait for, longest first, as a choice of bookings to refund.

        What an admin took back is left out: it is refunded only when it is named.

        Raises:
            NotAllowed: this person may not run batches.
            BadList: nothing is owed.
            GatewayError: a store cannot be read.
        """
        actor.require(Act.RUN_BATCHES)
        ids = summed_up(self._portions(), first=0).everything
        if not ids:
            raise BadList([NOTHING])
        return ByIds(ids=ids, words=EVERYTHING, caveat=LAGS)

    def count(self) -> Mapping[CreditType, int]:
        """How many credits of each type students wait for, all named. For the measurements.

        Without what an admin took back: it stands in the lists, and nobody has to act on it.

        Raises:
            GatewayError: a store cannot be read.
        """
        counted = summed_up(self._portions(), first=0).waiting.by_credit
        return {credit: counted.get(credit, 0) for credit in self.catalogue.keys}

    def summary(self, actor: Actor, *, first: int) -> OwedSummary:
        """All unmarked cancelled bookings counted; ``first``: so many of each group in full.

        Raises:
            NotAllowed: this person may not watch drift.
            GatewayError: a store cannot be read.
        """
        actor.require(Act.WATCH)
        return summed_up(self._portions(), first=first)

    def each(self, actor: Actor) -> Iterator[Owed]:
        """Every unmarked cancelled booking in no order, with what speaks against it.

        They are found while they are taken, so that they are never all in memory.

        Raises:
            NotAllowed: this person may not watch drift.
            GatewayError: a store cannot be read, also while they are taken.
        """
        actor.require(Act.WATCH)
        return (one for some in self._portions() for one in some)

    def listed(self, wanted: Callable[[Owed], bool] = lambda _: True) -> list[Owed]:
        """Those of them that are wanted, longest first, for a service that needs nobody to ask."""
        return longest_first(one for some in self._portions() for one in some if wanted(one))

    def _portions(self) -> Iterator[list[Owed]]:
        """A search may lag and the mirror may drift: together they miss less than either.

        The check asks again: one that was given back while HubSpot was read is owed no more.
        """
        known = _Known(self.now() - SEARCH_KNOWS)
        last: Collection[Booking] = []
        for ids in self._mirrored():
            yield self.check.of(last)
            last = self._read(ids, known)
        with InlineExecutor() if self.in_turn else ContextPool(1, "owed") as searching:
            # beside the judging of the last portion: searches have a limit of their own
            search = partial(self.crm.search_bookings, NARROW, known=known.sure)
            missing = searching.submit(search)
            yield self.check.of(last)
            rest = [id_ for id_ in missing.result() if id_ not in known.read]
        for start in range(0, len(rest), PORTION):
            yield self.check.of(self._read(rest[start : start + PORTION], known))

    def _read(self, ids: Sequence[BookingId], known: _Known) -> Collection[Booking]:
        moved = self.journal.claimed(ids, MovementKind.REFUND)
        bookings = self.crm.bookings([id_ for id_ in ids if id_ not in moved])
        return known.add(ids, bookings.values())

    def _mirrored(self) -> Iterator[list[BookingId]]:
        """Those that the mirror names, by portions."""
        found: list[BookingId] = []
        after = ""
        while page := self.mirror.unrefunded(after, PAGE):
            found += map(BookingId, page)
            after = page[-1]
            if len(found) >= PORTION:
                yield found
                found = []
        if found:
            yield found
