"""Whatever is sent, the API answers as its own description says, and never fails inside."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode

from tests.unit.api.school import School
from tests.unit.services.desk import ADMIN

ACTING = {"Acting-Admin": ADMIN.email}
#: Of each route.
EXAMPLES = 20
#: A wish may be as described and still lack what its exam asks: that is told with 422.
LENIENT = {
    "positive_data_acceptance": {"expected-statuses": ["2xx", "4xx"]},
    # as by itself, and 413: a list that is far too long makes a body that is
    "negative_data_rejection": {
        "expected-statuses": [
            *("400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429"),
            "5xx",
        ]
    },
}


@pytest.fixture
def school() -> School:
    made = School()
    made.exam("81", exam_date="2026-06-02", mock_type="Situational Judgment")
    made.mirrored()
    made.booked()
    return made


def schema_of(school: School, **pinned: str) -> Any:
    config = schemathesis.Config.from_dict({"checks": LENIENT, "parameters": pinned})
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", school.app, config=config)


FEW = hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_a_request_against_the_description_is_refused_as_described(school: School) -> None:
    fuzz(school, schema_of(school), GenerationMode.NEGATIVE)


def test_a_request_of_what_is_there_is_answered_as_described(school: School) -> None:
    (booked,) = school.get("/contacts/101/bookings").json()["bookings"]
    plan = school.post("/admin/plans", {"kind": "cancel", "exam_ids": ["80"]}, headers=ACTING)
    id_ = plan.json()["plan_id"]
    school.post("/admin/operations", {"plan_id": id_, "reason": "snow"}, headers=ACTING)
    ids = {
        "contact_id": "101",
        "record_id": booked["record_id"],
        "exam_id": "81",
        "plan_id": id_,
        "operation_id": id_,
        **ACTING,
    }

    fuzz(school, schema_of(school, **ids), GenerationMode.POSITIVE)


def fuzz(school: School, schema: Any, mode: GenerationMode) -> None:
    operations = [found.ok() for found in schema.get_all_operations()]
    assert 19 == len(operations)
    for operation in operations:

        @FEW
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def one(case: Any) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {school.text}"})

        one()
