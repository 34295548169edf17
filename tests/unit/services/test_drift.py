"""Sweeps and repairs over fakes, with the world moving between and within them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest

from core.audit.entries import Sought, What
from core.credits.errors import BadList, OutcomeUnknown, Superseded
from core.credits.records import Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.drift import sweep as sweeping
from core.drift import sweep_pages
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.repair import ITSELF
from core.drift.repairs import RepairState, RowState
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.mirror.copier import TRIES_MAX, UNANSWERED_MAX
from core.mirror.port import MirrorRow
from core.mirror.rows import SOURCE_TIME
from core.mirror.store.outbox_port import Due
from core.work.work import Work
from tests.fakes.crm import Fault, Request
from tests.fakes.truth import OURS
from tests.unit.services.desk import ADMIN, TestDesk


@pytest.fixture
def desk() -> TestDesk:
    """Three contacts and a booking, all of them mirrored, some while ago."""
    made = TestDesk()
    for id_ in ("11", "12", "13"):
        made.crm.add_contact(id_, {"cs_credits": 1}, email=f"{id_}@example.test")
    made.booked("31", "11")
    copy(made, Kind.CONTACT, "11", "12", "13")
    copy(made, Kind.EXAM, "70")
    copy(made, Kind.BOOKING, "31")
    made.time += timedelta(hours=1)
    return made


def copy(desk: TestDesk, kind: Kind, *ids: str) -> None:
    desk.core.mirror_copier.put([Due(kind=kind, record_id=id_, row=None) for id_ in ids])
    desk.drain()


def sweep(desk: TestDesk, mode: SweepMode = SweepMode.FULL) -> dict[str, Cause]:
    """What a sweep finds that is asked for and carried to its end."""
    desk.time += timedelta(milliseconds=1)
    asked = desk.core.sweep_runner.ask(mode, ADMIN)
    desk.carry_on(Work.SWEEP, asked.id)
    done = desk.journal.sweep(asked.id)
    assert done.complete
    return {each.record_id: each.cause for each in desk.journal.drifts(done.id)}


def repaired(desk: TestDesk, drifts: Sequence[Drift]) -> dict[str, RowState]:
    """What becomes of each record of a repair."""
    asked = desk.core.repair_runner.confirm(drifts, ADMIN, "a test")
    desk.carry_on(Work.REPAIR, asked.id)
    assert desk.journal.repair(asked.id).ended
    return {row.drift.record_id: row.state for row in desk.journal.repair_rows(asked.id)}


def last(desk: TestDesk) -> Sweep:
    return desk.journal.sweeps()[0]


def edit_mirror(desk: TestDesk, id_: str, **changed: object) -> None:
    held = desk.mirror.rows(Kind.CONTACT, [id_])[id_]
    edited = {"updated_at": desk.time.isoformat(), "synced_at": held[SOURCE_TIME]}
    desk.mirror.put(Kind.CONTACT, {**held, **edited, **changed})


def test_a_mirror_that_is_true_has_no_drift_and_a_proof_of_it(desk: TestDesk) -> None:
    assert {} == sweep(desk)
    assert {"contacts": 3, "bookings": 1, "exams": 1} == last(desk).compared
    assert last(desk).known == last(desk).compared


def test_every_difference_is_found_with_its_cause(desk: TestDesk) -> None:
    desk.crm.add_contact("14", {"cs_credits": 1})
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 0})
    edit_mirror(desk, "12", cs_credits=7)
    desk.crm.archive(Kind.CONTACT, "13")
    desk.mirror.put(Kind.CONTACT, {"hubspot_id": "99", SOURCE_TIME: desk.time.isoformat()})

    assert {
        "11": Cause.CHANGED_IN_HUBSPOT,
        "12": Cause.CHANGED_IN_MIRROR,
        "13": Cause.CONTACT_GONE,
        "14": Cause.MISSING_ROW,
        "99": Cause.ORPHAN_ROW,
    } == sweep(desk)


def test_a_balance_that_fell_to_zero_is_swept_too(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": ""})

    assert {"11": Cause.CHANGED_IN_HUBSPOT} == sweep(desk, SweepMode.KNOWN)


def test_a_quick_check_keeps_what_a_full_one_found_missing_until_it_is_repaired(
    desk: TestDesk,
) -> None:
    """A narrower look must not say that all is well."""
    desk.crm.add_contact("14", {"cs_credits": 1})
    desk.booked("34", "14")
    desk.time += timedelta(minutes=1)
    missing = {"14": Cause.MISSING_ROW, "34": Cause.MISSING_ROW}
    assert {} == sweep(desk, SweepMode.KNOWN), "no quick check can find what nobody knows of"
    assert missing == sweep(desk)

    assert [missing] * 2 == [sweep(desk, SweepMode.KNOWN) for _ in range(2)]
    assert last(desk).known == last(desk).compared

    repaired(desk, desk.core.repair_runner.of_record("14", ADMIN))

    assert {"34": Cause.MISSING_ROW} == sweep(desk, SweepMode.KNOWN)


def test_a_missing_row_whose_record_is_archived_since_is_missed_no_more(desk: TestDesk) -> None:
    desk.crm.add_contact("14", {"cs_credits": 1})
    assert {"14": Cause.MISSING_ROW} == sweep(desk)

    desk.crm.archive(Kind.CONTACT, "14")

    assert {} == sweep(desk, SweepMode.KNOWN)


def test_each_repaired_record_and_the_end_of_a_repair_are_in_the_audit(desk: TestDesk) -> None:
    edit_mirror(desk, "12", cs_credits=7, email="mallory@example.test")
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": "abc"})
    drifts = [
        each for id_ in ("11", "12") for each in desk.core.repair_runner.of_record(id_, ADMIN)
    ]
    repaired(desk, drifts)

    done, ended = (
        link.entry
        for link in reversed(desk.journal.audit(Sought(what=(What.REPAIRED, What.REPAIR_ENDED))))
    )

    assert (What.REPAIRED, "contact", "12") == (done.what, done.subject, done.subject_id)
    assert ({"cs_credits": 7}, {"cs_credits": 1}) == (done.before, done.after)
    assert ["cs_credits", "email"] == done.detail["columns"]
    assert (ADMIN.email, "a test") == (done.actor, done.reason)
    assert "example.test" not in str((done.before, done.after, done.detail)), "nobody is named"
    assert (What.REPAIR_ENDED, done.detail["repair"]) == (ended.what, ended.subject_id)
    assert {"repaired": 1, "not repairable": 1} == ended.detail["records"]


def test_a_merge_is_named_on_the_old_rows_and_on_the_new_record(desk: TestDesk) -> None:
    into = desk.crm.merge(Kind.CONTACT, "12", "13")

    assert dict.fromkeys(("12", "13", into), Cause.CONTACT_MERGED) == sweep(desk)


def test_a_booking_of_a_merged_contact_follows_it_and_is_repaired(desk: TestDesk) -> None:
    desk.crm.merge(Kind.CONTACT, "11", "13")

    assert Cause.CONTACT_MERGED is sweep(desk)["31"]
    (drift,) = desk.core.repair_runner.of_record("31", ADMIN)
    assert {"31": RowState.REPAIRED} == repaired(desk, [drift])


def test_an_unreadable_balance_is_found_and_cannot_be_repaired(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": "abc"})

    assert {"11": Cause.UNREADABLE_VALUE} == sweep(desk)
    (drift,) = desk.core.repair_runner.of_record("11", ADMIN)
    assert {"11": RowState.NOT_REPAIRABLE} == repaired(desk, [drift])


def test_a_copy_that_is_due_is_left_alone(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 0})
    desk.core.mirror_copier.put([Due(kind=Kind.CONTACT, record_id="11", row=None)])

    assert {} == sweep(desk)
    assert 1 == last(desk).left_alone


def test_a_dead_letter_is_a_failed_copy_with_its_error(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 0})
    desk.core.mirror_copier.put([Due(kind=Kind.CONTACT, record_id="11", row=None)])
    desk.mirror.refuse = lambda _kind, _row: "no such column"
    for _ in range(9):
        desk.time += timedelta(minutes=2)
        desk.drain()

    assert {"11": Cause.COPY_FAILED} == sweep(desk)
    (drift,) = desk.journal.drifts(last(desk).id)
    assert "no such column" in drift.evidence


def test_what_differs_only_for_a_moment_is_no_drift(desk: TestDesk) -> None:
    """Changed and copied between the mirror's page and the truth's: suspect, then equal."""

    def spent_meanwhile(request: Request) -> Fault:
        if request.kind is Kind.CONTACT and "12" in request.ids:
            desk.crm.sending = lambda _: Fault.NONE
            desk.crm.foreign_write(Kind.CONTACT, "12", {"cs_credits": 0})
            copy(desk, Kind.CONTACT, "12")
        return Fault.NONE

    desk.crm.sending = spent_meanwhile

    assert {} == sweep(desk, SweepMode.KNOWN)


def test_what_the_desk_writes_while_a_cause_is_looked_for_is_not_the_cause(desk: TestDesk) -> None:
    """The history is asked for after the truth: it may tell of a write that the truth did not."""
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 5})
    theirs = desk.time
    desk.time += timedelta(minutes=1)

    def given_back_meanwhile(request: Request) -> Fault:
        if request.what == "history":
            desk.crm.sending = lambda _: Fault.NONE
            desk.time += timedelta(seconds=1)
            desk.still_owed("31")
            desk.run("31")
        return Fault.NONE

    desk.crm.sending = given_back_meanwhile

    assert {"11": Cause.CHANGED_IN_HUBSPOT} == sweep(desk)
    (drift,) = desk.journal.drifts(last(desk).id)
    assert (5, theirs) == (drift.truth["cs_credits"], drift.since)
    assert 6 == desk.held("11", "cs_credits")


def test_what_changes_at_every_look_is_left_alone(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seat count of an exam whose bookings are just being cancelled, many at a time."""
    seats, waiting = itertools.count(1), desk.journal.waiting

    def cancelled_again(kind: Kind, ids: Sequence[str]) -> dict[str, Due]:
        """Between the look at the truth and the one at the mirror."""
        if kind is Kind.EXAM:
            desk.time += timedelta(seconds=1)
            desk.crm.foreign_write(Kind.EXAM, "70", {"total_bookings": next(seats)})
            copy(desk, Kind.EXAM, "70")
        return waiting(kind, ids)

    monkeypatch.setattr(desk.journal, "waiting", cancelled_again)
    desk.crm.foreign_write(Kind.EXAM, "70", {"total_bookings": 50})

    assert {} == sweep(desk)
    assert 1 == last(desk).left_alone


def test_an_incremental_sweep_finds_what_changed_since_the_last_one(desk: TestDesk) -> None:
    sweep(desk)
    desk.time += timedelta(hours=2)
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 0})

    assert {"11": Cause.CHANGED_IN_HUBSPOT} == sweep(desk, SweepMode.INCREMENTAL)
    assert {"contacts": 1} == {kind: n for kind, n in last(desk).compared.items() if n}


def test_a_sweep_says_that_it_paused_and_goes_on_from_its_page_by_itself(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_pages, "PAGE", 1)
    edit_mirror(desk, "11", cs_credits=7)
    edit_mirror(desk, "13", cs_credits=7)
    desk.crm.sending = lambda r: Fault.NOT_SENT if "13" in r.ids else Fault.NONE
    asked = desk.core.sweep_runner.ask(SweepMode.KNOWN, ADMIN)
    again = desk.core.sweep_runner.carry_out(asked.id)
    paused = last(desk)
    desk.crm.sending = lambda r: Fault.NOT_SENT if "11" in r.ids else Fault.NONE

    assert (SweepState.PAUSED, "12", 1) == (paused.state, paused.after, paused.failures)
    assert "HubSpot" in paused.error
    assert again == paused.next_try_at == desk.time + timedelta(seconds=2)
    desk.carry_on(Work.SWEEP, asked.id)
    assert (SweepState.COMPLETE, "") == (last(desk).state, last(desk).error)
    assert {"11", "13"} == {each.record_id for each in desk.journal.drifts(asked.id)}
    assert 3 == last(desk).compared["contacts"]


def test_a_store_that_stays_away_is_asked_less_and_less_often(desk: TestDesk) -> None:
    desk.mirror.die()
    asked = desk.core.sweep_runner.ask(SweepMode.KNOWN, ADMIN)
    waits = []
    for _ in range(8):
        again = desk.core.sweep_runner.carry_out(asked.id)
        assert again is not None
        waits.append((again - desk.time).total_seconds())
        desk.time = again

    assert [2, 4, 8, 16, 32, 60, 60, 60] == waits


def test_a_sweep_that_was_paused_for_too_long_is_given_up_and_the_next_begins_anew(
    desk: TestDesk,
) -> None:
    desk.mirror.die()
    asked = desk.core.sweep_runner.ask(SweepMode.KNOWN, ADMIN)
    desk.core.sweep_runner.carry_out(asked.id)
    desk.mirror.come_back()
    desk.time += sweeping.RESUMABLE + timedelta(seconds=1)

    assert desk.core.sweep_runner.carry_out(asked.id) is None
    assert SweepState.GIVEN_UP is last(desk).state
    assert "gave a sweep up" == desk.journal.events()[0].what
    assert {} == sweep(desk, SweepMode.KNOWN)
    assert asked.id != last(desk).id


def test_the_watermark_never_passes_a_sweep_that_failed(desk: TestDesk) -> None:
    sweep(desk)
    first = last(desk)
    desk.time += timedelta(hours=2)
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 0})
    desk.time += timedelta(hours=2)
    desk.mirror.die()
    asked = desk.core.sweep_runner.ask(SweepMode.INCREMENTAL, ADMIN)
    desk.core.sweep_runner.carry_out(asked.id)
    desk.mirror.come_back()
    desk.time += timedelta(hours=8)  # too long ago to go on with
    desk.core.sweep_runner.carry_out(asked.id)

    assert {"11": Cause.CHANGED_IN_HUBSPOT} == sweep(desk, SweepMode.INCREMENTAL)
    assert first.started_at - sweeping.OVERLAP == last(desk).since


def test_asking_twice_is_one_sweep_told_once_and_one_mode_does_not_hinder_another(
    desk: TestDesk,
) -> None:
    first = desk.core.sweep_runner.ask(SweepMode.KNOWN, ADMIN)
    desk.time += timedelta(seconds=1)

    assert first == desk.core.sweep_runner.ask(SweepMode.KNOWN, ADMIN)
    assert first.id != desk.core.sweep_runner.ask(SweepMode.FULL, ADMIN).id
    told = [event.detail["mode"] for event in desk.journal.events()]
    assert ["full", "known"] == told
    assert f"sweep/{first.id}" in desk.engine.submitted


def test_a_process_that_was_taken_for_dead_saves_no_page_more(desk: TestDesk) -> None:
    asked = desk.core.sweep_runner.ask(SweepMode.KNOWN, ADMIN)

    def taken_over(_: Request) -> Fault:
        desk.crm.sending = lambda _: Fault.NONE
        desk.journal.take_sweep(asked.id)
        return Fault.NONE

    desk.crm.sending = taken_over

    with pytest.raises(Superseded):
        desk.core.sweep_runner.carry_out(asked.id)
    assert 0 == last(desk).pages
    desk.carry_on(Work.SWEEP, asked.id)
    assert {"contacts": 3, "bookings": 1, "exams": 1} == last(desk).compared


def test_only_who_may_watch_asks_for_a_sweep(desk: TestDesk) -> None:
    staff = Actor(email="s@example.test", role=Role.STAFF)

    with pytest.raises(NotAllowed):
        desk.core.sweep_runner.ask(SweepMode.KNOWN, staff)


# repairs


def test_after_a_repair_of_everything_the_next_sweep_finds_nothing(desk: TestDesk) -> None:
    for id_ in ("14", "15", "16", "17"):
        desk.crm.add_contact(id_, {"cs_credits": 1})
    desk.booked("32", "15")
    copy(desk, Kind.CONTACT, "15", "16", "17")
    copy(desk, Kind.BOOKING, "32")
    desk.time += timedelta(minutes=1)
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 0})
    edit_mirror(desk, "12", cs_credits=7)
    desk.crm.archive(Kind.CONTACT, "13")
    desk.crm.merge(Kind.CONTACT, "15", "16")
    desk.mirror.put(Kind.CONTACT, {"hubspot_id": "99", SOURCE_TIME: desk.time.isoformat()})
    found = sweep(desk)
    assert {
        Cause.CHANGED_IN_HUBSPOT,
        Cause.CHANGED_IN_MIRROR,
        Cause.CONTACT_GONE,
        Cause.CONTACT_MERGED,
        Cause.MISSING_ROW,
        Cause.ORPHAN_ROW,
    } == set(found.values())

    outcome = repaired(desk, desk.core.repair_runner.of_all(ADMIN))

    assert dict.fromkeys(found, RowState.REPAIRED) == outcome
    assert {} == sweep(desk)
    done = next(e for e in desk.journal.events() if e.what == "repaired the mirror")
    assert ADMIN.email == done.actor
    assert {"repaired": len(found)} == done.detail["records"]


def asked_for_all(desk: TestDesk) -> str:
    sweep(desk)
    drifts = desk.core.repair_runner.of_all(ADMIN)
    return desk.core.repair_runner.confirm(drifts, ADMIN, "a test").id


def test_many_records_are_repaired_with_one_read_of_each(desk: TestDesk) -> None:
    ids = [str(n) for n in range(1000, 1250)]
    for id_ in ids:
        desk.crm.add_contact(id_, {"cs_credits": 1})
    copy(desk, Kind.CONTACT, *ids[:200])
    desk.time += timedelta(minutes=1)
    for id_ in ids[:200]:
        desk.crm.foreign_write(Kind.CONTACT, id_, {"cs_credits": 4})
    repair = asked_for_all(desk)
    asked: list[Request] = []
    desk.crm.answered = asked.append

    assert desk.core.repair_runner.carry_out(repair) is None

    assert {RowState.REPAIRED: 250} == desk.journal.repair(repair).counts
    assert [("read", 100), ("read", 100), ("read", 50)] == [(r.what, len(r.ids)) for r in asked]
    assert {} == sweep(desk)


def test_a_newer_copy_that_comes_between_wins_and_is_no_failure(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "12", {"cs_credits": 4})
    repair = asked_for_all(desk)

    def a_webhook_first(_kind: Kind, _rows: Sequence[MirrorRow]) -> None:
        desk.mirror.on_copy = lambda _kind, _rows: None
        desk.time += timedelta(seconds=1)
        desk.crm.foreign_write(Kind.CONTACT, "12", {"cs_credits": 6})
        copy(desk, Kind.CONTACT, "12")

    desk.mirror.on_copy = a_webhook_first
    desk.core.repair_runner.carry_out(repair)

    assert 6 == desk.mirror.rows(Kind.CONTACT, ["12"])["12"]["cs_credits"]
    (row,) = desk.journal.repair_rows(repair)
    assert (RowState.REPAIRED, "equal when it was read again") == (row.state, row.why)


def test_what_supabase_does_not_hold_as_it_was_read_is_not_repaired(desk: TestDesk) -> None:
    """An old job wrote over the copy before it was looked at."""
    desk.crm.foreign_write(Kind.CONTACT, "12", {"cs_credits": 4})
    repair = asked_for_all(desk)

    def an_old_job_after() -> None:
        if 4 == desk.mirror._tables[Kind.CONTACT]["12"]["cs_credits"]:
            desk.mirror.on_rows = lambda: None
            edit_mirror(desk, "12", cs_credits=1)

    desk.mirror.on_rows = an_old_job_after
    desk.core.repair_runner.carry_out(repair)

    assert {RowState.COPYING: 1} == desk.journal.repair(repair).counts
    desk.carry_on(Work.REPAIR, repair)
    assert {RowState.REPAIRED: 1} == desk.journal.repair(repair).counts
    assert 4 == desk.mirror.rows(Kind.CONTACT, ["12"])["12"]["cs_credits"]


def test_a_failed_copy_that_is_proved_needless_is_forgotten(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "12", {"cs_credits": 4})
    desk.mirror.refuse = lambda _kind, _row: "a trigger says no"
    copy(desk, Kind.CONTACT, "12")
    while not desk.journal.outbox().dead:
        desk.time += timedelta(minutes=2)
        desk.drain()
    desk.mirror.refuse = lambda _kind, _row: ""
    repair = asked_for_all(desk)

    assert desk.core.repair_runner.carry_out(repair) is None

    assert {RowState.REPAIRED: 1} == desk.journal.repair(repair).counts
    assert [] == desk.journal.outbox_rows()


def test_beside_a_value_that_a_person_must_mend_the_others_are_copied(desk: TestDesk) -> None:
    desk.crm.add_contact("14", {"cs_credits": 2})
    for id_ in ("12", "14"):
        desk.crm.foreign_write(Kind.CONTACT, id_, {"cs_credits": "abc", "sj_credits": 6})

    repair = asked_for_all(desk)
    assert desk.core.repair_runner.carry_out(repair) is None

    assert {RowState.NOT_REPAIRABLE: 2} == desk.journal.repair(repair).counts
    held = desk.mirror.rows(Kind.CONTACT, ["12", "14"])
    assert {"12": (1, 6), "14": (None, 6)} == {
        id_: (row["cs_credits"], row["sj_credits"]) for id_, row in held.items()
    }
    told = {row.drift.record_id: row.why for row in desk.journal.repair_rows(repair)}
    assert told["12"].endswith("Supabase shows 1")
    assert told["14"].endswith("Supabase shows nothing")


def test_the_row_of_a_merged_contact_becomes_that_of_the_new_one(desk: TestDesk) -> None:
    into = desk.crm.merge(Kind.CONTACT, "12", "13")
    (drift,) = desk.core.repair_runner.of_record("12", ADMIN)
    asked = desk.core.repair_runner.confirm([drift], ADMIN)

    desk.core.repair_runner.carry_out(asked.id)
    assert {"12"} == set(desk.mirror.rows(Kind.CONTACT, ["12", into]))
    desk.drain()
    assert {into} == set(desk.mirror.rows(Kind.CONTACT, ["12", into]))
    desk.core.repair_runner.carry_out(asked.id)

    (row,) = desk.journal.repair_rows(asked.id)
    assert RowState.REPAIRED is row.state


def carried_by_itself(desk: TestDesk) -> dict[str, RowState]:
    """What becomes of the records of the repair that a sweep asked for."""
    repair = desk.journal.repairs()[0]
    assert ITSELF == repair.asked_by
    desk.carry_on(Work.REPAIR, repair.id)
    assert desk.journal.repair(repair.id).ended
    return {row.drift.record_id: row.state for row in desk.journal.repair_rows(repair.id)}


@pytest.mark.parametrize("mode", [SweepMode.FULL, SweepMode.KNOWN])
def test_a_sweep_has_the_rows_of_a_merged_student_replaced_without_an_admin(
    desk: TestDesk, mode: SweepMode
) -> None:
    """The table allows one row of a student: the copy of the merged one needs the old ones gone."""
    desk.mirror.unique_students = True
    into = desk.crm.merge(Kind.CONTACT, "11", "13")
    sweep(desk, mode)

    assert {RowState.REPAIRED} == set(carried_by_itself(desk).values())

    assert {into} == set(desk.mirror.rows(Kind.CONTACT, ["11", "13", into]))
    assert into == desk.mirror.rows(Kind.BOOKING, ["31"])["31"]["contact_hubspot_id"]
    assert {} == sweep(desk)


def cron_copies(desk: TestDesk, id_: str, **older: object) -> None:
    """Another app's job writes what it had read before, and none of the desk's times."""
    held = desk.mirror.rows(Kind.CONTACT, [id_])[id_]
    stamps = {"updated_at": desk.time.isoformat(), "synced_at": held[SOURCE_TIME]}
    desk.mirror.put(Kind.CONTACT, {**held, **stamps, **older})


def refunded_then_overwritten(desk: TestDesk) -> None:
    desk.run("31")
    desk.drain()
    desk.time += timedelta(minutes=1)
    cron_copies(desk, "11", cs_credits=1)
    desk.time += timedelta(minutes=5)


def test_an_older_copy_of_another_job_is_named_and_mended_by_itself(desk: TestDesk) -> None:
    refunded_then_overwritten(desk)

    assert {"11": Cause.OLDER_COPY} == sweep(desk, SweepMode.KNOWN)

    (drift,) = desk.journal.drifts(last(desk).id)
    assert "another app wrote an older copy over it at 2026-05-04T10:0" in drift.evidence
    (repair,) = desk.journal.repairs()
    desk.carry_on(Work.REPAIR, repair.id)
    assert (ITSELF, "older copies over newer ones") == (repair.asked_by, repair.reason)
    assert 2 == desk.mirror.rows(Kind.CONTACT, ["11"])["11"]["cs_credits"]
    assert {} == sweep(desk)
    told = [link.entry for link in desk.journal.audit(Sought(what=(What.REPAIRED,)))]
    assert [(ITSELF, "11")] == [(entry.actor, entry.subject_id) for entry in told]
    assert 2 == desk.held("11", "cs_credits"), "HubSpot is never written"


def test_an_edit_by_hand_in_the_mirror_waits_for_a_person(desk: TestDesk) -> None:
    edit_mirror(desk, "12", cs_credits=7)

    assert {"12": Cause.CHANGED_IN_MIRROR} == sweep(desk)
    assert [] == desk.journal.repairs()


def test_with_the_setting_off_an_older_copy_waits_for_a_person() -> None:
    desk = TestDesk(mend_older_copies=False)
    desk.crm.add_contact("11", {"cs_credits": 1}, email="11@example.test")
    desk.booked("31", "11")
    copy(desk, Kind.CONTACT, "11")
    copy(desk, Kind.EXAM, "70")
    desk.time += timedelta(hours=1)
    refunded_then_overwritten(desk)

    assert Cause.OLDER_COPY is sweep(desk)["11"]
    assert [] == desk.journal.repairs()


def test_a_write_of_an_old_app_with_our_token_is_not_called_the_desk_s(desk: TestDesk) -> None:
    desk.run("31")
    desk.drain()
    desk.time += timedelta(minutes=5)
    desk.crm.foreign_write(
        Kind.CONTACT, "11", {"cs_credits": 0}, source=OURS[0], source_id=OURS[1], user_id=""
    )
    desk.time += timedelta(minutes=5)

    assert {"11": Cause.CHANGED_IN_HUBSPOT} == sweep(desk)


def test_merged_bookings_and_exams_are_replaced_too(desk: TestDesk) -> None:
    desk.booked("32", "12")
    desk.crm.add_exam("71", 5)
    copy(desk, Kind.BOOKING, "32")
    copy(desk, Kind.EXAM, "71")
    desk.time += timedelta(minutes=1)
    booking = desk.crm.merge(Kind.BOOKING, "31", "32")
    exam = desk.crm.merge(Kind.EXAM, "70", "71")
    desk.time += timedelta(minutes=1)
    sweep(desk)

    carried_by_itself(desk)

    assert {booking} == set(desk.mirror.rows(Kind.BOOKING, ["31", "32", booking]))
    assert {exam} == set(desk.mirror.rows(Kind.EXAM, ["70", "71", exam]))


def test_a_merged_row_that_another_table_refers_to_is_named_and_not_tried_at_each_sweep(
    desk: TestDesk,
) -> None:
    desk.mirror.referring[Kind.CONTACT, "12"] = "enrolments"
    into = desk.crm.merge(Kind.CONTACT, "12", "13")
    sweep(desk)
    outcome = carried_by_itself(desk)

    assert RowState.STILL_DIFFERS is outcome["12"]
    assert {RowState.REPAIRED} == {state for id_, state in outcome.items() if id_ != "12"}
    assert {"12", into} == set(desk.mirror.rows(Kind.CONTACT, ["12", "13", into]))
    found = sweep(desk)
    (drift,) = desk.journal.drifts(last(desk).id)
    assert {"12": Cause.CONTACT_MERGED} == found
    assert "enrolments" in drift.evidence
    assert 1 == len(desk.journal.repairs())


def test_a_row_that_another_table_refers_to_ends_its_repair_and_the_rows_beside_it_go(
    desk: TestDesk,
) -> None:
    for id_ in ("97", "98", "99"):
        desk.mirror.put(Kind.CONTACT, {"hubspot_id": id_, SOURCE_TIME: desk.time.isoformat()})
    desk.mirror.referring[Kind.CONTACT, "98"] = "enrolments"
    sweep(desk)

    outcome = repaired(desk, desk.core.repair_runner.of_cause(Cause.ORPHAN_ROW, ADMIN))

    assert {
        "97": RowState.REPAIRED,
        "98": RowState.STILL_DIFFERS,
        "99": RowState.REPAIRED,
    } == outcome
    rows = desk.journal.repair_rows(desk.journal.repairs()[0].id)
    (kept,) = [row for row in rows if row.drift.record_id == "98"]
    assert "enrolments" in kept.why
    assert {"98"} == set(desk.mirror.rows(Kind.CONTACT, ["97", "98", "99"]))


def odd_for(desk: TestDesk, id_: str, error: Exception) -> None:
    """HubSpot's answers hold a value of this record that nobody thought of."""

    def sending(request: Request) -> Fault:
        if request.kind is Kind.CONTACT and id_ in request.ids:
            raise error
        return Fault.NONE

    desk.crm.sending = sending


@pytest.mark.parametrize(
    "error", [OutcomeUnknown("HubSpot did not tell of 12"), OverflowError("too large"), KeyError()]
)
def test_a_record_that_cannot_be_compared_is_named_and_the_others_are_compared(
    desk: TestDesk, error: Exception
) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 5})
    odd_for(desk, "12", error)

    assert {"11": Cause.CHANGED_IN_HUBSPOT, "12": Cause.UNREADABLE_VALUE} == sweep(desk)
    (drift,) = [each for each in desk.journal.drifts(last(desk).id) if each.record_id == "12"]
    assert str(error) in drift.evidence
    (row,) = desk.core.repair_runner.of_record("12", ADMIN)
    assert {"12": RowState.NOT_REPAIRABLE} == repaired(desk, [row])


@pytest.mark.parametrize(
    "error", [OutcomeUnknown("HubSpot did not tell of 12"), OverflowError("too large")]
)
def test_a_record_that_cannot_be_read_is_a_failed_copy_and_the_others_are_copied(
    desk: TestDesk, error: Exception
) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 5})
    odd_for(desk, "12", error)
    ids = ("11", "12", "13")
    desk.core.mirror_copier.put([Due(kind=Kind.CONTACT, record_id=id_, row=None) for id_ in ids])

    for _ in range(UNANSWERED_MAX):
        desk.drain()
        desk.time += timedelta(minutes=2)

    assert 5 == desk.mirror.rows(Kind.CONTACT, ["11"])["11"]["cs_credits"]
    (dead,) = desk.journal.outbox_rows(dead=True)
    tries = UNANSWERED_MAX if isinstance(error, OutcomeUnknown) else TRIES_MAX
    assert ("12", tries) == (dead.record_id, dead.attempts)
    assert str(error) in dead.error


def test_two_records_that_cannot_be_compared_are_both_named(desk: TestDesk) -> None:
    def sending(request: Request) -> Fault:
        if request.kind is Kind.CONTACT and {"11", "13"} & set(request.ids):
            raise OutcomeUnknown("HubSpot did not tell of it")
        return Fault.NONE

    desk.crm.sending = sending

    assert dict.fromkeys(("11", "13"), Cause.UNREADABLE_VALUE) == sweep(desk)


def test_a_hubspot_that_is_away_is_no_records_fault(desk: TestDesk) -> None:
    desk.crm.sending = lambda _: Fault.NOT_SENT
    asked = desk.core.sweep_runner.ask(SweepMode.FULL, ADMIN)

    desk.core.sweep_runner.carry_out(asked.id)

    assert SweepState.PAUSED is desk.journal.sweep(asked.id).state
    assert [] == desk.journal.drifts(asked.id)


def test_mirror_times_without_a_zone_stop_no_sweep(desk: TestDesk) -> None:
    for column in (SOURCE_TIME, "synced_at", "updated_at"):
        edit_mirror(desk, "12", **{column: "2026-05-04T09:00:00", "cs_credits": 7})

        assert {"12"} == sweep(desk).keys()


def test_a_row_copied_anew_since_it_was_compared_is_not_deleted(desk: TestDesk) -> None:
    """Restored in HubSpot and copied between the comparison and the deletion."""
    desk.crm.archive(Kind.CONTACT, "13")
    (drift,) = desk.core.repair_runner.of_record("13", ADMIN)

    def restored_first() -> None:
        record = desk.crm.truth._by_id[Kind.CONTACT]["13"]
        desk.crm.truth.restore(record)
        desk.time += timedelta(seconds=1)
        desk.crm.foreign_write(Kind.CONTACT, "13", {"cs_credits": 5})
        copy(desk, Kind.CONTACT, "13")

    desk.mirror.on_delete = restored_first
    asked = desk.core.repair_runner.confirm([drift], ADMIN)
    desk.core.repair_runner.carry_out(asked.id)

    assert 5 == desk.mirror.rows(Kind.CONTACT, ["13"])["13"]["cs_credits"]
    (row,) = desk.journal.repair_rows(asked.id)
    assert RowState.REPAIRED is row.state


def test_what_the_desk_is_writing_is_left_alone(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.BOOKING, "31", {"attendance": "Yes"})
    desk.time += timedelta(minutes=1)
    (drift,) = desk.core.repair_runner.of_record("31", ADMIN)
    desk.crm.foreign_write(Kind.BOOKING, "31", {"attendance": "No"})

    assert {"31": RowState.LEFT_ALONE} == repaired(desk, [drift])


def test_what_is_being_copied_already_is_waited_for(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 0})
    (drift,) = desk.core.repair_runner.of_record("11", ADMIN)
    desk.core.mirror_copier.put([Due(kind=Kind.CONTACT, record_id="11", row=None)])

    assert {"11": RowState.REPAIRED} == repaired(desk, [drift])


def test_what_cannot_be_copied_still_differs_with_the_values_as_they_are(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 0})
    (drift,) = desk.core.repair_runner.of_record("11", ADMIN)
    desk.mirror.refuse = lambda _kind, _row: "no such column"
    asked = desk.core.repair_runner.confirm([drift], ADMIN)
    for _ in range(9):
        assert desk.core.repair_runner.carry_out(asked.id) is not None
        assert {RowState.COPYING: 1} == desk.journal.repair(asked.id).counts
        desk.time += timedelta(minutes=2)
        desk.drain()
        if desk.journal.outbox().dead:
            break

    assert desk.core.repair_runner.carry_out(asked.id) is None
    (row,) = desk.journal.repair_rows(asked.id)
    assert RowState.STILL_DIFFERS is row.state
    assert "no such column" in row.why
    assert ({"cs_credits": 0}, {"cs_credits": 1}) == (row.truth_now, row.mirror_now)


def test_a_repair_waits_while_a_store_is_away_says_so_and_goes_on(desk: TestDesk) -> None:
    edit_mirror(desk, "12", cs_credits=7)
    (drift,) = desk.core.repair_runner.of_record("12", ADMIN)
    asked = desk.core.repair_runner.confirm([drift], ADMIN)
    desk.mirror.die()

    again = desk.core.repair_runner.carry_out(asked.id)

    paused = desk.journal.repair(asked.id)
    assert (RepairState.PAUSED, again) == (paused.state, paused.next_try_at)
    assert "connection refused" in paused.waiting_for
    desk.mirror.come_back()
    desk.carry_on(Work.REPAIR, asked.id)
    assert {RowState.REPAIRED: 1} == desk.journal.repair(asked.id).counts


def test_a_row_that_claims_a_later_version_than_hubspot_has_is_repaired(desk: TestDesk) -> None:
    """A cron, or a clock, wrote it: no copy would ever overwrite it."""
    ahead = (desk.now() + timedelta(days=300)).isoformat()
    edit_mirror(desk, "12", cs_credits=7, source_modified_at=ahead, updated_at=None)
    desk.time += timedelta(minutes=1)
    desk.crm.foreign_write(Kind.CONTACT, "12", {"cs_credits": 4})
    copy(desk, Kind.CONTACT, "12")
    kept = desk.mirror.rows(Kind.CONTACT, ["12"])["12"]["cs_credits"]

    found = sweep(desk)
    (drift,) = desk.journal.drifts(last(desk).id)
    states = repaired(desk, [drift])

    assert (7, {"12": Cause.CHANGED_IN_MIRROR}) == (kept, found)
    assert "no copy overwrites a newer version, a repair does" in drift.evidence
    assert {"12": RowState.REPAIRED} == states
    held = desk.mirror.rows(Kind.CONTACT, ["12"])["12"]
    assert 4 == held["cs_credits"]
    assert str(held[SOURCE_TIME]) < ahead
    desk.crm.foreign_write(Kind.CONTACT, "12", {"cs_credits": 5})
    copy(desk, Kind.CONTACT, "12")
    assert 5 == desk.mirror.rows(Kind.CONTACT, ["12"])["12"]["cs_credits"], "copied again"


def test_a_second_click_is_the_same_repair_and_a_later_one_is_another(desk: TestDesk) -> None:
    edit_mirror(desk, "12", cs_credits=7)
    drifts = desk.core.repair_runner.of_record("12", ADMIN)
    first = desk.core.repair_runner.confirm(drifts, ADMIN)
    desk.time += timedelta(seconds=1)

    assert first == desk.core.repair_runner.confirm(drifts, ADMIN)
    desk.carry_on(Work.REPAIR, first.id)
    assert first.id != desk.core.repair_runner.confirm(drifts, ADMIN).id


def test_only_an_admin_repairs(desk: TestDesk) -> None:
    manager = Actor(email="m@example.test", role=Role.MANAGER)
    edit_mirror(desk, "12", cs_credits=7)

    with pytest.raises(NotAllowed):
        desk.core.repair_runner.confirm(desk.core.repair_runner.of_record("12", ADMIN), manager)


def test_nothing_chosen_is_no_repair(desk: TestDesk) -> None:
    with pytest.raises(BadList):
        desk.core.repair_runner.confirm([], ADMIN)
