"""HubSpot as the ``Crm`` port: who makes it, and which module does what."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Concatenate, ParamSpec, Self, TypeVar, cast

import httpx

from core.credits.account import Portal
from core.credits.records import BookingId, Contact, ContactId, Exam, ExamId, Kind
from core.hubspot import creating, discovery, lookup, moving, reading, telling, writing
from core.hubspot.directory import HubSpotDirectory
from core.hubspot.hub import Hub, Threads
from core.hubspot.pace.limiter import Limiter, Priority
from core.hubspot.pace.people import ASK_AFTER_S, People
from core.hubspot.pace.shared_slots import SharedSlots, open_engine
from core.hubspot.pace.slots import MemorySlots, Slots
from core.hubspot.ports.crm import Outcome
from core.hubspot.transport import Transport, log_retries, make_client
from core.hubspot.type_ids import TypeIds, custom_types
from core.hubspot.wire import requests
from core.hubspot.wire.paths import Paths
from core.work.context_pool import ContextPool

#: For a sign of life: to be over before whoever waits for it gives up.
KNOCK_WITHIN_S = ASK_AFTER_S - 0.3
#: More than any step has that do not follow one another.
READS_AT_ONCE = 4

P = ParamSpec("P")
R = TypeVar("R")


def asked(ask: Callable[Concatenate[Hub, P], R]) -> Callable[Concatenate[HubSpot, P], R]:
    """This function as a method of the client: it asks through the client's hub."""

    def method(client: HubSpot, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return ask(client.hub, *args, **kwargs)

    return method


@dataclass(frozen=True, slots=True)
class HubSpot:
    """One account, as the ports have it (``core.hubspot.ports``).

    Safe for threads; ``at`` gives the same account at another priority.
    """

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
        return cast("dict[ContactId, Contact | None]", self.counted(Kind.CONTACT, ids))

    def exams(self, ids: Collection[ExamId]) -> dict[ExamId, Exam | None]:
        return cast("dict[ExamId, Exam | None]", self.counted(Kind.EXAM, ids))

    counted = asked(reading.counted)
    bookings = asked(reading.bookings)
    contacts_of = asked(reading.contacts_of)
    exams_of = asked(reading.exams_of)
    bookings_alone = asked(reading.bookings_alone)
    histories = asked(reading.histories)
    named_histories = asked(reading.named_histories)

    # writes

    write_counts = asked(writing.write_counts)

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

    move_bookings = asked(moving.move_bookings)
    create_booking = asked(creating.create_booking)
    add_notes = asked(writing.add_notes)
    change_exams = asked(lookup.change_exams)

    # telling students

    recipients = asked(telling.recipients)
    show_told = asked(telling.show_told)
    shown_told = asked(telling.shown_told)
    send_told = asked(telling.send_told)
    sent_told = asked(telling.sent_told)

    # looking up

    contact_with_history = asked(lookup.contact_with_history)
    bookings_of = asked(lookup.bookings_of)
    scheduled_exam_ids = asked(lookup.scheduled_exam_ids)

    # finding

    contacts_with_note = asked(discovery.contacts_with_note)
    booking_ids_of = asked(discovery.booking_ids_of)
    booking_ids_named = asked(discovery.booking_ids_named)
    search_bookings = asked(discovery.search_bookings)

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

    contacts_named = asked(discovery.contacts_named)
    changed_ids = asked(discovery.changed_ids)
    listed_ids = asked(discovery.listed_ids)
    listed = asked(discovery.listed)
    extent = asked(discovery.extent)
    archived_ids = asked(discovery.archived_ids)

    def usage(self) -> Mapping[str, int]:
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
