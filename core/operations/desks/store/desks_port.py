"""The ports of what tells one desk from another: the journal's part, and the shared register."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.operations.desks.rules import Process, Registered, Takeover


class DeskRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too."""

    def desk_id(self, fresh: str) -> str:
        """The name of this store among the desks; ``fresh`` becomes it if it has none yet."""
        ...

    def take_over(self, takeover: Takeover, *, rename: str = "") -> None:
        """Record it, with its entry in the audit. ``rename``: the new name of this store."""
        ...

    def takeovers(self) -> list[Takeover]:
        """Newest first."""
        ...

    def note_process(self, name: str, *, at: datetime) -> None:
        """A process of this store is about to register under this name."""
        ...

    def known_processes(self, names: Collection[str]) -> set[str]:
        """Those of these names that processes of this store registered under."""
        ...


class DeskRegister(Protocol):
    """Where each desk of one account can see the others. Raises ``GatewayError``."""

    def register(self, process: Process) -> list[Registered]:
        """Add or renew the entry of this process; all entries, its own among them."""
        ...

    def registered(self) -> list[Registered]:
        """All entries, the newest first. Adds none."""
        ...

    def unregister(self, name: str) -> None:
        """Remove the entry of a process that ends."""
        ...

    def mark_taken_over(self, desks: Sequence[str], *, by: str) -> None:
        """These desks were taken over by that one, which itself is no longer."""
        ...
