"""Every route of the HTTP API, tried with every key, and for admin apps as every person.

The table is explicit: a route that it does not know fails, and so does one that is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from api.v1.app import application
from core.access.api_key_rules import Scope
from core.credits.roles import Role
from tests.unit.api.school import School
from tests.unit.services.desk import ADMIN

READ, BOOK, CANCEL, ADMINS = ({scope} for scope in Scope)
OF_CONTACT, OPERATION = "/contacts/{contact_id}", "/admin/operations/{operation_id}"
#: Which keys a route lets in.
ROUTES: Mapping[str, set[Scope]] = {
    "GET /students": READ,
    f"GET {OF_CONTACT}/balances": READ,
    f"GET {OF_CONTACT}/credit-check": READ,
    f"GET {OF_CONTACT}/sessions": READ,
    f"GET {OF_CONTACT}/bookings": READ,
    f"GET {OF_CONTACT}/bookings/{{record_id}}": READ,
    f"POST {OF_CONTACT}/bookings": BOOK,
    f"POST {OF_CONTACT}/bookings/{{record_id}}/cancel": CANCEL,
    f"POST {OF_CONTACT}/cancellations": CANCEL,
    "GET /operations/{operation_id}": set(Scope),  # of one that the key itself asked for
    "POST /admin/plans": ADMINS,
    "POST /admin/plans/adjustments": ADMINS,
    "GET /admin/plans/{plan_id}": ADMINS,
    "GET /admin/plans/{plan_id}/rows": ADMINS,
    "POST /admin/operations": ADMINS,
    f"GET {OPERATION}": ADMINS,
    f"GET {OPERATION}/rows": ADMINS,
    f"POST {OPERATION}/retry": ADMINS,
    f"POST {OPERATION}/stop": ADMINS,
}
#: What anybody may read: how the API is used.
OPEN = {"GET /", "GET /docs", "GET /docs/start.js", "GET /openapi.json", "GET /problems/{name}"}
#: The name of each part of a path -> one that may be there.
PARTS = {"contact_id": "101", "record_id": "1", "operation_id": "1", "plan_id": "1"}
QUERY = {"exam_id": "80", "email": "a@example.test"}
BODY: Mapping[str, Any] = {
    "POST /admin/plans": {"kind": "cancel", "exam_ids": ["80"]},
    "POST /admin/plans/adjustments": {
        "changes": [{"contact_id": "101", "credit": "cs_credits", "change": "give 1"}]
    },
    "POST /admin/operations": {"plan_id": "1", "reason": "r"},
    f"POST {OPERATION}/retry": {},
    f"POST {OPERATION}/stop": {},
    f"POST {OF_CONTACT}/bookings": {"exam_id": "80", "dominant_hand": "Left"},
    f"POST {OF_CONTACT}/bookings/{{record_id}}/cancel": {},
    f"POST {OF_CONTACT}/cancellations": {"record_ids": ["1"]},
}


@pytest.fixture
def school() -> School:
    return School()


def status(school: School, route: str, text: str, email: str = ADMIN.email) -> int:
    method, _, path = route.partition(" ")
    headers = {"Authorization": f"Bearer {text}", "Acting-Admin": email}
    if method == "GET":
        return school.get(path.format(**PARTS), headers=headers, params=QUERY).status_code
    return school.post(path.format(**PARTS), BODY.get(route), headers=headers).status_code


def test_every_route_is_known() -> None:
    def named() -> Iterator[str]:
        for route in application(School, wait_s=0).routes:  # type: ignore[arg-type]
            within: Any = getattr(route, "effective_route_contexts", lambda one=route: [one])
            for each in within():
                for method in (getattr(each, "methods", None) or set()) - {"HEAD"}:
                    yield f"{method} {each.path}"

    assert sorted(ROUTES.keys() | OPEN) == sorted(set(named()))


@pytest.mark.parametrize("held", list(Scope))
def test_a_key_opens_the_routes_of_its_scope_and_no_other(school: School, held: Scope) -> None:
    _, text = school.new_key(held)

    found = {route: status(school, route, text) for route in ROUTES}

    assert {route for route, of in ROUTES.items() if held in of} == {
        route for route, told in found.items() if told not in {401, 403}
    }


@pytest.mark.parametrize("state", ["withdrawn", "over", "never made", "none"])
def test_a_key_that_holds_no_more_opens_nothing(school: School, state: str) -> None:
    ends = school.desk.time + timedelta(hours=1)
    key, text = school.core.api_keys.make("b", list(Scope), ADMIN, expires_at=ends)
    match state:
        case "withdrawn":
            school.core.api_keys.withdraw(key.id, ADMIN)
        case "over":
            school.desk.time = ends
        case "never made":
            text = f"{text[:-1]}{'A' if text[-1] != 'A' else 'B'}"
        case "none":
            text = ""

    assert {401} == {status(school, route, text) for route in ROUTES}


@pytest.mark.parametrize("who", [*Role, "nobody", "a leaver"])
def test_an_admin_app_acts_for_admins_alone(school: School, who: Role | str) -> None:
    _, text = school.new_key(Scope.ADMIN)
    email = f"{who}@example.test".replace(" ", "-")
    if who != "nobody":
        role = who if isinstance(who, Role) else Role.ADMIN
        school.core.access.grant(email, role, ADMIN)
    if who == "a leaver":
        school.core.access.withdraw(email, ADMIN)

    refused = {
        route: status(school, route, text, email) == 403
        for route, of in ROUTES.items()
        if of == ADMINS
    }

    assert refused == dict.fromkeys(refused, who is not Role.ADMIN)
