from __future__ import annotations

import pytest

from core.app.journal import Journal
from core.credits.errors import Superseded, UnknownId
from core.credits.records import TOTAL_BOOKINGS, Kind
from core.credits.writes import MovementKind, WriteState
from core.operations.leftovers import About, Warned
from tests.contract.journal.given import NOW, after, outcome, running, saved, write

SEATS = Warned(about=About.SEATS, record="e1", told="exam e1 was not counted down: it is 0")
NOTE = Warned(about=About.NOTE, record="c1", told="no note on contact c1: HubSpot refused it")


def test_what_was_left_undone_is_told_once_and_stands(journal: Journal) -> None:
    run = running(journal)

    journal.warn(run, [SEATS, SEATS], at=NOW)
    journal.warn(run, [SEATS, NOTE], at=after(2))

    assert [SEATS, NOTE] == journal.warnings("op")
    events = journal.events(operation_id="op")
    assert [(after(2), NOTE.told), (NOW, SEATS.told)] == [(e.at, e.detail["told"]) for e in events]


def test_another_reason_takes_the_place_of_the_first(journal: Journal) -> None:
    run = running(journal)
    again = Warned(about=About.SEATS, record="e1", told="exam e1 was not counted down: it is gone")

    journal.warn(run, [SEATS], at=NOW)
    journal.warn(run, [again], at=after(2))

    assert [again] == journal.warnings("op")


def test_what_is_well_again_is_no_warning_and_the_history_keeps_both(journal: Journal) -> None:
    run = running(journal)
    journal.warn(run, [SEATS, NOTE], at=NOW)

    for _ in range(2):
        journal.warn(run, [], well={(About.SEATS, "e1"), (About.SEATS, "e2")}, at=after(2))

    assert [NOTE] == journal.warnings("op")
    assert ["made good", "left undone", "left undone"] == [
        event.what for event in journal.events(operation_id="op")
    ]


def test_warnings_of_another_operation_stay_apart(journal: Journal) -> None:
    journal.warn(running(journal, "op"), [SEATS], at=NOW)
    running(journal, "other", 1)

    assert [] == journal.warnings("other")
    with pytest.raises(UnknownId):
        journal.warnings("none")


def test_warnings_of_several_are_those_of_each(journal: Journal) -> None:
    run = running(journal, "op")
    saved(journal, run, [write("w1")])
    journal.settle(run, [outcome("w1")], due=[], at=NOW)
    journal.record_verified({write("w1").id: "not verified: no history"}, [], at=NOW)
    journal.warn(run, [SEATS], at=NOW)
    journal.warn(running(journal, "other", 1), [NOTE], at=NOW)
    running(journal, "calm", 1)

    found = journal.warnings_of(["calm", "none", "op", "other"])

    assert {id_: journal.warnings(id_) for id_ in ("calm", "op", "other")} == found
    assert [0, 2, 1] == [len(found[id_]) for id_ in ("calm", "op", "other")]
    assert {"op": 1, "other": 0} == {
        id_: sum(one.net.values()) for id_, one in journal.progress_of(["op", "other"]).items()
    }


def test_a_run_that_was_superseded_tells_nothing(journal: Journal) -> None:
    old = running(journal)
    journal.begin_run("op", at=NOW)

    with pytest.raises(Superseded):
        journal.warn(old, [SEATS], at=NOW)
    assert [] == journal.warnings("op")


def test_writes_that_were_not_checked_and_counts_in_doubt_are_warnings(journal: Journal) -> None:
    run = running(journal)
    seats = write(
        "w2", "b1", target="e1", kind=Kind.EXAM, credit=TOTAL_BOOKINGS,
        movement=MovementKind.SEAT_FREED,
    )  # fmt: skip
    writes = [write("w1"), seats, write("w3", "b2", target="c1"), write("w4", "b3", target="c2")]
    saved(journal, run, writes)
    journal.settle(
        run,
        [outcome("w1"), outcome("w2", WriteState.UNDECIDED), outcome("w3"),
         outcome("w4", WriteState.UNDECIDED)],
        at=NOW,
    )  # fmt: skip
    journal.record_verified({write("w1").id: "not verified: no history"}, [], at=NOW)
    journal.record_verified({write("w3").id: "clean"}, [], at=NOW)

    unchecked, untold = journal.warnings("op")

    assert (About.CHECK, "c0", "contact c0: not verified: no history") == (
        unchecked.about,
        unchecked.record,
        unchecked.told,
    )
    assert (About.SEATS_UNTOLD, "w2") == (untold.about, untold.record)
