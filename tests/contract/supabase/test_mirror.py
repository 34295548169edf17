"""What every mirror promises."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from core.credits.catalogue import SCHOOL
from core.credits.errors import GatewayError
from core.credits.records import (
    TOTAL_BOOKINGS,
    Booking,
    BookingId,
    BookingStatus,
    Contact,
    ContactId,
    Exam,
    ExamId,
    Kind,
)
from core.mirror.port import Copied, CopyResult, Mirror
from core.mirror.rows import SOURCE_TIME, booking_row, contact_row, exam_row
from tests.contract.supabase.conftest import Setting, row

NewId = Callable[[], str]
MODIFIED = datetime(2026, 11, 23, 12, 1, 2, 345000, tzinfo=UTC)

WRITTEN = CopyResult(copied=Copied.WRITTEN)
EQUAL = CopyResult(copied=Copied.ALREADY_EQUAL)
KEPT = CopyResult(copied=Copied.NEWER_KEPT)


def credits_of(mirror: Mirror, id_: str) -> object:
    return mirror.rows(Kind.CONTACT, [id_])[id_]["sj_credits"]


def test_a_new_row_is_written(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()

    assert mirror.copy(Kind.CONTACT, [row(id_, 1, sj_credits=3)]) == {id_: WRITTEN}
    held = mirror.rows(Kind.CONTACT, [id_])[id_]
    assert (held["sj_credits"], held["cs_credits"], held["email"]) == (3, 0, None)


def test_a_newer_row_wins(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()
    mirror.copy(Kind.CONTACT, [row(id_, 1, sj_credits=3)])

    assert mirror.copy(Kind.CONTACT, [row(id_, 2, sj_credits=4)]) == {id_: WRITTEN}
    assert credits_of(mirror, id_) == 4


def test_a_late_copy_never_overwrites_a_newer_row(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()
    mirror.copy(Kind.CONTACT, [row(id_, 5, sj_credits=5)])

    assert mirror.copy(Kind.CONTACT, [row(id_, 4, sj_credits=4)]) == {id_: KEPT}
    assert credits_of(mirror, id_) == 5


def test_a_backdated_row_takes_the_next_copy(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()
    mirror.copy(Kind.CONTACT, [row(id_, 50, sj_credits=5)])
    held = mirror.rows(Kind.CONTACT, [id_])[id_]
    fresh = row(id_, 4, sj_credits=4)

    assert {id_} == mirror.backdate(Kind.CONTACT, [held], {id_: str(fresh[SOURCE_TIME])})
    assert mirror.copy(Kind.CONTACT, [fresh]) == {id_: WRITTEN}
    assert credits_of(mirror, id_) == 4


def test_a_row_that_was_copied_meanwhile_is_not_backdated(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()
    mirror.copy(Kind.CONTACT, [row(id_, 5, sj_credits=5)])
    held = mirror.rows(Kind.CONTACT, [id_])[id_]
    mirror.copy(Kind.CONTACT, [row(id_, 6, sj_credits=6)])

    assert set() == mirror.backdate(Kind.CONTACT, [held], {id_: str(row(id_, 4)[SOURCE_TIME])})
    assert mirror.copy(Kind.CONTACT, [row(id_, 5, sj_credits=5)]) == {id_: KEPT}


def test_a_repeated_copy_is_already_equal(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()
    mirror.copy(Kind.CONTACT, [row(id_, 5, sj_credits=5)])

    assert mirror.copy(Kind.CONTACT, [row(id_, 5, sj_credits=5)]) == {id_: EQUAL}


def test_the_version_of_an_equal_copy_is_remembered(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()
    mirror.copy(Kind.CONTACT, [row(id_, 1, sj_credits=5)])

    assert mirror.copy(Kind.CONTACT, [row(id_, 9, sj_credits=5)]) == {id_: EQUAL}
    assert mirror.copy(Kind.CONTACT, [row(id_, 5, sj_credits=4)]) == {id_: KEPT}


def test_the_same_version_mends_what_somebody_changed_in_the_mirror(
    setting: Setting, new_id: NewId
) -> None:
    id_ = new_id()
    setting.mirror.copy(Kind.CONTACT, [row(id_, 5, sj_credits=5)])
    setting.edit(Kind.CONTACT, id_, "sj_credits", 9)

    assert setting.mirror.copy(Kind.CONTACT, [row(id_, 5, sj_credits=5)]) == {id_: WRITTEN}
    assert credits_of(setting.mirror, id_) == 5


def test_a_column_that_was_not_read_is_never_touched(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()
    mirror.copy(Kind.CONTACT, [row(id_, 1, sj_credits=3, shared_mock_credits=7, email="a@x.test")])

    mirror.copy(Kind.CONTACT, [row(id_, 2, sj_credits=4)])

    held = mirror.rows(Kind.CONTACT, [id_])[id_]
    assert (held["sj_credits"], held["shared_mock_credits"]) == (4, 7)
    assert held["email"] == "a@x.test"


def test_a_partial_copy_never_makes_a_row(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()

    answer = mirror.copy(Kind.CONTACT, [row(id_, 1, sj_credits=3, partial=True)])

    assert answer == {id_: CopyResult(copied=Copied.MISSING)}
    assert mirror.rows(Kind.CONTACT, [id_]) == {}


def test_a_partial_copy_changes_a_row_that_is_there(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()
    mirror.copy(Kind.CONTACT, [row(id_, 1, sj_credits=3)])

    answer = mirror.copy(Kind.CONTACT, [row(id_, 2, sj_credits=2, partial=True)])

    assert answer == {id_: WRITTEN}
    assert credits_of(mirror, id_) == 2


def test_what_cannot_be_read_is_empty_in_a_new_row(mirror: Mirror, new_id: NewId) -> None:
    id_ = new_id()

    answer = mirror.copy(Kind.CONTACT, [row(id_, 1, sj_credits=3, unreadable=["cs_credits"])])

    assert answer == {id_: WRITTEN}
    held = mirror.rows(Kind.CONTACT, [id_])[id_]
    assert (held["sj_credits"], held["cs_credits"], held["sjmini_credits"]) == (3, None, 0)


def test_what_cannot_be_read_stays_as_it_is_in_a_row_that_is_there(
    mirror: Mirror, new_id: NewId
) -> None:
    id_ = new_id()
    mirror.copy(Kind.CONTACT, [row(id_, 1, sj_credits=3, cs_credits=7)])

    odd = row(id_, 2, sj_credits=4, unreadable=["cs_credits"])
    assert [{id_: WRITTEN}, {id_: EQUAL}] == [mirror.copy(Kind.CONTACT, [odd]) for _ in range(2)]
    held = mirror.rows(Kind.CONTACT, [id_])[id_]
    assert (held["sj_credits"], held["cs_credits"]) == (4, 7)


def test_what_was_empty_takes_the_value_that_can_be_read_again(
    mirror: Mirror, new_id: NewId
) -> None:
    id_ = new_id()
    mirror.copy(Kind.CONTACT, [row(id_, 1, unreadable=["cs_credits"])])

    assert mirror.copy(Kind.CONTACT, [row(id_, 2, cs_credits=0)]) == {id_: WRITTEN}
    assert mirror.rows(Kind.CONTACT, [id_])[id_]["cs_credits"] == 0


def test_what_cannot_be_read_is_the_default_where_a_table_lets_it_not_be_empty(
    setting: Setting, new_id: NewId
) -> None:
    id_, unfit = new_id(), new_id()
    rows = [
        row(id_, 1, sj_credits=3, unreadable=["cs_credits"]),
        row(unfit, 1, sj_credits=1, cs_credits=None),
    ]

    with setting.never_empty(Kind.CONTACT, "cs_credits"):
        answers = setting.mirror.copy(Kind.CONTACT, rows)
        held = setting.mirror.rows(Kind.CONTACT, [id_, unfit])

    assert WRITTEN == answers[id_]
    assert (3, 0) == (held[id_]["sj_credits"], held[id_]["cs_credits"])
    assert Copied.REFUSED is answers[unfit].copied
    assert "cs_credits may not be null" in answers[unfit].reason
    assert {id_} == held.keys()


@pytest.mark.parametrize(
    ("bad", "why"),
    [({"shoe_size": 43}, "no column shoe_size"), ({"cs_credits": -1}, "cs_credits is")],
)
def test_an_unfit_row_is_refused_and_the_others_are_written(
    mirror: Mirror, new_id: NewId, bad: dict[str, object], why: str
) -> None:
    first, unfit, last = new_id(), new_id(), new_id()

    answers = mirror.copy(
        Kind.CONTACT,
        [row(first, 1, sj_credits=1), row(unfit, 1, **bad), row(last, 1, sj_credits=1)],
    )

    assert (answers[first], answers[last]) == (WRITTEN, WRITTEN)
    assert answers[unfit].copied is Copied.REFUSED
    assert why in answers[unfit].reason
    assert mirror.rows(Kind.CONTACT, [unfit]) == {}


@pytest.mark.parametrize("minutes", [(1, 8, 5), (8, 1), (1, 8)])
def test_of_two_versions_in_one_call_the_newest_counts(
    mirror: Mirror, new_id: NewId, minutes: tuple[int, ...]
) -> None:
    id_ = new_id()

    answer = mirror.copy(Kind.CONTACT, [row(id_, m, sj_credits=m) for m in minutes])

    assert answer == {id_: WRITTEN}
    assert credits_of(mirror, id_) == 8


def test_a_thousand_rows_go_at_once(mirror: Mirror, new_id: NewId) -> None:
    ids = [new_id() for _ in range(1000)]

    answers = mirror.copy(Kind.CONTACT, [row(id_, 1, sj_credits=2) for id_ in ids])

    assert answers == dict.fromkeys(ids, WRITTEN)
    assert mirror.rows(Kind.CONTACT, ids).keys() == set(ids)


def test_copies_of_one_row_from_many_threads_end_with_the_newest(
    mirror: Mirror, new_id: NewId
) -> None:
    id_ = new_id()
    minutes = [n * 7 % 50 for n in range(50)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda m: mirror.copy(Kind.CONTACT, [row(id_, m, sj_credits=m)]), minutes))

    assert credits_of(mirror, id_) == 49


def test_batches_that_overlap_in_another_order_never_block_each_other(
    mirror: Mirror, new_id: NewId
) -> None:
    ids = [new_id() for _ in range(40)]

    def copy(minute: int) -> int:
        order = ids if minute % 2 else ids[::-1]
        return len(mirror.copy(Kind.CONTACT, [row(i, minute, sj_credits=minute) for i in order]))

    with ThreadPoolExecutor(8) as pool:
        assert {40} == set(pool.map(copy, range(24)))

    assert {held["sj_credits"] for held in mirror.rows(Kind.CONTACT, ids).values()} == {23}


def test_nothing_is_held_of_a_stranger(mirror: Mirror, new_id: NewId) -> None:
    assert mirror.rows(Kind.BOOKING, [new_id()]) == {}
    assert mirror.rows(Kind.BOOKING, []) == {}


def test_no_rows_are_no_call(mirror: Mirror) -> None:
    assert mirror.copy(Kind.CONTACT, []) == {}


def test_ids_are_never_read_as_anything_but_ids(mirror: Mirror, new_id: NewId) -> None:
    odd = [f"{new_id()}{end}" for end in (",1", ")", '"', "'", " ", "&", "ö", ".eq.1", "\\")]

    answers = mirror.copy(Kind.CONTACT, [row(id_, 1, sj_credits=1) for id_ in odd])

    assert answers == dict.fromkeys(odd, WRITTEN)
    assert mirror.rows(Kind.CONTACT, odd).keys() == set(odd)


def test_a_dead_mirror_raises_and_takes_copies_again_when_it_is_back(
    setting: Setting, new_id: NewId
) -> None:
    id_ = new_id()
    setting.mirror.copy(Kind.CONTACT, [row(id_, 1, sj_credits=1)])

    setting.die()
    with pytest.raises(GatewayError):
        setting.mirror.copy(Kind.CONTACT, [row(id_, 2, sj_credits=2)])
    with pytest.raises(GatewayError):
        setting.mirror.rows(Kind.CONTACT, [id_])
    assert setting.mirror.faults() != []
    setting.come_back()

    assert setting.mirror.copy(Kind.CONTACT, [row(id_, 2, sj_credits=2)]) == {id_: WRITTEN}
    assert credits_of(setting.mirror, id_) == 2


def test_a_mirror_that_is_well_has_no_faults(mirror: Mirror) -> None:
    assert mirror.faults() == []


def whole_contact(id_: str) -> Contact:
    return Contact(
        id=id_,
        balances={key: n for n, key in enumerate(SCHOOL.keys)},
        modified_at=MODIFIED,
        student_id="5550101",
        email="ann@example.test",
        firstname="Ann",
        lastname="Ö'Neill, \\\"Jr.",
        ndecc_exam_date=date(2027, 1, 31),
    )


def whole_booking(id_: str) -> Booking:
    return Booking(
        id=BookingId(id_),
        booking_id="Clinical Skills-5550101-January 9, 2027",
        status=BookingStatus.CANCELLED,
        raw_status="Cancelled",
        token="Clinical Skills Token",
        refunded=True,
        refunded_at=MODIFIED,
        refund_admin="admin@example.test",
        contact_ids=(ContactId("1"),),
        exam_ids=(ExamId("2"),),
        exam_date=date(2027, 1, 9),
        attendance="Yes",
        idempotency_key="k",
        modified_at=MODIFIED,
    )


def whole_exam(id_: str) -> Exam:
    return Exam(
        id=id_,
        balances={TOTAL_BOOKINGS: 7},
        modified_at=MODIFIED,
        name="CS January",
        exam_date=date(2027, 1, 9),
        capacity=12,
        is_active="scheduled",
        scheduled_activation_at=MODIFIED,
    )


def test_every_record_of_the_truth_fits_the_mirror(mirror: Mirror, new_id: NewId) -> None:
    """Each column of each row is there, takes the value, and gives it back."""
    id_ = new_id()
    for kind, stated in (
        (Kind.CONTACT, contact_row(whole_contact(id_), SCHOOL)),
        (Kind.BOOKING, booking_row(whole_booking(id_))),
        (Kind.EXAM, exam_row(whole_exam(id_))),
    ):
        assert mirror.copy(kind, [stated]) == {id_: WRITTEN}
        assert mirror.copy(kind, [stated]) == {id_: EQUAL}
        held = mirror.rows(kind, [id_])[id_]
        assert {key: _value(held[key]) for key in stated} == {
            key: _value(value) for key, value in stated.items()
        }


def test_what_was_emptied_in_the_truth_is_emptied_in_the_mirror(
    mirror: Mirror, new_id: NewId
) -> None:
    ann = whole_contact(new_id())
    mirror.copy(Kind.CONTACT, [contact_row(ann, SCHOOL)])

    mirror.copy(Kind.CONTACT, [contact_row(replace(ann, email="", ndecc_exam_date=None), SCHOOL)])

    held = mirror.rows(Kind.CONTACT, [ann.id])[ann.id]
    assert (held["email"], held["ndecc_exam_date"]) == (None, None)


def test_each_record_is_copied_with_what_cannot_be_read_of_it_empty(
    mirror: Mirror, new_id: NewId
) -> None:
    id_ = new_id()
    odd = "holds 'abc', which is not a whole number"
    cs = SCHOOL.keys[1]
    ann = whole_contact(id_)
    balances = {key: n for key, n in ann.balances.items() if key != cs}
    ann = replace(ann, balances=balances, unreadable={cs: odd}, unclear={"ndecc_exam_date": odd})
    booking = replace(whole_booking(id_), unclear={"exam_date": odd, "token_refunded": odd})
    exam = replace(whole_exam(id_), balances={}, unreadable={TOTAL_BOOKINGS: odd})

    for kind, stated, unread in (
        (Kind.CONTACT, contact_row(ann, SCHOOL), {cs, "ndecc_exam_date"}),
        (Kind.BOOKING, booking_row(booking), {"exam_date", "token_refunded"}),
        (Kind.EXAM, exam_row(exam), {TOTAL_BOOKINGS}),
    ):
        assert mirror.copy(kind, [stated]) == {id_: WRITTEN}
        assert mirror.copy(kind, [stated]) == {id_: EQUAL}
        held = mirror.rows(kind, [id_])[id_]
        assert {None} == {held[name] for name in unread}


def _value(raw: object) -> object:
    """Times are equal however they are written."""
    if isinstance(raw, str) and raw[:4] == "2026" and "T" in raw:
        return datetime.fromisoformat(raw)
    return raw


def test_all_rows_can_be_walked_page_by_page(mirror: Mirror, new_id: NewId) -> None:
    ids = [new_id() for _ in range(5)]
    mirror.copy(Kind.EXAM, [row(id_, 1) for id_ in ids])

    walked, after = list[str](), ""
    while page := mirror.page(Kind.EXAM, after, 2):
        walked += [str(each["hubspot_id"]) for each in page]
        after = walked[-1]

    assert ids == [id_ for id_ in walked if id_ in ids]
    assert len(walked) == len(set(walked))


def test_cancelled_bookings_with_a_token_and_no_refund_are_found_page_by_page(
    mirror: Mirror, new_id: NewId
) -> None:
    cancelled: dict[str, object] = {
        "is_active": "Cancelled",
        "token_used": "Clinical Skills Token",
    }
    shapes: list[dict[str, object]] = [
        cancelled | {"token_refunded": False},
        cancelled | {"token_refunded": None},
        cancelled,
        cancelled | {"token_refunded": True},
        cancelled | {"token_used": None},
        cancelled | {"is_active": "Active"},
    ]
    rows = [row(new_id(), 1, **shape) for shape in shapes]
    mirror.copy(Kind.BOOKING, rows)
    wanted = [str(each["hubspot_id"]) for each in rows[:3]]

    found, after = list[str](), ""
    while page := mirror.unrefunded(after, 2):
        found += page
        after = page[-1]

    assert wanted == [id_ for id_ in found if id_ >= wanted[0]]
    assert sorted(set(found)) == found
