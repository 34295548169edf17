"""Which credits students still wait for, as both stores and the journal tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.credits.catalogue import Catalogue, CreditType
from core.credits.errors import BadList
from core.credits.records import BookingId, BookingStatus
from core.credits.roles import Act, Actor
from core.credits.writes import MovementKind
from core.hubspot.ports.crm import BookingFilter, Crm
from core.mirror.port import Mirror
from core.operations.choosing.select import ByIds
from core.operations.choosing.selections import BOOKINGS_MAX
from core.operations.owed.check import OwedCheck
from core.operations.owed.rules import Owed, by_credit, waiting
from core.operations.store.port import OperationStore

#: Rows of the mirror in one answer.
PAGE = 1000
#: As a choice of bookings, in words.
EVERYTHING = "everything owed"
LAGS = (
    "bookings that were cancelled within the last minute may be missing: HubSpot's search and "
    "Supabase show them a little later"
)
NOTHING = "nothing is owed, so nothing can be given back"
NARROW = BookingFilter(statuses=(BookingStatus.CANCELLED,), refunded=False)


@dataclass(frozen=True, slots=True)
class OwedCredits:
    """Both stores only name candidates: what counts is each booking's own fresh read.

    For n candidates: a search for each 200, a mirror page for each 1,000, a read for each 100 and
    two of associations for each 1,000; then what ``OwedCheck`` reads. About 115 calls for 2,000
    bookings of as many students.
    """

    crm: Crm
    mirror: Mirror
    journal: OperationStore
    catalogue: Catalogue
    check: OwedCheck

    def owed(self, actor: Actor, limit: int | None = None) -> list[Owed]:
        """The longest owed first, at most ``limit``, each since its cancellation.

        Raises:
            NotAllowed: this person may not watch drift.
            GatewayError: a store cannot be read.
        """
        return self.found(actor)[:limit]

    def everything(self, actor: Actor) -> ByIds:
        """All that students wait for, longest first, as a choice of bookings to refund.

        What an admin took back is left out: it is refunded only when it is named.

        Raises:
            NotAllowed: this person may not run batches.
            BadList: nothing is owed.
            GatewayError: a store cannot be read.
        """
        actor.require(Act.RUN_BATCHES)
        ids = tuple(one.booking.id for one in waiting(self.listed()))[:BOOKINGS_MAX]
        if not ids:
            raise BadList([NOTHING])
        return ByIds(ids=ids, words=EVERYTHING, caveat=LAGS)

    def count(self) -> Mapping[CreditType, int]:
        """How many credits of each type students wait for, all named. For the measurements.

        Without what an admin took back: it stands in the lists, and nobody has to act on it.

        Raises:
            GatewayError: a store cannot be read.
        """
        return by_credit(waiting(self.listed()), self.catalogue)

    def found(self, actor: Actor) -> list[Owed]:
        """All unmarked cancelled bookings, longest first, each with what speaks against it.

        Raises:
            NotAllowed: this person may not watch drift.
            GatewayError: a store cannot be read.
        """
        actor.require(Act.WATCH)
        return self.listed()

    def listed(self) -> list[Owed]:
        """The same, for a service or a command that needs nobody to ask.

        A search may lag and the mirror may drift: together they miss less than either.
        """
        searched = self.crm.search_bookings(NARROW, limit=BOOKINGS_MAX)
        candidates = list(dict.fromkeys([*searched, *self._mirrored()]))
        moved = self.journal.claimed(candidates, MovementKind.REFUND)
        bookings = self.crm.bookings([id_ for id_ in candidates if id_ not in moved])
        # asked again: one that was given back while HubSpot was read is owed no more
        return self.check.of(bookings.values())

    def _mirrored(self) -> list[BookingId]:
        found: list[BookingId] = []
        after = ""
        while page := self.mirror.unrefunded(after, PAGE):
            found += map(BookingId, page)
            after = page[-1]
        return found
