"""Exports: whole, by portions, guarded against formulas, by role, each with an audit entry."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core.audit.chain import FIELDS
from core.audit.entries import Sought, What
from core.credits.csv_safe import PORTION, Table
from core.credits.errors import BadList, NotSent
from core.credits.records import Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.store.trends_port import Narrow
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.exports import export as exporting
from core.exports.listings import Export, Listing
from core.operations.sought import SoughtOperations
from core.operations.states import OperationState
from core.operations.verdicts import OperationKind
from tests.unit.services.desk import ADMIN, TestDesk

STAFF = Actor(email="sam@example.test", role=Role.STAFF)
MANAGER = Actor(email="mia@example.test", role=Role.MANAGER)
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def desk() -> TestDesk:
    return TestDesk()


def taken(desk: TestDesk, export: Export, actor: Actor = ADMIN) -> list[dict[str, str]]:
    data = desk.core.exporter.taken(export, actor).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(data)))


def recorded(desk: TestDesk) -> list[dict[str, object]]:
    """Newest first."""
    links = desk.core.audit_log.find(Sought(what=(What.EXPORTED,)), ADMIN)
    assert {ADMIN.email} == {link.entry.actor for link in links}
    return [dict(link.entry.detail) for link in links]


def test_all_operations_are_in_it_and_not_only_a_page(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PORTION", 2)
    for n in range(5):
        desk.crm.add_contact(f"10{n}", {"cs_credits": 1})
        desk.booked(f"50{n}", f"10{n}")
        desk.time += timedelta(minutes=5)
        desk.run(f"50{n}")

    rows = taken(desk, desk.core.exporter.operations(ADMIN))
    some = taken(desk, desk.core.exporter.operations(ADMIN, {OperationState.HELD}))

    assert 5 == len({row["operation"] for row in rows})
    assert {("refund", "done", "1", "1")} == {
        (row["kind"], row["state"], row["done"], row["credits"]) for row in rows
    }
    assert [] == some
    assert [
        {"list": "operations", "rows": 0, "filter": {"states": "held"}},
        {"list": "operations", "rows": 5, "filter": {}},
    ] == recorded(desk)


def test_what_was_typed_to_find_operations_is_not_kept(desk: TestDesk) -> None:
    """It may be a student's name."""
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100")
    desk.run("500")
    sought = SoughtOperations(
        since=NOON, by=ADMIN.email, kinds=frozenset({OperationKind.REFUND}), words="Ada Lovelace"
    )

    assert [] == taken(desk, desk.core.exporter.operations(ADMIN, sought=sought))
    assert [
        {
            "list": "operations",
            "rows": 0,
            "filter": {
                "since": NOON.isoformat(),
                "by": ADMIN.email,
                "kinds": "refund",
                "words": "given",
            },
        }
    ] == recorded(desk)


def test_the_audit_has_all_its_fields_and_no_formula(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100")
    desk.carry(desk.confirm("500", reason="=HYPERLINK(1)"))

    rows = taken(desk, desk.core.exporter.audit(Sought(what=(What.CONFIRMED,)), ADMIN))

    assert ["n", *FIELDS, "hash", "reason_commitment", "reason_salt"] == list(rows[0])
    assert ["'=HYPERLINK(1)"] == [row["reason"] for row in rows]
    assert {"what": "confirmed"} == recorded(desk)[0]["filter"]


def test_what_is_owed_says_what_speaks_against_each(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100", status="Active")
    desk.booked("501", "100")
    desk.run("500", kind=OperationKind.FORFEIT)
    desk.still_owed("501")

    rows = taken(desk, desk.core.exporter.owed(ADMIN))

    assert {"500": "credit kept on purpose", "501": "owed"} == {
        row["record_id"]: row["verdict"] for row in rows
    }


def drift(id_: str, *columns: str) -> Drift:
    return Drift(
        kind=Kind.CONTACT,
        record_id=id_,
        cause=Cause.CHANGED_IN_MIRROR,
        columns=columns,
        truth={"cs_credits": 3, "email": "=cmd"},
        mirror={"cs_credits": 2, "email": None},
        evidence="",
        since=NOON,
    )


def test_drift_has_a_row_for_each_column_of_the_last_complete_sweep(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PORTION", 1)
    with pytest.raises(BadList, match="no complete sweep"):
        desk.core.exporter.drift(ADMIN)
    sweep = Sweep(
        id="s1",
        mode=SweepMode.FULL,
        state=SweepState.COMPLETE,
        started_at=desk.time,
        saved_at=desk.time,
    )
    desk.journal.ask_sweep(sweep)
    desk.journal.save_sweep(sweep, [drift("520", "cs_credits", "email"), drift("521", "email")])

    rows = taken(desk, desk.core.exporter.drift(ADMIN))
    some = taken(desk, desk.core.exporter.drift(ADMIN, "s1", Narrow(record="521")))

    assert [("520", "cs_credits", "3", "2"), ("520", "email", "'=cmd", "")] == [
        (row["record_id"], row["column"], row["truth"], row["mirror"]) for row in rows[:2]
    ]
    assert (3, ["521"]) == (len(rows), [row["record_id"] for row in some])
    assert {"sweep": "s1", "record": "521"} == recorded(desk)[0]["filter"]


def test_students_and_exams_are_those_of_the_mirror(desk: TestDesk) -> None:
    row = {"hubspot_id": "100", "email": "s@x.test", "cs_credits": 2, "firstname": "+Ann"}
    desk.mirror.copy(Kind.CONTACT, [row | {"source_modified_at": NOON.isoformat()}])

    (student,) = taken(desk, desk.core.exporter.students(ADMIN))

    told = [student[name] for name in ("hubspot_id", "email", "cs_credits", "firstname")]
    assert ["100", "s@x.test", "2", "'+Ann"] == told
    assert [] == taken(desk, desk.core.exporter.exams(ADMIN))


@pytest.mark.parametrize(
    ("listing", "least"),
    [
        (Listing.STUDENTS, ADMIN),
        (Listing.OPERATIONS, MANAGER),
        (Listing.DRIFT, MANAGER),
        (Listing.OWED, MANAGER),
        (Listing.AUDIT, MANAGER),
        (Listing.EXAMS, STAFF),
    ],
)
def test_each_list_is_for_its_roles_alone_and_nothing_is_written_for_others(
    desk: TestDesk, listing: Listing, least: Actor
) -> None:
    order = [STAFF, MANAGER, ADMIN]
    export = Export(listing=listing, table=Table(["a"], [{"a": 1}]), narrowed={})
    for actor in order:
        out = io.BytesIO()
        if order.index(actor) >= order.index(least):
            assert 1 == desk.core.exporter.write(export, actor, out)
        else:
            with pytest.raises(NotAllowed):
                desk.core.exporter.write(export, actor, out)
            assert b"" == out.getvalue()


def test_one_that_breaks_off_is_recorded_as_far_as_it_came(desk: TestDesk) -> None:
    def rows() -> Iterator[dict[str, object]]:
        for n in range(PORTION + 5):
            yield {"a": n}
        raise NotSent("Supabase cannot be reached")

    export = Export(listing=Listing.STUDENTS, table=Table(["a"], rows()), narrowed={})
    with pytest.raises(NotSent):
        desk.core.exporter.write(export, ADMIN, io.BytesIO())

    (entry,) = recorded(desk)
    assert (PORTION, False) == (entry["rows"], entry["whole"])


def test_a_long_list_is_never_whole_in_memory() -> None:
    """No portion waits for the rows after it."""
    read: list[int] = []

    def rows() -> Iterator[dict[str, object]]:
        for n in range(3 * PORTION):
            read.append(n)
            yield {"a": n}

    seen = [(len(read), count) for _, count in Table(["a"], rows()).portions()]

    assert [(0, 0), (PORTION, PORTION), (2 * PORTION, PORTION), (3 * PORTION, PORTION)] == seen
