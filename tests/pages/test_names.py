"""Names and links: who a row is about, on every page that has rows of students."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.app import wiring
from core.credits.records import ExamId, Kind
from core.credits.roles import Role
from core.mirror.port import MirrorRow
from core.operations.choosing.select import ByExam
from core.operations.verdicts import OperationKind
from pages.shared import row_buttons
from pages.shared.places import (
    AUDIT,
    BATCH_CANCELLATION,
    BULK_REFUND,
    CONTACTS,
    DRIFT,
    EXAMS,
    OPERATIONS,
)
from tests.fakes.directory import PORTAL, FakeDirectory
from tests.fakes.mirror import FakeMirror
from tests.pages import drift_scenes, lookup_scenes, scenes
from tests.pages.acts import frame_with, said
from tests.pages.conftest import Open
from tests.pages.desk_roles import seen_by
from tests.pages.stage import ACTOR, Stage, fill, mirrored, stage

SCREEN = f"https://app-eu1.hubspot.com/contacts/{PORTAL}/record"


@pytest.fixture
def made() -> Iterator[Stage]:
    """A small school in both stores, whose HubSpot account tells of itself."""
    made = stage(directory=FakeDirectory())
    fill(made, contacts=80, exams=12)
    mirrored(made)
    with wiring.use(made.core):
        yield made


@pytest.fixture
def asked(made: Stage, monkeypatch: pytest.MonkeyPatch) -> list[Kind]:
    """What Supabase is asked for by ids."""
    found: list[Kind] = []
    rows = FakeMirror.rows

    def counting(self: FakeMirror, kind: Kind, ids: Any) -> dict[str, MirrorRow]:
        found.append(kind)
        return rows(self, kind, ids)

    monkeypatch.setattr(FakeMirror, "rows", counting)
    return found


def name_of(made: Stage, id_: str) -> str:
    held = made.crm.truth.need(Kind.CONTACT, id_).properties
    return f"{held['firstname']} {held['lastname']}"


def links(frame: Any, beside: str = "HubSpot id") -> list[str]:
    """The names, each checked to stand beside a record."""
    found = [(n, r) for n, r in zip(frame["Student"], frame[beside], strict=True) if n and r]
    assert all(url.startswith(f"{SCREEN}/") for _, url in found)
    return [name for name, _ in found]


def click(monkeypatch: pytest.MonkeyPatch, at: AppTest, row: int) -> AppTest:
    """A click on the student of this row, as the browser tells it."""
    pressed: list[int] = []

    def column(label: str, rows: Any, act: Any, **how: Any) -> Any:
        if label == "Student" and not pressed:
            pressed.append(row)
            act(rows[row])
        return real(label, rows, act, **how)

    real = row_buttons.column
    monkeypatch.setattr(row_buttons, "column", column)
    return at.run()


def test_student_of_an_item_stands_by_name_and_leads_to_the_page_and_to_hubspot(
    open_page: Open, made: Stage, asked: list[Kind], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = scenes.fine(made)
    asked.clear()
    at = open_page(OPERATIONS, operation=done)
    items = {str(i.contact_id): i.contact_name for i in made.journal.items(done)}

    frame = frame_with(at, "Student", "Why")
    assert set(items.values()) == set(links(frame))
    assert {f"{SCREEN}/0-1/{id_}" for id_ in items} == set(frame["HubSpot id"])
    assert [] == asked, "the journal keeps these names"

    first = frame["HubSpot id"].iloc[0].rpartition("/")[2]
    opened = click(monkeypatch, at, 0)
    assert "Contacts" == opened.title[0].value
    assert first == opened.query_params["id"]
    assert f"{SCREEN}/0-1/{first}" in _urls(opened)
    assert any("supabase.com/dashboard/project/school" in url for url in _urls(opened))


def _urls(at: AppTest) -> list[str]:
    return [str(link.proto.page) for link in at.get("page_link")]


def test_forgotten_students_of_an_operation_stand_by_id(open_page: Open, made: Stage) -> None:
    done = scenes.fine(made)
    made.journal.forget_students(done, by="the schedule", at=made.clock())

    frame = frame_with(open_page(OPERATIONS, operation=done), "Student", "Why")

    assert {str(i.contact_id) for i in made.journal.items(done)} == set(links(frame))


def test_preview_names_its_students(open_page: Open, made: Stage) -> None:
    chosen = ByExam(ids=(ExamId("71000000010"),))
    plan = made.core.operation_planner.preview(OperationKind.CANCEL, chosen, ACTOR)
    at = open_page(BATCH_CANCELLATION, plan=plan.id)

    rows = made.journal.plan(plan.id).rows
    assert {row.contact_name for row in rows} == set(links(frame_with(at, "Student", "Verdict")))


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MANAGER])
def test_audit_and_drift_name_students_with_one_question_each(
    open_page: Open, made: Stage, asked: list[Kind], role: Role
) -> None:
    done = scenes.fine(made)
    drift_scenes.real(made)
    sweep = drift_scenes.history(made, days=1, wrong=40)
    made.clock.pass_(minutes=5)  # what a copy named is no longer known
    asked.clear()
    with seen_by(made, role):
        audit = frame_with(open_page(AUDIT, operation=done, every="true"), "Act", "Student")
        of_audit = [*asked]
        asked.clear()
        drift = frame_with(open_page(DRIFT), "Cause", "Student")

    ids = {item.contact_id for item in made.journal.items(done)}
    assert links(audit)
    assert {name_of(made, str(id_)) for id_ in ids} >= set(links(audit))
    assert [Kind.CONTACT] == of_audit
    found = made.journal.drifts(sweep.id)
    assert len(found) > 20
    assert {Kind.BOOKING, Kind.CONTACT} >= set(asked)
    assert len(asked) <= 3, "bookings, their students, and those whom only HubSpot ties to one"
    known = [d for d in found if d.kind is Kind.CONTACT and d.record_id in _mirrored(made)]
    assert {name_of(made, d.record_id) for d in known} <= set(links(drift, "Record"))


def _mirrored(made: Stage) -> set[str]:
    return {str(row["hubspot_id"]) for row in made.mirror.page(Kind.CONTACT)}


def test_old_entries_of_the_audit_name_nobody(open_page: Open, made: Stage) -> None:
    done = scenes.fine(made)
    made.core.student_names.keep = timedelta(days=400)
    made.clock.pass_(days=401)

    frame = frame_with(open_page(AUDIT, operation=done, every="true"), "Act", "Student")

    assert links(frame)
    assert {str(item.contact_id) for item in made.journal.items(done)} >= set(links(frame))


def test_while_supabase_is_away_rows_have_ids_and_the_page_says_why(
    open_page: Open, made: Stage
) -> None:
    done = scenes.fine(made)
    made.clock.pass_(minutes=5)
    made.mirror.die()

    at = open_page(AUDIT, operation=done, every="true")

    frame = frame_with(at, "Act", "Student")
    assert links(frame)
    assert {str(item.contact_id) for item in made.journal.items(done)} >= set(links(frame))
    assert "Some names are missing: Supabase cannot be reached" in said(at)


def test_owed_and_waiting_copies_name_their_students(open_page: Open, made: Stage) -> None:
    scenes.copies(made)
    copies = frame_with(open_page(OPERATIONS, view="Copies to Supabase"), "What", "Student")
    owed = frame_with(open_page(BULK_REFUND, by="Owed"), "Cancelled", "Student")

    known = [url.rpartition("/")[2] for url in copies["Record"]]
    assert [name_of(made, id_) for id_ in known] == links(copies, "Record")
    held = [url.rpartition("/")[2] for url in owed["HubSpot id"] if url]
    assert [name_of(made, id_) for id_ in held] == links(owed)
    assert held


def test_people_and_apps_of_hubspot_stand_by_name(open_page: Open, made: Stage) -> None:
    at = open_page(OPERATIONS, operation=scenes.written_over(made))

    frame = frame_with(at, "Changed by", "Student")
    assert ["a person in HubSpot (Ann Lee, user 7)"] == list(frame["Changed by"])
    assert 1 == len(links(frame))


def test_attendees_lead_to_their_pages_and_the_exam_to_hubspot(
    open_page: Open, made: Stage
) -> None:
    at = open_page(EXAMS, exam="71000000002")

    frame = frame_with(at, "Student", "Paid with")
    ids = [url.rpartition("/")[2] for url in frame["HubSpot id"]]
    assert [name_of(made, id_) for id_ in ids] == links(frame)
    assert f"{SCREEN}/2-50158913/71000000002" in _urls(at)


def test_where_the_account_is_not_known_ids_stand_without_links(
    open_page: Open, made: Stage
) -> None:
    made.core.account_directory.directory = None
    object.__setattr__(made.core.account_directory, "editor_url", "")
    made.core.account_directory.__post_init__()
    done = scenes.fine(made)

    frame = frame_with(open_page(OPERATIONS, operation=done), "Student", "Why")
    assert {str(i.contact_id) for i in made.journal.items(done)} == set(frame["HubSpot id"])
    assert [] == _urls(open_page(CONTACTS, id=str(lookup_scenes.some_contact(made))))
