"""The last look before a credit goes out: did somebody else give it back, or may have?

Read under the lease, in the moment of the balance read, after our cancel (docs/exactly-once.md).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from core.credits.catalogue import Catalogue, CreditType
from core.credits.records import (
    Booking,
    BookingId,
    BookingStatus,
    ContactId,
    Counted,
    ExamId,
    History,
    ItemKey,
    Kind,
)
from core.credits.writes import Movement, MovementKind, Run
from core.hubspot.ports.crm import Crm
from core.operations import audit_entries
from core.operations.choosing.plan import PLAN_LIFE
from core.operations.foreign.balance_histories import read_histories
from core.operations.foreign.when_to_look import CLOCKS
from core.operations.kinds.registry import booking_of, chosen_kind_of, kind_of
from core.operations.owed.check import kept_by, settled_by
from core.operations.owed.double_refunds import (
    KEYS,
    Advice,
    BalanceChange,
    Evidence,
    after_assessment,
    assess,
    by_whom,
    cancelled_by,
    is_ours,
    waits_until,
    warned_of_moves,
)
from core.operations.owed.rules import STATUS
from core.operations.protocol.record import Recording
from core.operations.states import Item, ItemState, Operation, Ruling
from core.operations.store.port import OperationStore
from core.operations.terms import Inclusion
from core.work.steady_clock import QuietPeriod


def with_their_cancels(
    crm: Crm,
    operation: Operation,
    items: Sequence[Item],
    bookings: Mapping[BookingId, Booking | None],
) -> list[Item]:
    """The items; of each whose cancel's answer was lost, with whose cancel HubSpot's history shows.

    Raises:
        GatewayError: HubSpot could not be read.
    """
    found = {item.booking_id: bookings.get(booking_of(item, operation.kind)) for item in items}
    unsure = {item.booking_id for item in items if _is_unsure(item, found[item.booking_id])}
    if not unsure:
        return list(items)
    histories = crm.histories(Kind.BOOKING, unsure, [STATUS])
    return [
        _with_cancel(item, histories.get(item.booking_id)) if item.booking_id in unsure else item
        for item in items
    ]


def _is_unsure(item: Item, booking: Booking | None) -> bool:
    cancelled = booking is not None and booking.status is BookingStatus.CANCELLED
    return cancelled and item.cancel_sent and not item.cancelled


def _with_cancel(item: Item, history: History | None) -> Item:
    cancel = cancelled_by(history)
    if history is not None and cancel is not None and is_ours(cancel, history, item.operation_id):
        return replace(item, state=ItemState.CANCELLED, cancelled=True, cancel_sent=False)
    told = f"cancelled by {by_whom(cancel)}" if cancel else "cancelled; HubSpot tells not by whom"
    return replace(item, state=ItemState.CANCELLED, why=told)


@dataclass(slots=True, kw_only=True)
class RefundCheck:
    """Of the refunds of one group: ``over`` what is in hand, ``read``, then ``allowed``."""

    crm: Crm
    journal: OperationStore
    recording: Recording
    catalogue: Catalogue
    run: Run
    operation: Operation
    now: Callable[[], datetime]
    quiet: timedelta
    #: In hand, as judged; shared with what follows from the writes.
    items: dict[ItemKey, Item] = field(default_factory=dict)
    #: Cancelled without a credit. Whose cancels they were is read in the same batches.
    beside: Sequence[Item] = ()
    #: Those whose credit may go out now.
    going: set[ItemKey] = field(default_factory=set)
    histories: dict[str, History | None] = field(default_factory=dict)
    exams_of: dict[BookingId, tuple[ExamId, ...]] = field(default_factory=dict)
    #: Every id that each booking answers to, its own first.
    _ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _contacts_of: dict[BookingId, tuple[ContactId, ...]] = field(default_factory=dict)

    def over(self, items: dict[ItemKey, Item]) -> Self:
        """With these in hand."""
        self.items = items
        return self

    def read(self, contacts: Collection[str]) -> None:
        """The bookings of these contacts, as they are now. Raises ``GatewayError``."""
        ids = {booking_of(item, self.operation.kind) for item in self._of(contacts)}
        if ids:
            beside = {booking_of(item, self.operation.kind) for item in self.beside}
            of_exams = ids | beside if kind_of(self.operation.kind).cancels else set[BookingId]()
            with self.crm.reads_at_once() as reads:
                histories = reads.submit(self.crm.named_histories, Kind.BOOKING, ids | beside, KEYS)
                contacts_of = reads.submit(self.crm.contacts_of, ids)
                exams_of = reads.submit(self.crm.exams_of, of_exams) if of_exams else None
            named = histories.result()
            self.histories = {id_: told.history if told else None for id_, told in named.items()}
            self._ids = {id_: told.ids for id_, told in named.items() if told is not None}
            self._contacts_of = contacts_of.result()
            if exams_of is not None:
                self.exams_of = exams_of.result()

    def allowed(
        self, targets: Mapping[str, Counted], wanted: Mapping[str, Sequence[Movement]]
    ) -> dict[str, Sequence[Movement]]:
        """The movements that may go out now, by the id that was asked for.

        What is known of the others is saved before this returns.

        Raises:
            GatewayError: HubSpot could not be read.
            Superseded: another process has the operation.
        """
        changes = self._changes(targets)
        claimed = self._claimed_as(self._of(targets))
        found = {
            id_: [self._evidence(item, claimed) for item in self._of([id_])] for id_ in targets
        }
        against = self._against([each for some in found.values() for each in some])
        saved: list[tuple[Item, Item]] = []
        for id_, target in targets.items():
            items = self._of([id_])
            said = assess(
                found[id_],
                target,
                changes.get(id_, {}),
                cancelling=kind_of(self.operation.kind).cancels,
                now=self.now(),
                quiet=self.quiet,
                catalogue=self.catalogue,
                against=against,
            )
            for item, assessment in zip(items, said, strict=True):
                new = after_assessment(item, assessment)
                if assessment.advice is Advice.PAY:
                    self.going.add(item.booking_id)
                if new != item:
                    saved.append((item, new))
                    self.items[item.booking_id] = new
        self._save(saved)
        return {
            id_: [m for m in movements if m.booking_id in self.going]
            for id_, movements in wanted.items()
            if id_ in targets
        }

    def _of(self, contacts: Collection[str]) -> list[Item]:
        return [item for item in self.items.values() if item.contact_id in contacts]

    def _claimed_as(self, items: Sequence[Item]) -> dict[ItemKey, str]:
        """Who has to do with the credit of a booking that was merged into one of these, by item.

        Asked under the lease of the student: a credit that was under way then is saved by now.
        """
        former = {item.booking_id: self._ids.get(item.booking_id, ())[1:] for item in items}
        asked = [BookingId(id_) for ids in former.values() for id_ in ids]
        owners = self.journal.owners(asked, MovementKind.REFUND) if asked else {}
        if self.operation.id in owners.values():
            # a row of our own that gave nothing ends, for its booking has another id now
            ours = self.journal.moving(self.operation.id, MovementKind.REFUND)
            owners = {i: by for i, by in owners.items() if by != self.operation.id or i in ours}
        return {
            key: f"booking {id_}, whose credit operation {owners[id_]} has, was merged into it"
            for key, ids in former.items()
            for id_ in map(BookingId, ids)
            if id_ in owners
        }

    def _evidence(self, item: Item, claimed: Mapping[ItemKey, str]) -> Evidence:
        id_ = booking_of(item, self.operation.kind)
        return Evidence(
            item=item,
            history=self.histories.get(id_),
            contact_ids=self._contacts_of.get(id_, ()),
            exam_ids=self.exams_of.get(id_),
            merged_into=now if (now := self._ids.get(id_, (id_,))[0]) != id_ else "",
            claimed_as=claimed.get(item.booking_id, ""),
        )

    def _against(self, found: Sequence[Evidence]) -> dict[ItemKey, str]:
        """What a person has said since the preview against refunding some of these."""
        kind = self.operation.kind
        if not chosen_kind_of(kind).of_owed or not found:
            return {}
        cancels = {booking_of(e.item, kind): cancelled_by(e.history) for e in found}
        dated = {id_: cancel.at for id_, cancel in cancels.items() if cancel is not None}
        ids = {id_: tuple(map(BookingId, self._ids.get(id_, (id_,)))) for id_ in cancels}
        said = settled_by(self.journal, dated, ids)
        if Inclusion.FORFEITED in self.operation.include:
            return said
        histories = {booking_of(e.item, kind): e.history for e in found}
        return said | kept_by(self.journal, histories, ids)

    def _since(self, of: Mapping[str, Sequence[Item]]) -> dict[str, datetime]:
        """From when on a change of each balance may be the refund of one of these bookings.

        Of what was owed, from the preview: it has heeded what came before.
        """
        if of and chosen_kind_of(self.operation.kind).of_owed:
            planned = self.journal.planned_at(self.operation.id)
            previewed = planned or self.operation.confirmed_at - PLAN_LIFE
            return dict.fromkeys(of, min(self._begun, previewed) - CLOCKS)
        return {id_: self._since_cancel(items) for id_, items in of.items()}

    @property
    def _begun(self) -> datetime:
        return self.operation.started_at or self.operation.confirmed_at

    def _since_cancel(self, items: Sequence[Item]) -> datetime:
        begun = self._begun
        cancels = (cancelled_by(self.histories.get(item.booking_id)) for item in items)
        theirs = [c.at for c in cancels if c is not None and c.at > begun - self.quiet]
        return min([begun, *theirs]) - self.quiet

    def _changes(
        self, targets: Mapping[str, Counted]
    ) -> dict[str, dict[CreditType, Sequence[BalanceChange] | None]]:
        """What others did to the balances of those that were changed of late, by the id asked."""
        since = self._since(
            {
                id_: items
                for id_ in targets
                if (items := [i for i in self._of([id_]) if i.ruling is not Ruling.OWED])
            }
        )
        of_late = {id_: at for id_, at in since.items() if targets[id_].modified_at >= at}
        if not of_late:
            return {}
        keys = {item.credit for item in self._of(of_late) if item.credit is not None}
        read = read_histories(
            self.crm,
            self.journal,
            {targets[id_].id for id_ in of_late},
            keys,
            since=min(of_late.values()),
        )
        return {
            id_: {
                key: read.by_others(
                    targets[id_].id, key, since=at, created_at=targets[id_].created_at
                )
                for key in keys
            }
            for id_, at in of_late.items()
        }

    def _save(self, changed: Sequence[tuple[Item, Item]]) -> None:
        if not changed:
            return
        if moved := warned_of_moves(changed):
            self.journal.warn(self.run, moved, at=self.now())
        kind = kind_of(self.operation.kind)
        found = audit_entries.entries(
            self.operation, changed, self.now(), mark=kind.mark, found=True
        )
        items = [new for _, new in changed]
        self.recording.items(self.run, self.operation, items, entries=found)


def waiting(items: Sequence[Item], quiet: QuietPeriod, now: datetime) -> dict[str, datetime]:
    """By contact: until when its items wait for somebody who cancelled one of its bookings."""
    until: dict[str, datetime] = {}
    for item in items:
        if waits_until(item, quiet.length) is None or item.sent_at is None:
            continue
        at = now + quiet.left(item.sent_at)  # the clock may have been set since
        if at > now and item.contact_id is not None:
            until[item.contact_id] = max(at, until.get(item.contact_id, at))
    return until
