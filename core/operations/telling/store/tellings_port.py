"""The part of the store that keeps what is known of the telling of each student."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from core.credits.writes import Run
from core.operations.telling.rules import Telling, TellingState


class TellingRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too."""

    def tellings(
        self, operation_id: str, *, states: Collection[TellingState] = ()
    ) -> list[Telling]:
        """By contact id; all states where none is named. A student without one waits."""
        ...

    def record_tellings(self, run: Run, tellings: Sequence[Telling]) -> None:
        """Keep these in place of what was known of the same students. Raises ``Superseded``."""
        ...

    def telling_counts(self, operation_id: str) -> Mapping[TellingState, int]:
        """How many are in each state."""
        ...

    def tell_again(self, operation_id: str, *, at: datetime, actor: str) -> int:
        """Those held back, failed or unclear wait anew. How many; with its entry in the audit.

        Raises ``UnknownId``, and ``StateConflict`` unless the operation has ended.
        """
        ...
