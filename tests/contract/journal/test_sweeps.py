from __future__ import annotations

from dataclasses import replace

from core.app.journal import Journal
from core.credits.records import Kind
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.mirror.store.outbox_port import Due
from tests.contract.journal.given import NOW, after


def sweep(id_: str = "s", started: float = 0, mode: SweepMode = SweepMode.KNOWN) -> Sweep:
    return Sweep(
        id=id_,
        mode=mode,
        state=SweepState.COMPLETE,
        started_at=after(started),
        saved_at=after(started),
        known={"contacts": 3},
        compared={"contacts": 2},
        left_alone=1,
    )


def drift(id_: str, cause: Cause = Cause.OLDER_COPY) -> Drift:
    return Drift(
        kind=Kind.CONTACT,
        record_id=id_,
        cause=cause,
        columns=("sj_credits", "email"),
        truth={"sj_credits": 2, "email": "é@example.test"},
        mirror={"sj_credits": 0, "email": None},
        evidence="changed",
        since=NOW,
    )


def test_a_sweep_is_kept_as_it_was_saved_last(journal: Journal) -> None:
    journal.save_sweep(sweep())
    done = replace(sweep(), saved_at=after(9), legs=3, after="7")
    journal.save_sweep(done, [drift("1")])

    assert [done] == journal.sweeps()
    assert [drift("1")] == journal.drifts("s")


def test_sweeps_are_told_newest_first_and_by_mode(journal: Journal) -> None:
    for n, mode in enumerate((SweepMode.FULL, SweepMode.KNOWN, SweepMode.FULL)):
        journal.save_sweep(sweep(f"s{n}", n, mode))

    assert ["s2", "s1", "s0"] == [each.id for each in journal.sweeps()]
    assert ["s2", "s0"] == [each.id for each in journal.sweeps(modes=[SweepMode.FULL])]
    assert ["s2"] == [each.id for each in journal.sweeps(limit=1)]


def test_one_sweep_names_each_record_once_as_it_was_first_found(journal: Journal) -> None:
    journal.save_sweep(sweep(), [drift("1"), drift("2", Cause.ORPHAN_ROW)])
    journal.save_sweep(sweep(), [drift("1", Cause.ORPHAN_ROW), drift("3")])

    assert ["1", "2", "3"] == [each.record_id for each in journal.drifts("s")]
    assert [drift("3")] == journal.drifts("s", causes=[Cause.OLDER_COPY], limit=2)[1:]
    assert {Cause.OLDER_COPY: 2, Cause.ORPHAN_ROW: 1} == journal.drift_counts("s")


def test_old_sweeps_are_forgotten_with_what_they_found(journal: Journal) -> None:
    journal.save_sweep(sweep("old"), [drift("1")])
    journal.save_sweep(sweep("young", 5), [drift("1")])

    assert 1 == journal.forget_sweeps(before=after(5))
    assert ["young"] == [each.id for each in journal.sweeps()]
    assert [] == journal.drifts("old")
    assert [drift("1")] == journal.drifts("young")


def test_what_waits_in_the_outbox_is_told_by_record(journal: Journal) -> None:
    journal.put_due([Due(kind=Kind.CONTACT, record_id=id_, row=None) for id_ in "12"], at=NOW)

    found = journal.waiting(Kind.CONTACT, ["2", "3"])

    assert {"2"} == found.keys()
    assert {} == journal.waiting(Kind.EXAM, ["2"])
