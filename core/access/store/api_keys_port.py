"""The part of the journal that keeps API keys, and the changes that clients asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from core.access.api_key_rules import ApiKey, ApiRequest


class ClientRecords(Protocol):
    """Each method is one transaction."""

    def add_key(self, key: ApiKey) -> None:
        """With its event. Raises ``JournalError`` when the id is taken."""
        ...

    def api_key(self, id_: str) -> ApiKey | None:
        """None: there never was one."""
        ...

    def api_keys(self) -> list[ApiKey]:
        """Withdrawn ones too; by client, oldest first."""
        ...

    def withdraw_key(self, id_: str, *, by: str, at: datetime) -> ApiKey | None:
        """As it is then, with its event; None: there is none.

        Withdrawing again changes nothing.
        """
        ...

    def withdraw_keys(self, *, by: str, at: datetime) -> list[ApiKey]:
        """Withdraw all that hold, each with its event; those, as they are then, by client."""
        ...

    def key_used(self, id_: str, *, at: datetime) -> None:
        """It was used then."""
        ...

    def begin_request(self, request: ApiRequest) -> ApiRequest:
        """Keep it, unless this client's key is known: then what was kept before."""
        ...

    def answer_request(
        self, client: str, key: str, *, status: int, answer: Mapping[str, object]
    ) -> None:
        """Keep the answer; the first one stays."""
        ...

    def forget_answers(self, *, before: datetime) -> int:
        """Forget what was answered to those asked before, but for refusals; how many.

        The request stays known, with its operation.
        """
        ...

    def forget_requests(self, *, before: datetime) -> int:
        """Forget those asked before; how many."""
        ...
