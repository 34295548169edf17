"""The admin part of the API: preview, confirm, follow, stop and retry in the name of an admin."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from core.access.api_key_rules import Scope
from core.audit.entries import Sought, What
from core.credits.records import TOTAL_BOOKINGS, Kind
from core.credits.roles import Role
from core.operations.approval_rules import SecondAdmin
from core.operations.commands import OperationCommands
from core.operations.states import OperationState
from tests.fakes.crm import Fault, Request
from tests.unit.api.school import CS, School, at_once, faults, kind
from tests.unit.services.desk import ADMIN

BOB = "bob@example.test"
STAFF = "sam@example.test"
TOKEN = "Clinical Skills Token"


class Office(School):
    """Three active bookings of exam 80, and the key of an admin app alone."""

    def __init__(self) -> None:
        super().__init__()
        self.admin_key, self.admin_text = self.new_key(Scope.ADMIN, client="admin-app")
        for id_, contact in (("901", "101"), ("902", "102"), ("903", "102")):
            self.desk.crm.add_booking(id_, contact=contact, exam="80", token=TOKEN, status="Active")
        for email, role in ((BOB, Role.ADMIN), (STAFF, Role.STAFF)):
            self.core.access.grant(email, role, ADMIN)

    def limited(self, second: SecondAdmin) -> None:
        operation_commands: OperationCommands = replace(self.core.operation_commands, second=second)
        requests = replace(self.core.admin_requests, operation_commands=operation_commands)
        self.core = replace(
            self.core, operation_commands=operation_commands, admin_requests=requests
        )

    def as_admin(self, email: str = ADMIN.email, text: str = "") -> dict[str, str]:
        return {"Authorization": f"Bearer {text or self.admin_text}", "Acting-Admin": email}

    def look(self, path: str, email: str = ADMIN.email, **params: Any) -> httpx.Response:
        return self.get(f"/admin{path}", headers=self.as_admin(email), params=params)

    def send(
        self, path: str, body: Any, key: str = "", *, email: str = ADMIN.email, text: str = ""
    ) -> httpx.Response:
        return self.post(f"/admin{path}", body, key, headers=self.as_admin(email, text))

    def preview(self, key: str = "", **wish: Any) -> httpx.Response:
        return self.send("/plans", {"kind": "cancel", "exam_ids": ["80"]} | wish, key)

    def previewed(self, **wish: Any) -> str:
        made = self.preview(**wish)
        assert 201 == made.status_code, made.text
        return str(made.json()["plan_id"])

    def confirm(self, plan_id: str, *, key: str = "", **more: Any) -> httpx.Response:
        return self.send("/operations", {"plan_id": plan_id, "reason": "snow"} | more, key)

    def confirmed(self, **wish: Any) -> str:
        made = self.confirm(self.previewed(**wish))
        assert 202 == made.status_code, made.text
        return str(made.json()["operation_id"])

    def carried(self, id_: str) -> dict[str, Any]:
        self.desk.carry(self.desk.journal.operation(id_))
        told: dict[str, Any] = self.look(f"/operations/{id_}").json()
        return told

    def through(self) -> list[tuple[str, str, str, str]]:
        """Person, role, key and act of what the audit says was asked through an app."""
        links = self.desk.journal.audit(Sought(what=(What.THROUGH_APP,)), limit=50)
        entries = [link.entry for link in reversed(links)]
        return [(e.actor, e.role, e.subject_id, e.detail["act"]) for e in entries]


@pytest.fixture
def office() -> Office:
    made = Office()
    made.engine.idle = True
    return made


def test_cancellation_is_previewed_confirmed_and_followed_to_its_end(office: Office) -> None:
    made = office.preview()
    plan = made.json()
    assert (201, "cancel", 3, {CS: 3}, 2, None, "") == (
        made.status_code, plan["kind"], plan["counts"]["will change"], plan["credits"],
        plan["students"], plan["type_to_confirm"], plan["second_admin"],
    )  # fmt: skip
    assert "Cancel 3 bookings and give back 3 credits" == plan["would"]
    assert plan == office.look(f"/plans/{plan['plan_id']}").json()
    rows = office.look(f"/plans/{plan['plan_id']}/rows").json()
    assert [("901", "101", 2, 3), ("902", "102", 1, 2), ("903", "102", 2, 3)] == [
        (r["record_id"], r["contact_id"], r["before"], r["after"]) for r in rows["rows"]
    ]

    answer = office.confirm(plan["plan_id"])

    told = answer.json()
    assert (202, "held", ADMIN.email, office.admin_key.address, "snow") == (
        answer.status_code, told["state"], told["confirmed_by"], told["via"], told["reason"],
    )  # fmt: skip
    assert f"/api/v1/admin/operations/{plan['plan_id']}" == answer.headers["location"]
    done = office.carried(plan["plan_id"])
    assert ("done", {"done": 3}, {CS: 3}, 3, 3) == (
        done["state"], done["counts"], done["credits"], done["settled"], done["to_change"],
    )  # fmt: skip
    items = office.look(f"/operations/{plan['plan_id']}/rows", state="done").json()["rows"]
    assert [("901", "done"), ("902", "done"), ("903", "done")] == [
        (r["record_id"], r["state"]) for r in items
    ]
    assert (3, 3) == (
        office.desk.crm.balance(Kind.CONTACT, "101", CS),
        office.desk.crm.balance(Kind.CONTACT, "102", CS),
    )


def test_audit_tells_person_and_key_of_each_request_once(office: Office) -> None:
    id_ = office.confirmed()
    office.confirm(id_, key="again")
    office.send(f"/operations/{id_}/stop", {"reason": "wrong exam"}, "stop")
    office.send(f"/operations/{id_}/stop", {"reason": "wrong exam"}, "stop")

    by = (ADMIN.email, "admin", office.admin_key.id)
    acts = ["preview", "confirm", "confirm", "stop"]
    assert [(*by, act) for act in acts] == office.through()


def test_nobody_but_an_admin_acts_through_the_key(office: Office) -> None:
    for email in (STAFF, "nobody@example.test", office.key.address, "api:admin-app/0"):
        refused = office.send("/plans", {"kind": "cancel", "exam_ids": ["80"]}, email=email)
        assert (403, "not-allowed") == kind(refused), email
        assert 403 == office.look("/operations/x", email).status_code
    missing = office.post(
        "/admin/plans", {}, headers={"Authorization": f"Bearer {office.admin_text}"}
    )
    assert (422, "invalid-request") == kind(missing)
    assert [] == office.through()


def test_a_key_of_students_is_no_key_of_admins_and_the_other_way_round(office: Office) -> None:
    _, students = office.new_key(Scope.READ, Scope.BOOK, Scope.CANCEL)
    refused = office.send("/plans", {"kind": "cancel", "exam_ids": ["80"]}, text=students)
    assert (403, "not-allowed") == kind(refused)

    only = {"Authorization": f"Bearer {office.admin_text}"}
    assert (403, "not-allowed") == kind(office.get("/contacts/101/balances", headers=only))
    booking = office.post("/contacts/101/bookings", {"exam_id": "80"}, headers=only)
    assert (403, "not-allowed") == kind(booking)


def test_an_admin_whose_role_is_taken_away_can_do_nothing_more(office: Office) -> None:
    made = office.send("/plans", {"kind": "cancel", "exam_ids": ["80"]}, email=BOB)
    id_ = made.json()["plan_id"]
    office.send("/operations", {"plan_id": id_, "reason": "snow"}, email=BOB)
    office.core.access.withdraw(BOB, ADMIN)

    assert (403, "not-allowed") == kind(office.look(f"/operations/{id_}", BOB))
    assert "called off" == office.carried(id_)["state"]


def test_what_a_revoked_key_confirmed_does_not_begin(office: Office) -> None:
    id_ = office.confirmed()
    office.core.api_keys.withdraw(office.admin_key.id, ADMIN)

    ended = office.desk.carry(office.desk.journal.operation(id_))

    assert OperationState.CALLED_OFF is ended.state
    (event, *_) = office.desk.journal.events(operation_id=id_)
    assert "was revoked" in str(event.detail)


def test_a_large_operation_awaits_a_second_admin_who_is_another_person(office: Office) -> None:
    office.limited(SecondAdmin(above_bookings=1))
    plan = office.preview().json()
    assert "more than 1 booking" == plan["second_admin"]

    told = office.confirm(plan["plan_id"]).json()

    assert ("awaiting approval", "more than 1 booking") == (told["state"], told["needs_approval"])
    approving = office.core.approvals
    with pytest.raises(Exception, match="another admin has to approve"):
        approving.approve(plan["plan_id"], ADMIN)
    approving.approve(plan["plan_id"], office.core.access.actor(BOB))
    assert "done" == office.carried(plan["plan_id"])["state"]


def test_a_request_of_a_revoked_key_is_not_approved(office: Office) -> None:
    office.limited(SecondAdmin(above_bookings=1))
    id_ = office.confirmed()
    office.core.api_keys.withdraw(office.admin_key.id, ADMIN)

    with pytest.raises(Exception, match="was revoked"):
        office.core.approvals.approve(id_, office.core.access.actor(BOB))


def test_the_number_is_typed_above_the_limit_as_on_the_page(office: Office) -> None:
    operation_commands: OperationCommands = replace(office.core.operation_commands, typed_above=2)
    requests = replace(office.core.admin_requests, operation_commands=operation_commands)
    office.core = replace(
        office.core, operation_commands=operation_commands, admin_requests=requests
    )
    plan = office.preview().json()
    assert 3 == plan["type_to_confirm"]

    for typed in (None, 4):
        refused = office.confirm(plan["plan_id"], typed=typed)
        assert (409, "not-confirmed") == kind(refused)
        assert "Type 3 to confirm" in refused.json()["faults"][0]["detail"]
    assert 202 == office.confirm(plan["plan_id"], typed=3).status_code


def test_all_that_speaks_against_a_confirmation_is_told_at_once(office: Office) -> None:
    (plan_id,) = [office.previewed(record_ids=["901"], exam_ids=[])]
    office.desk.crm.truth.change(
        office.desk.crm.truth.need(Kind.BOOKING, "901"), {"is_active": "Cancelled"}
    )
    nothing = office.previewed(record_ids=["901"], exam_ids=[])

    refused = office.confirm(nothing)

    assert (409, "not-confirmed") == kind(refused)
    assert ["not-confirmed"] == faults(refused)
    assert 202 == office.confirm(plan_id).status_code


def test_a_preview_too_old_is_refused_and_one_that_is_not_there_is_not_found(
    office: Office,
) -> None:
    id_ = office.previewed()
    office.desk.time = office.desk.journal.plan(id_).expires_at.replace(microsecond=1)

    assert (409, "not-confirmed") == kind(office.confirm(id_))
    for answer in (
        office.confirm("nothing"),
        office.look("/plans/nothing"),
        office.look("/plans/nothing/rows"),
    ):
        assert (404, "plan-not-found") == kind(answer)
    for path in ("/operations/nothing", "/operations/nothing/rows"):
        assert (404, "operation-not-found") == kind(office.look(path))
    for path in ("/operations/nothing/stop", "/operations/nothing/retry"):
        assert (404, "operation-not-found") == kind(office.send(path, {}))


@pytest.mark.parametrize(
    "wish",
    [
        {"exam_ids": []},
        {"record_ids": ["901"]},
        {"exam_ids": [], "record_ids": ["x"]},
        {"exam_ids": [], "booking_ids": ["901"]},
        {"kind": "book"},
        {"kind": "adjust"},
        {"kind": "nothing"},
        {"include": ["everything"]},
        {"more": 1},
    ],
)
def test_a_choice_that_is_none_is_refused_before_anything_is_read(
    office: Office, wish: dict[str, Any]
) -> None:
    assert (422, "invalid-request") == kind(office.preview(**wish))
    assert [] == office.through()


def test_all_faults_of_a_list_are_told(office: Office) -> None:
    refused = office.preview(exam_ids=[], booking_ids=["Nobody-1", "Nobody-2"])

    assert (422, "list-refused") == kind(refused)
    assert 2 == len(refused.json()["faults"])
    assert "'Nobody-2'" in refused.json()["detail"]


def test_bookings_are_named_by_the_school_or_by_hubspot_and_left_out(office: Office) -> None:
    name = office.look(f"/plans/{office.previewed()}/rows").json()["rows"][0]["booking_id"]

    made = office.preview(
        exam_ids=[], booking_ids=[name], record_ids=["902"], without_record_ids=["902"]
    )

    rows = office.look(f"/plans/{made.json()['plan_id']}/rows").json()["rows"]
    assert {("901", "will change"), ("902", "excluded")} == {
        (row["record_id"], row["verdict"]) for row in rows
    }


def test_attended_bookings_are_included_only_on_purpose(office: Office) -> None:
    truth = office.desk.crm.truth
    truth.change(truth.need(Kind.BOOKING, "901"), {"attendance": "Yes"})

    blocked = office.preview().json()["counts"]
    included = office.preview(include=["attended"]).json()

    assert (1, 2) == (blocked["blocked"], blocked["will change"])
    assert (3, ["attended"]) == (included["counts"]["will change"], included["include"])


def test_rows_are_paged_and_narrowed(office: Office) -> None:
    path = f"/plans/{office.previewed(without_record_ids=['902'])}/rows"

    first = office.look(path, limit=2).json()
    second = office.look(path, limit=2, offset=first["next_offset"]).json()

    assert ["901", "902"] == [row["record_id"] for row in first["rows"]]
    assert (["903"], None) == ([r["record_id"] for r in second["rows"]], second["next_offset"])
    left = office.look(path, verdict="excluded").json()["rows"]
    assert ["902"] == [row["record_id"] for row in left]


def test_balances_are_adjusted_by_contact_student_id_or_email(office: Office) -> None:
    office.desk.crm.add_contact("201", {CS: 1}, student_id="900", email="eve@example.test")
    wish = {
        "changes": [
            {"contact_id": "101", "credit": CS, "change": "give 2", "reason": "delay"},
            {"student": "900", "credit": CS, "change": "set 0"},
            {"student": "eve@example.test", "credit": "sj_credits", "change": "give 1"},
        ]
    }

    plan = office.send("/plans/adjustments", wish).json()
    rows = office.look(f"/plans/{plan['plan_id']}/rows").json()["rows"]
    office.confirm(plan["plan_id"])
    done = office.carried(plan["plan_id"])

    assert [("101", 2, 4), ("201", 1, 0), ("201", 0, 1)] == [
        (row["contact_id"], row["before"], row["after"]) for row in rows
    ]
    assert (None, "", "+2: delay") == (
        rows[0]["record_id"], rows[0]["booking_id"], rows[0]["change"],
    )  # fmt: skip
    assert ("adjust", "done", {"done": 3}) == (plan["kind"], done["state"], done["counts"])
    assert 4 == office.desk.crm.balance(Kind.CONTACT, "101", CS)


def test_every_fault_of_an_adjustment_is_told_with_its_line(office: Office) -> None:
    wish = {
        "changes": [
            {"contact_id": "555", "credit": CS, "change": "give 2"},
            {"contact_id": "101", "credit": "gold", "change": "2"},
        ]
    }

    refused = office.send("/plans/adjustments", wish)

    assert (422, "list-refused") == kind(refused)
    told = [fault["detail"] for fault in refused.json()["faults"]]
    assert ["Line 1:", "Line 2:", "Line 2:"] == [each[:7] for each in told]
    for change in ({}, {"contact_id": "101", "student": "900"}):
        both = {"changes": [{"credit": CS, "change": "give 1"} | change]}
        assert (422, "invalid-request") == kind(office.send("/plans/adjustments", both))


def test_bookings_are_moved_to_another_exam(office: Office) -> None:
    office.exam("81", exam_date="2026-06-02")

    plan = office.preview(kind="move", to_exam_id="81").json()
    rows = office.look(f"/plans/{plan['plan_id']}/rows").json()["rows"]
    office.confirm(plan["plan_id"])
    done = office.carried(plan["plan_id"])

    assert ("move", "81", 2) == (plan["kind"], plan["to_exam_id"], plan["counts"]["will change"])
    assert "Clinical Skills-S1-June 2, 2026" == rows[0]["new_booking_id"]
    assert ("done", "81", 2) == (done["state"], done["to_exam_id"], done["counts"]["done"])
    assert 2 == office.desk.crm.balance(Kind.EXAM, "81", TOTAL_BOOKINGS)
    for wish in ({"kind": "move"}, {"kind": "cancel", "to_exam_id": "81"}):
        assert (422, "list-refused") == kind(office.preview(**wish))


# once


def test_one_preview_and_one_operation_come_of_what_is_sent_again(office: Office) -> None:
    first, second = office.preview("p"), office.preview("p")
    id_ = first.json()["plan_id"]
    once, twice = office.confirm(id_, key="c"), office.confirm(id_, key="c")

    assert (201, first.json(), "true") == (
        second.status_code, second.json(), second.headers["idempotency-replayed"],
    )  # fmt: skip
    assert (202, once.json()) == (twice.status_code, twice.json())
    assert 1 == len(office.desk.journal.operations())


def test_another_request_or_another_admin_under_the_same_key_is_refused(office: Office) -> None:
    office.preview("p")

    assert (422, "idempotency-key-reused") == kind(office.preview("p", exam_ids=["81"]))
    other = office.send("/plans", {"kind": "cancel", "exam_ids": ["80"]}, "p", email=BOB)
    assert (422, "idempotency-key-reused") == kind(other)


def test_of_one_preview_sent_at_once_comes_one_plan(office: Office) -> None:
    answers = at_once(*[partial(office.preview, "p")] * 4)

    assert {201} == {answer.status_code for answer in answers}
    assert 1 == len({answer.text for answer in answers})


class Lost(Exception):
    """The process dies before it answers."""


@pytest.mark.parametrize("act", ["stop", "retry"])
def test_a_stop_or_retry_whose_answer_was_lost_is_not_done_again(office: Office, act: str) -> None:
    id_ = ended_with_failures(office) if act == "retry" else office.confirmed()
    serving = office.core.idempotent_requests
    office.core = replace(office.core, idempotent_requests=Dying(serving))  # type: ignore[arg-type]

    lost = office.send(f"/operations/{id_}/{act}", {}, "once")
    office.core = replace(office.core, idempotent_requests=serving)
    before = len(office.desk.journal.events(operation_id=id_))
    again = office.send(f"/operations/{id_}/{act}", {}, "once")

    assert (500, 200) == (lost.status_code, again.status_code)
    assert before == len(office.desk.journal.events(operation_id=id_))
    assert [act] == [told[3] for told in office.through()][-1:]


class Dying:
    """Keeps no answer."""

    def __init__(self, serving: Any) -> None:
        self.begin = serving.begin

    def keep(self, *_: Any) -> None:
        raise Lost


def ended_with_failures(office: Office) -> str:
    crm, going = office.desk.crm, office.desk.crm.sending

    def refuse(request: Request) -> Fault:
        changed = request.changes and request.kind is Kind.BOOKING
        return Fault.REFUSED if changed else Fault.NONE

    id_ = office.confirmed()
    crm.sending = refuse
    told = office.carried(id_)
    crm.sending = going
    assert ("done", 3) == (told["state"], told["retryable"])
    return id_


def test_what_failed_is_retried_and_what_is_done_stays_done(office: Office) -> None:
    id_ = ended_with_failures(office)

    answer = office.send(f"/operations/{id_}/retry", {})

    assert (200, "running") == (answer.status_code, answer.json()["state"])
    assert {"done": 3} == office.carried(id_)["counts"]
    office.desk.time += timedelta(seconds=1)
    assert (409, "wrong-state") == kind(office.send(f"/operations/{id_}/retry", {}))


def test_what_is_held_is_withdrawn_by_a_stop(office: Office) -> None:
    id_ = office.confirmed()

    answer = office.send(f"/operations/{id_}/stop", {"reason": "wrong exam"})

    assert (200, "called off") == (answer.status_code, answer.json()["state"])
    assert "called off" == office.carried(id_)["state"]
    assert (2, 3, 1) == office.state()
    assert (409, "wrong-state") == kind(office.send(f"/operations/{id_}/retry", {}))


def test_hubspot_away_leaves_the_key_of_a_preview_free_for_another_try(office: Office) -> None:
    going = office.desk.crm.sending
    office.desk.crm.sending = lambda _: Fault.NOT_SENT
    away = office.preview("p")
    office.desk.crm.sending = going

    assert (503, "hubspot-unavailable") == kind(away)
    assert 201 == office.preview("p").status_code
