"""Audit: every act, found by who, what, when and whom; and whether the chain is whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.audit.chain import Link, texts
from core.audit.entries import Entry, Sought, Subject, What
from core.credits.catalogue import SCHOOL
from core.credits.roles import Act, Actor, Role
from core.operations.states import ItemState
from core.operations.verdicts import OperationKind
from pages.shared import problems
from pages.shared.audit import listing
from pages.shared.places import AUDIT, CONTACTS
from tests.pages.acts import choose, frame_with, press, said
from tests.pages.conftest import Open
from tests.pages.desk_roles import seen_by
from tests.pages.stage import ADMIN, NOON, Stage, confirmed

ANN = "ann@example.test"


def acts(at: AppTest) -> list[str]:
    return list(frame_with(at, "Act", "Who")["Act"])


def record(made: Stage, number: int = 1, *, actor: str = ANN, **changes: object) -> None:
    at = made.clock()
    values: dict[str, object] = {"at": at, "actor": actor, "what": What.SWEEP}
    made.journal.record(*[Entry(**values | changes)] * number)  # type: ignore[arg-type]


def damage(made: Stage, n: int) -> None:
    """As somebody with the database in hand would."""
    links = made.journal._chain()
    entry = replace(links[n - 1].entry, reason="nothing to see here")
    links[n - 1] = Link(n=n, texts=texts(entry), hash=links[n - 1].hash)


@pytest.fixture
def done(made: Stage) -> str:
    """A refund, previewed, confirmed and carried to its end."""
    id_ = confirmed(made, kind=OperationKind.REFUND)
    made.carry(id_)
    return id_


def test_who_comes_first_finds_their_own_sign_in(open_page: Open) -> None:
    at = open_page(AUDIT)

    assert ["Signed in"] == acts(at)
    assert [("Admin", ADMIN)] == [
        (row.Role, row.Who) for row in frame_with(at, "Role", "Who").itertuples()
    ]
    assert "1 entry, intact at 12:00" in said(at)


def test_a_sign_in_is_recorded_once_however_often_a_page_is_drawn(
    open_page: Open, made: Stage
) -> None:
    who = {"is_logged_in": True, "email": ADMIN, "iat": made.clock().timestamp()}
    open_page(AUDIT, who=who).run()
    open_page(CONTACTS, who=who)
    assert ["Signed in"] == acts(open_page(AUDIT, who=who))

    later = who | {"iat": made.clock().timestamp() + 60}

    assert ["Signed in", "Signed in"] == acts(open_page(AUDIT, who=later))


def test_who_has_no_role_is_on_record_with_the_refusal(open_page: Open, made: Stage) -> None:
    open_page(AUDIT, who={"is_logged_in": True, "email": "Mallory@example.test"})

    shown = frame_with(open_page(AUDIT), "Who", "Role")

    mallory = ("mallory@example.test", "–")
    assert [(ADMIN, "Admin"), mallory, mallory] == list(
        zip(shown["Who"], shown["Role"], strict=True)
    )
    refused, _ = [link.entry for link in made.journal.audit(Sought(actor=mallory[0]))]
    assert (What.REFUSED, "page") == (refused.what, refused.detail["channel"])
    assert "has no role here" in refused.detail["why"]


def test_what_a_role_refused_on_a_page_is_on_record(made: Stage) -> None:
    with problems.told("Nothing was changed."):
        Actor(email="ben@example.test", role=Role.STAFF).require(Act.GIVE_KEYS)

    (link,) = made.journal.audit(Sought(what=(What.REFUSED,)))
    assert "ben@example.test" == link.entry.actor
    assert "may not give or withdraw API keys" in link.entry.detail["why"]


def test_an_operation_stands_newest_first_with_before_and_after(
    open_page: Open, made: Stage, done: str
) -> None:
    at = open_page(AUDIT, operation=done)

    assert ["Ended", "Began", "Confirmed", "Made a preview"] == [
        act for act in acts(at) if act not in {"Write landed", "Marked a booking refunded"}
    ]
    writes = frame_with(at, "Change")[lambda frame: frame["Act"] == "Write landed"]
    assert made.journal.progress(done).total >= len(writes) > 0
    assert all("→" in change for change in writes["Change"])
    assert {"Exam cancelled by the school"} == set(writes["Reason"])


def test_the_audit_opens_with_acts_and_what_stands_behind_each(
    open_page: Open, made: Stage, done: str
) -> None:
    at = open_page(AUDIT)
    shown = frame_with(at, "Act", "Behind")
    of_it = shown[shown["Operation"] == done[:8]]
    number = made.journal.audit_sizes([done])[done]

    assert ["Ended", "Began", "Confirmed", "Made a preview"] == list(of_it["Act"])
    assert {f"{number} entries"} == set(of_it["Behind"])
    assert number > len(of_it)
    progress = made.journal.progress(done)
    done_of = f"{progress.states[ItemState.DONE]} of {progress.total} bookings"
    credits_ = f"+{sum(progress.net.values())} credits"
    told = f"Bulk refund: {done_of}, {credits_}; {made.journal.operation(done).selection}"
    assert {told} == set(of_it["About"])
    assert not any(frame_with(at, "Act", "Behind")["Act"] == "Write landed")

    at = choose(at, "every", True)

    assert made.journal.audit_count(Sought()) == len(acts(at))
    assert "Write landed" in acts(at)
    assert "Behind" not in frame_with(at, "Act", "About").columns


def test_a_click_behind_an_act_shows_all_of_its_operation(
    open_page: Open, made: Stage, done: str
) -> None:
    """The button in its row sets this filter: AppTest cannot click in a grid."""
    at = choose(open_page(AUDIT), "operation", done)

    assert made.journal.audit_sizes([done])[done] == len(acts(at))
    assert len(acts(at)) > len(acts(press(at, "unfilter")))


def test_acts_are_found_by_exam_kind_and_words_of_the_reason(
    open_page: Open, made: Stage, done: str
) -> None:
    other = confirmed(made, exam="71000000001", kind=OperationKind.CANCEL)
    exam = next(item.exam_id for item in made.journal.items(done) if item.exam_id)
    at = open_page(AUDIT)

    def operations(key: str, value: object) -> set[str]:
        found = choose(at, key, value)
        shown = (
            set(frame_with(found, "Operation", "Act")["Operation"]) if found.dataframe else set()
        )
        press(found, "unfilter")
        return shown

    assert {done[:8]} == operations("kind", [OperationKind.REFUND])
    assert {other[:8]} == operations("exam", "71000000001")
    assert done[:8] in operations("exam", exam)
    assert {done[:8], other[:8]} == operations("words", "the SCHOOL")
    assert set() == operations("words", "snow")


def test_what_was_done_to_each_booking_is_shown_with_its_id_and_its_student(
    open_page: Open, made: Stage, done: str
) -> None:
    items = [item for item in made.journal.items(done) if item.state is ItemState.DONE]
    assert items

    shown = frame_with(open_page(AUDIT, operation=done), "Act", "About", "HubSpot id")
    marks = shown[shown["Act"] == "Marked a booking refunded"]

    assert {(f"booking {i.booking_id}", i.contact_id) for i in items} == set(
        zip(marks["About"], marks["HubSpot id"], strict=True)
    )
    assert {i.contact_name for i in items} == set(marks["Student"])
    assert {"Refunded no → yes"} == set(marks["Change"])
    assert not [more for more in marks["More"] if "contact" in more], "it has a column of its own"


def test_a_booking_is_found_with_the_write_that_carried_its_credit(
    open_page: Open, made: Stage, done: str
) -> None:
    item = next(i for i in made.journal.items(done) if i.state is ItemState.DONE)
    of_it = ["Marked a booking refunded", "Write landed"]

    at = open_page(AUDIT, booking=item.booking_id)

    assert of_it == acts(at)
    assert {*of_it} <= {*acts(open_page(AUDIT, contact=item.contact_id))}
    assert len(of_it) < len(acts(press(at, "unfilter")))


@pytest.mark.parametrize(
    ("entry", "said_of_it"),
    [
        (
            {"subject": Subject.BOOKING, "after": {"status": "Active", "token": "Shared Token"}},
            "Status – → Active; Token – → Shared Token",
        ),
        (
            {"subject": Subject.EXAM, "before": {"is_active": ""}, "after": {"is_active": "true"}},
            "State – → active",
        ),
        (
            {
                "subject": Subject.BOOKING,
                "before": {"is_active": "Active"},
                "after": {"is_active": "Cancelled"},
            },
            "Status Active → Cancelled",
        ),
        (
            {"before": {"cs_credits": 1, "total_bookings": 2}, "after": {"cs_credits": 2}},
            "Clinical Skills 1 → 2; Seats taken 2 → –",
        ),
    ],
)
def test_a_change_is_told_by_the_names_that_people_know(
    entry: dict[str, Any], said_of_it: str
) -> None:
    assert said_of_it == listing.change(Entry(at=NOON, actor="a", what="b", **entry), SCHOOL)


def test_a_look_at_a_contact_is_recorded_once_in_a_while(open_page: Open, made: Stage) -> None:
    for _ in range(2):
        open_page(CONTACTS, id="52000000003").run()
    made.clock.pass_(minutes=16)
    open_page(CONTACTS, id="52000000003")

    assert ["Looked at a contact"] * 2 == acts(open_page(AUDIT, contact="52000000003"))


def test_the_filters_narrow_and_are_taken_away(open_page: Open, made: Stage, done: str) -> None:
    record(made)
    made.clock.pass_(days=2)
    record(made, what=What.REPAIR)
    at = open_page(AUDIT, who=None)
    total = len(acts(at))

    assert ["Asked for a repair", "Asked for a sweep"] == acts(choose(at, "who", ANN))
    at = choose(at, "act", ["asked for a sweep"])
    assert ["Asked for a sweep"] == acts(at)
    at = press(at, "unfilter")
    assert total == len(acts(at))
    later = made.clock().date()
    assert ["Signed in", "Asked for a repair"] == acts(choose(at, "from", later))
    assert "No entries match the filters." in said(choose(at, "contact", "none"))


def test_days_the_wrong_way_round_are_said_to_be_so(open_page: Open, made: Stage) -> None:
    record(made)

    at = open_page(AUDIT, **{"from": "2026-12-02", "to": "2026-12-01"})

    assert "No entries: *From* is later than *To*." in said(at)


def test_an_address_leads_to_what_it_narrows(open_page: Open, made: Stage) -> None:
    record(made)

    assert ["Asked for a sweep"] == acts(open_page(AUDIT, act="Asked for a sweep"))


def test_a_long_audit_is_turned_page_by_page(open_page: Open, made: Stage) -> None:
    record(made, listing.PAGE_ROWS + 20)

    at = open_page(AUDIT)

    assert listing.PAGE_ROWS == len(acts(at))
    assert "1 to 100 of 121 acts" in said(at)
    at = choose(at, "audit_page_2", 2)
    assert 21 == len(acts(at))


def test_a_changed_entry_is_told_in_red_with_what_to_do(
    open_page: Open, made: Stage, done: str
) -> None:
    damage(made, 2)

    at = open_page(AUDIT)

    assert "Chain broken" in said(at)
    assert "Entry 2 is not what was recorded after entry 1" in said(at)
    assert "python -m core audit verify" in said(at)


def test_what_was_changed_after_it_was_verified_is_found_by_going_along_again(
    open_page: Open, made: Stage, done: str
) -> None:
    at = open_page(AUDIT)
    damage(made, 2)
    assert ", intact at " in said(at.run())

    assert "Chain broken" in said(press(at, "afresh"))


def test_a_large_chain_is_verified_a_portion_at_each_look(
    open_page: Open, made: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(made, 30)
    monkeypatch.setattr("core.health.audit_check.verify.GLANCED_AT", 0)  # by the page one lands on
    monkeypatch.setattr("core.health.audit_check.verify.WAITED_FOR", 20)
    at = open_page(AUDIT)
    assert "Verified 20 of 31 entries so far" in said(at)

    assert "31 entries, intact at" in said(at.run())


def test_an_empty_audit_says_what_will_stand_there(
    open_page: Open, made: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(made.core.access_log), "signed_in", lambda *_: None)

    at = open_page(AUDIT)

    assert "Nothing has been recorded yet" in said(at)
    assert "Nothing to verify yet" in said(at)


@pytest.mark.parametrize("role", list(Role))
def test_managers_and_admins_look_and_staff_do_not(
    open_page: Open, made: Stage, role: Role
) -> None:
    with seen_by(made, role):
        at = open_page(AUDIT)

    refused = "Audit is not open to you" == at.title[0].value
    assert refused == (role is Role.STAFF)
    assert refused == (not at.dataframe)
