"""Moving bookings to another exam, and what the caller knows after it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.credits.moves import Move
from core.credits.records import MARKER, Booking, BookingId, ExamId, Kind
from core.hubspot.ports.crm import Fate, Outcome
from tests.contract.hubspot.world import World, fresh_id, utc_now

GONE = "999999999"


def exam(world: World, day: str) -> str:
    return world.exam(total_bookings="3", mock_type="Clinical Skills", exam_date=day)


def placed(world: World, here: str) -> str:
    return world.booking(contact=world.contact(cs_credits="1"), exam=here, token_used="x")


def moving(booking: str, here: str, there: str, name: str = "") -> Move:
    return Move(
        booking_id=BookingId(booking),
        name=name or f"moved-{booking}",
        to=ExamId(there),
        leaves=ExamId(here),
    )


def sent(world: World, *moves: Move, age_s: float = 0) -> dict[BookingId, Outcome]:
    sent_at = utc_now() - timedelta(seconds=age_s)
    return world.crm.move_bookings(moves, marker="operation-1", sent_at=sent_at)


def read(world: World, id_: str) -> Booking:
    booking = world.crm.bookings([BookingId(id_)])[BookingId(id_)]
    assert booking is not None
    return booking


def test_booking_is_at_the_other_exam_alone_under_its_new_name(world: World) -> None:
    here, there = exam(world, "2026-06-01"), exam(world, "2026-06-08")
    id_ = placed(world, here)
    before = read(world, id_)

    outcome = sent(world, move := moving(id_, here, there))[BookingId(id_)]

    after = read(world, id_)
    assert (Fate.LANDED, after.modified_at) == (outcome.fate, outcome.modified_at)
    assert move.done(after)
    assert (before.contact_ids, before.token, before.status) == (
        after.contact_ids,
        after.token,
        after.status,
    )
    history = world.crm.histories(Kind.BOOKING, [id_], ["is_active"])[id_]
    assert history is not None
    assert "operation-1" == history[MARKER][0].value
    assert (BookingId(id_),) == world.crm.booking_ids_of(Kind.EXAM, [there])[there]
    assert () == world.crm.booking_ids_of(Kind.EXAM, [here])[here]


def test_repeating_a_move_changes_nothing_more(world: World) -> None:
    here, there = exam(world, "2026-06-01"), exam(world, "2026-06-08")
    id_ = placed(world, here)
    move = moving(id_, here, there)

    fates = [sent(world, move)[BookingId(id_)].fate for _ in range(2)]

    assert [Fate.LANDED] * 2 == fates
    assert move.done(read(world, id_))


def test_move_that_is_put_back_leaves_the_booking_as_it_was(world: World) -> None:
    here, there = exam(world, "2026-06-01"), exam(world, "2026-06-08")
    id_ = placed(world, here)
    name = read(world, id_).booking_id
    move = moving(id_, here, there)
    sent(world, move)

    assert Fate.LANDED is sent(world, move.back(name))[BookingId(id_)].fate
    assert ((here,), name) == (read(world, id_).exam_ids, read(world, id_).booking_id)


def test_many_moves_have_a_fate_each(world: World) -> None:
    here, there = exam(world, "2026-06-01"), exam(world, "2026-06-08")
    ids = [placed(world, here) for _ in range(103)]
    moves = [moving(id_, here, GONE if id_ == ids[4] else there) for id_ in ids]

    fates = sent(world, *moves)

    assert Fate.REFUSED is fates[BookingId(ids[4])].fate
    assert "" != fates[BookingId(ids[4])].reason
    assert {Fate.LANDED} == {fates[BookingId(id_)].fate for id_ in ids if id_ != ids[4]}
    stays = read(world, ids[4])
    assert ((here,), False) == (stays.exam_ids, stays.booking_id.startswith("moved-"))
    assert {} == sent(world)


def test_name_that_another_booking_has_is_refused_and_told_by_a_read(world: World) -> None:
    here, there = exam(world, "2026-06-01"), exam(world, "2026-06-08")
    id_, other = placed(world, here), placed(world, there)
    taken = read(world, other).booking_id

    outcome = sent(world, moving(id_, here, there, taken))[BookingId(id_)]

    assert Fate.REFUSED is outcome.fate
    assert taken != read(world, id_).booking_id
    assert taken == read(world, other).booking_id


@pytest.mark.parametrize(("action", "at_both"), [("lose_request", False), ("lose_answer", True)])
def test_fault_of_the_first_request_stops_the_others(
    world: World, action: str, *, at_both: bool
) -> None:
    here, there = exam(world, "2026-06-01"), exam(world, "2026-06-08")
    id_ = placed(world, here)
    name = read(world, id_).booking_id
    world.fault(action)

    outcome = sent(world, moving(id_, here, there))[BookingId(id_)]

    after = read(world, id_)
    assert Fate.UNKNOWN is outcome.fate
    assert ({here, there} if at_both else {here}) == set(after.exam_ids)
    assert name == after.booking_id


def test_move_that_hubspot_did_not_take_may_be_sent_again(world: World) -> None:
    here, there = exam(world, "2026-06-01"), exam(world, "2026-06-08")
    id_ = placed(world, here)
    world.fault("not_sent")

    outcome = sent(world, moving(id_, here, there), age_s=9)[BookingId(id_)]

    assert Fate.NOT_SENT is outcome.fate


def test_refused_token_is_told_and_nothing_is_changed(world: World) -> None:
    here, there = exam(world, "2026-06-01"), exam(world, "2026-06-08")
    id_ = placed(world, here)
    world.fault("barred")

    outcome = sent(world, moving(id_, here, there))[BookingId(id_)]

    assert Fate.NOT_SENT is outcome.fate
    assert outcome.barred
    assert (here,) == read(world, id_).exam_ids


def test_move_that_waited_too_long_is_not_sent_at_all(world: World) -> None:
    here, there = exam(world, "2026-06-01"), exam(world, "2026-06-08")
    id_ = placed(world, here)

    outcome = sent(world, moving(id_, here, there), age_s=11)[BookingId(id_)]

    assert Fate.NOT_SENT is outcome.fate
    assert (here,) == read(world, id_).exam_ids


def test_exam_that_is_gone_keeps_nobody_from_leaving_it(world: World) -> None:
    here, there = exam(world, "2026-06-01"), exam(world, "2026-06-08")
    id_ = placed(world, here)
    world.archive(Kind.EXAM, here)

    assert Fate.LANDED is sent(world, moving(id_, here, there))[BookingId(id_)].fate
    assert (there,) == read(world, id_).exam_ids


def test_other_names_are_not_touched(world: World) -> None:
    here, there = exam(world, "2026-06-01"), exam(world, "2026-06-08")
    name = f"Clinical Skills-{fresh_id()}-June 8, 2026"
    id_ = placed(world, here)

    sent(world, moving(id_, here, there, name))

    assert {name: BookingId(id_)} == world.crm.booking_ids_named([name])
