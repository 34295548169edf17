"""Trends on Operations: what HubSpot's records show was done, by kind, reason, person and exam."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.catalogue import SCHOOL
from core.credits.records import BookingId, ExamId, Kind
from core.credits.roles import Role
from core.drift.store.trends_port import Gauge, Measure
from core.health.store.tallies_port import ExamTally
from core.operations.choosing.select import ByIds
from core.operations.kinds.cancel import CANCEL
from core.operations.kinds.refund import REFUND
from core.operations.verdicts import OperationKind
from pages.shared.health.trends import figures, views
from pages.shared.places import OPERATIONS
from tests.pages.acts import said
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Stage

OTHER = "manager@example.test"


def did(made: Stage, kind: OperationKind, number: int, reason: str, by: Any = ACTOR) -> None:
    """Bookings of which HubSpot says that it can be done, those of the last exams first."""
    status = {CANCEL.key: "Active", REFUND.key: "Cancelled"}[kind]
    found = [
        BookingId(record.id)
        for record in made.crm.truth.all(Kind.BOOKING)
        if record.properties["is_active"] == status
        and not record.properties.get("token_refunded")
        and record.properties.get("token_used") in {credit.token for credit in SCHOOL.credits}
    ]
    plan = made.core.operation_planner.preview(
        kind, ByIds(ids=tuple(found[-number:]), words="some"), by
    )
    assert number == len(plan.will_change), plan.rows
    made.core.operation_commands.confirm(plan.id, by, reason=reason, typed=number)
    made.carry(made.engine.submitted.pop())


def states(made: Stage) -> Counter[str]:
    """What HubSpot's bookings say."""
    found: Counter[str] = Counter()
    for record in made.crm.truth.all(Kind.BOOKING):
        found["cancelled"] += record.properties["is_active"] == "Cancelled"
        found["refunded"] += record.properties.get("token_refunded") == "true"
    return found


@pytest.fixture
def worked(made: Stage) -> Counter[str]:
    """Two people in two weeks; what HubSpot's bookings say now that they did not say before."""
    before = states(made)
    reasons = ["ill", "moved", "no room", "late", "twice", "weather", "strike"]
    for n, reason in enumerate(reasons):
        did(made, CANCEL.key, len(reasons) - n, reason)
    made.clock.pass_(days=8)
    made.core.access.grant(OTHER, Role.ADMIN, ACTOR)
    did(made, REFUND.key, 2, "ill", made.core.access.actor(OTHER))
    did(made, CANCEL.key, 1, "ill")
    return states(made) - before


def drawn(at: AppTest) -> dict[str, list[float]]:
    (chart,) = at.get("plotly_chart")
    return {trace["name"]: trace["y"] for trace in json.loads(chart.proto.spec)["data"]}


def table(at: AppTest) -> Any:
    return next(frame.value for frame in at.dataframe if "as a table" in frame.proto.alt)


@pytest.mark.parametrize("split", list(figures.BY))
@pytest.mark.parametrize(
    ("trend", "what"), [("Refunds", "refunded"), ("Cancellations", "cancelled")]
)
def test_what_was_done_adds_up_to_what_hubspot_shows(
    open_page: Open, worked: Counter[str], trend: str, what: str, split: str
) -> None:
    at = open_page(OPERATIONS, view="Trends", trend=trend, split=split)

    assert not at.exception
    assert worked[what] > 20
    assert worked[what] == sum(table(at)["All"]) == sum(map(sum, drawn(at).values()))
    this_week = {"refunded": 3, "cancelled": 1}[what]
    assert [this_week, worked[what] - this_week] == [*table(at)["All"]][:2]


def test_the_top_four_reasons_have_a_colour_and_the_table_has_all(
    open_page: Open, worked: Counter[str]
) -> None:
    at = open_page(OPERATIONS, view="Trends", trend="Cancellations", split="By reason")

    assert ["ill", "moved", "no room", "late", "3 others"] == list(drawn(at))
    assert 7 == drawn(at)["ill"][-2]
    assert {"twice", "strike", "weather"} < set(table(at).columns)


def test_people_are_told_apart(open_page: Open, worked: Counter[str]) -> None:
    at = open_page(OPERATIONS, view="Trends", split="By person")

    assert {ACTOR.email: worked["refunded"] - 2, OTHER: 2} == {
        name: sum(y) for name, y in drawn(at).items()
    }


def test_bookings_stand_beside_cancellations(open_page: Open, worked: Counter[str]) -> None:
    at = open_page(OPERATIONS, view="Trends", trend="Bookings", period="Last 90 days")

    assert worked["cancelled"] == sum(drawn(at)["Cancelled"])
    assert 0 == sum(drawn(at)["Booked"])
    assert [
        b - c for b, c in zip(table(at)["Booked"], table(at)["Cancelled"], strict=True)
    ] == list(table(at)["Net"])


def test_each_exam_is_told_by_type_and_day(
    open_page: Open, made: Stage, worked: Counter[str]
) -> None:
    at = open_page(OPERATIONS, view="Trends", trend="Exams")

    assert worked["cancelled"] == sum(table(at)["Cancelled"])
    exams = {r.properties["mock_type"] for r in made.crm.truth.all(Kind.EXAM)}
    assert {name.partition(",")[0] for name in table(at)["Exam"]} <= exams
    assert len(table(at)) == len(set(table(at)["Exam"]))


def test_credits_outstanding_are_those_of_the_last_full_check_of_each_step(
    open_page: Open, made: Stage
) -> None:
    held = {
        str(credit.key): sum(
            int(held)
            for r in made.crm.truth.all(Kind.CONTACT)
            if (held := r.properties.get(credit.key) or "0").isdigit()
        )
        for credit in SCHOOL.credits
    }
    at = made.clock() - timedelta(hours=2)
    made.journal.add_measures(
        [Measure(at=at, gauge=Gauge.OUTSTANDING, of=key, value=n) for key, n in held.items()]
    )

    page = open_page(OPERATIONS, view="Trends", trend="Credits outstanding")

    assert {c.label: [held[c.key]] for c in SCHOOL.credits} == drawn(page)
    assert [sum(held.values())] == list(table(page)["All"])


@pytest.mark.parametrize("trend", list(views.VIEWS))
def test_before_anything_was_done_each_trend_says_so(open_page: Open, trend: str) -> None:
    at = open_page(OPERATIONS, view="Trends", trend=trend)

    assert not at.exception
    assert [] == at.get("plotly_chart")
    assert "in this period" in said(at)


def test_a_period_without_anything_says_so(
    open_page: Open, made: Stage, worked: Counter[str]
) -> None:
    made.clock.pass_(days=15)

    assert "No credits given back in this period." in said(
        open_page(OPERATIONS, view="Trends", period="Last 7 days")
    )


def test_two_exams_of_one_day_are_told_apart(made: Stage) -> None:
    tallies = [
        ExamTally(exam_id=ExamId(id_), mock_type=mock_type, exam_date=None, booked=0, cancelled=1)
        for id_, mock_type in (("1", "Mini-mock"), ("2", "Mini-mock"), ("3", ""), ("4", "Other"))
    ]

    assert ["Mini-mock (1)", "Mini-mock (2)", "Exam (3)", "Other"] == figures.exam_names(tallies)
