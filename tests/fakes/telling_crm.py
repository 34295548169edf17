"""How HubSpot in memory tells students. Held to the client by tests/contract/hubspot."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from core.credits.records import ContactId, Kind
from core.hubspot.ports.crm import Fate, Outcome
from core.hubspot.ports.message import Message
from core.hubspot.ports.telling import Mail, Recipient, Sent
from core.hubspot.wire import telling
from tests.fakes.truth import Record, Truth

#: The path's name in ``Request.what``.
MAIL = "mail"


class FakeTelling:
    truth: Truth
    mails: dict[str, Mail]
    send_results: dict[str, str]
    mails_wait: bool
    _taken: dict[str, Mail]
    _lock: threading.RLock
    _read: Any
    _send: Any
    _is_past: Any
    _ask: Any

    def recipients(self, ids: Collection[ContactId]) -> dict[ContactId, Recipient | None]:
        with self._lock:
            return {
                ContactId(id_): None
                if record is None
                else telling.recipient({"id": record.id, "properties": record.properties})
                for id_, record in self._read("read", Kind.CONTACT, ids)
            }

    def show_told(
        self, messages: Sequence[Message], *, sent_at: datetime
    ) -> dict[ContactId, Outcome]:
        with self._lock:
            bodies = {one["id"]: one["properties"] for one in telling.show_body(messages)["inputs"]}

            def change(record: Record, id_: str) -> None:
                self.truth.change(record, bodies[id_])

            late = list(bodies) if self._is_past(sent_at) else ()
            sent: Iterator[tuple[str, Outcome]] = self._send(Kind.CONTACT, bodies, change, late)
            return {ContactId(id_): outcome for id_, outcome in sent}

    def shown_told(self, ids: Collection[ContactId], operation_id: str) -> set[ContactId]:
        with self._lock:
            return {
                ContactId(id_)
                for id_, record in self._read("history", Kind.CONTACT, ids)
                if record is not None
                and operation_id in {v.value for v in record.versions.get(telling.OPERATION, ())}
            }

    def send_told(self, mails: Sequence[Mail], *, sent_at: datetime) -> dict[ContactId, Sent]:
        with self._lock:
            return {mail.message.contact_id: self._mail(mail, sent_at) for mail in mails}

    def sent_told(self, status_ids: Collection[str]) -> Mapping[str, Sent]:
        with self._lock:
            if status_ids:
                self._ask("read", Kind.CONTACT, status_ids)
            return {id_: self._decided(id_) for id_ in status_ids}

    def send_mails(self) -> None:
        """HubSpot comes to the e-mails that it took."""
        self.mails_wait = False
        for mail in self._taken.values():
            self._deliver(mail)

    def _mail(self, mail: Mail, sent_at: datetime) -> Sent:
        """One request, with the faults of whoever runs it."""
        made: list[Sent] = []
        id_ = mail.message.contact_id

        def take(_record: Record, _id: str) -> None:
            if self.mails_wait:
                self._taken.setdefault(mail.send_id, mail)
                made.append(Sent(outcome=Outcome(fate=Fate.LANDED), status_id=mail.send_id))
            else:
                made.append(self._deliver(mail))

        late = [id_] if self._is_past(sent_at) else ()
        ((_, outcome),) = self._send(Kind.CONTACT, [id_], take, late)
        return made[0] if outcome.fate is Fate.LANDED else Sent(outcome=outcome)

    def _deliver(self, mail: Mail) -> Sent:
        if result := self.send_results.get(mail.to):
            return telling.sent({"status": "COMPLETE", "sendResult": result})
        known = mail.send_id in self.mails
        self.mails.setdefault(mail.send_id, mail)
        result = "IDEMPOTENT_IGNORE" if known else "SENT"
        return telling.sent({"status": "COMPLETE", "sendResult": result})

    def _decided(self, status_id: str) -> Sent:
        if self.mails_wait:
            return telling.sent({"status": "PENDING", "statusId": status_id})
        return self._deliver(self._taken[status_id])
