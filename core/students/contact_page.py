"""One contact, live from HubSpot, beside its copy and what the journal knows of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core.access.access_log import AccessLog
from core.audit.entries import Entry, Subject, What
from core.credits.catalogue import Catalogue, CreditType
from core.credits.errors import GatewayError
from core.credits.records import Booking, Contact, ContactId, History, Kind
from core.credits.roles import Act, Actor
from core.credits.writes import MovementKind, WriteState
from core.hubspot.ports.lookup import CrmLookUp
from core.mirror.copier import MirrorCopier
from core.mirror.port import MirrorLookUp, MirrorRow
from core.mirror.store.outbox_port import Due
from core.operations.kinds.registry import kind_of
from core.operations.owed.check import OwedCheck, StudentRead
from core.operations.owed.rules import Owed
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.states import Item, Operation
from core.students.balance_history import OurWrite, Step, steps
from core.students.copy_status import Standing, Waiting, stands
from core.students.store.port import StudentStore

#: Lines of the journal on one page.
TRAIL_MAX = 200
#: Places of the outbox that are worth naming.
PLACES_MAX = 200


class Gone(StrEnum):
    """Why HubSpot answers with no contact for this id."""

    ARCHIVED = "archived"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailRow:
    """What one operation did to one booking of the contact."""

    item: Item
    operation: Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """All that the page of one contact shows."""

    asked: ContactId
    #: As HubSpot states it now; None when it is gone, or HubSpot did not answer.
    contact: Contact | None
    gone: Gone | None = None
    #: Why HubSpot could not be asked; what follows then comes from the mirror alone.
    truth_fault: str = ""
    row: MirrorRow | None = None
    standing: Standing
    bookings: tuple[Booking, ...] = ()
    #: Only when HubSpot does not answer: the mirror's rows of the bookings.
    held: tuple[MirrorRow, ...] = ()
    owed: tuple[Owed, ...] = ()
    #: Newest first; None: HubSpot gave no history.
    steps: tuple[Step, ...] | None = None
    trail: tuple[TrailRow, ...] = ()
    read_at: datetime

    @property
    def merged(self) -> bool:
        """Whether the id asked for is one from before a merge."""
        return self.contact is not None and self.contact.id != self.asked


@dataclass(frozen=True, slots=True, kw_only=True)
class _Truth:
    contact: Contact | None = None
    history: History | None = None
    bookings: tuple[Booking, ...] = ()
    owed: tuple[Owed, ...] = ()
    gone: Gone | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPage:
    """Four HubSpot calls, two after two others; one more where a cancelled booking bears no mark.

    Stores are read meanwhile.
    """

    crm: CrmLookUp
    mirror: MirrorLookUp
    journal: StudentStore
    mirroring: MirrorCopier
    access_log: AccessLog
    catalogue: Catalogue
    now: Callable[[], datetime]
    check: OwedCheck

    def contact(self, id_: ContactId, actor: Actor) -> Presented:
        """The contact as it is now. A side that does not answer is told, not raised.

        Raises:
            NotAllowed: this person may not look contacts up.
            JournalError: the operational store does not answer.
        """
        actor.require(Act.LOOK_UP)
        self.access_log.looked(id_, actor)
        with ThreadPoolExecutor(3, thread_name_prefix="contact") as pool:
            reading = pool.submit(self._truth, id_, pool)
            copy = pool.submit(self._row, id_)
            truth, (row, fault) = reading.result(), copy.result()
        known = truth.contact.id if truth.contact else id_
        if truth.contact is not None and known != id_:
            row, fault = self._row(ContactId(known))
        standing = self._stands(truth.contact, row, fault)
        ids = list(dict.fromkeys([str(known), str(id_)]))
        return Presented(
            asked=id_,
            contact=truth.contact,
            gone=truth.gone,
            truth_fault=truth.fault,
            row=row,
            standing=standing,
            bookings=truth.bookings,
            held=tuple(self._held(id_)) if truth.fault and not fault else (),
            owed=truth.owed,
            steps=self._steps(truth, ids),
            trail=tuple(
                TrailRow(item=item, operation=operation)
                for item, operation in self.journal.items_of(ids, limit=TRAIL_MAX)
            ),
            read_at=standing.at,
        )

    def stands(self, contact: Contact, actor: Actor) -> Standing:
        """How the copy of a contact that was read stands now. No call to HubSpot.

        Raises:
            NotAllowed, JournalError: as ``contact``.
        """
        actor.require(Act.LOOK_UP)
        return self._stands(contact, *self._row(ContactId(contact.id)))

    def copy_again(self, id_: ContactId, actor: Actor) -> None:
        """Read this contact from HubSpot and copy it, whatever became of an earlier copy.

        Raises:
            NotAllowed: this person may not retry copies.
            JournalError: the operational store does not answer.
        """
        actor.require(Act.RUN_BATCHES)
        at, who = self.now(), actor.email
        self.journal.record(
            Entry(at=at, actor=who, what=What.COPY, subject=Subject.CONTACT, subject_id=id_),
        )
        self.mirroring.put([Due(kind=Kind.CONTACT, record_id=id_, row=None)])

    # truth

    def _truth(self, id_: ContactId, pool: ThreadPoolExecutor) -> _Truth:
        """The contact with its history, and its bookings, at the same time."""
        reading = pool.submit(self.crm.bookings_of, id_)
        try:
            found = self.crm.contact_with_history(id_)
            if found is None:
                reading.exception()  # nobody's bookings: what became of the question is no news
                return _Truth(gone=self._gone(id_))
            contact, history = found
            own = ContactId(contact.id)
            bookings = [replace(each, contact_ids=(own,)) for each in reading.result()]
            read = StudentRead(contact=contact, history=history or None, bookings=bookings)
            owed = tuple(self.check.of(bookings, read))
        except GatewayError as error:
            return _Truth(fault=str(error))
        return _Truth(
            contact=contact, history=history, bookings=tuple(_newest_first(bookings)), owed=owed
        )

    def _gone(self, id_: ContactId) -> Gone:
        archived = self.crm.archived_ids(Kind.CONTACT, [id_])
        return Gone.ARCHIVED if id_ in archived else Gone.UNKNOWN

    # mirror

    def _row(self, id_: ContactId) -> tuple[MirrorRow | None, str]:
        try:
            return self.mirror.rows(Kind.CONTACT, [id_]).get(id_), ""
        except GatewayError as error:
            return None, str(error)

    def _held(self, id_: ContactId) -> list[MirrorRow]:
        try:
            return self.mirror.bookings_held(id_)
        except GatewayError:
            return []  # the page already says that the mirror does not answer, or shows its row

    def _stands(self, contact: Contact | None, row: MirrorRow | None, fault: str) -> Standing:
        waiting = self._waiting(contact.id) if contact is not None else None
        return stands(contact, row, waiting, self.catalogue.keys, at=self.now(), mirror_fault=fault)

    def _waiting(self, id_: str) -> Waiting | None:
        due = self.journal.waiting(Kind.CONTACT, [id_]).get(id_)
        if due is None:
            return None
        place = None
        if not due.dead:
            ahead = self.journal.outbox_rows(dead=False, limit=PLACES_MAX)
            found = (n for n, row in enumerate(ahead, 1) if _of(row, id_))
            place = next(found, None)
        return Waiting(since=due.due_since, dead=due.dead, place=place, error=due.error)

    # journal

    def _steps(self, truth: _Truth, ids: Sequence[str]) -> tuple[Step, ...] | None:
        if not truth.history:
            return None
        records = [
            record
            for record in self.journal.writes_of(Kind.CONTACT, ids, limit=TRAIL_MAX)
            if record.state is WriteState.LANDED
        ]
        named = self.journal.operations_named({r.write.operation_id for r in records})
        ours = [_our_write(r, named.get(r.write.operation_id)) for r in records]
        found = steps(truth.history, ours, truth.bookings, self.catalogue)
        return tuple(found)


def _of(due: Due, id_: str) -> bool:
    return due.kind is Kind.CONTACT and due.record_id == id_


def _our_write(record: WriteRecord, operation: Operation | None) -> OurWrite:
    moved: dict[CreditType, tuple[tuple[MovementKind, str], ...]] = {}
    for movement in record.write.movements:
        of = moved.get(movement.credit, ())
        moved[movement.credit] = (*of, (movement.kind, movement.booking_id))
    return OurWrite(
        write_id=record.write.id,
        operation_id=record.write.operation_id,
        cancelling=operation is not None and kind_of(operation.kind).cancels,
        by=operation.confirmed_by if operation else "",
        moved=moved,
    )


def _newest_first(bookings: Sequence[Booking]) -> list[Booking]:
    """By the day of the exam; those without one last."""
    return sorted(
        bookings,
        key=lambda booking: (booking.exam_date is not None, booking.exam_date, booking.id),
        reverse=True,
    )
