"""Two stores on one account refund one list, over real processes: no credit comes twice."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from core.operations.states import Item, ItemState, Operation
from scripts.processes import ROOT
from tests.crash.desk import ADMIN, BOOKINGS, Desk, write_csv
from tests.crash.waiting import wait_for

COUNT = 60
#: So short that a slow machine takes over later: then the balance alone tells of the other desk.
QUIET_S = "13"
#: While no booking can be marked, only the markers on the students tell of the other desk.
NO_MARKS = {"action": "status", "status": 503, "path": f"{BOOKINGS}/batch/update"}
TO_BE_WRITTEN = {ItemState.PENDING, ItemState.CLAIMED}
#: What a desk may say of a booking that it did not refund: who wrote, and when.
OTHER_WROTE = ("another desk (", "took over from this one", "marked refunded by", " by an app (")
#: What stops a desk that has taken over: the other took over since, or began since.
REFUSED = ("took over from this one", "is at work on this HubSpot account")


@pytest.fixture
def desks(stack: Mapping[str, str], tmp_path: Path) -> Iterator[list[Desk]]:
    made = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        made.append(Desk(stack, folder))
        made[-1].environment["CREDIT_DESK_QUIET_PERIOD_S"] = QUIET_S
    yield made
    for desk in made:
        desk.close()


@pytest.mark.timeout(200)
def test_one_list_refunded_from_two_stores_at_once_gives_no_credit_twice(
    desks: list[Desk], tmp_path: Path
) -> None:
    one = desks[0]
    plan = one.core("refund", "--owed", "--dry-run", "--as", ADMIN)
    owed = [row for row in plan["rows"] if row["verdict"] == "will change"][:COUNT]
    counter_of = {row["booking"]: (row["contact"], row["credit"]) for row in owed}
    before = one.balances(counter_of.values())
    chosen = write_csv(tmp_path / "bookings.csv", list(counter_of))

    with ExitStack() as running:
        with one.fault(**NO_MARKS):
            first = running.enter_context(refunding(one, chosen))
            second = running.enter_context(refunding(desks[1], chosen))
            wait_for(lambda: written(one, first) and written(desks[1], second))
        for process in (first, second):
            process.wait(timeout=one.patience_s)

    after = one.balances(before)
    paid = [{i.booking_id for i in items(desk) if i.state is ItemState.DONE} for desk in desks]
    due = Counter(counter_of[booking] for booking in set().union(*paid))
    in_doubt = {counter for counter in before if after[counter] != before[counter] + due[counter]}
    in_doubt |= {counter_of[booking] for booking in set.intersection(*paid)}
    assert due, "neither desk refunded anything"
    assert not {c: n for c, n in after.items() if n > before[c] + due[c]}, "a credit came twice"
    if not {contact for contact, _ in in_doubt} <= named(desks):
        with desks[0].worker(), desks[1].worker():  # they look again
            wait_for(lambda: {contact for contact, _ in in_doubt} <= named(desks))
    for desk in desks:
        assert not {i.why for i in items(desk) if not is_told(i)}
        assert operation(desk) or any(words in log_of(desk).read_text() for words in REFUSED)


@contextmanager
def refunding(desk: Desk, chosen: Path) -> Iterator[subprocess.Popen[bytes]]:
    told = ("--reason", "owed", "--takeover", "--wait", "--json")
    command = [sys.executable, "-m", "core", "refund", "--bookings", str(chosen), *told]
    with log_of(desk).open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=desk.environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def written(desk: Desk, process: subprocess.Popen[bytes]) -> bool:
    """Whether no student is left whom it may write."""
    if process.poll() is not None:
        return True
    return operation(desk) is not None and not items(desk, TO_BE_WRITTEN)


def operation(desk: Desk) -> Operation | None:
    return next(iter(desk.journal.operations(limit=1)), None)


def items(desk: Desk, states: Collection[ItemState] = ()) -> list[Item]:
    made = operation(desk)
    return desk.journal.items(made.id, states=states) if made else []


def is_told(item: Item) -> bool:
    return item.state is ItemState.DONE or any(words in item.why for words in OTHER_WROTE)


def named(desks: Sequence[Desk]) -> set[str]:
    """Students of whom either desk says that the other wrote at the same moment."""
    made = [(desk, operation(desk)) for desk in desks]
    return {
        foreign.target_id
        for desk, each in made
        if each is not None
        for foreign in desk.journal.foreign_writes(each.id)
    }


def log_of(desk: Desk) -> Path:
    return desk.folder / "refund.log"
