"""Each change once, however often it is sent, by how many at a time, and whatever dies between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from core.students.api_requests import ANSWER_KEPT, KEPT
from tests.fakes.crm import Fault, Request
from tests.unit.api.school import School, at_once, kind

NAME = "Clinical Skills-S1-June 1, 2026"


class Killed(BaseException):
    """The process ends here: nobody catches it, and nothing after it is done."""


@pytest.fixture
def school() -> School:
    return School()


def test_the_same_request_gets_the_same_answer_and_changes_nothing_more(school: School) -> None:
    first, second = school.book("once"), school.book("once")

    assert (201, first.content) == (second.status_code, second.content)
    assert (None, "true") == (
        first.headers.get("idempotency-replayed"), second.headers.get("idempotency-replayed"),
    )  # fmt: skip
    assert first.headers["location"] == second.headers["location"]
    assert (1, 4, 1) == school.state()


def test_a_refusal_is_kept_too(school: School) -> None:
    school.holds("101", cs_credits="0", shared_mock_credits="0")
    first = school.book("once")
    school.holds("101", cs_credits="5")

    second = school.book("once")

    assert (409, "no-credit") == kind(first) == kind(second)
    assert first.content == second.content
    assert 201 == school.book("anew").status_code


def test_another_request_under_the_same_key_is_refused(school: School) -> None:
    school.exam("81", exam_date="2026-06-02")
    school.book("once")

    for other in (
        school.book("once", exam_id="81"),
        school.book("once", dominant_hand="Right"),
        school.book("once", contact="102"),
        school.cancel("900", key="once"),
    ):
        assert (422, "idempotency-key-reused") == kind(other)
    assert (1, 4, 1) == school.state()


def test_spaces_and_the_order_of_members_do_not_make_it_another_request(school: School) -> None:
    school.book("once", reason="x")

    answer = school.ask(
        "POST",
        "/contacts/101/bookings",
        content=b'{ "reason": " x ", "dominant_hand": "Left", "exam_id":"80" }',
        headers={"Idempotency-Key": "once", "Content-Type": "application/json; charset=utf-8"},
    )

    assert 201 == answer.status_code


def test_each_client_has_its_keys_to_itself_and_shares_them_between_its_own(school: School) -> None:
    made = school.book("once").json()
    school.exam("81", exam_date="2026-06-02")
    _, renewed = school.new_key(*school.key.scopes)
    _, other = school.new_key(*school.key.scopes, client="other-app")

    def book(key: str, exam: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {key}"}
        wish = {"exam_id": exam, "dominant_hand": "Left"}
        told: dict[str, Any] = school.post(
            "/contacts/101/bookings", wish, "once", headers=headers
        ).json()
        return told

    assert made == book(renewed, "80")
    assert made["operation_id"] != book(other, "81")["operation_id"]


def test_what_is_still_under_way_is_found_again_and_ends_once(school: School) -> None:
    school.engine.idle = True
    first, second = school.book("once"), school.book("once")
    school.carry_all()
    third = school.book("once")

    assert [202, 202, 201] == [a.status_code for a in (first, second, third)]
    assert 1 == len({a.json()["operation_id"] for a in (first, second, third)})
    assert (1, 4, 1) == school.state()


@pytest.mark.parametrize("senders", [2, 6])
def test_of_the_same_request_sent_at_once_comes_one_booking(school: School, senders: int) -> None:
    answers = at_once(*[partial(school.book, "once")] * senders)

    assert {201} == {answer.status_code for answer in answers}
    assert 1 == len({answer.content for answer in answers})
    assert (1, 4, 1) == school.state()
    assert 1 == len(school.desk.journal.operations())


def test_of_the_same_cancellation_sent_at_once_comes_one_credit_back(school: School) -> None:
    id_ = school.booked()

    answers = at_once(*[partial(school.cancel, id_, key="once")] * 4)

    assert {200} == {answer.status_code for answer in answers}
    assert (2, 3, 0) == school.state()


def test_of_two_cancellations_of_one_booking_at_once_one_gives_the_credit_back(
    school: School,
) -> None:
    id_ = school.booked()

    answers = at_once(partial(school.cancel, id_, key="a"), partial(school.cancel, id_, key="b"))

    assert [200, 409] == sorted(answer.status_code for answer in answers)
    assert (2, 3, 0) == school.state()


# a process that dies between two steps

STEPS = ("begin_request", "save_plan", "confirm_plan", "answer_request")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_whatever_step_the_process_dies_at_a_repetition_makes_one_booking(
    school: School, step: str, after: bool
) -> None:
    kill(school, step, after=after)
    with pytest.raises(Killed):
        school.book("once")

    again, third = school.book("once"), school.book("once")

    assert (201, again.content) == (again.status_code, third.content)
    assert (1, 4, 1) == school.state()
    assert 1 == len(school.desk.journal.operations())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_whatever_step_the_process_dies_at_a_repetition_cancels_once(
    school: School, step: str, after: bool
) -> None:
    id_ = school.booked()
    kill(school, step, after=after)
    with pytest.raises(Killed):
        school.cancel(id_, key="once")

    again = school.cancel(id_, key="once")

    assert (200, "done") == (again.status_code, again.json()["state"])
    assert (2, 3, 0) == school.state()


def kill(school: School, step: str, *, after: bool) -> None:
    """The process dies once, just before or after this word with the journal."""
    real: Callable[..., Any] = getattr(school.desk.journal, step)

    def die(*args: Any, **kwargs: Any) -> Any:
        setattr(school.desk.journal, step, real)
        if after:
            real(*args, **kwargs)
        raise Killed

    setattr(school.desk.journal, step, die)


def test_what_could_not_be_judged_may_be_sent_again_under_its_key(school: School) -> None:
    school.desk.crm.sending = lambda _: Fault.NOT_SENT
    assert (503, "hubspot-unavailable") == kind(school.book("once"))

    school.desk.crm.sending = lambda _: Fault.NONE

    assert 201 == school.book("once").status_code
    assert (1, 4, 1) == school.state()


def test_a_booking_whose_id_hubspot_does_not_tell_just_then_is_told_with_it_later(
    school: School,
) -> None:
    school.engine.idle = True
    school.book("once")
    school.carry_all()
    school.desk.crm.sending = lambda _: Fault.NOT_SENT
    first = school.book("once")
    school.desk.crm.sending = lambda _: Fault.NONE
    second = school.book("once")

    assert (201, None) == (first.status_code, first.json()["bookings"][0]["record_id"])
    assert second.json()["bookings"][0]["record_id"] is not None


def test_one_that_was_never_carried_out_is_too_old_after_an_hour(school: School) -> None:
    kill(school, "confirm_plan", after=False)
    with pytest.raises(Killed):
        school.book("once")
    school.desk.time += timedelta(minutes=61)

    assert (409, "not-confirmed") == kind(school.book("once"))
    assert (2, 3, 0) == school.state()


def test_a_request_is_kept_for_thirty_days(school: School) -> None:
    school.book("old")
    school.exam("81", exam_date="2026-09-02")
    school.desk.time += KEPT
    school.book("new", exam_id="81")
    assert 201 == school.book("old").status_code
    school.desk.time += timedelta(seconds=1)
    school.cancel("900")

    assert (409, "exam-over") == kind(school.book("old"))


def test_after_a_day_the_answer_is_told_afresh_and_nothing_happens_again(school: School) -> None:
    first = school.book("once")
    school.desk.time += ANSWER_KEPT + timedelta(seconds=1)
    school.cancel("900")
    name = first.json()["bookings"][0]["booking_id"]
    assert name not in str(school.desk.journal._requests["student-app", "once"])

    again = school.book("once")

    assert (201, first.json()) == (again.status_code, again.json())
    assert (1, 4, 1) == school.state()


# two that want the same


def test_of_two_who_want_the_last_seat_one_gets_it_and_one_is_told_that_it_is_gone(
    school: School,
) -> None:
    school.exam("81", taken=9, exam_date="2026-06-02")
    school.engine.idle = True

    answers = race(school, ("101", "81"), ("102", "81"))

    assert [201, (409, "exam-full")] == answers
    assert [10, 1] == [school.state(exam="81")[1], school.state("102")[0]]


def test_of_two_who_want_the_last_credit_one_gets_it_and_one_is_told_that_there_is_none(
    school: School,
) -> None:
    school.exam("81", exam_date="2026-06-02")
    school.engine.idle = True

    answers = race(school, ("102", "80"), ("102", "81"))

    assert [201, (409, "no-credit")] == answers
    assert (0, 4, 1) == school.state("102")
    assert 0 == school.state("102", exam="81")[1]


def race(school: School, *wishes: tuple[str, str]) -> list[Any]:
    """All were judged possible and confirmed before any was carried."""

    def send() -> list[Any]:
        return [
            school.book(f"key{n}", contact, exam_id=exam)
            for n, (contact, exam) in enumerate(wishes)
        ]

    assert [202] * len(wishes) == [answer.status_code for answer in send()]
    for operation in reversed(school.desk.journal.operations()):
        school.desk.carry(operation)
    return [kind(a) if a.status_code >= 400 else a.status_code for a in send()]


def test_two_at_once_on_the_last_seat_never_sell_it_twice(school: School) -> None:
    school.exam("81", taken=9, exam_date="2026-06-02")

    answers = at_once(
        partial(school.book, "a", "101", exam_id="81"),
        partial(school.book, "b", "102", exam_id="81"),
    )

    assert [201, 409] == sorted(answer.status_code for answer in answers)
    assert 10 == school.state(exam="81")[1]


def test_one_that_hubspot_refuses_has_changed_nothing_and_says_so(school: School) -> None:
    def refuse(request: Request) -> Fault:
        return Fault.REFUSED if request.changes and request.kind == "bookings" else Fault.NONE

    school.desk.crm.sending = refuse

    answer = school.book("once")

    assert (409, "changed-meanwhile") == kind(answer)
    assert "HubSpot refused the booking" in answer.json()["detail"]
    assert "not_done" == answer.json()["operation"]["state"]
    assert (2, 3, 0) == school.state()
    assert answer.content == school.book("once").content
