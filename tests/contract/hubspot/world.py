"""One account seen two ways: in memory, and through the client at a sandbox over HTTP."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import httpx

from core.credits.account import OBJECT_TYPES
from core.credits.records import ContactId, Kind
from core.hubspot.client import HubSpot
from core.hubspot.ports.crm import Crm
from sandbox.hubspot import mailing, numbers
from sandbox.hubspot.seed import SeedLink, SeedObject
from sandbox.hubspot.server import HubSpotServer
from tests.fakes.crm import SESSION, FakeCrm, Fault, Request

_numbers = itertools.count(1)


def utc_now() -> datetime:
    return datetime.now(UTC)


def fresh_id() -> str:
    """An id that no other test of this session uses."""
    return str(1_000_000 + next(_numbers))


class World(Protocol):
    """An account, and what others do to it."""

    @property
    def crm(self) -> Crm: ...
    def contact(self, **properties: str | None) -> str: ...
    def exam(self, **properties: str | None) -> str: ...
    def booking(
        self, *, contact: str | None = None, exam: str | None = None, **properties: str
    ) -> str: ...
    def link(self, booking: str, kind: Kind, other: str) -> None: ...
    def foreign_write(self, kind: Kind, id_: str, changes: Mapping[str, str]) -> None: ...
    def merge(self, kind: Kind, primary: str, other: str, mode: str = "") -> str:
        """The mode says whose merges make a new id: all, contacts, or none (kept); "": as it is."""
        ...

    def archive(self, kind: Kind, id_: str) -> None: ...
    def balance(self, id_: str, key: str) -> str:
        """What a contact holds, without asking the client."""
        ...

    def mark(self, booking: str) -> str:
        """A booking's ``token_refunded``, without asking the client."""
        ...

    def fault(self, action: str, *, times: int = 1) -> None:
        """For the next writes: lose_request, lose_answer, not_sent, barred, late."""
        ...

    def mails(self, email: str) -> list[str]:
        """The send ids of the e-mails that this address was sent."""
        ...

    def mail_result(self, email: str, result: str) -> None:
        """What becomes of e-mails to this address, instead of being sent."""
        ...

    def mails_wait(self, *, wait: bool) -> None:
        """Whether HubSpot takes e-mails and sends them later; False: now, those it has as well."""
        ...

    def options(self, **options: Any) -> None:
        """What the case is about, in whichever mode the suite runs (tests.modes)."""
        ...


@dataclass(slots=True)
class FakeWorld:
    """The account in memory."""

    crm: FakeCrm = field(default_factory=lambda: FakeCrm(now=utc_now))
    _faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.crm.sending = self._fault

    def contact(self, **properties: str | None) -> str:
        id_ = fresh_id()
        self.crm.truth.add(Kind.CONTACT, id_, properties)
        return id_

    def exam(self, **properties: str | None) -> str:
        id_ = fresh_id()
        self.crm.truth.add(Kind.EXAM, id_, properties)
        return id_

    def booking(
        self, *, contact: str | None = None, exam: str | None = None, **properties: str
    ) -> str:
        id_ = fresh_id()
        named = {"booking_id": f"booking-{id_}", "is_active": "Active", **properties}
        self.crm.add_booking(
            id_,
            contact=contact,
            exam=exam,
            status=named.pop("is_active"),
            token=named.pop("token_used", ""),
            **named,
        )
        return id_

    def link(self, booking: str, kind: Kind, other: str) -> None:
        self.crm.link(booking, kind, other)

    def foreign_write(self, kind: Kind, id_: str, changes: Mapping[str, str]) -> None:
        self.crm.foreign_write(kind, id_, changes)

    def merge(self, kind: Kind, primary: str, other: str, mode: str = "") -> str:
        self.crm.truth.merge_ids = mode or self.crm.truth.merge_ids
        return self.crm.merge(kind, primary, other)

    def archive(self, kind: Kind, id_: str) -> None:
        self.crm.archive(kind, id_)

    def balance(self, id_: str, key: str) -> str:
        return self.crm.truth.need(Kind.CONTACT, id_).properties.get(key) or ""

    def mark(self, booking: str) -> str:
        return self.crm.truth.need(Kind.BOOKING, booking).properties.get("token_refunded") or ""

    def fault(self, action: str, *, times: int = 1) -> None:
        kinds = {
            "lose_request": Fault.REQUEST_LOST,
            "lose_answer": Fault.ANSWER_LOST,
            "not_sent": Fault.NOT_SENT,
            "barred": Fault.BARRED,
            "late": Fault.LATE,
        }
        self._faults += [kinds[action]] * times

    def mails(self, email: str) -> list[str]:
        return [id_ for id_, mail in self.crm.mails.items() if mail.to == email]

    def mail_result(self, email: str, result: str) -> None:
        self.crm.send_results[email] = result

    def mails_wait(self, *, wait: bool) -> None:
        self.crm.mails_wait = True
        if not wait:
            self.crm.send_mails()

    def options(self, **options: Any) -> None:
        """The fake has one mode: the one that the sandbox begins in."""

    def _fault(self, request: Request) -> Fault:
        return self._faults.pop() if request.changes and self._faults else Fault.NONE


@dataclass(slots=True)
class SandboxWorld:
    """The account behind a port, spoken to by the real client."""

    server: HubSpotServer
    base_url: str
    crm: HubSpot
    _exams: dict[str, Mapping[str, str | None]] = field(default_factory=dict)

    def contact(self, **properties: str | None) -> str:
        return self._add(Kind.CONTACT, properties)

    def exam(self, **properties: str | None) -> str:
        id_ = self._add(Kind.EXAM, properties)
        self._exams[id_] = properties
        return id_

    def booking(
        self, *, contact: str | None = None, exam: str | None = None, **properties: str
    ) -> str:
        session = {k: v for k, v in self._exams.get(exam or "", {}).items() if k in SESSION}
        own = {"booking_id": f"booking-{fresh_id()}", "is_active": "Active", **properties}
        id_ = self._add(Kind.BOOKING, {**session, **own})
        for kind, other in ((Kind.CONTACT, contact), (Kind.EXAM, exam)):
            if other is not None:
                self.link(id_, kind, other)
        return id_

    def link(self, booking: str, kind: Kind, other: str) -> None:
        link = SeedLink(OBJECT_TYPES[Kind.BOOKING], booking, OBJECT_TYPES[kind], other)
        self.server.store.load((), [link])

    def foreign_write(self, kind: Kind, id_: str, changes: Mapping[str, str]) -> None:
        body = {"properties": dict(changes), "raw": True}
        self._control("POST", f"objects/{OBJECT_TYPES[kind]}/{id_}/edit", body)

    def merge(self, kind: Kind, primary: str, other: str, mode: str = "") -> str:
        store = self.server.store
        usual, store.merge_ids = store.merge_ids, mode or store.merge_ids
        try:
            return str(store.merge(OBJECT_TYPES[kind], int(primary), int(other)))
        finally:
            store.merge_ids = usual  # one sandbox serves all tests

    def archive(self, kind: Kind, id_: str) -> None:
        self._control("POST", f"objects/{OBJECT_TYPES[kind]}/{id_}/archive", {})

    def balance(self, id_: str, key: str) -> str:
        held = self._held(Kind.CONTACT, id_, key)
        return numbers.plain(held) if numbers.PLAIN.fullmatch(held) else held  # whatever the mode

    def mark(self, booking: str) -> str:
        return self._held(Kind.BOOKING, booking, "token_refunded")

    def _held(self, kind: Kind, id_: str, name: str) -> str:
        type_ = self.server.store.catalog.kind(OBJECT_TYPES[kind])
        return self.server.store.rows(type_, [int(id_)])[int(id_)].properties.get(name) or ""

    def fault(self, action: str, *, times: int = 1) -> None:
        fault: dict[str, Any] = {
            "action": action,
            "path": "/batch/(update|create)|/single-email/send",
            "times": times,
        }
        if action == "not_sent":
            fault |= {"action": "status", "status": 429, "retry_after": 60}
        if action == "barred":
            fault |= {"action": "status", "status": 401}
        if action == "late":
            fault |= {"ms": 60_000}
        self.faults([fault])

    def mails(self, email: str) -> list[str]:
        shown = self.server.app.desk.mailing.show()
        to_them = [one for one in shown if one["message"]["to"] == email]
        return [one["message"]["sendId"] for one in to_them if one["sendResult"] == mailing.SENT]

    def mail_result(self, email: str, result: str) -> None:
        self._control("PUT", "emails", {"results": {email: result}})

    def mails_wait(self, *, wait: bool) -> None:
        self._control("PUT", "emails", {"pending_ms": 1_000 if wait else 0})
        if not wait:
            self.options(clock_offset_ms=2_000)

    def faults(self, faults: list[dict[str, Any]]) -> None:
        """Any of the sandbox's faults."""
        self._control("PUT", "faults", faults)

    def options(self, **options: Any) -> None:
        """The sandbox's options."""
        self._control("PUT", "options", options)

    def _control(self, method: str, path: str, body: Any) -> None:
        url = f"{self.base_url}/_sandbox/{path}"
        httpx.request(method, url, json=body, timeout=60, trust_env=False).raise_for_status()

    def _add(self, kind: Kind, properties: Mapping[str, str | None]) -> str:
        at = utc_now().replace(microsecond=0) - timedelta(seconds=1)
        id_ = fresh_id()
        seed = SeedObject(OBJECT_TYPES[kind], id_, properties, at, at)
        self.server.store.load([seed], ())
        return id_


def contact_ids(*ids: str) -> list[ContactId]:
    return [ContactId(id_) for id_ in ids]
