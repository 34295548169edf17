"""The port by which HubSpot tells students."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from core.credits.records import ContactId
from core.hubspot.ports.message import Message

if TYPE_CHECKING:
    from core.hubspot.ports.crm import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A student as HubSpot can mail them."""

    #: Differs from the id asked for after a merge.
    id: ContactId
    #: Empty: none is known.
    email: str
    #: Of all e-mail of the school.
    opted_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One transactional e-mail, to be made of a template of the account."""

    message: Message
    #: The template's id.
    email_id: int
    to: str
    #: HubSpot sends at most one e-mail by the same.
    send_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one mail that HubSpot was asked for."""

    outcome: Outcome
    #: HubSpot took it and has not sent it yet; by this it is asked again. Empty: it is decided.
    status_id: str = ""


class TellingCrm(Protocol):
    """Part of ``Crm``, whose rules hold here too."""

    def recipients(self, ids: Collection[ContactId]) -> dict[ContactId, Recipient | None]:
        """By the id asked for. None: archived or deleted."""
        ...

    def show_told(
        self, messages: Sequence[Message], *, sent_at: datetime
    ) -> dict[ContactId, Outcome]:
        """Set the properties that a workflow listens to, of each contact once.

        Not sent at all when it cannot be handed to the network within ``SEND_WITHIN_S`` of
        ``sent_at``. After UNKNOWN ask ``shown_told``.
        """
        ...

    def shown_told(self, ids: Collection[ContactId], operation_id: str) -> set[ContactId]:
        """Those of these contacts whose properties tell of this operation, or did."""
        ...

    def send_told(self, mails: Sequence[Mail], *, sent_at: datetime) -> dict[ContactId, Sent]:
        """Ask for these e-mails, within the same time. After UNKNOWN nobody can tell."""
        ...

    def sent_told(self, status_ids: Collection[str]) -> Mapping[str, Sent]:
        """What became of mails that HubSpot had not sent yet. Raises ``GatewayError``."""
        ...
