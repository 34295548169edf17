"""Forged entries: what somebody who writes the store past the program is given away by."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from core.access.api_key_rules import FOR_STUDENTS, ApiKey, Scope
from core.app.journal import Journal
from core.audit.entries import Entry, Sought, What
from core.cli.acting import actor_of
from core.credits.records import ContactId
from core.credits.roles import Grant, Role
from core.credits.ways import Way, coming_by
from core.operations.verdicts import OperationKind
from tests.fakes.journal import MemoryJournal
from tests.unit.services.desk import ADMIN, TestDesk

BEN, EVE = "ben@example.test", "eve@example.test"
NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def day(journal: Journal) -> TestDesk:
    """One where people and apps have worked for a day, each as they must."""
    desk = TestDesk(lambda _: cast(Any, journal))
    core = desk.core
    core.access_log.settings({"CREDIT_DESK_ADMINS": ADMIN.email}, where="one")
    for n in range(4):
        desk.crm.add_contact(str(100 + n), {"cs_credits": 1})
        desk.booked(str(500 + n), str(100 + n), status="Active")
    core.access_log.signed_in(ADMIN.email, {"iat": 1})
    with coming_by(Way.PAGE):
        core.access.grant(BEN, Role.STAFF, ADMIN)
        ben = core.access.actor(BEN)
        core.access_log.signed_in(BEN, {"iat": 2})
        core.access_log.looked(ContactId("100"), ben)
        gone, _ = core.api_keys.make("old-app", [Scope.READ], ADMIN)
        core.api_keys.make(
            "student-app", FOR_STUDENTS, ADMIN, networks=["203.0.113.0/24"], writes_a_day=9
        )
        core.api_keys.withdraw(gone.id, ADMIN)
        desk.run("500", "501", kind=OperationKind.CANCEL)
    desk.time += timedelta(hours=20)
    with coming_by(Way.COMMAND):
        desk.run("502", kind=OperationKind.CANCEL)
        core.access.grant(BEN, Role.MANAGER, ADMIN)
    return desk


@pytest.fixture
def desk() -> TestDesk:
    return day(MemoryJournal())


def faults(desk: TestDesk) -> tuple[str, ...]:
    return desk.core.audit_log.verify(ADMIN).faults


def forge(desk: TestDesk, **fields: Any) -> None:
    """An entry that the chain holds, as somebody makes one who has the code and the database."""
    given = {"at": desk.time, "actor": ADMIN.email, "role": "admin", "what": What.SWEEP}
    desk.journal.record(Entry(**{**given, **fields}))


def test_honest_day_has_no_fault(desk: TestDesk) -> None:
    assert () == faults(desk)
    desk.core.audit_log.look()
    assert () == desk.core.audit_log.standing(ADMIN).faults


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"at": NOW - timedelta(days=900)}, "it was put there later"),
        ({"at": NOW + timedelta(days=9000)}, "is of a time to come"),
        ({"actor": EVE}, f"{EVE} acts as admin, which no entry gave them"),
        ({"actor": BEN}, f"{BEN} acts as admin, which no entry gave them"),
        (
            {"actor": EVE, "role": "", "detail": {"channel": "page"}},
            f"{EVE} acts on a page without a sign-in",
        ),
        ({"detail": {"channel": "page"}}, f"{ADMIN.email} acts on a page without a sign-in"),
        (
            {"actor": "api:student-app/0123456789ab", "role": "staff"},
            "is by the API key 0123456789ab, which no entry made",
        ),
        (
            {"what": What.WRITTEN, "detail": {"write": "w-forged", "bookings": {}}},
            "tells that the write w-forged landed; the store does not",
        ),
        (
            {
                "what": What.ROLE_GIVEN,
                "subject": "person",
                "subject_id": EVE,
                "after": {"role": "admin"},
            },
            f"{EVE} has the role none, and by the entries admin",
        ),
    ],
)
def test_forged_entry_is_found(desk: TestDesk, fields: dict[str, Any], told: str) -> None:
    forge(desk, **fields)

    (fault,) = faults(desk)
    assert told in fault
    desk.core.audit_log.look()
    assert told in "; ".join(desk.core.audit_log.standing(ADMIN).faults), "the daily look too"


def test_act_of_a_withdrawn_key_is_found(desk: TestDesk) -> None:
    (old,) = [key for key in desk.journal.api_keys() if key.client == "old-app"]

    forge(desk, actor=old.address, role="staff", detail={"channel": "API"})

    (fault,) = faults(desk)
    assert f"is by the API key {old.id}, which was withdrawn before" in fault


def test_key_and_role_that_no_entry_gave_are_found(desk: TestDesk) -> None:
    journal = cast(Any, desk.journal)
    journal._grants[EVE] = Grant(email=EVE, role=Role.ADMIN, by=EVE, at=NOW)
    journal._keys["00000000000e"] = ApiKey(
        id="00000000000e",
        client="evil",
        scopes=frozenset(Scope),
        digest="d" * 64,
        made_by=EVE,
        made_at=NOW,
    )

    role, key = faults(desk)
    assert f"{EVE} has the role admin, and by the entries none" in role
    assert "no entry made the API key 00000000000e" in key


def test_faults_of_one_kind_are_counted(desk: TestDesk) -> None:
    for n in range(9):
        forge(desk, actor=f"e{n}@example.test")

    found = faults(desk)
    assert 6 == len(found)
    assert "and 4 more like these (role)" == found[-1]


def test_admins_of_a_command_s_settings_are_explained_when_they_are_none_later(
    desk: TestDesk,
) -> None:
    named = "named@example.test"
    access = replace(desk.core.access, admins=(named, ADMIN.email))
    for _ in range(2):
        with coming_by(Way.COMMAND):
            who = actor_of(replace(desk.core, access=access), named)
            forge(desk, actor=who.email)
    desk.core.access_log.settings({"CREDIT_DESK_ADMINS": ADMIN.email}, where="one")

    assert () == faults(desk)
    found = desk.journal.audit(Sought(what=(What.SETTINGS,)))
    assert [ADMIN.email, f"{named}, {ADMIN.email}", ADMIN.email] == [
        link.entry.after["CREDIT_DESK_ADMINS"] for link in found
    ]
