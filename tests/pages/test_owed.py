"""What is owed and what is not: a person's decisions, and the baseline of the adoption."""

from __future__ import annotations

from datetime import timedelta

from core.credits.records import BookingId, ContactId, Kind
from core.credits.roles import Role
from core.operations.owed.rules import waiting
from core.operations.owed.settled import Baseline
from pages.shared.places import BULK_REFUND, CONTACTS
from pages.shared.students.contact import address
from tests.pages.acts import choose, figures, grid, press, said, tick
from tests.pages.conftest import Open
from tests.pages.desk_roles import seen_by
from tests.pages.stage import ACTOR, Stage

SOMEBODY = "52000000003"


def owed(made: Stage) -> list[str]:
    return [one.booking.id for one in waiting(made.core.owed_credits.listed())]


def test_ticked_bookings_are_marked_as_not_owed_and_the_mark_is_withdrawn(
    open_page: Open, made: Stage
) -> None:
    before = owed(made)
    at = tick(open_page(BULK_REFUND, by="Owed"), "owed_grid", [0, 2])
    assert at.button(key="not_owed_ticked").disabled, "without a reason"

    choose(at, "why_ticked", "a no-show")
    press(at, "not_owed_ticked")

    assert before[1:2] + before[3:] == owed(made)
    assert f"{len(before) - 2} credits" == figures(at)["Owed"]
    reasons = list(grid(at, "settled_grid")["Why"])
    assert all("says admin@example.test" in why and "a no-show" in why for why in reasons)

    choose(tick(at, "settled_grid", [0, 1]), "why_settled", "a mistake")
    press(at, "withdraw_settled")

    assert before == owed(made)


def test_a_doubtful_booking_is_decided_where_it_is_listed(open_page: Open, made: Stage) -> None:
    (one, *_) = waiting(made.core.owed_credits.listed())
    made.clock.pass_(minutes=10)
    balance = made.crm.balance(Kind.CONTACT, str(one.contact_id), str(one.credit))
    made.crm.foreign_write(
        Kind.CONTACT, str(one.contact_id), {str(one.credit): balance + 1}, source="CRM_UI"
    )
    at = open_page(BULK_REFUND, by="Owed")
    doubtful = grid(at, "doubtful_grid")
    place = [
        row for row, why in enumerate(doubtful["Why"]) if f"→ {balance + 1} by a person in" in why
    ]
    assert place

    choose(tick(at, "doubtful_grid", place[:1]), "why_doubtful", "she paid for that one")
    press(at, "still_owed_doubtful")

    (decided,) = made.journal.owed_decisions([one.booking.id]).values()
    assert (True, "she paid for that one") == (decided.owed, decided.reason)


def test_an_admin_sets_the_baseline_once_and_everybody_sees_it(
    open_page: Open, made: Stage
) -> None:
    made.clock.pass_(minutes=10)
    at = open_page(BULK_REFUND, by="Owed")

    choose(at, "why_baseline", "the old apps settled these")
    press(at, "baseline_set")

    held = made.journal.baseline()
    assert held is not None
    assert (ACTOR.email, "the old apps settled these") == (held.by, held.reason)
    assert "set by admin@example.test: the old apps settled these" in said(at)
    assert [] == owed(made)
    assert "No refunds owed" in said(at)

    choose(at, "why_baseline", "a wrong date")
    press(at, "baseline_withdraw")
    assert made.journal.baseline() is None


def test_a_student_s_page_says_why_nothing_is_owed_and_offers_no_act_to_staff(
    open_page: Open, made: Stage
) -> None:
    made.crm.add_booking(
        "88000999999", contact=SOMEBODY, status="Cancelled", token="Clinical Skills Token"
    )
    made.clock.pass_(minutes=10)
    baseline = Baseline(
        before=made.clock.at - timedelta(minutes=1),
        by=ACTOR.email,
        at=made.clock.at,
        reason="adopted",
    )
    made.journal.set_baseline(baseline)
    with seen_by(made, Role.STAFF):
        at = open_page(CONTACTS, **{address.CONTACT: SOMEBODY})

    assert "settled at adoption" in said(at)
    assert "Owed:" not in said(at)
    assert not [button for button in at.button if "owed" in str(button.key)]


def test_a_student_s_owed_booking_is_marked_as_not_owed_on_the_page(
    open_page: Open, made: Stage
) -> None:
    made.crm.add_booking(
        "88000999999", contact=SOMEBODY, status="Cancelled", token="Clinical Skills Token"
    )
    made.clock.pass_(minutes=10)
    at = open_page(CONTACTS, **{address.CONTACT: SOMEBODY})
    named = {
        one.booking.id for one in made.core.contact_page.contact(ContactId(SOMEBODY), ACTOR).owed
    }

    choose(at, "why_student", "cancelled after the deadline")
    press(at, "not_owed_student")

    decided = made.journal.owed_decisions([BookingId(id_) for id_ in named])
    assert named == set(decided)
    assert "not owed, says admin@example.test" in said(at)
