"""What each item of an adjustment goes through: claim, look at the balance again, write, done."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from core.credits.adjustments import named
from core.credits.catalogue import CreditType
from core.credits.records import Counted, ItemKey
from core.credits.writes import Movement, Run
from core.operations.choosing.adjustments import judged
from core.operations.protocol.record import Recording
from core.operations.states import SETTLED, Item, Operation
from core.operations.steps.credits import CreditSteps
from core.operations.steps.recheck import ends_here
from core.operations.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustSteps(CreditSteps):
    """See ``KindSteps``."""

    def carry(self, run: Run, operation: Operation, group: Sequence[Item]) -> None:
        """See ``KindSteps``. Each change is judged on the balance that its write goes out from."""
        check = partial(AdjustCheck, self.recording, run, operation)
        self._moved(run, operation, group, check)


@dataclass(frozen=True, slots=True)
class AdjustCheck:
    """See ``LastLook``: what no longer fits the balance ends here, and nothing of it is sent."""

    recording: Recording
    run: Run
    operation: Operation
    #: In hand; shared with what follows from the writes.
    items: dict[ItemKey, Item]

    def read(self, contacts: Collection[str]) -> None:
        """See ``LastLook``: the balance alone decides."""

    def allowed(
        self, targets: Mapping[str, Counted], wanted: Mapping[str, Sequence[Movement]]
    ) -> dict[str, Sequence[Movement]]:
        """See ``LastLook``. What is known of the others is saved before this returns."""
        running: dict[str, dict[CreditType, int]] = {}
        ended: list[Item] = []
        for item in list(self.items.values()):
            target = targets.get(item.contact_id or "")
            if target is None or item.state in SETTLED:
                continue
            so_far = running.setdefault(target.id, {})
            row = judged(named(item.booking_id), target, so_far)
            if row.verdict is not Verdict.WILL_CHANGE:
                ended.append(ends_here(item, row))
            elif row.after is not None:
                so_far[row.credit or CreditType("")] = row.after
        self.items.update({item.booking_id: item for item in ended})
        self.recording.items(self.run, self.operation, ended)
        over = {item.booking_id for item in ended}
        return {id_: [m for m in wanted[id_] if m.booking_id not in over] for id_ in targets}
