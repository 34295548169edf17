"""Students' names leave the operational store, by the clock and when an admin says so."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from core.app.assembly import assemble
from core.audit.entries import Sought, What
from core.audit.retention_rules import nameless
from core.drift.retention import RAN, SCHEDULE
from core.settings.cron import Cron
from tests.fakes.crm import Fault
from tests.unit.services.desk import ADMIN, TestDesk

KEEP = timedelta(days=400)
NAME, MAIL = "Zdenka Canary", "zdenka@canary.test"


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.core = assemble(
        crm=made.crm,
        mirror=made.mirror,
        journal=made.journal,
        engine=made.engine,
        admins=[ADMIN.email],
        now=made.now,
        make_id=iter([f"id{n}" for n in range(99)]).__next__,
        keep_personal=KEEP,
        forget_schedule=Cron("40 3 * * *", ZoneInfo("UTC")),
    )
    made.crm.add_contact("1", {"cs_credits": 2}, firstname="Zdenka", lastname="Canary", email=MAIL)
    made.booked("51", "1")
    return made


def known(desk: TestDesk) -> str:
    """All that the journal holds of plans and operations."""
    return repr([vars(desk.journal)[name] for name in ("_plans", "_operations", "_events")])


def test_names_go_when_they_are_old_enough_and_not_before(desk: TestDesk) -> None:
    desk.run("51")
    assert NAME in known(desk)

    desk.time += KEEP - timedelta(days=1)
    assert () == desk.core.retention.forget(ADMIN).ids
    assert NAME in known(desk)

    desk.time += timedelta(days=2)
    done = desk.core.retention.forget(ADMIN)

    assert (1, 2) == (len(done.ids), done.rows)
    for word in ("Zdenka", "Canary", MAIL):
        assert word not in known(desk)


def test_what_people_typed_goes_with_the_names(desk: TestDesk) -> None:
    desk.carry(desk.confirm("51", reason="Zdenka is ill"))
    auditing = desk.core.audit_log
    assert "Zdenka is ill" in [link.entry.reason for link in auditing.find(Sought(), ADMIN)]

    desk.time += KEEP + timedelta(days=1)
    done = desk.core.retention.forget(ADMIN)

    assert done.reasons
    assert "Zdenka" not in known(desk)
    assert "Zdenka" not in str(auditing.find(Sought(), ADMIN))
    assert auditing.verify(ADMIN).whole


def test_who_forgot_and_whose_operation_it_was_stands_in_the_audit(desk: TestDesk) -> None:
    operation = desk.run("51")
    desk.core.retention.forget(ADMIN, before=desk.time + KEEP)
    desk.core.retention.forget(ADMIN, before=desk.time + KEEP)

    (entry,) = [link.entry for link in desk.journal.audit(Sought(what=(What.FORGOT_STUDENTS,)))]

    assert (ADMIN.email, operation.id, {"rows": 2}) == (
        entry.actor,
        entry.operation_id,
        entry.detail,
    )


def test_a_dry_run_lists_and_changes_nothing(desk: TestDesk) -> None:
    operation = desk.run("51")
    before = known(desk)

    done = desk.core.retention.forget(ADMIN, before=desk.time + KEEP, dry_run=True)

    assert (operation.id,) == done.ids
    assert before == known(desk)


def test_the_clock_forgets_once_a_day_and_it_is_kept_what_was_forgotten(desk: TestDesk) -> None:
    operation = desk.run("51")
    desk.core.scheduler.tick()
    desk.time += KEEP + timedelta(days=2)

    assert [RAN] == desk.core.scheduler.tick()
    assert [] == desk.core.scheduler.tick()

    (event,) = desk.journal.events_called([RAN])
    assert SCHEDULE == event.actor
    assert [operation.id] == event.detail["operations"]
    assert NAME not in known(desk)


def test_forgetting_nothing_leaves_no_event(desk: TestDesk) -> None:
    desk.core.retention.forget(ADMIN)

    assert [] == desk.journal.events()


def test_names_are_kept_for_ever_where_the_settings_say_so() -> None:
    desk = TestDesk()

    assert "forgetting of names" not in desk.core.scheduler.next_times(desk.time)
    with pytest.raises(ValueError, match="kept for ever"):
        desk.core.retention.forget(ADMIN)


def test_what_a_forgotten_operation_left_undone_can_still_be_retried(desk: TestDesk) -> None:
    desk.crm.sending = lambda request: Fault.REFUSED if request.changes else Fault.NONE
    operation = desk.run("51")
    desk.core.retention.forget(ADMIN, before=desk.time + timedelta(days=1))
    desk.crm.sending = lambda _: Fault.NONE

    desk.carry(desk.core.operation_commands.retry(operation.id, ADMIN))

    assert 3 == desk.held("1", "cs_credits")


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        ("contact Ada Bell", "students"),
        ("contacts Ada Bell; Ben Ott and 4 more", "students"),
        ("what others changed: contact Ada", "what others changed: students"),
        ("Ada Bell: Mini-mock, 4 May 2026", "a student: Mini-mock, 4 May 2026"),
        ("exam Mini-mock, 4 May 2026, Bell Hall", "exam Mini-mock, 4 May 2026, Bell Hall"),
        ("a list of 12 bookings", "a list of 12 bookings"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_selection_names_nobody(selection: str, told: str) -> None:
    assert told == nameless(selection, ["Ada Bell", "", " "])
