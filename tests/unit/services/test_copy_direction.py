"""The doctor finds out when another app writes Supabase before HubSpot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from core.drift.causes import Cause
from core.drift.copy_direction import CopyDirection
from core.drift.sweeps import Sweep, SweepMode, SweepState

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@dataclass
class Checked:
    """Checks of the last hours, newest first, each with the records changed in Supabase alone."""

    changed: Sequence[int]
    state: SweepState = SweepState.COMPLETE
    age: timedelta = timedelta()

    def sweeps(self, *, modes: Collection[SweepMode] = (), limit: int = 100) -> list[Sweep]:
        return [
            Sweep(
                id=str(n),
                mode=SweepMode.KNOWN,
                state=self.state,
                started_at=NOON - self.age,
                saved_at=NOON - self.age - timedelta(hours=2 * n),
            )
            for n in range(len(self.changed))
        ]

    def drift_counts(self, sweep_id: str) -> Mapping[Cause, int]:
        return {Cause.CHANGED_IN_MIRROR: self.changed[int(sweep_id)], Cause.OLDER_COPY: 50}


@pytest.mark.parametrize("changed", [(3, 3, 3), (9, 0, 7, 5), (0, 4, 4)])
def test_supabase_that_is_changed_first_in_most_checks_is_told(changed: Sequence[int]) -> None:
    (found,) = CopyDirection(Checked(changed), lambda: NOON).findings()

    count = sum(n >= 3 for n in changed)
    assert found.said.startswith(f"{count} of the {len(changed)} checks of the last 7 days")
    assert "a repair puts HubSpot's values back" in found.mend


@pytest.mark.parametrize(
    "checked",
    [
        Checked(()),
        Checked((9, 9)),
        Checked((9, 9, 0, 0)),
        Checked((2, 2, 2)),
        Checked((9, 9, 9), state=SweepState.RUNNING),
        Checked((9, 9, 9), age=timedelta(days=7)),
    ],
    ids=["no check", "too few", "half", "single edits", "not ended", "long ago"],
)
def test_edits_now_and_then_are_no_matter(checked: Checked) -> None:
    assert CopyDirection(checked, lambda: NOON).findings() == []
