"""What a HubSpot account tells of itself, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.credits.account import OBJECT_TYPES
from core.credits.errors import GatewayError
from core.hubspot.ports.directory import Account

PORTAL = "4711"


@dataclass(slots=True)
class FakeDirectory:
    """``dead`` is raised by every call while set; ``on_call`` is told of each."""

    names: dict[str, str] = field(default_factory=lambda: {"7": "Ann Lee"})
    dead: GatewayError | None = None
    calls: list[str] = field(default_factory=list)
    on_call: Callable[[], object] = lambda: None

    def account(self) -> Account:
        self._called("account")
        return Account(portal_id=PORTAL, ui_domain="app-eu1.hubspot.com", types=OBJECT_TYPES)

    def people(self) -> Mapping[str, str]:
        self._called("people")
        return dict(self.names)

    def _called(self, what: str) -> None:
        self.calls.append(what)
        self.on_call()
        if self.dead is not None:
            raise self.dead
