"""What a stolen key is worth: networks, budget, alarm, and the token of the student."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from fastapi.routing import APIRoute

from api.v1 import changing, reading
from api.v1.door import NOT_PROVED
from core.access.api_key_rules import FOR_STUDENTS, Scope
from core.access.pacing import Limits
from core.access.rationing import Rationing
from core.audit.entries import Entry, Sought, What
from core.credits.errors import NotSent
from core.credits.records import Kind
from core.health.alarm_rules import Trouble
from core.health.alarms import Alarms
from core.health.facts_reader import FactsReader
from core.mirror.tokens_port import BadToken
from core.students.proving import StudentProof
from tests.unit.api.school import BOOK, School, kind
from tests.unit.services.desk import ADMIN, TestDesk

STUDENTS = 30


class Told:
    def __init__(self) -> None:
        self.titles: list[str] = []

    def tell(self, title: str, text: str) -> None:
        self.titles.append(title)
        assert "@" not in text


class Tokens:
    """Tokens are written "token of EMAIL"."""

    def email(self, token: str) -> str:
        if token == "away":
            raise NotSent("the sign-in keys of Supabase cannot be read")
        if not token.startswith("token of "):
            raise BadToken("the student's token does not hold: it has ended")
        return token.removeprefix("token of ").casefold()


def crowded(**limits: int | None) -> School:
    """Thirty students, each with an active booking that a key may cancel."""
    school = School()
    rationing = Rationing(
        school.desk.journal, lambda: school.desk.time, replace(Limits(), **limits)
    )
    serving = replace(school.core.idempotent_requests, rationing=rationing)
    proving = StudentProof(school.desk.crm, school.desk.journal, Tokens())
    school.core = replace(school.core, idempotent_requests=serving, student_proof=proving)
    school.exam("90", taken=STUDENTS, capacity="40", exam_date="2026-07-01")
    for n in range(STUDENTS):
        contact = str(500 + n)
        school.desk.crm.add_contact(contact, {}, email=f"s{n}@example.test", student_id=f"T{n}")
        booked(school.desk, str(9000 + n), contact)
    return school


def booked(desk: TestDesk, id_: str, contact: str) -> None:
    desk.crm.add_booking(
        id_,
        contact=contact,
        exam="90",
        booking_id=f"b{id_}",
        token="Clinical Skills Token",
        mock_type="Clinical Skills",
        exam_date="2026-07-01",
    )


def cancel(school: School, n: int, **headers: str) -> httpx.Response:
    return school.post(
        f"/contacts/{500 + n}/bookings/{9000 + n}/cancel", {}, f"thief-{n}", headers=headers
    )


def cancelled(school: School) -> int:
    found = [school.desk.crm.truth.need(Kind.BOOKING, str(9000 + n)) for n in range(STUDENTS)]
    return sum(record.properties["is_active"] == "Cancelled" for record in found)


def unusual(school: School) -> list[Entry]:
    found = school.desk.journal.audit(Sought(what=(What.UNUSUAL,)))
    return [link.entry for link in found]


def test_one_key_that_cancels_thirty_students_is_seen_and_people_are_told_once() -> None:
    school = crowded()
    told = Told()
    alarms = Alarms(school.desk.journal, told, lambda: school.desk.time)

    statuses = [cancel(school, n).status_code for n in range(STUDENTS)]
    alarms.look()
    alarms.look()

    assert [200] * STUDENTS == statuses
    (entry,) = unusual(school)
    assert school.key.address == entry.actor
    assert "more than 20 students acted for within 10 minutes" == entry.detail["told"]
    assert ["Credit Desk: something unusual was done"] == told.titles
    (need,) = [n for n in school.core.overview_reader.read(ADMIN).needs if "student-app" in n.told]
    assert "more than 20 students acted for within 10 minutes" in need.told


def test_twenty_students_are_no_alarm() -> None:
    school = crowded()

    assert [200] * 20 == [cancel(school, n).status_code for n in range(20)]
    assert [] == unusual(school)


def test_same_student_again_and_again_is_one_student() -> None:
    school = crowded(students=1, writes=None)

    for _ in range(2):
        record = school.booked()
        assert 200 == school.cancel(record).status_code

    assert 4 == len(school.desk.journal.operations())
    assert [] == unusual(school)


def test_key_stops_when_its_budget_of_a_day_is_spent_and_goes_on_the_next_day() -> None:
    school = crowded(writes=5)

    answers = [cancel(school, n) for n in range(8)]
    again = cancel(school, 0)

    assert [200] * 5 + [429] * 3 == [answer.status_code for answer in answers]
    assert (429, "daily-budget-spent") == kind(answers[5])
    assert "3600" == answers[5].headers["retry-after"]
    assert "More than 5 bookings and cancellations within 24 hours" in answers[5].json()["detail"]
    assert 200 == again.status_code, "what was done is answered again"
    assert 5 == cancelled(school)
    assert ["more than 5 bookings and cancellations within 24 hours"] == [
        entry.detail["told"] for entry in unusual(school)
    ]

    school.desk.time += timedelta(days=1, seconds=1)
    anew = school.post("/contacts/505/bookings/9005/cancel", {}, "next-day")
    assert 200 == anew.status_code


def test_key_with_a_budget_of_its_own_is_held_to_that() -> None:
    school = crowded(writes=1)
    _, text = school.core.api_keys.make("b", FOR_STUDENTS, ADMIN, writes_a_day=3)
    mine = {"Authorization": f"Bearer {text}"}

    assert [200, 200, 200, 429] == [cancel(school, n, **mine).status_code for n in range(4)]


def test_budget_is_not_spent_by_what_was_refused() -> None:
    school = crowded(writes=1)

    assert 404 == school.post("/contacts/500/bookings/404404/cancel", {}, "a").status_code
    assert 200 == cancel(school, 0).status_code


@pytest.mark.parametrize(
    ("networks", "caller", "status"),
    [
        (["203.0.113.0/24"], "203.0.113.9", 200),
        (["203.0.113.0/24"], "::ffff:203.0.113.9", 200),
        (["2001:db8::/32", "198.51.100.7"], "2001:db8::1", 200),
        (["203.0.113.0/24"], "198.51.100.7", 401),
        (["203.0.113.0/24"], "2001:db8::1", 401),
        (["203.0.113.0/24"], "", 401),
        ([], "198.51.100.7", 200),
    ],
)
def test_key_opens_nothing_from_another_network(
    networks: list[str], caller: str, status: int
) -> None:
    school = crowded()
    key, text = school.core.api_keys.make("b", [Scope.READ], ADMIN, networks=networks)
    school.caller = (caller, 1234)

    answer = school.get("/contacts/500/balances", headers={"Authorization": f"Bearer {text}"})

    assert status == answer.status_code
    found = [(e.actor, e.subject_id, e.detail["address"]) for e in unusual(school)]
    assert ([(key.address, key.id, caller or "unknown")] if status == 401 else []) == found
    if status == 401:
        assert "key-missing-or-invalid" == kind(answer)[1], "a thief is not told why"


ROUTES = [
    ("GET", "/students?student_id=T0&email=s0@example.test"),
    ("GET", "/contacts/500/balances"),
    ("GET", "/contacts/500/credit-check?exam_id=80"),
    ("GET", "/contacts/500/sessions"),
    ("GET", "/contacts/500/bookings"),
    ("GET", "/contacts/500/bookings/9000"),
    ("POST", "/contacts/500/bookings"),
    ("POST", "/contacts/500/bookings/9000/cancel"),
    ("POST", "/contacts/500/cancellations"),
    ("GET", "/operations/{operation}"),
]


def guarded() -> tuple[School, dict[str, str], str]:
    """A key that needs the student, and an operation of student 0 that it made."""
    school = crowded()
    _, text = school.core.api_keys.make("b", FOR_STUDENTS, ADMIN, needs_student=True)
    headers = {"Authorization": f"Bearer {text}", "X-Student-Token": "token of S0@example.test"}
    made = cancel(school, 0, **headers)
    assert 200 == made.status_code, made.text
    return school, headers, str(made.json()["operation_id"])


def asked(school: School, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    body: dict[str, object] = dict(BOOK) if path.endswith("/bookings") else {}
    if path.endswith("cancellations"):
        body = {"record_ids": ["9000"]}
    if method == "GET":
        return school.get(path, headers=headers)
    return school.post(path, body, headers=headers)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("token", [None, "forged", "token of s1@example.test"])
def test_key_that_needs_the_student_opens_nothing_without_the_right_one(
    method: str, path: str, token: str | None
) -> None:
    school, headers, operation = guarded()
    shown = {name: value for name, value in headers.items() if name != "X-Student-Token"}
    if token is not None:
        shown["X-Student-Token"] = token
    before = len(school.desk.journal.operations())

    answer = asked(school, method, path.format(operation=operation), shown)

    assert (403, "student-not-proved") == kind(answer)
    assert before == len(school.desk.journal.operations())


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_key_with_the_students_own_token_does_what_it_may(method: str, path: str) -> None:
    school, headers, operation = guarded()

    answer = asked(school, method, path.format(operation=operation), headers)

    assert answer.status_code != 403, answer.text


def test_every_route_of_students_is_tried_with_a_strangers_token() -> None:
    """A route that is added needs its line above, lest a key alone opens it."""
    routers = (reading.router, changing.booking, changing.cancelling, changing.operations)
    there = {
        (method, route.path)
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    tried = {
        (method, path.partition("?")[0]
         .replace("500", "{contact_id}").replace("9000", "{record_id}")
         .replace("{operation}", "{operation_id}"))
        for method, path in ROUTES
    }  # fmt: skip
    assert there == tried


def test_another_key_with_a_token_is_held_to_that_student_too() -> None:
    school = crowded()
    mine = {"X-Student-Token": "token of s0@example.test"}

    assert 200 == school.get("/contacts/500/balances", headers=mine).status_code
    assert 403 == school.get("/contacts/501/balances", headers=mine).status_code


def test_path_that_names_no_contact_is_no_proof() -> None:
    school = crowded()
    mine = {"X-Student-Token": "token of s0@example.test"}

    assert 403 == school.get("/contacts/0x1f4/balances", headers=mine).status_code


def test_sign_in_keys_that_cannot_be_read_are_no_refusal_for_good() -> None:
    school = crowded()

    answer = school.get("/contacts/500/balances", headers={"X-Student-Token": "away"})

    assert 503 == answer.status_code


def test_all_keys_are_withdrawn_by_one_act() -> None:
    school = crowded()
    school.core.api_keys.make("admin-app", [Scope.ADMIN], ADMIN)

    withdrawn = school.core.api_keys.withdraw_all(ADMIN)

    assert {"admin-app", "student-app"} == {key.client for key in withdrawn}
    assert 401 == cancel(school, 0).status_code
    assert [] == school.core.api_keys.withdraw_all(ADMIN)


def test_alarm_names_records_alone() -> None:
    school = crowded()
    for n in range(21):
        cancel(school, n)
    alarms = Alarms(school.desk.journal, Told(), lambda: school.desk.time)
    facts = FactsReader(school.desk.journal, lambda: school.desk.time).read(None)
    troubles: list[Trouble] = list(alarms._unusual(facts))

    (trouble,) = troubles
    assert school.key.id in trouble.text


def test_what_a_key_was_refused_is_in_the_audit_once_with_its_channel() -> None:
    school = crowded()
    key, text = school.core.api_keys.make("b", [Scope.READ], ADMIN)
    mine = {"Authorization": f"Bearer {text}"}

    assert [403, 403] == [cancel(school, n, **mine).status_code for n in range(2)]

    (link,) = school.desk.journal.audit(Sought(what=(What.REFUSED,)))
    assert (key.address, "API") == (link.entry.actor, link.entry.detail["channel"])
    assert "this needs the scope cancel; the key has read" == link.entry.detail["why"]


def test_a_key_without_the_right_student_is_in_the_audit_once_in_our_own_words() -> None:
    school, headers, _ = guarded()
    for token in ("forged", "token of s1@example.test", ""):
        shown = {**headers, "X-Student-Token": token}
        assert 403 == school.get("/contacts/500/balances", headers=shown).status_code

    (link,) = school.desk.journal.audit(Sought(what=(What.REFUSED,)))
    assert link.entry.actor.startswith("api:b/")
    assert {"why": NOT_PROVED, "channel": "API"} == link.entry.detail


def test_honest_day_of_an_app_explains_itself() -> None:
    school = crowded()
    for n in range(STUDENTS):
        cancel(school, n)
    record = school.booked()
    school.cancel(record)
    school.core.api_keys.withdraw(school.key.id, ADMIN)

    assert () == school.core.audit_log.verify(ADMIN).faults
