"""The part of the journal that keeps what an operation left undone beside its credits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.credits.writes import Run
from core.operations.leftovers import About, Warned


class WarningRecords(Protocol):
    """Each method is one transaction."""

    def warn(
        self,
        run: Run,
        warned: Sequence[Warned],
        *,
        well: Collection[tuple[About, str]] = (),
        at: datetime,
    ) -> None:
        """Keep these in the operation's history, each once while it stands.

        ``well``: those of these records do not stand any more. Raises ``Superseded``.
        """
        ...

    def warnings(self, operation_id: str) -> list[Warned]:
        """Those that stand, and what its writes leave open: a count in doubt, one not checked.

        Raises ``UnknownId``.
        """
        ...

    def warnings_of(self, operation_ids: Collection[str]) -> dict[str, list[Warned]]:
        """Of those of these operations that there are, at once."""
        ...
