"""A process thought dead can do no more: each method that takes a run refuses an older one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress

import pytest

from core.app.journal import Journal
from core.audit.store.event_port import Event
from core.credits.errors import StateConflict, Superseded, UnknownId
from core.credits.records import BookingId, Kind, WriteId
from core.credits.writes import Run
from core.operations.leftovers import About, Warned
from core.operations.states import ItemState
from tests.contract.journal.given import (
    ADMIN,
    NOW,
    REFUND,
    after,
    due,
    item,
    outcome,
    running,
    saved,
    telling,
    write,
)

SAID = Event(at=NOW, actor=ADMIN, what="decided", operation_id="op")


def _end(journal: Journal, run: Run) -> None:
    with suppress(StateConflict):  # what it has open is looked at after who asks
        journal.end(run, at=after(9), actor=ADMIN)


def _end_follow_ups(journal: Journal, run: Run) -> None:
    with suppress(StateConflict):
        journal.end_follow_ups(run, at=after(9))


CALLS: dict[str, Callable[[Journal, Run], object]] = {
    "end": _end,
    "end_follow_ups": _end_follow_ups,
    "note_waiting": lambda j, run: j.note_waiting(run, "HubSpot"),
    "add_calls": lambda j, run: j.add_calls(run, 1),
    "still_ours": lambda j, run: j.still_ours(run),
    "update_items": lambda j, run: j.update_items(run, [item(0, state=ItemState.DONE)]),
    "claim": lambda j, run: j.claim(run, [BookingId("b9")], REFUND),
    "release_claims": lambda j, run: j.release_claims(run, [BookingId("b9")], REFUND),
    "lease": lambda j, run: j.lease(run, Kind.CONTACT, ["c9"], now=NOW, until=after(9)),
    "release_leases": lambda j, run: j.release_leases(run, Kind.CONTACT, ["c0"]),
    "save_intents": lambda j, run: j.save_intents(run, [write("w9", "b9")]),
    "resend": lambda j, run: j.resend(run, [WriteId("w1")], at=after(9)),
    "settle": lambda j, run: j.settle(run, [outcome("w1")], due=[due()], at=NOW, entries=[SAID]),
    "record_noted": lambda j, run: j.record_noted(run, ["c0"]),
    "record_tellings": lambda j, run: j.record_tellings(run, [telling("c0")]),
    "warn": lambda j, run: j.warn(
        run, [Warned(about=About.NOTE, record="c0", told="no note")], at=NOW
    ),
    "offer_groups": lambda j, run: j.offer_groups(run, [[BookingId("b0")]]),
    "share_groups": lambda j, run: j.share_groups(run, True),
    "take_group": lambda j, run: j.take_group(run, "worker"),
    "return_groups": lambda j, run: j.return_groups(run, "worker"),
    "groups_out": lambda j, run: j.groups_out(run, but="worker"),
}


def test_every_method_that_takes_a_run_is_tried_here() -> None:
    methods = inspect.getmembers(Journal, inspect.isfunction)

    assert CALLS.keys() == {
        name for name, method in methods if "run" in inspect.signature(method).parameters
    }


def state(journal: Journal) -> list[object]:
    return [
        journal.operation("op"),
        journal.items("op"),
        journal.writes("op"),
        journal.noted("op"),
        journal.tellings("op"),
        journal.outbox(),
        journal.events(),
    ]


@pytest.mark.parametrize("name", CALLS)
def test_a_superseded_run_changes_nothing(journal: Journal, name: str) -> None:
    old = running(journal)
    journal.lease(old, Kind.CONTACT, ["c0"], now=NOW, until=after(60))
    journal.save_intents(old, [write("w1", "b0")])
    journal.begin_run("op", at=NOW)
    before = state(journal)

    with pytest.raises(Superseded, match="operation op is at epoch 2, not 1"):
        CALLS[name](journal, old)

    assert before == state(journal)
    other = running(journal, "other")
    assert set() == journal.lease(other, Kind.CONTACT, ["c0"], now=after(59), until=after(99))
    assert {"b9": "other"} == journal.claim(other, [BookingId("b9")], REFUND)


@pytest.mark.parametrize("name", CALLS)
def test_a_run_of_an_unknown_operation_is_refused(journal: Journal, name: str) -> None:
    with pytest.raises(UnknownId):
        CALLS[name](journal, Run(operation_id="nothing", epoch=1))


@pytest.mark.parametrize("name", CALLS)
def test_the_run_in_force_is_not_refused(journal: Journal, name: str) -> None:
    running(journal)
    run, _ = journal.begin_run("op", at=NOW)
    saved(journal, run, [write("w1", "b0")])

    CALLS[name](journal, run)
