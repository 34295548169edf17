"""The register of desks in Supabase: what is asked, and what the answers mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.credits.errors import OutcomeUnknown
from core.mirror.supabase.client import Supabase
from core.operations.desks.rules import Process, Registered


@dataclass(frozen=True, slots=True)
class Register:
    """``core.operations.desks.store.desks_port.DeskRegister`` over the mirror's own connection."""

    supabase: Supabase

    def register(self, process: Process) -> list[Registered]:
        """Repeating it is harmless."""
        entry = {
            "process": process.name,
            "desk": process.desk,
            "host": process.host,
            "version": process.version,
            "started_at": process.started_at.isoformat(),
        }
        return entries(self.supabase.call("credit_desk_register", entry))

    def registered(self) -> list[Registered]:
        """All entries, the newest first."""
        return entries(self.supabase.call("credit_desk_registered", {}))

    def unregister(self, name: str) -> None:
        """Repeating it is harmless."""
        self.supabase.call("credit_desk_unregister", {"process": name})

    def mark_taken_over(self, desks: Sequence[str], *, by: str) -> None:
        """Repeating it is harmless."""
        self.supabase.call("credit_desk_take_over", {"desks": list(desks), "by_desk": by})


def entries(answer: Any) -> list[Registered]:
    """Raises ``OutcomeUnknown`` when the answer is none that we know."""
    try:
        return [_entry(row) for row in answer]
    except (KeyError, TypeError, ValueError) as error:
        told = "Supabase's register of desks is not as supabase/migrations say"
        raise OutcomeUnknown(told) from error


def _entry(row: dict[str, Any]) -> Registered:
    taken = row["taken_over_at"]
    return Registered(
        process=Process(
            name=row["process"],
            desk=row["desk"],
            host=row["host"],
            version=row["version"],
            started_at=datetime.fromisoformat(row["started_at"]),
        ),
        seen_s=float(row["seen_s"]),
        taken_over_by=row["taken_over_by"],
        taken_over_at=datetime.fromisoformat(taken) if taken else None,
    )
