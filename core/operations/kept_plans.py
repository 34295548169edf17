"""Plans kept for a while by the process that shows them: a page is drawn again with every click.

A plan is frozen, so a kept one is the one in the journal. It is read again after ``HELD``, for the
journal may have forgotten it, or whose names are in it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.credits.roles import Actor
from core.operations.kinds.permissions import act_to_see
from core.operations.plans import Plan
from core.operations.store.port import OperationStore
from core.work.clocks import within

HELD = timedelta(minutes=5)
#: Rows kept in all, for every person at once: 100 MB or so. A larger plan is kept alone.
ROWS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class KeptPlans:
    """For all threads of a process."""

    journal: OperationStore
    now: Callable[[], datetime]
    rows_max: int = ROWS_MAX
    _plans: OrderedDict[str, tuple[datetime, Plan]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, plan_id: str, actor: Actor) -> Plan:
        """With all its rows.

        Raises:
            NotAllowed: this person may not watch operations, or it is for one student and they may
                not look anything up.
            UnknownId: there is none.
        """
        plan = self._kept(plan_id)
        actor.require(act_to_see(plan))
        return plan

    def frozen(self, plan_id: str) -> Plan:
        """What it would do, for whoever confirms it. It is not kept for that.

        Names that the journal has forgotten since may stand in it. Raises ``UnknownId``.
        """
        with self._lock:
            kept = self._plans.get(plan_id)
        return self.journal.plan(plan_id) if kept is None else kept[1]

    def let_go(self, plan_id: str) -> None:
        """It was confirmed, and its operation is shown from now on."""
        with self._lock:
            self._plans.pop(plan_id, None)

    def _kept(self, plan_id: str) -> Plan:
        with self._lock:
            kept = self._plans.get(plan_id)
            if kept is not None and within(kept[0], self.now(), HELD):
                self._plans.move_to_end(plan_id)
                return kept[1]
        plan = self.journal.plan(plan_id)
        with self._lock:
            self._plans[plan_id] = (self.now(), plan)
            self._plans.move_to_end(plan_id)
            self._make_room()
        return plan

    def _make_room(self) -> None:
        """What nobody has looked at for longest, and what is too old."""
        at = self.now()
        for id_ in [i for i, (since, _) in self._plans.items() if not within(since, at, HELD)]:
            del self._plans[id_]
        while len(self._plans) > 1 and self._rows() > self.rows_max:
            self._plans.popitem(last=False)

    def _rows(self) -> int:
        return sum(len(plan.rows) for _, plan in self._plans.values())
