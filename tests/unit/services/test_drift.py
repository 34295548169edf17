"""Sweeps and repairs over fakes, with the world moving between and within them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.drift import Cause
from core.domain.mirror import SOURCE_TIME
from core.domain.records import Kind
from core.domain.roles import Actor, NotAllowed, Role
from core.domain.sweeps import Sweep, SweepMode, SweepState
from core.gateways.errors import NotSent, StateConflict
from core.gateways.ports import Due
from core.services import sweeping
from tests.fakes.crm import Fault, Request
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
    desk.core.mirroring.put([Due(kind=kind, record_id=id_, row=None) for id_ in ids])
    desk.drain()


def sweep(desk: TestDesk, mode: SweepMode = SweepMode.FULL) -> dict[str, Cause]:
    done = desk.core.sweeping.sweep(mode)
    assert done.complete
    return {each.record_id: each.cause for each in desk.journal.drifts(done.id)}


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


def test_a_merge_is_named_on_the_old_rows_and_on_the_new_record(desk: TestDesk) -> None:
    into = desk.crm.merge(Kind.CONTACT, "12", "13")

    assert dict.fromkeys(("12", "13", into), Cause.CONTACT_MERGED) == sweep(desk)


def test_a_booking_of_a_merged_contact_follows_it_and_is_repaired(desk: TestDesk) -> None:
    desk.crm.merge(Kind.CONTACT, "11", "13")

    assert Cause.CONTACT_MERGED is sweep(desk)["31"]
    (drift,) = desk.core.repairing.of_record("31")
    assert (drift,) == desk.core.repairing.repair([drift], ADMIN).repaired


def test_an_unreadable_balance_is_found_and_cannot_be_repaired(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": "abc"})

    assert {"11": Cause.UNREADABLE_VALUE} == sweep(desk)
    (drift,) = desk.core.repairing.of_record("11")
    assert (drift,) == desk.core.repairing.repair([drift], ADMIN).not_repairable


def test_a_copy_that_is_due_is_left_alone(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 0})
    desk.core.mirroring.put([Due(kind=Kind.CONTACT, record_id="11", row=None)])

    assert {} == sweep(desk)
    assert 1 == last(desk).left_alone


def test_a_dead_letter_is_a_failed_copy_with_its_error(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 0})
    desk.core.mirroring.put([Due(kind=Kind.CONTACT, record_id="11", row=None)])
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


def test_an_incremental_sweep_finds_what_changed_since_the_last_one(desk: TestDesk) -> None:
    sweep(desk)
    desk.time += timedelta(hours=2)
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 0})

    assert {"11": Cause.CHANGED_IN_HUBSPOT} == sweep(desk, SweepMode.INCREMENTAL)
    assert {"contacts": 1} == {kind: n for kind, n in last(desk).compared.items() if n}


def test_a_sweep_that_failed_goes_on_from_its_page(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PAGE", 1)
    edit_mirror(desk, "11", cs_credits=7)
    edit_mirror(desk, "13", cs_credits=7)
    desk.crm.sending = lambda r: Fault.NOT_SENT if "13" in r.ids else Fault.NONE
    with pytest.raises(NotSent):
        desk.core.sweeping.sweep(SweepMode.KNOWN)
    paused = last(desk)
    desk.crm.sending = lambda r: Fault.NOT_SENT if "11" in r.ids else Fault.NONE

    assert (SweepState.PAUSED, "12") == (paused.state, paused.after)
    assert paused.error
    assert {"11", "13"} == set(sweep(desk, SweepMode.KNOWN))
    assert [paused.id] == [each.id for each in desk.journal.sweeps()]
    assert 3 == last(desk).compared["contacts"]


def test_the_watermark_never_passes_a_sweep_that_failed(desk: TestDesk) -> None:
    sweep(desk)
    first = last(desk)
    desk.time += timedelta(hours=2)
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 0})
    desk.time += timedelta(hours=2)
    desk.mirror.die()
    with pytest.raises(NotSent):
        desk.core.sweeping.sweep(SweepMode.INCREMENTAL)
    desk.mirror.come_back()
    desk.time += timedelta(hours=8)  # too long ago to go on with

    assert {"11": Cause.CHANGED_IN_HUBSPOT} == sweep(desk, SweepMode.INCREMENTAL)
    assert first.started_at - sweeping.OVERLAP == last(desk).since


def test_one_mode_is_swept_once_at_a_time(desk: TestDesk) -> None:
    running = Sweep(id="s", mode=SweepMode.KNOWN, started_at=desk.time, saved_at=desk.time)
    desk.journal.save_sweep(running)

    with pytest.raises(StateConflict, match="under way"):
        desk.core.sweeping.sweep(SweepMode.KNOWN)


def test_after_a_repair_of_each_cause_the_next_sweep_finds_nothing(desk: TestDesk) -> None:
    desk.crm.add_contact("14", {"cs_credits": 1})
    desk.crm.foreign_write(Kind.CONTACT, "11", {"cs_credits": 0})
    edit_mirror(desk, "12", cs_credits=7)
    for cause in set(sweep(desk).values()):
        drifts = desk.core.repairing.of_cause(cause)
        done = desk.core.repairing.repair(drifts, ADMIN)
        assert tuple(drifts) == done.repaired
        assert () == done.still

    assert {} == sweep(desk)
    assert "repaired the mirror" == desk.journal.events()[0].what


def test_only_an_admin_repairs(desk: TestDesk) -> None:
    manager = Actor(email="m@example.test", role=Role.MANAGER)

    with pytest.raises(NotAllowed):
        desk.core.repairing.repair([], manager)
