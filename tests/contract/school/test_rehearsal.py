"""A live school adopts the desk, works beside it and leaves it, step by step (docs/adopt.md)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import stamina

from core.credits.catalogue import SCHOOL
from core.credits.errors import BadList
from core.credits.records import ContactId, ExamId
from core.drift.causes import Cause
from core.drift.repairs import RepairState
from core.drift.sweeps import SweepMode
from core.mirror.supabase import migrations
from core.operations.booking_rules import Wish
from core.operations.choosing.select import ByReference
from core.operations.plans import Plan, Row
from core.operations.states import ENDED, ItemState, Operation
from core.operations.verdicts import OperationKind
from core.work.work import Work
from sandbox.demo.size import Size
from sandbox.school.generations import Generation
from tests.contract.school.old_apps import OldApps
from tests.contract.school.world import School, school_before
from tests.unit.services.desk import ADMIN

SIZE = Size(contacts=90, bookings=480, exams=14, seed=11)
CANCELLED, REFUNDED, DAY = 60, 40, 30
#: The type whose bookings ask for a hand; all others ask for a place.
ASKS_HAND = "Clinical Skills"


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with (
        school_before(tmp_path, Generation.CURRENT, SIZE) as made,
        stamina.set_testing(True, attempts=2),
    ):
        try:
            yield made
        finally:
            made.close()


def preview(school: School, kind: OperationKind, bookings: Sequence[str]) -> Plan:
    return school.core.operation_planner.preview(
        kind, ByReference(references=tuple(bookings)), ADMIN
    )


def carried(school: School, apps: OldApps, plan: Plan) -> Operation:
    """The operation of a plan, ended and copied; the ledger has what it says it moved."""
    asked = school.core.operation_commands.confirm(plan.id, ADMIN, reason="a rehearsal")
    school.carry(Work.OPERATION, asked.id)
    school.copy_all()
    apps.later(0)
    ended = school.journal.operation(asked.id)
    assert ended.state in ENDED
    sign = -1 if plan.undoes else +1
    for item in school.journal.items(asked.id, states=[ItemState.DONE]):
        if item.credit is not None and item.contact_id is not None:
            apps.ledger[item.contact_id, item.credit] += sign
    assert not school.journal.foreign_writes(asked.id)
    return ended


def owed_now(school: School) -> list[str]:
    """What *refund everything owed* would refund."""
    try:
        everything = school.core.owed_credits.everything(ADMIN)
    except BadList:
        return []
    plan = school.core.operation_planner.preview(OperationKind.REFUND, everything, ADMIN)
    return [row.booking_id for row in plan.will_change]


def swept_clean(school: School, apps: OldApps) -> set[Cause]:
    """Compared until nothing is found, each time repaired; the causes of what was found.

    Older copies are repaired without anybody; what others wrote in HubSpot an admin has copied.
    """
    found: set[Cause] = set()
    for _ in range(3):
        apps.later(1)
        sweep, drifts = school.swept(SweepMode.FULL)
        assert sweep.complete
        if not drifts:
            return found
        found |= {drift.cause for drift in drifts}
        if theirs := [drift for drift in drifts if drift.cause is not Cause.OLDER_COPY]:
            school.core.repair_runner.confirm(theirs, ADMIN, "what others wrote in HubSpot")
        for repair in school.journal.repairs():
            if repair.state is not RepairState.DONE:
                mended(school, repair.id)
    raise AssertionError(f"drift stays: {[(d.cause, d.record_id, d.columns) for d in drifts]}")


def mended(school: School, repair_id: str) -> None:
    """Its copies are made between its looks, as mirror threads do."""
    for _ in range(100):
        again = school.core.carries[Work.REPAIR](repair_id)
        school.copy_all()
        if again is None:
            return
        school.ahead += max(timedelta(), again - school.now())
    raise AssertionError(f"repair {repair_id} did not end")


@pytest.mark.timeout(400)
def test_a_school_takes_the_desk_in_works_beside_it_and_leaves_again(school: School) -> None:
    apps = OldApps(school)
    chance = random.Random(7)

    # steps 3 to 6 of docs/adopt.md
    school.db.execute(school.sql)
    school.open()
    school.wait_for_the_api()
    assert school.mirror.faults() == []
    given_back = set(school.planted["unmarked"]["given_back"])
    assert given_back.isdisjoint(owed_now(school)), "what the apps gave back is not owed"
    school.core.owed_decisions.set_baseline(school.now(), "Credit Desk took over", ADMIN)
    assert owed_now(school) == [], "everything cancelled before is settled"
    assert swept_clean(school, apps) == set(), "the school's own copies are no drift"
    apps.later(10)

    # step 7: a cancellation, a refund, an undo, a booking
    active = [row["hubspot_id"] for row in school.held("hubspot_bookings")]
    rows = _with_credit(preview(school, OperationKind.CANCEL, active))
    chance.shuffle(rows)
    batch, by_hand, rest = (
        rows[:CANCELLED],
        rows[CANCELLED : CANCELLED + REFUNDED],
        rows[CANCELLED + REFUNDED :],
    )
    assert len(rest) >= DAY
    stale = apps.cron_reads()
    cancelled = carried(school, apps, preview(school, OperationKind.CANCEL, _ids(batch)))
    assert _done(school, cancelled) == set(_ids(batch))
    for row in by_hand:
        apps.cancels_and_keeps(row.booking_id)
    apps.later(10)
    refunded = carried(school, apps, preview(school, OperationKind.REFUND, _ids(by_hand)))
    assert _done(school, refunded) == set(_ids(by_hand))
    apps.later(10)
    undone = carried(school, apps, school.core.undo_planner.preview(refunded.id, ADMIN))
    assert _done(school, undone) == set(_ids(by_hand))
    assert owed_now(school) == [], "what an undo took is refunded only when it is named"
    apps.later(10)
    _books(school, apps)
    assert apps.differences() == {}

    # step 8: one day of both
    kept: set[str] = set()
    for row in rest[:DAY]:
        apps.later(5)
        match chance.choice(["student", "keeps", "desk", "hand", "cron"]):
            case "student":
                apps.student_cancels(row.booking_id, str(row.contact_id), _key(row))
            case "keeps":
                apps.cancels_and_keeps(row.booking_id)
                kept.add(row.booking_id)
            case "desk":
                carried(school, apps, preview(school, OperationKind.CANCEL, [row.booking_id]))
            case "hand":
                apps.sets_by_hand(str(row.contact_id), _key(row), +1)
            case "cron":
                apps.cron_writes(stale)
                stale = apps.cron_reads()
    apps.later(10)
    found = owed_now(school)
    assert set(found) <= kept, "nobody gets a second credit for what an app gave back"
    choice = school.core.owed_decisions.choice(ByReference(references=tuple(kept)), ADMIN)
    school.core.owed_decisions.decide(choice.open, owed=False, reason="forfeited", actor=ADMIN)
    assert owed_now(school) == []
    assert apps.differences() == {}

    # step 9: the cron off, and on again by mistake
    swept_clean(school, apps)
    assert apps.wrong_rows() == {}
    apps.cron_writes(stale)
    assert apps.wrong_rows()
    assert swept_clean(school, apps) == {Cause.OLDER_COPY}
    assert apps.wrong_rows() == {}

    # step 10: back
    school.db.execute(migrations.removal(school.tables.schema))
    assert school.told() == school.catalogue
    assert set(school.read_as_before()) == set(school.answers)
    assert apps.differences() == {}


def _with_credit(plan: Plan) -> list[Row]:
    return [row for row in plan.will_change if row.credit is not None and row.contact_id]


def _key(row: Row) -> str:
    assert row.credit is not None
    return str(row.credit)


def _ids(rows: Sequence[Row]) -> list[str]:
    return [row.booking_id for row in rows]


def _done(school: School, operation: Operation) -> set[str]:
    return {i.booking_id for i in school.journal.items(operation.id, states=[ItemState.DONE])}


def _books(school: School, apps: OldApps) -> None:
    """The first student of the first exam to come who may: their app finds the new booking."""
    label = {credit.mock_type: credit.key for credit in SCHOOL.credits if credit.mock_type}
    today = school.now().date().isoformat()
    sessions = [
        exam
        for exam in school.held("hubspot_mock_exams")
        if exam["is_active"] == "true" and exam["exam_date"] > today and exam["mock_type"] in label
    ]
    for exam in sessions:
        for student in school.held("hubspot_contact_credits"):
            if not student[label[exam["mock_type"]]]:
                continue
            wish = Wish(
                contact_id=ContactId(student["hubspot_id"]),
                exam_id=ExamId(exam["hubspot_id"]),
                dominant_hand="Right" if exam["mock_type"] == ASKS_HAND else "",
                attending_location="" if exam["mock_type"] == ASKS_HAND else "Vancouver",
            )
            plan = school.core.booking_preview.preview(wish, ADMIN)
            if not plan.will_change or plan.will_change[0].credit is None:
                continue
            asked = school.core.operation_commands.confirm(plan.id, ADMIN, reason="a rehearsal")
            school.carry(Work.OPERATION, asked.id)
            school.copy_all()
            (item,) = school.journal.items(asked.id)
            assert item.state is ItemState.DONE, item
            apps.ledger[student["hubspot_id"], _key(plan.will_change[0])] -= 1
            seen = school.ask(
                "/hubspot_bookings",
                params={
                    school.tables.contact: f"eq.{student['hubspot_id']}",
                    school.tables.exam: f"eq.{exam['hubspot_id']}",
                    "is_active": "eq.Active",
                },
            ).json()
            assert [row["student_id"] for row in seen] == [student["student_id"]]
            return
    raise AssertionError("nobody could book")
