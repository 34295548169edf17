"""Looking at bookings again: whether others undid a cancellation, or a mark, of ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.domain.booking_looks import disturbed, overwritten_mark, told
from core.domain.double_refunds import KEYS
from core.domain.operations import Item, ItemState, Operation
from core.domain.records import Booking, BookingId, Kind
from core.domain.warnings import About
from core.domain.writes import MovementKind
from core.gateways.ports import WriteRecord
from core.gateways.ports.lookup import CrmLookUp, JournalLookUp
from core.operations.kinds.registry import booking_of, kind_of

CAUSES = frozenset({MovementKind.REFUND, MovementKind.SEAT_FREED})
OF_BOOKINGS = (About.STATUS, About.MARK)


@dataclass(frozen=True, slots=True)
class BookingLooks:
    """Three calls for a hundred bookings: one for what they hold, two for how that came about."""

    crm: CrmLookUp
    journal: JournalLookUp
    now: Callable[[], datetime]

    def look(self, operation_id: str, records: Sequence[WriteRecord]) -> None:
        """Compare the bookings of these writes with what was made of them, and keep what differs.

        Raises:
            GatewayError: HubSpot did not answer.
        """
        operation = self.journal.operation(operation_id)
        ids = {
            BookingId(m.booking_id)
            for record in records
            for m in record.write.movements
            if m.kind in CAUSES
        }
        if not kind_of(operation.kind).refunds or not ids:
            return
        items = {
            booking_of(item, operation.kind): item
            for item in self.journal.items(operation_id, bookings=ids)
            if item.state is ItemState.DONE
        }
        bookings = {
            id_: booking
            for id_, booking in self.crm.bookings_alone(items.keys()).items()
            if booking is not None
        }
        self._keep(operation, items, bookings)

    def _keep(
        self,
        operation: Operation,
        items: dict[BookingId, Item],
        bookings: dict[BookingId, Booking],
    ) -> None:
        owners = self.journal.owners(items.keys(), MovementKind.REFUND)
        wrong = {
            id_: found
            for id_, booking in bookings.items()
            if (found := disturbed(operation, booking, ours=owners.get(id_) == operation.id))
        }
        standing = {
            (one.about, one.record)
            for one in self.journal.warnings(operation.id)
            if one.about in OF_BOOKINGS
        }
        well = {
            (about, str(id_))
            for id_ in bookings
            for about in OF_BOOKINGS
            if about not in wrong.get(id_, ()) and (about, str(id_)) in standing
        }
        histories = self.crm.histories(Kind.BOOKING, bookings, KEYS)
        warned = [
            told(about, items[id_], bookings[id_], histories.get(id_))
            for id_, found in wrong.items()
            for about in sorted(found)
        ]
        for id_, history in histories.items():
            item = items[BookingId(id_)]
            if item.credit is not None and history is not None:
                warned += filter(None, [overwritten_mark(operation, item, history)])
        if not warned and not well:
            return
        run, _ = self.journal.begin_run(operation.id, at=self.now())
        self.journal.warn(run, warned, well=well, at=self.now())
