"""What is to be carried: sweeps, repairs and times of schedules, each in one pair of hands."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.app.journal import Journal
from core.credits.errors import Superseded, UnknownId
from core.drift.repairs import Repair, RepairRow, RepairState, RowState
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.operations.states import OperationState
from core.work.schedules import SlotRecord
from core.work.work import Task, Work
from tests.contract.journal.given import NOW, after, operation
from tests.contract.journal.test_exam_acts import E2
from tests.contract.journal.test_exam_acts import act as exam_act
from tests.contract.journal.test_exam_acts import ended as over
from tests.contract.journal.test_sweeps import drift

KNOWN, FULL = SweepMode.KNOWN, SweepMode.FULL


def asked_for(id_: str = "s", seconds: float = 0, mode: SweepMode = KNOWN) -> Sweep:
    at = after(seconds)
    return Sweep(id=id_, mode=mode, state=SweepState.ASKED, started_at=at, saved_at=at)


def repair(id_: str = "r", seconds: float = 0, digest: str = "d") -> Repair:
    return Repair(id=id_, asked_by="ann", reason="é", asked_at=after(seconds), digest=digest)


ROWS = [RepairRow(drift=drift(str(n)), n=n) for n in range(3)]


def ended(journal: Journal, sweep: Sweep) -> None:
    journal.save_sweep(replace(sweep, state=SweepState.COMPLETE))


# sweeps


def test_a_sweep_asked_for_twice_is_one(journal: Journal) -> None:
    assert asked_for() == journal.ask_sweep(asked_for())
    assert asked_for() == journal.ask_sweep(asked_for("other", 5))
    assert asked_for() == journal.ask_sweep(asked_for("s", 9))
    assert [asked_for()] == journal.sweeps()


def test_modes_do_not_hinder_each_other(journal: Journal) -> None:
    journal.ask_sweep(asked_for())

    assert "f" == journal.ask_sweep(asked_for("f", mode=FULL)).id


def test_an_ended_sweep_makes_room_but_its_id_is_taken(journal: Journal) -> None:
    journal.ask_sweep(asked_for())
    ended(journal, asked_for())

    assert SweepState.COMPLETE is journal.ask_sweep(asked_for()).state
    assert "next" == journal.ask_sweep(asked_for("next", 5)).id
    ended(journal, asked_for("next", 5))
    given_up = replace(asked_for("third", 6), state=SweepState.GIVEN_UP)
    journal.ask_sweep(asked_for("third", 6))
    journal.save_sweep(given_up)
    assert "fourth" == journal.ask_sweep(asked_for("fourth", 7)).id


def test_of_many_who_ask_at_once_all_get_the_same_sweep(journal: Journal) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: journal.ask_sweep(asked_for(f"s{n}")), range(24)))

    assert 1 == len({sweep.id for sweep in found})
    assert 1 == len(journal.sweeps())


def test_who_takes_a_sweep_up_bars_who_had_it(journal: Journal) -> None:
    journal.ask_sweep(asked_for())
    first = journal.take_sweep("s")
    second = journal.take_sweep("s")

    with pytest.raises(Superseded, match="sweep s is at epoch 2, not 1"):
        journal.save_sweep(replace(first, pages=9), [drift("1")])
    journal.save_sweep(replace(second, pages=1), [drift("2")])

    assert 1 == journal.sweep("s").pages
    assert ["2"] == [each.record_id for each in journal.drifts("s")]


def test_of_many_who_take_a_sweep_up_at_once_each_has_an_epoch_of_its_own(
    journal: Journal,
) -> None:
    journal.ask_sweep(asked_for())
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: journal.take_sweep("s"), range(16)))

    assert set(range(1, 17)) == {sweep.epoch for sweep in taken}


def test_why_a_sweep_paused_is_kept(journal: Journal) -> None:
    journal.ask_sweep(asked_for())
    paused = replace(
        journal.take_sweep("s"),
        state=SweepState.PAUSED,
        error="HubSpot ist weg",
        failures=3,
        next_try_at=after(60),
        asked_by="schedule",
    )
    journal.save_sweep(paused)

    assert paused == journal.sweep("s")


def test_an_unended_sweep_is_never_forgotten(journal: Journal) -> None:
    journal.ask_sweep(asked_for())

    assert 0 == journal.forget_sweeps(before=after(99))
    assert "s" == journal.sweep("s").id


# repairs


def test_a_repair_is_kept_as_it_was_confirmed(journal: Journal) -> None:
    asked = journal.ask_repair(repair(), ROWS)

    assert replace(repair(), counts={RowState.PENDING: 3}) == asked
    assert asked == journal.repair("r")
    assert [asked] == journal.repairs()
    assert ROWS == journal.repair_rows("r")


def test_the_same_confirmed_again_while_it_runs_is_the_same_repair(journal: Journal) -> None:
    journal.ask_repair(repair(), ROWS)

    assert "r" == journal.ask_repair(repair("again", 1), ROWS[:1]).id
    assert "other" == journal.ask_repair(repair("other", 2, "e"), ROWS[:1]).id
    journal.save_repair(replace(repair(), state=RepairState.DONE))
    assert "later" == journal.ask_repair(repair("later", 3), ROWS[:1]).id
    assert ["later", "other", "r"] == [each.id for each in journal.repairs()]
    assert ["later"] == [each.id for each in journal.repairs(limit=1)]


def test_of_two_clicks_at_once_one_makes_the_repair(journal: Journal) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: journal.ask_repair(repair(f"r{n}"), ROWS), range(16)))

    assert 1 == len({each.id for each in found})
    assert 3 == len(journal.repair_rows(found[0].id))


def test_what_became_of_each_record_is_kept(journal: Journal) -> None:
    journal.ask_repair(repair(), ROWS)
    taken = journal.take_repair("r")
    still = replace(
        ROWS[2],
        state=RowState.STILL_DIFFERS,
        why="older copy: é",
        truth_now={"sj_credits": 3},
        mirror_now={"sj_credits": None},
    )
    journal.save_repair(
        replace(taken, state=RepairState.RUNNING, waiting_for="Supabase", failures=2),
        [replace(ROWS[0], state=RowState.REPAIRED), still],
    )

    found = journal.repair("r")
    assert ("Supabase", 2, 1) == (found.waiting_for, found.failures, found.epoch)
    assert {
        RowState.REPAIRED: 1,
        RowState.STILL_DIFFERS: 1,
        RowState.PENDING: 1,
    } == found.counts
    assert [still] == journal.repair_rows("r", states=[RowState.STILL_DIFFERS])
    assert [ROWS[1]] == journal.repair_rows("r", limit=2)[1:]


def test_who_takes_a_repair_up_bars_who_had_it(journal: Journal) -> None:
    journal.ask_repair(repair(), ROWS)
    first = journal.take_repair("r")
    journal.take_repair("r")

    with pytest.raises(Superseded, match="repair r is at epoch 2, not 1"):
        journal.save_repair(first, [replace(ROWS[0], state=RowState.REPAIRED)])
    assert {RowState.PENDING: 3} == journal.repair("r").counts


def test_old_repairs_are_forgotten_once_they_ended(journal: Journal) -> None:
    for n, id_ in enumerate(("old", "open", "young")):
        journal.ask_repair(repair(id_, n, id_), ROWS)
    for id_ in ("old", "young"):
        journal.save_repair(replace(journal.repair(id_), state=RepairState.DONE))

    assert 1 == journal.forget_repairs(before=after(2))
    assert ["young", "open"] == [each.id for each in journal.repairs()]
    with pytest.raises(UnknownId):
        journal.repair("old")


# what is to be carried


def test_all_that_has_not_ended_is_to_be_carried(journal: Journal) -> None:
    for id_ in ("o1", "o2"):
        journal.confirm(operation(id_), [])
    journal.move("o1", OperationState.CALLED_OFF, at=NOW, actor="ann")
    journal.ask_sweep(asked_for("s1"))
    ended(journal, asked_for("s1"))
    journal.ask_sweep(asked_for("s2", 1))
    journal.ask_sweep(asked_for("f", 0.5, FULL))
    journal.ask_repair(repair("r1"), ROWS)
    journal.ask_exam_act(exam_act("a1"))
    journal.ask_exam_act(exam_act("a2", E2))
    journal.save_exam_act(over(exam_act("a2", E2)))

    assert [
        Task(work=Work.OPERATION, id="o2", state="held"),
        Task(work=Work.SWEEP, id="f", state="asked for"),
        Task(work=Work.SWEEP, id="s2", state="asked for"),
        Task(work=Work.REPAIR, id="r1", state="asked for"),
        Task(work=Work.EXAM, id="a1", state="closing the exam"),
    ] == journal.unended()
    first = [task.key for task in journal.unended(limit=1)]
    assert ["o2", "sweep/f", "repair/r1", "exam act/a1"] == first


def test_what_was_never_asked_for_is_not_there(journal: Journal) -> None:
    journal.ask_sweep(asked_for("x"))

    journal.must_exist("sweep/x")
    for key in ("x", "sweep/y", "repair/x"):
        with pytest.raises(UnknownId):
            journal.must_exist(key)
    for ask in (journal.sweep, journal.take_sweep, journal.repair, journal.take_repair):
        with pytest.raises(UnknownId):
            ask("y")


def test_whoever_carries_what_is_superseded_saves_no_more(journal: Journal) -> None:
    journal.confirm(operation("o"), [])
    journal.ask_sweep(asked_for())
    journal.ask_repair(repair(), ROWS)
    run, _ = journal.begin_run("o", at=NOW)
    sweep, mend = journal.take_sweep("s"), journal.take_repair("r")

    for task in journal.unended():
        journal.supersede(task.key)

    with pytest.raises(Superseded):
        journal.add_calls(run, 1)
    with pytest.raises(Superseded):
        journal.save_sweep(sweep)
    with pytest.raises(Superseded):
        journal.save_repair(mend)


# schedules


def test_a_time_before_there_was_the_job_is_not_to_do(journal: Journal) -> None:
    journal.begin_job("sweep", at=after(10))
    journal.begin_job("sweep", at=after(90))

    assert not journal.take_slot("sweep", after(5), now=after(11), until=after(20))
    assert not journal.take_slot("never begun", after(5), now=after(11), until=after(20))
    assert after(10) == journal.slots()["sweep"].began_at


def test_a_slot_is_held_by_one_until_it_is_done(journal: Journal) -> None:
    journal.begin_job("sweep", at=NOW)

    assert journal.take_slot("sweep", after(60), now=after(61), until=after(120))
    assert not journal.take_slot("sweep", after(60), now=after(62), until=after(120))
    journal.end_slot("sweep", after(60), at=after(63))
    assert not journal.take_slot("sweep", after(60), now=after(500), until=after(600))
    assert {
        "sweep": SlotRecord(
            job="sweep",
            slot=after(60),
            taken_at=after(61),
            held_until=after(120),
            done_at=after(63),
            began_at=NOW,
        )
    } == journal.slots()


def test_a_slot_whose_holder_died_or_failed_is_taken_again_when_its_hold_is_over(
    journal: Journal,
) -> None:
    journal.begin_job("sweep", at=NOW)
    journal.take_slot("sweep", after(60), now=after(61), until=after(120))
    assert journal.take_slot("sweep", after(60), now=after(120), until=after(180))
    journal.end_slot("sweep", after(60), at=after(121), error="HubSpot is away")

    assert "HubSpot is away" == journal.slots()["sweep"].error
    assert not journal.take_slot("sweep", after(60), now=after(179), until=after(240))
    assert journal.take_slot("sweep", after(60), now=after(180), until=after(240))
    assert "" == journal.slots()["sweep"].error


def test_a_later_slot_ends_the_one_before(journal: Journal) -> None:
    journal.begin_job("sweep", at=NOW)
    journal.take_slot("sweep", after(60), now=after(61), until=after(500))

    assert journal.take_slot("sweep", after(120), now=after(121), until=after(500))
    journal.end_slot("sweep", after(60), at=after(122))
    assert journal.slots()["sweep"].done_at is None
    assert not journal.take_slot("sweep", after(60), now=after(900), until=after(999))


def test_of_many_processes_one_gets_the_slot(journal: Journal) -> None:
    journal.begin_job("sweep", at=NOW)

    def take(_: int) -> bool:
        return journal.take_slot("sweep", after(60), now=after(61), until=after(120))

    with ThreadPoolExecutor(8) as pool:
        assert 1 == sum(pool.map(take, range(24)))
