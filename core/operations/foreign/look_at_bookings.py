"""Looking at bookings again: whether others undid a cancellation, or a mark, of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.credits.records import Booking, BookingId, History, Kind
from core.credits.writes import MovementKind
from core.hubspot.ports.lookup import CrmLookUp
from core.operations.foreign.balance_histories import read_histories
from core.operations.foreign.booking_words import (
    disturbed,
    given_before_mark,
    marked_late,
    overwritten_mark,
    told,
)
from core.operations.foreign.when_to_look import CLOCKS
from core.operations.kinds.registry import booking_of, kind_of
from core.operations.leftovers import About, Warned
from core.operations.owed.double_refunds import KEYS
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.states import Item, ItemState, Operation
from core.operations.store.port import OperationStore

CAUSES = frozenset({MovementKind.REFUND, MovementKind.SEAT_FREED})
OF_BOOKINGS = (About.STATUS, About.MARK)


@dataclass(frozen=True, slots=True)
class BookingLooks:
    """Three calls for a hundred bookings: one for what they hold, two for how that came about.

    Two more for the students of bookings whose mark came long after their credit.
    """

    crm: CrmLookUp
    journal: OperationStore
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
        refunds = {
            BookingId(m.booking_id): record
            for record in records
            for m in record.write.movements
            if m.kind is MovementKind.REFUND
        }
        self._keep(operation, items, bookings, refunds)

    def _keep(
        self,
        operation: Operation,
        items: dict[BookingId, Item],
        bookings: dict[BookingId, Booking],
        refunds: Mapping[BookingId, WriteRecord],
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
        warned += self._given_between(operation, items, histories, refunds)
        if not warned and not well:
            return
        run, _ = self.journal.begin_run(operation.id, at=self.now())
        self.journal.warn(run, warned, well=well, at=self.now())

    def _given_between(
        self,
        operation: Operation,
        items: Mapping[BookingId, Item],
        histories: Mapping[str, History | None],
        refunds: Mapping[BookingId, WriteRecord],
    ) -> list[Warned]:
        """Credits that others may have given to bookings which waited for their mark."""
        late = {
            id_: marked
            for id_, record in refunds.items()
            if (marked := marked_late(operation, histories.get(id_), record.modified_at))
        }
        if not late:
            return []
        read = read_histories(
            self.crm,
            self.journal,
            {contact for id_ in late if (contact := items[id_].contact_id) is not None},
            {credit for id_ in late if (credit := items[id_].credit) is not None},
            since=(operation.started_at or operation.confirmed_at) - CLOCKS,
        )
        found = []
        for id_, marked in late.items():
            item, write = items[id_], refunds[id_].write
            if item.credit is not None and item.contact_id is not None:
                at = read.landed(item.contact_id, write.id) or write.sent_at - CLOCKS
                changes = read.by_others(item.contact_id, item.credit, since=at)
                found.append(given_before_mark(item, changes or (), at, marked))
        return [warned for warned in found if warned is not None]
