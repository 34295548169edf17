"""Transactional e-mails of the single-send API: asked for, sent a moment later, never delivered.

No e-mail leaves this machine: what HubSpot would have sent is kept, to be looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson

from sandbox.hubspot import errors
from sandbox.hubspot.calls import whole
from sandbox.hubspot.store import Store
from sandbox.hubspot.values import iso

#: The id of the one transactional e-mail that the account begins with.
FIRST_EMAIL = 190_000_001
#: So long HubSpot has an e-mail before it says what became of it.
PENDING_MS = 300
SENT, DOUBLE = "SENT", "IDEMPOTENT_IGNORE"
Body = dict[str, Any]


@dataclass(slots=True)
class Mailing:
    """What was asked for, over the sandbox's file; what is to become of it is set while it runs."""

    store: Store
    #: Saved transactional e-mails of the account, by id.
    templates: set[int] = field(default_factory=lambda: {FIRST_EMAIL})
    #: Address to what becomes of e-mails to it, where they are not sent.
    results: dict[str, str] = field(default_factory=dict)
    pending_ms: int = PENDING_MS

    def send(self, asked: Mapping[str, Any]) -> Body:
        """Take one e-mail. Raises ApiError for one that HubSpot would not take."""
        email_id = whole(asked.get("emailId"), "emailId")
        message = asked.get("message")
        to = message.get("to") if isinstance(message, Mapping) else None
        if not isinstance(message, Mapping) or not isinstance(to, str) or "@" not in to:
            raise errors.validation("message.to must be a valid email address")
        if asked.get("contactProperties"):
            raise errors.validation("This sandbox sets no contactProperties with an e-mail")
        if email_id not in self.templates:
            raise errors.object_not_found(f"No email with id {email_id}")
        send_id = message.get("sendId")
        if not isinstance(send_id, str | None):
            raise errors.validation("message.sendId must be a text")
        at = self.store.now_ms()
        with self.store.database.writing() as connection:
            double = (
                send_id is not None
                and connection.execute(
                    "select 1 from mails where send_id = ? and result = ?", (send_id, SENT)
                ).fetchone()
            )
            result = DOUBLE if double else self.results.get(to, SENT)
            status_id = str(uuid4())
            connection.execute(
                "insert into mails (status_id, send_id, at, pending_ms, result, body)"
                " values (?, ?, ?, ?, ?, ?)",
                (status_id, send_id, at, self.pending_ms, result, orjson.dumps(asked).decode()),
            )
        return self.status(status_id)

    def status(self, status_id: str) -> Body:
        """What became of one that was taken. Raises ApiError 404."""
        sql = "select at, pending_ms, result from mails where status_id = ?"
        with self.store.database.looking() as connection:
            found = connection.execute(sql, (status_id,)).fetchone()
        if found is None:
            raise errors.object_not_found(f"No send with status id {status_id}")
        at, pending_ms, result = found
        told: Body = {"statusId": status_id, "requestedAt": iso(at)}
        if self.store.now_ms() < at + pending_ms:
            return {"status": "PENDING", **told}
        done = iso(at + pending_ms)
        event = {"id": status_id, "created": done}
        return {
            "status": "COMPLETE",
            **told,
            "startedAt": done,
            "completedAt": done,
            "sendResult": result,
            **({"eventId": event} if result == SENT else {}),
        }

    def show(self) -> list[Body]:
        """Everything that was asked for, oldest first, with what became of it."""
        sql = "select body, result, at from mails order by no"
        with self.store.database.looking() as connection:
            rows: Sequence[tuple[str, str, int]] = connection.execute(sql).fetchall()
        return [{**orjson.loads(body), "sendResult": r, "at": iso(at)} for body, r, at in rows]

    def forget(self) -> None:
        """As before the first e-mail."""
        with self.store.database.writing() as connection:
            connection.execute("delete from mails")
        self.templates, self.results = {FIRST_EMAIL}, {}
        self.pending_ms = PENDING_MS

    def change(self, body: Mapping[str, Any]) -> Body:
        """Set some of ``templates``, ``results`` and ``pending_ms``; what is set now."""
        unknown = set(body) - {"templates", "results", "pending_ms"}
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        self.templates = {int(id_) for id_ in body.get("templates", self.templates)}
        self.results = {str(to): str(r) for to, r in body.get("results", self.results).items()}
        self.pending_ms = int(body.get("pending_ms", self.pending_ms))
        return {
            "templates": sorted(self.templates),
            "results": self.results,
            "pending_ms": self.pending_ms,
        }
