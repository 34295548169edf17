"""HubSpot as the ``Crm`` port: who makes it, and which module does what."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Literal, Self, cast

import httpx

from core.credits.account import Portal
from core.credits.moves import Move
from core.credits.records import (
    Booking,
    BookingId,
    Contact,
    ContactId,
    Counted,
    Exam,
    ExamId,
    History,
    Kind,
    NamedHistory,
    NewBooking,
    WriteId,
)
from core.credits.sessions import ExamChange
from core.credits.writes import Write
from core.hubspot import creating, discovery, lookup, moving, reading, telling, writing
from core.hubspot.directory import HubSpotDirectory
from core.hubspot.hub import Hub, Threads
from core.hubspot.pace.limiter import Limiter, Priority
from core.hubspot.pace.people import ASK_AFTER_S, People
from core.hubspot.pace.shared_slots import SharedSlots, open_engine
from core.hubspot.pace.slots import MemorySlots, Slots
from core.hubspot.ports.crm import BookingFilter, Extent, Listed, Note, Outcome
from core.hubspot.ports.message import Message
from core.hubspot.ports.telling import Mail, Recipient, Sent
from core.hubspot.transport import Transport, log_retries, make_client
from core.hubspot.type_ids import TypeIds, custom_types
from core.hubspot.wire import requests
from core.hubspot.wire.paths import Paths
from core.work.context_pool import ContextPool

#: For a sign of life: to be over before whoever waits for it gives up.
KNOCK_WITHIN_S = ASK_AFTER_S - 0.3
#: More than any step has that do not follow one another.
READS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class HubSpot:
    """One account. Safe for threads; ``at`` gives the same account at another priority."""

    hub: Hub
    #: What ``close`` closes after the threads have ended.
    closers: tuple[Callable[[], None], ...] = ()

    def at(self, priority: Priority) -> Self:
        """The same client, connections and limiter, for less or more urgent calls."""
        return replace(self, hub=replace(self.hub, priority=priority))

    def object_types(self) -> dict[Kind, str]:
        """The object type id of each kind, for webhooks, of which many may come at once.

        Raises:
            GatewayError: a name could not be looked up, or another thread is looking it up.
        """
        return self.hub.types.all(wait=False)

    def directory(self) -> HubSpotDirectory:
        """What the account tells of itself."""
        return HubSpotDirectory(self.hub)

    def close(self) -> None:
        """Wait for what is under way, then close the connections."""
        self.hub.threads.close()
        for close in self.closers:
            close()

    # reads by id

    def reads_at_once(self) -> Executor:
        """Threads apart from those of batches, which may be waiting for them."""
        return ContextPool(READS_AT_ONCE, "reads")

    def contacts(self, ids: Collection[ContactId]) -> dict[ContactId, Contact | None]:
        """By the id asked for; after a merge ``Contact.id`` differs from it. None: gone."""
        return cast("dict[ContactId, Contact | None]", self.counted(Kind.CONTACT, ids))

    def exams(self, ids: Collection[ExamId]) -> dict[ExamId, Exam | None]:
        """By the id asked for. None: gone."""
        return cast("dict[ExamId, Exam | None]", self.counted(Kind.EXAM, ids))

    def counted(self, kind: Kind, ids: Collection[str]) -> dict[str, Counted | None]:
        """Contacts or exams, for a write or its read-back."""
        return reading.counted(self.hub, kind, ids)

    def bookings(self, ids: Collection[BookingId]) -> dict[BookingId, Booking | None]:
        """With their associations to contacts and exams. None: no such booking."""
        return reading.bookings(self.hub, ids)

    def contacts_of(self, ids: Collection[BookingId]) -> dict[BookingId, tuple[ContactId, ...]]:
        """The contacts associated with each booking, in a call for each 1,000."""
        return reading.contacts_of(self.hub, ids)

    def exams_of(self, ids: Collection[BookingId]) -> dict[BookingId, tuple[ExamId, ...]]:
        """The exams associated with each booking, in a call for each 1,000."""
        return reading.exams_of(self.hub, ids)

    def bookings_alone(self, ids: Collection[BookingId]) -> dict[BookingId, Booking | None]:
        """Without their associations, in a call for each 100. None: no such booking."""
        return reading.bookings_alone(self.hub, ids)

    def histories(
        self, kind: Kind, ids: Collection[str], keys: Sequence[str]
    ) -> dict[str, History | None]:
        """Histories of these counters and of the marker. None: cannot be read."""
        return reading.histories(self.hub, kind, ids, keys)

    def named_histories(
        self, kind: Kind, ids: Collection[str], keys: Sequence[str]
    ) -> dict[str, NamedHistory | None]:
        """The same, with every id that each record answers to. None: gone."""
        return reading.named_histories(self.hub, kind, ids, keys)

    # writes

    def write_counts(self, writes: Sequence[Write]) -> dict[WriteId, Outcome]:
        """Set each write's ``after`` and the marker, contacts and exams apart, ids unique."""
        return writing.write_counts(self.hub, writes)

    def cancel_bookings(
        self, ids: Collection[BookingId], *, marker: str, sent_at: datetime
    ) -> dict[BookingId, Outcome]:
        """Set ``is_active`` to Cancelled, and the marker. Repeating it is harmless."""
        body = partial(requests.cancel_body, self.hub.portal, marker=marker)
        return writing.change_bookings(self.hub, ids, body, sent_at=sent_at)

    def mark_refunded(
        self,
        ids: Collection[BookingId],
        *,
        at: datetime,
        admin: str,
        sent_at: datetime,
        forfeited: Collection[BookingId] = (),
    ) -> dict[BookingId, Outcome]:
        """Set ``token_refunded``, ``token_refunded_at``, ``token_refund_admin``. Repeatable."""
        body = partial(
            requests.refunded_body, self.hub.portal, at=at, admin=admin, forfeited=forfeited
        )
        return writing.change_bookings(self.hub, ids, body, sent_at=sent_at)

    def unmark_refunded(
        self, ids: Collection[BookingId], *, sent_at: datetime
    ) -> dict[BookingId, Outcome]:
        """Empty what ``mark_refunded`` sets. Repeatable."""
        body = partial(requests.unrefunded_body, self.hub.portal)
        return writing.change_bookings(self.hub, ids, body, sent_at=sent_at)

    def mark_forfeited(
        self, ids: Collection[BookingId], *, told: str, sent_at: datetime
    ) -> dict[BookingId, Outcome]:
        """Set ``credit_forfeited`` to what is told. Repeatable."""
        body = partial(requests.forfeited_body, self.hub.portal, told=told)
        return writing.change_bookings(self.hub, ids, body, sent_at=sent_at)

    def move_bookings(
        self, moves: Sequence[Move], *, marker: str, sent_at: datetime
    ) -> dict[BookingId, Outcome]:
        """Tie to one exam, untie from the other, name, mark. Repeating it is harmless."""
        return moving.move_bookings(self.hub, moves, marker=marker, sent_at=sent_at)

    def create_booking(self, new: NewBooking, *, sent_at: datetime) -> Outcome:
        """Create it Active with its associations, at once; a name exists only once."""
        return creating.create_booking(self.hub, new, sent_at=sent_at)

    def add_notes(self, notes: Sequence[Note]) -> dict[ContactId, Outcome]:
        """Not repeatable: after UNKNOWN ask ``contacts_with_note`` first."""
        return writing.add_notes(self.hub, notes)

    def change_exams(self, changes: Mapping[ExamId, ExamChange]) -> dict[ExamId, Outcome]:
        """Set ``is_active``, and the time of a scheduled one. Repeating it is harmless."""
        return lookup.change_exams(self.hub, changes)

    # telling students

    def recipients(self, ids: Collection[ContactId]) -> dict[ContactId, Recipient | None]:
        """By the id asked for. None: archived or deleted."""
        return telling.recipients(self.hub, ids)

    def show_told(
        self, messages: Sequence[Message], *, sent_at: datetime
    ) -> dict[ContactId, Outcome]:
        """Set the properties that a workflow listens to, of each contact once."""
        return telling.show_told(self.hub, messages, sent_at=sent_at)

    def shown_told(self, ids: Collection[ContactId], operation_id: str) -> set[ContactId]:
        """Those of these contacts whose properties tell of this operation, or did."""
        return telling.shown_told(self.hub, ids, operation_id)

    def send_told(self, mails: Sequence[Mail], *, sent_at: datetime) -> dict[ContactId, Sent]:
        """Ask for these e-mails. After UNKNOWN nobody can tell."""
        return telling.send_told(self.hub, mails, sent_at=sent_at)

    def sent_told(self, status_ids: Collection[str]) -> Mapping[str, Sent]:
        """What became of mails that HubSpot had not sent yet."""
        return telling.sent_told(self.hub, status_ids)

    # looking up

    def contact_with_history(self, id_: ContactId) -> tuple[Contact, History] | None:
        """A contact, its balances' histories and the marker's, in one call. None: gone."""
        return lookup.contact_with_history(self.hub, id_)

    def bookings_of(self, contact_id: ContactId) -> list[Booking]:
        """Bookings associated with a contact, with their exams, in three calls."""
        return lookup.bookings_of(self.hub, contact_id)

    def scheduled_exam_ids(self, due_by: datetime) -> list[ExamId]:
        """Search: exams whose scheduled activation has come, every page."""
        return lookup.scheduled_exam_ids(self.hub, due_by)

    # finding

    def contacts_with_note(self, ids: Collection[ContactId], marker: str) -> set[ContactId]:
        """Those of these contacts that have a note with this marker."""
        return discovery.contacts_with_note(self.hub, ids, marker)

    def booking_ids_of(self, kind: Kind, ids: Collection[str]) -> dict[str, tuple[BookingId, ...]]:
        """Bookings associated with each of these exams or contacts, all pages."""
        return discovery.booking_ids_of(self.hub, kind, ids)

    def booking_ids_named(self, names: Collection[str]) -> dict[str, BookingId | None]:
        """Record ids by the unique ``booking_id``. None: no such booking."""
        return discovery.booking_ids_named(self.hub, names)

    def search_bookings(
        self,
        narrow: BookingFilter,
        *,
        limit: int | None = None,
        known: Collection[BookingId] = (),
    ) -> list[BookingId]:
        """Ids only, past HubSpot's cap of 10,000 if need be, but for those known."""
        return discovery.search_bookings(self.hub, narrow, limit=limit, known=known)

    def search_exams(
        self,
        *,
        text: str = "",
        since: date | None = None,
        until: date | None = None,
        limit: int = 200,
    ) -> list[Exam]:
        """For a list to choose from, soonest first."""
        return discovery.search_exams(self.hub, words=text, since=since, until=until, limit=limit)

    def search_contacts(self, text: str, *, limit: int = 20) -> list[Contact]:
        """By name, e-mail, phone, student id or record id; for a list to choose from."""
        return discovery.search_contacts(self.hub, text, limit=limit)

    def contacts_named(
        self, by: Literal["email", "student_id"], values: Collection[str]
    ) -> dict[str, tuple[ContactId, ...]]:
        """All contacts that have each of these e-mails, or student ids; case is no matter."""
        return discovery.contacts_named(self.hub, by, values)

    def changed_ids(self, kind: Kind, since: datetime) -> list[str]:
        """Ids of records that search knows to have changed since."""
        return discovery.changed_ids(self.hub, kind, since)

    def listed_ids(self, kind: Kind, *, after: str = "") -> tuple[list[str], str]:
        """One page of the list of all records, and where the next begins ("" after the last)."""
        return discovery.listed_ids(self.hub, kind, after=after)

    def listed(self, kind: Kind, *, after: str = "") -> Listed:
        """The same page with the records themselves, in the same one call."""
        return discovery.listed(self.hub, kind, after=after)

    def extent(self, kind: Kind) -> Extent:
        """How many records there are, and the highest id, as the search knows it."""
        return discovery.extent(self.hub, kind)

    def archived_ids(self, kind: Kind, ids: Collection[str]) -> set[str]:
        """Those of these records that are in HubSpot's recycling bin."""
        return discovery.archived_ids(self.hub, kind, ids)

    def usage(self) -> Mapping[str, int]:
        """Calls made by this client since it was made, by kind, and ``total``."""
        return self.hub.transport.usage()


def connect(
    *,
    base_url: str,
    token: str,
    api_version: str,
    portal: Portal,
    now: Callable[[], datetime],
    slots_url: str = "",
    concurrency: int = 16,
    request_timeout_s: float = 30.0,
    rate_share: float = 1.0,
    transport: httpx.BaseTransport | None = None,
) -> HubSpot:
    """A client for one account.

    ``slots_url``: the operational store, through which all processes keep to one limit; empty:
    this process is alone. ``transport``: what answers instead of the network, for tests.
    """
    http = make_client(
        base_url=base_url,
        token=token,
        concurrency=concurrency,
        request_timeout_s=request_timeout_s,
        transport=transport,
    )
    slots, close_slots = open_slots(slots_url)
    limiter = Limiter(*slots, time.monotonic, rate_share)
    log_retries()
    transported = Transport(http, limiter, request_timeout_s, token)
    paths = Paths(api_version)
    hub = Hub(
        transport=transported,
        portal=portal,
        paths=paths,
        types=TypeIds(portal.types, partial(custom_types, transported, paths)),
        threads=Threads(concurrency),
        now=now,
    )
    knock = partial(hub.knock, within_s=KNOCK_WITHIN_S)
    transported.people = people = People(knock, lambda: hub.transport.hearing.heard().well_s_ago)
    return HubSpot(hub, (people.close, http.close, close_slots))


def open_slots(url: str) -> tuple[tuple[Slots, Slots], Callable[[], None]]:
    """Slots for calls and for searches, and how to close them."""
    if not url:
        return (MemorySlots(time.monotonic), MemorySlots(time.monotonic)), lambda: None
    engine = open_engine(url)
    return (SharedSlots(engine, "calls"), SharedSlots(engine, "searches")), engine.dispose
