"""*Try this*: on the first page of each role of the demo, links to what there is to do now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.app import wiring
from core.credits.records import Kind
from core.credits.roles import Role
from core.drift.sweeps import SweepMode
from core.health.first_jobs import FirstJob, Try
from core.operations.verdicts import OperationKind
from core.work.work import Work, key_of
from pages.shared.places import CONTACTS, DRIFT, EXAMS, OVERVIEW, Place
from tests.pages.conftest import Open
from tests.pages.desk_roles import seen_by
from tests.pages.stage import ACTOR, Stage, confirmed, fill, mirrored, stage

EDITED = "52000000003"


@pytest.fixture
def made() -> Iterator[Stage]:
    """A demo with an ended refund, and a balance that somebody edited in Supabase since."""
    made = stage(demo=True)
    fill(made, contacts=30, exams=4)
    made.carry(key_of(Work.OPERATION, confirmed(made, kind=OperationKind.REFUND)))
    mirrored(made)
    row = made.mirror.rows(Kind.CONTACT, [EDITED])[EDITED]
    made.mirror.put(Kind.CONTACT, {**row, "cs_credits": 40})
    made.carry(key_of(Work.SWEEP, made.core.sweep_runner.ask(SweepMode.FULL, ACTOR).id))
    with wiring.use(made.core):
        yield made


def found(made: Stage, role: Role = Role.ADMIN) -> dict[Try, FirstJob]:
    """As of now, not of a moment ago."""
    made.clock.pass_(minutes=1)
    jobs = made.core.first_jobs.found(replace(ACTOR, role=role))
    return {job.kind: job for job in jobs}


def links(at: AppTest) -> dict[tuple[str, str], str]:
    """Page and address of each link, and what it says."""
    protos = [element.proto for element in at.get("page_link")]
    return {(p.page, p.query_string): p.label.replace("\\", "") for p in protos}


def shows(at: AppTest) -> bool:
    return "Try this" in [header.value for header in at.header]


def test_an_admin_is_led_to_what_can_be_done_now(open_page: Open, made: Stage) -> None:
    jobs = found(made)
    at = open_page(OVERVIEW)

    assert shows(at)
    offered = links(at)
    refund, exam = jobs[Try.REFUND], jobs[Try.EXAM]
    assert f"Refund {refund.number} credit" in offered[stem(CONTACTS), f"id={refund.of}"]
    assert f"({exam.number} bookings)" in offered[stem(EXAMS), f"exam={exam.of}"]
    assert "See the balance history of" in offered[stem(CONTACTS), f"id={jobs[Try.STUDENT].of}"]
    assert "Repair the balance of" in offered[stem(DRIFT), f"repair=contacts-{EDITED}"]


def test_each_link_leads_to_the_job_itself(open_page: Open, made: Stage) -> None:
    jobs = found(made)
    refund, exam = jobs[Try.REFUND], jobs[Try.EXAM]

    at = open_page(CONTACTS, id=refund.of)
    assert [f"Refund {refund.number}"] == [
        " ".join(button.label.split()[:2]) for button in at.button if button.key == "refund_owed"
    ]
    at = open_page(EXAMS, exam=exam.of)
    assert exam.name in " ".join(header.value.replace("\\", "") for header in at.header)
    at = open_page(DRIFT, repair=f"contacts-{jobs[Try.DRIFT].of}")
    assert any(button.label.startswith("Repair 1") for button in at.button)


@pytest.mark.parametrize(
    ("role", "place", "kinds"),
    [
        (Role.ADMIN, OVERVIEW, [Try.REFUND, Try.STUDENT, Try.EXAM, Try.DRIFT]),
        (Role.MANAGER, OVERVIEW, [Try.DRIFT, Try.STUDENT]),
        (Role.STAFF, CONTACTS, [Try.STUDENT, Try.BOOKING]),
    ],
)
def test_each_role_is_offered_what_it_may_do_on_its_first_page(
    open_page: Open, made: Stage, role: Role, place: Place, kinds: list[Try]
) -> None:
    assert kinds == list(found(made, role))
    with seen_by(made, role):
        assert shows(open_page(place))


def test_on_its_own_page_a_student_is_opened_in_place(open_page: Open, made: Stage) -> None:
    job = found(made, Role.STAFF)[Try.BOOKING]
    with seen_by(made, Role.STAFF):
        at = open_page(CONTACTS)

        next(b for b in at.button if b.label == f"Cancel a booking of {job.name}").click().run()

        assert job.of == at.query_params["id"]
        assert job.name in [header.value for header in at.header]
        assert not shows(at)


def test_hubspot_is_not_asked_at_each_click_for_what_there_is_to_try(
    open_page: Open, made: Stage
) -> None:
    at = open_page(OVERVIEW)
    offered, asked = links(at), made.crm.usage()["total"]

    at.run()
    assert offered == links(at)
    assert asked == made.crm.usage()["total"]

    assert offered == links(open_page(OVERVIEW))  # another tab, of anybody with that role
    assert asked == made.crm.usage()["total"]

    made.clock.pass_(minutes=1)
    at.run()
    assert shows(at)
    assert asked < made.crm.usage()["total"]


def test_it_stands_on_the_first_page_alone_and_can_be_hidden(open_page: Open, made: Stage) -> None:
    assert not shows(open_page(CONTACTS))
    at = open_page(OVERVIEW)

    next(button for button in at.button if button.label == "Hide").click()

    assert not shows(at.run())


def test_nobody_sees_it_who_is_not_in_a_demo(open_page: Open, made: Stage) -> None:
    with wiring.use(replace(made.core, demo=False)):
        assert not shows(open_page(OVERVIEW))


def test_only_what_is_there_is_offered() -> None:
    assert {} == found(stage(demo=True))


def test_a_refund_that_would_be_blocked_is_not_offered(made: Stage) -> None:
    refund = found(made)[Try.REFUND]
    unreadable: dict[str, int | str | None] = dict.fromkeys(made.core.catalogue.keys, "abc")
    made.crm.foreign_write(Kind.CONTACT, refund.of, unreadable)

    assert refund.of != found(made)[Try.REFUND].of


def test_an_exam_that_is_being_cancelled_is_not_offered_again(made: Stage) -> None:
    exam = found(made)[Try.EXAM]
    confirmed(made, exam=exam.of, kind=OperationKind.CANCEL)

    assert exam.of != found(made)[Try.EXAM].of


def test_a_drift_that_was_repaired_since_is_not_offered(made: Stage) -> None:
    drifts = made.core.repair_runner.of_record(EDITED, ACTOR)
    repair = made.core.repair_runner.confirm(drifts, ACTOR, "edited by hand")
    made.carry(key_of(Work.REPAIR, repair.id))

    assert Try.DRIFT not in found(made)


def stem(place: Place) -> str:
    return place.path.rpartition("/")[2].removesuffix(".py")
