"""A process that is to end: what it does of an operation, and what it leaves to the next."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.credits.records import Kind
from core.operations.states import ItemState
from tests.unit.services.desk import CS, TestDesk


def test_the_group_in_hand_is_finished_and_no_other_begun() -> None:
    desk = TestDesk()
    ids = [str(n) for n in range(1, 6)]
    for id_ in ids:
        desk.crm.add_contact(f"10{id_}", {"cs_credits": 1})
        desk.booked(id_, f"10{id_}", token=CS)
    operation = desk.confirm(*ids)
    desk.time = operation.hold_until
    resting = threading.Event()
    usual = desk.core.operation_runner
    carrying = replace(usual, group_size=1, groups_at_once=1, resting=resting)
    carry = carrying.toolbox.refunding.carry
    carried: list[Sequence[Any]] = []

    class Told:
        """Told to end while the first group is in hand."""

        def __getattr__(self, name: str) -> Any:
            return getattr(desk.core.operation_runner.toolbox.refunding, name)

        def carry(self, run: Any, of: Any, group: Sequence[Any]) -> None:
            resting.set()
            carry(run, of, group)
            carried.append(group)

    toolbox = replace(carrying.toolbox, refunding=Told())
    again = replace(carrying, toolbox=toolbox).carry_out(operation.id)

    assert again is not None
    assert 1 == len(carried)
    assert {ItemState.DONE: 1, ItemState.PENDING: 4} == desk.journal.progress(operation.id).states
    assert [] == desk.journal.open_writes()

    desk.carry(operation)

    assert [2] * 5 == [desk.crm.balance(Kind.CONTACT, f"10{id_}", "cs_credits") for id_ in ids]
