"""Moving bookings from the command line, over the real stack: both stores as was planned."""

from __future__ import annotations

from core.cli.commands.kinds import moving  # noqa: F401 - it adds its command
from core.credits.catalogue import SCHOOL
from tests.contract.cli.test_five_operations import Before, Counter, counter  # noqa: F401
from tests.crash.school import date_of

SJ, CS, *_ = SCHOOL.keys
TOKEN = "Clinical Skills Token"


def test_move_brings_the_first_that_fit_and_lists_the_others(
    counter: Counter,  # noqa: F811 - a fixture
) -> None:
    """Two seats for three, and one whose credit does not pay for that exam."""
    school = counter.school
    here, there = (
        school.exam("Clinical Skills", day=90),
        school.exam("Clinical Skills", day=91, left=2),
    )
    students = [school.contact(**{CS: 1}) for _ in range(4)]
    tokens = [TOKEN, "Mini-mock Token", "Shared Token", TOKEN]
    bookings = [
        school.booking(who, here, token) for who, token in zip(students, tokens, strict=True)
    ]
    then = Before(counter)

    asked = ("move", "--ids", ",".join(bookings), "--to", there)
    told_off = counter.refused(
        *asked, "--reason", "x", "--tell", "--reason-for-students", "heating"
    )
    assert "telling students is off" in told_off
    plan = counter.planned(*asked)

    assert there == plan["to_exam"]
    assert {"will change": 2, "skip": 0, "blocked": 2, "excluded": 0} == plan["counts"]
    assert "Move 2 bookings" == plan["would"]
    whys = {row["booking"]: row["why"] for row in plan["rows"]}
    assert whys[bookings[1]].startswith("its credit does not pay for exams of that type: spent ")
    assert whys[bookings[3]].startswith("no seat left at that exam")
    then.seats[here] -= 2
    then.seats[there] += 2
    then.is_so()
    told = counter.says("operation", counter.begun[-1]["operation"], "--rows")
    states = {row["booking"]: row["state"] for row in told["rows"]}
    assert ["done", "blocked", "done", "blocked"] == [states[id_] for id_ in bookings]
    day = date_of(91)
    for n in (0, 2):
        (held,) = school.bookings(students[n]).values()
        assert held["booking_id"].endswith(f"{day:%B} {day.day}, {day.year}")
        assert ("Active", tokens[n], None) == (
            held["is_active"],
            held["token_used"],
            held["token_refunded"] or None,
        )
    rows = counter.desk.supabase.get(
        "/hubspot_bookings", params={"hubspot_id": f"in.({bookings[0]},{bookings[2]})"}
    ).json()
    assert {there} == {row["exam_hubspot_id"] for row in rows}
