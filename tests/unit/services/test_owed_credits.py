from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from core.credits.errors import BadList, NotSent
from core.credits.records import Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.operations.choosing.select import ByReference
from core.operations.states import ItemState
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, CS, SJ, TestDesk


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.crm.add_contact("100", {"cs_credits": 1})
    return made


def ids(desk: TestDesk) -> list[str]:
    return [one.booking.id for one in desk.core.owed_credits.owed(ADMIN)]


def test_a_cancelled_booking_that_spent_a_credit_is_owed_until_it_is_given_back(
    desk: TestDesk,
) -> None:
    desk.booked("500", "100")
    before = ids(desk)

    desk.run("500")

    assert (["500"], []) == (before, ids(desk))


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ("Admin Override", "Cancelled"),
        ("", "Cancelled"),
        (CS, "Active"),
        (CS, "Completed"),
    ],
)
def test_what_spent_no_known_credit_or_is_not_cancelled_is_not_owed(
    desk: TestDesk, token: str, status: str
) -> None:
    desk.booked("500", "100", token=token, status=status)

    assert [] == ids(desk)


def test_credits_are_counted_by_type_with_all_types_named(desk: TestDesk) -> None:
    desk.booked("500", "100", token=CS)
    desk.booked("501", "100", token=CS)
    desk.booked("502", "100", token=SJ)

    counted = desk.core.owed_credits.count()

    assert {"cs_credits": 2, "sj_credits": 1} == +Counter(counted)
    assert set(desk.core.catalogue.keys) == counted.keys()


def test_a_booking_without_a_contact_is_owed_to_somebody_who_must_be_found(desk: TestDesk) -> None:
    desk.crm.add_booking("500", token=CS, status="Cancelled")

    (found,) = desk.core.owed_credits.owed(ADMIN)

    assert found.contact_id is None


def test_a_credit_that_landed_is_not_owed_though_the_mark_failed(desk: TestDesk) -> None:
    desk.booked("500", "100")

    def refuse(request: Request) -> Fault:
        marking = request.what == "write" and request.kind is Kind.BOOKING
        return Fault.REFUSED if marking else Fault.NONE

    desk.crm.sending = refuse
    operation = desk.run("500")

    assert ItemState.FAILED is desk.item(operation, "500").state
    assert not desk.crm.truth.need(Kind.BOOKING, "500").properties.get("token_refunded")
    assert [] == ids(desk)


def test_what_an_operation_is_giving_back_at_this_moment_is_not_owed(desk: TestDesk) -> None:
    desk.booked("500", "100")
    seen: list[list[str]] = []
    # in the thread of the write, which has the fake's HubSpot to itself meanwhile
    owing = replace(desk.core.owed_credits, in_turn=True)

    def look(request: Request) -> None:
        if request.what == "write" and request.kind is Kind.CONTACT:
            seen.append([one.booking.id for one in owing.owed(ADMIN)])

    desk.crm.answered = look
    desk.run("500")

    assert seen
    assert not any(seen), "neither while its credit is written nor while its note is"


def test_a_blocked_refund_leaves_its_credit_owed(desk: TestDesk) -> None:
    desk.booked("500", "100")
    operation = desk.confirm("500")
    desk.crm.archive(Kind.CONTACT, "100")

    desk.carry(operation)

    assert ["500"] == ids(desk)


def test_a_booking_that_the_search_does_not_find_yet_is_found_by_its_row_in_the_mirror(
    desk: TestDesk,
) -> None:
    desk.booked("500", "100")
    desk.crm.search_lag = desk.crm.search_lag.__class__(minutes=5)
    unseen = ids(desk)
    held = {"hubspot_id": "500", "is_active": "Cancelled", "token_used": CS}
    desk.mirror.put(Kind.BOOKING, held | {"source_modified_at": desk.now().isoformat()})

    assert ([], ["500"]) == (unseen, ids(desk))


def test_the_mirrors_word_alone_owes_nobody_anything(desk: TestDesk) -> None:
    """A row may be older than the truth, or of a booking that is gone."""
    desk.booked("500", "100", status="Active")
    for id_ in ("500", "999"):
        held = {"hubspot_id": id_, "is_active": "Cancelled", "token_used": CS}
        desk.mirror.put(Kind.BOOKING, held | {"source_modified_at": desk.now().isoformat()})

    assert [] == ids(desk)


def test_it_is_owed_since_its_cancellation_and_not_since_a_later_edit(desk: TestDesk) -> None:
    desk.booked("500", "100", status="Active")
    cancelled_at = desk.time = desk.time.replace(hour=10)
    desk.crm.foreign_write(Kind.BOOKING, "500", {"is_active": "Cancelled"})
    desk.time = desk.time.replace(hour=11)
    desk.crm.foreign_write(Kind.BOOKING, "500", {"dominant_hand": "left"})

    (found,) = desk.core.owed_credits.owed(ADMIN)

    assert cancelled_at == found.since


def test_the_longest_owed_come_first_and_no_more_than_asked_for(desk: TestDesk) -> None:
    for number in (502, 500, 501):
        desk.time = desk.time.replace(minute=number - 490)
        desk.booked(str(number), "100")

    assert ["500", "501"] == [one.booking.id for one in desk.core.owed_credits.owed(ADMIN, limit=2)]


def test_a_store_that_is_away_is_no_store_without_debts(desk: TestDesk) -> None:
    desk.mirror.die()

    with pytest.raises(NotSent):
        desk.core.owed_credits.count()


def test_a_count_of_many_costs_few_calls(desk: TestDesk) -> None:
    for number in range(250):
        desk.booked(str(1000 + number), "100")
    before = desk.crm.usage()["total"]

    counted = desk.core.owed_credits.count()

    assert 250 == sum(counted.values())
    histories = 5 + 1  # of the bookings, 50 to a call, and of the one student
    made = 1  # when the student was made, for the balance's history begins then
    used = desk.crm.usage()["total"] - before
    assert used <= 1 + 3 * 3 + histories + made  # the fake asks associations by 100


def test_everything_owed_can_be_planned_as_it_is_listed(desk: TestDesk) -> None:
    desk.booked("500", "100")
    desk.booked("501", "100", token=SJ)

    plan = desk.core.operation_planner.preview(
        kind=desk.confirm("500").kind,
        selection=ByReference(references=tuple(ids(desk))),
        actor=ADMIN,
    )

    assert {"500", "501"} == {row.booking_id for row in plan.will_change}


def test_everything_owed_is_a_choice_the_longest_first_and_nothing_is_none(desk: TestDesk) -> None:
    with pytest.raises(BadList, match="nothing is owed"):
        desk.core.owed_credits.everything(ADMIN)
    for minute, number in enumerate((502, 500, 501)):
        desk.time = desk.time.replace(minute=minute)
        desk.booked(str(number), "100")
    desk.time = desk.time.replace(hour=10)

    chosen = desk.core.owed_credits.everything(ADMIN)

    assert (("502", "500", "501"), "everything owed") == (chosen.ids, chosen.words)


def test_everything_owed_is_an_admin_s_to_give_back(desk: TestDesk) -> None:
    with pytest.raises(NotAllowed):
        desk.core.owed_credits.everything(Actor(email="mia@example.test", role=Role.MANAGER))

    assert 0 == desk.crm.usage()["total"]
