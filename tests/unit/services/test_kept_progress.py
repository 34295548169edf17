"""The counts of operations that are kept are those of the store, whatever is done meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from core.operations.kept_progress import KeptProgress
from core.operations.states import ENDED, Progress
from core.operations.verdicts import OperationKind
from tests.pages import scenes
from tests.pages.stage import ACTOR, Stage, confirmed, fill, stage


@pytest.fixture
def made() -> Stage:
    made = stage()
    fill(made, contacts=60, exams=12)
    return made


def of_all(kept: KeptProgress, made: Stage) -> dict[str, Progress]:
    return kept.of(made.journal.operations())


def counted(made: Stage) -> dict[str, Progress]:
    return made.journal.progress_of([each.id for each in made.journal.operations()])


def test_kept_counts_are_true_after_each_act_on_operations_that_have_ended(made: Stage) -> None:
    failed, undecided = scenes.failing(made), scenes.undecided(made)
    kept = KeptProgress(made.journal)
    (write,) = made.core.resolution.undecided(undecided, ACTOR)
    before = of_all(kept, made)
    acts: list[Callable[[], object]] = [
        lambda: made.core.blocked_items.dismiss(failed, ACTOR, reason="gone for good"),
        lambda: made.core.resolution.decide(
            undecided, write.write.id, ACTOR, landed=True, why="seen in HubSpot"
        ),
        lambda: made.carry(undecided),
        lambda: made.carry(confirmed(made, exam="71000000002", kind=OperationKind.REFUND)),
    ]
    seen = [before]
    for act in acts:
        act()
        seen.append(of_all(kept, made))

        assert counted(made) == seen[-1]
    assert before[failed] != seen[1][failed], "something was put away"
    assert before[undecided] != seen[2][undecided], "something was decided"


def test_only_operations_of_which_something_was_recorded_are_counted_again(
    made: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, other = scenes.fine(made), scenes.failing(made)
    running = confirmed(made, exam="71000000001", kind=OperationKind.REFUND)
    kept, asked = KeptProgress(made.journal), list[list[str]]()
    plain = made.journal.progress_of

    def noted(ids: Collection[str]) -> dict[str, Progress]:
        asked.append(sorted(ids))
        return plain(ids)

    monkeypatch.setattr(made.journal, "progress_of", noted)
    of_all(kept, made)
    of_all(kept, made)
    made.core.blocked_items.dismiss(other, ACTOR, reason="gone for good")
    of_all(kept, made)

    assert {ended, other} == {e.id for e in made.journal.operations() if e.state in ENDED}
    assert [sorted([ended, other]), [running], [running], [other], [running]] == asked
