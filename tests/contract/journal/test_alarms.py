from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from core.app.journal import Journal
from core.credits.records import Kind, WriteId
from core.credits.writes import WriteState
from core.health.alarm_rules import Alarm, Trouble
from tests.contract.journal.given import NOW, after, outcome, running, saved, write

MINUTE = timedelta(minutes=1)


def trouble(key: str = "drift", **fields: timedelta) -> Trouble:
    return Trouble(key=key, title=f"{key} is wrong", text="", **fields)


def test_a_trouble_is_to_be_told_by_the_first_who_sees_it_and_by_nobody_after(
    journal: Journal,
) -> None:
    assert [True, False, False] == [journal.raise_alarm(trouble(), at=after(n)) for n in range(3)]
    assert [Alarm(key="drift", title="drift is wrong", since=NOW, told_at=NOW)] == journal.alarms()


def test_of_many_who_see_it_at_once_one_tells(journal: Journal) -> None:
    together = threading.Barrier(6)

    def see(_: int) -> bool:
        together.wait()
        return journal.raise_alarm(trouble(), at=NOW)

    with ThreadPoolExecutor(6) as pool:
        assert 1 == sum(pool.map(see, range(6)))


def test_what_may_pass_is_told_when_it_has_lasted(journal: Journal) -> None:
    seen = [journal.raise_alarm(trouble(patience=MINUTE), at=after(n)) for n in (0, 59, 60, 61)]

    assert [False, False, True, False] == seen


def test_what_passed_before_it_was_told_is_never_spoken_of(journal: Journal) -> None:
    journal.raise_alarm(trouble(patience=MINUTE), at=NOW)

    assert journal.calm_alarm("drift", at=after(5), after=timedelta(0)) is None
    assert [] == journal.alarms()


def test_it_is_over_when_it_was_well_for_long_enough_and_one_tells_so(journal: Journal) -> None:
    journal.raise_alarm(trouble(), at=NOW)

    assert journal.calm_alarm("drift", at=after(10), after=MINUTE) is None
    assert journal.calm_alarm("drift", at=after(69), after=MINUTE) is None
    over = journal.calm_alarm("drift", at=after(70), after=MINUTE)
    assert over is not None
    assert (NOW, after(10)) == (over.since, over.well_since)
    assert journal.calm_alarm("drift", at=after(71), after=MINUTE) is None


def test_what_flutters_is_one_trouble(journal: Journal) -> None:
    told = [journal.raise_alarm(trouble(), at=NOW)]
    for n in range(1, 10):
        assert journal.calm_alarm("drift", at=after(100 * n), after=MINUTE) is None
        told.append(journal.raise_alarm(trouble(), at=after(100 * n + 30)))

    assert [True] + [False] * 9 == told


def test_after_it_was_over_it_is_told_anew(journal: Journal) -> None:
    journal.raise_alarm(trouble(), at=NOW)
    journal.calm_alarm("drift", at=after(1), after=timedelta(0))

    assert journal.raise_alarm(trouble(), at=after(2))


def test_troubles_do_not_meddle_with_each_other(journal: Journal) -> None:
    journal.raise_alarm(trouble("drift"), at=NOW)
    journal.raise_alarm(trouble("dead letters"), at=after(1))
    journal.calm_alarm("drift", at=after(2), after=timedelta(0))
    journal.calm_alarm("unknown", at=after(2), after=timedelta(0))

    assert ["dead letters"] == [alarm.key for alarm in journal.alarms()]


def test_operations_that_wait_for_a_persons_word_are_named(journal: Journal) -> None:
    run = running(journal, "one")
    running(journal, "two")
    saved(journal, run, [write("w1", "b0", operation_id="one", kind=Kind.EXAM, target="7")])
    assert [] == journal.needs_eyes()

    journal.settle(run, [outcome("w1", WriteState.UNDECIDED)], at=NOW)

    assert [("one", 1)] == [(e.operation.id, e.undecided) for e in journal.needs_eyes()]
    assert [WriteId("w1")] == [each.write.id for each in journal.undecided_writes("one")]
    assert [] == journal.undecided_writes("two")
