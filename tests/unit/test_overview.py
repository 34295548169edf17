"""What needs attention, in which order and words; and whether what students see is true."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access.unusual import unusual
from core.audit.chain import Link, texts
from core.credits.roles import Role, RoleRequest
from core.credits.room import LITTLE, Room
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.health.facts import (
    STALE_AFTER,
    Facts,
    NeedsEyes,
    NewAdmin,
    Side,
    Sight,
    WrittenOver,
    sight,
)
from core.health.matters import Matter, Urgency
from core.health.needs import EACH_MAX, needs
from core.operations.kinds.registry import NAMES
from core.operations.states import ENDED, Operation, OperationState
from core.operations.verdicts import OperationKind
from core.work.schedules import Late

REFUND = "Bulk refund of exam Clinical Skills, 4 May 2026"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
AWAY = Side(well=False, said="it cannot be reached", well_at=NOON - timedelta(minutes=4))


def ago(**length: float) -> datetime:
    return NOON - timedelta(**length)


def swept(**changes: Any) -> Sweep:
    values: dict[str, Any] = {
        "id": "s",
        "mode": SweepMode.KNOWN,
        "state": SweepState.COMPLETE,
        "started_at": ago(minutes=36),
        "saved_at": ago(minutes=35),
        "compared": {"contacts": 2000},
    }
    return Sweep(**values | changes)


def operation(id_: str = "op", **changes: Any) -> Operation:
    values: dict[str, Any] = {
        "id": id_,
        "kind": OperationKind.REFUND,
        "state": OperationState.DONE,
        "selection": "exam Clinical Skills, 4 May 2026",
        "reason": "ill",
        "confirmed_by": "ann@example.test",
        "confirmed_at": ago(minutes=20),
        "hold_until": ago(minutes=19),
    }
    return Operation(**values | changes)


BEHIND_AFTER = timedelta(seconds=30)
#: Somebody has compared everything, and nothing is wrong.
CALM = Facts(
    now=NOON,
    names=NAMES,
    worker_at=ago(seconds=3),
    truth=Side(well=True),
    mirror=Side(well=True),
    swept=swept(),
    missing_looked_for=ago(hours=9),
    owed=0,
    owed_at=ago(minutes=20),
    quota_day=0.2,
)
#: Each makes one matter of a calm desk.
OPENED_MANY = unusual("ben@x.test", "more than 100 students opened", ago(minutes=3))
WRONG: dict[Matter, dict[str, Any]] = {
    Matter.AUDIT_CHANGED: {"audit_faults": ("entry 3 is missing",)},
    Matter.UNUSUAL: {"unusual": [Link(n=1, texts=texts(OPENED_MANY), hash="")]},
    Matter.DISK_FULL: {"room": Room(full=True, free=None)},
    Matter.NO_WORKER: {"workers": 0},
    Matter.TRUTH_AWAY: {"truth": AWAY},
    Matter.MIRROR_AWAY: {"mirror": AWAY},
    Matter.UNDECIDED: {"needs_eyes": [NeedsEyes(operation=operation(), undecided=1)]},
    Matter.WRITTEN_OVER: {
        "written_over": [WrittenOver(operation=operation(), number=1, since=ago(minutes=9))]
    },
    Matter.UNCHECKED: {"needs_eyes": [NeedsEyes(operation=operation(), unchecked=2)]},
    Matter.FAILED: {"needs_eyes": [NeedsEyes(operation=operation(), failed=2, blocked=1)]},
    Matter.AWAITING: {"unended": [operation(state=OperationState.AWAITING)]},
    Matter.ADMIN_AWAITED: {
        "admins_awaited": [
            RoleRequest(email="eve@x.test", role=Role.ADMIN, by="ann", at=ago(hours=1))
        ]
    },
    Matter.DEAD_LETTERS: {"dead": 2, "dead_since": ago(hours=1)},
    Matter.DEAD_EVENTS: {"dead_events": 3},
    Matter.DRIFT: {"swept": swept(drifting=24, unexplained=1), "drift_since": ago(days=2)},
    Matter.OWED: {"owed": 312},
    Matter.SWEEP_STUCK: {"stuck": [swept(state=SweepState.PAUSED, error="HubSpot is away")]},
    Matter.LATE: {"late": [Late(job="known sweep", slot=ago(hours=1), why="no worker")]},
    Matter.UNSWEPT: {"swept": None},
    Matter.WAITING: {
        "unended": [operation(state=OperationState.RUNNING, waiting_for="HubSpot is away")]
    },
    Matter.BEHIND: {"due": 12, "due_since": NOON - BEHIND_AFTER},
    Matter.QUOTA: {"quota_day": 0.94},
    Matter.NEW_ADMIN: {"new_admins": [NewAdmin(email="eve@x.test", by="ann", at=ago(hours=1))]},
}
each_matter = pytest.mark.parametrize("matter", list(Matter))


def matters(facts: Facts) -> list[Matter]:
    return [need.matter for need in needs(facts)]


def told(matter: Matter, **changes: Any) -> str:
    (need,) = needs(replace(CALM, **WRONG[matter] | changes))
    return need.told


def test_a_calm_desk_needs_nobody() -> None:
    assert () == needs(CALM)
    assert Sight.TRUE is sight(CALM)


@each_matter
def test_each_thing_that_is_wrong_is_one_line(matter: Matter) -> None:
    assert [matter] == matters(replace(CALM, **WRONG[matter]))


def test_a_disk_that_is_nearly_full_says_how_much_is_left() -> None:
    little = Room(full=False, free=LITTLE - 1)

    assert "nearly full: 256 MB are left" in told(Matter.DISK_FULL, room=little)
    assert "is full: nothing new is saved" in told(Matter.DISK_FULL)


@given(st.sets(st.sampled_from(list(Matter))))
def test_what_is_wrong_together_is_all_told_in_the_order_of_matters(wrong: set[Matter]) -> None:
    facts = together(wrong)

    assert [matter for matter in Matter if matter in wrong] == matters(facts)


def together(wrong: set[Matter]) -> Facts:
    """All of these wrong at once."""
    changed: dict[str, Any] = {}
    for matter in sorted(wrong):
        for name, value in WRONG[matter].items():
            joins = isinstance(value, list | tuple)
            changed[name] = [*changed.get(name, ()), *value] if joins else value
    if {Matter.DRIFT, Matter.UNSWEPT} <= wrong:
        changed["swept"] = swept(drifting=1, saved_at=NOON - STALE_AFTER - timedelta(seconds=1))
    return replace(CALM, **changed)


@given(st.sets(st.sampled_from(list(Matter))))
def test_the_most_urgent_comes_first(wrong: set[Matter]) -> None:
    ranks = [list(Urgency).index(need.urgency) for need in needs(together(wrong))]

    assert sorted(ranks) == ranks


several = st.lists(
    st.builds(
        lambda n, minutes, counts: NeedsEyes(
            operation=operation(f"op{n}", confirmed_at=ago(minutes=minutes)), **counts
        ),
        st.integers(0, 10_000),
        st.integers(0, 10_000),
        st.fixed_dictionaries({name: st.integers(1, 9) for name in ("failed", "undecided")}),
    ),
    max_size=12,
    unique_by=lambda each: each.operation.id,
)


@given(several, st.randoms(use_true_random=False))
def test_the_same_facts_give_the_same_list_however_they_were_read(
    eyes: list[NeedsEyes], chance: Any
) -> None:
    shuffled = chance.sample(eyes, len(eyes))

    assert needs(replace(CALM, needs_eyes=eyes)) == needs(replace(CALM, needs_eyes=shuffled))


@given(several)
def test_of_many_operations_the_oldest_are_named_and_the_rest_counted(
    eyes: list[NeedsEyes],
) -> None:
    found = [n for n in needs(replace(CALM, needs_eyes=eyes)) if n.matter is Matter.FAILED]
    oldest = sorted(eyes, key=lambda each: each.operation.confirmed_at)

    named = [need for need in found if need.of]
    assert len(named) == min(len(eyes), EACH_MAX)
    assert {n.since for n in named} == {e.operation.confirmed_at for e in oldest[:EACH_MAX]}
    more = len(eyes) - EACH_MAX
    assert [n.told.split()[0] for n in found if not n.of] == ([str(more)] if more > 0 else [])


@pytest.mark.parametrize(
    ("matter", "counted"),
    [
        (Matter.UNUSUAL, "2 more acts like these"),
        (Matter.ADMIN_AWAITED, "2 more requests like these"),
        (Matter.NEW_ADMIN, "2 more new admins like these"),
    ],
)
def test_of_many_acts_or_people_a_few_are_named_and_the_rest_counted_last(
    matter: Matter, counted: str
) -> None:
    ((name, (one,)),) = WRONG[matter].items()
    six: dict[str, Any] = {name: [one] * 6}
    found = [n.told for n in needs(replace(CALM, **six)) if n.matter is matter]

    assert EACH_MAX + 1 == len(found)
    assert counted == found[-1]


@given(several)
def test_no_line_is_older_than_the_one_before_it_of_the_same_matter(eyes: list[NeedsEyes]) -> None:
    found = needs(replace(CALM, needs_eyes=eyes))

    for one, next_ in pairwise(found):
        assert (
            not next_.of
            or one.matter is not next_.matter
            or (one.since or NOON) <= (next_.since or NOON)
        )


@pytest.mark.parametrize(
    ("words", "matter", "changes"),
    [
        ("The audit was changed: entry 3 is missing", Matter.AUDIT_CHANGED, {}),
        (
            "The audit was changed: a and 2 more",
            Matter.AUDIT_CHANGED,
            {"audit_faults": ("a", "b", "c")},
        ),
        ("ben@x.test: more than 100 students opened", Matter.UNUSUAL, {}),
        (
            "HubSpot is not working: it cannot be reached",
            Matter.TRUTH_AWAY,
            {},
        ),
        (f"{REFUND}: HubSpot does not show whether 1 write was applied", Matter.UNDECIDED, {}),
        (f"{REFUND}: 2 bookings failed and 1 is blocked", Matter.FAILED, {}),
        (
            f"{REFUND}: 1 booking is blocked",
            Matter.FAILED,
            {"needs_eyes": [NeedsEyes(operation=operation(), blocked=1)]},
        ),
        (
            "24 records differ between HubSpot and Supabase, 1 unexplained",
            Matter.DRIFT,
            {},
        ),
        (
            "1 record differs between HubSpot and Supabase; 23 more were repaired since",
            Matter.DRIFT,
            {"swept": swept(drifting=24), "repaired": 23},
        ),
        (
            f"{REFUND}: follow-ups incomplete: notes",
            Matter.WAITING,
            {"unended": (), "following_up": [operation(waiting_for="notes")]},
        ),
        ("312 credits of cancelled bookings are owed to students", Matter.OWED, {}),
        ("1 credit of a cancelled booking is owed to a student", Matter.OWED, {"owed": 1}),
        ("12 copies to Supabase are pending", Matter.BEHIND, {}),
        ("94% of HubSpot's calls of this day are used up", Matter.QUOTA, {}),
        ("HubSpot and Supabase have not been compared yet", Matter.UNSWEPT, {}),
    ],
)
def test_each_line_says_what_is_so(words: str, matter: Matter, changes: dict[str, Any]) -> None:
    assert words == told(matter, **changes)


def test_a_request_counts_from_its_confirmation_and_a_result_from_its_end() -> None:
    asked = operation("a", state=OperationState.AWAITING, confirmed_at=ago(hours=3))
    done = operation("b", confirmed_at=ago(hours=2), ended_at=ago(hours=1))
    facts = replace(CALM, unended=[asked], needs_eyes=[NeedsEyes(operation=done, failed=1)])

    assert {"a": ago(hours=3), "b": ago(hours=1)} == {n.of: n.since for n in needs(facts)}


def test_what_runs_or_is_held_needs_nobody() -> None:
    running = [operation(state, state=state) for state in set(OperationState) - ENDED]
    facts = replace(CALM, unended=[o for o in running if o.state is not OperationState.AWAITING])

    assert () == needs(facts)


def test_copies_have_their_moment() -> None:
    facts = replace(CALM, due=3, due_since=NOON - BEHIND_AFTER + timedelta(seconds=1))

    assert () == needs(facts)
    assert Sight.TRUE is sight(facts)


def test_what_was_repaired_since_is_no_drift() -> None:
    facts = replace(CALM, swept=swept(drifting=24), repaired=24)

    assert () == needs(facts)
    assert Sight.TRUE is sight(facts)


SIGHTS: dict[Matter, Sight] = {
    Matter.DEAD_LETTERS: Sight.WRONG,
    Matter.DRIFT: Sight.WRONG,
    Matter.BEHIND: Sight.BEHIND,
    Matter.UNSWEPT: Sight.UNKNOWN,
    Matter.MIRROR_AWAY: Sight.UNKNOWN,
}


@given(st.sets(st.sampled_from(list(Matter))))
def test_true_is_said_only_when_nothing_speaks_against_it(wrong: set[Matter]) -> None:
    worst = [
        seen
        for seen in (Sight.WRONG, Sight.UNKNOWN, Sight.BEHIND)
        if any(SIGHTS.get(matter) is seen for matter in wrong)
    ]

    assert (worst[0] if worst else Sight.TRUE) is sight(together(wrong))


@pytest.mark.parametrize("age", [STALE_AFTER + timedelta(seconds=1), timedelta(days=30)])
def test_an_old_sweep_proves_nothing_of_now(age: timedelta) -> None:
    facts = replace(CALM, swept=swept(saved_at=NOON - age))

    assert Sight.UNKNOWN is sight(facts)
    assert [Matter.UNSWEPT] == matters(facts)
    assert NOON - age == needs(facts)[0].since


@pytest.mark.parametrize(
    ("looked_for", "words"),
    [
        (None, "No full check has run yet: rows that Supabase lacks are not found"),
        (
            NOON - STALE_AFTER - timedelta(seconds=1),
            "No full check for more than a day: rows that Supabase lacks are not found",
        ),
    ],
)
def test_quick_checks_alone_do_not_say_that_supabase_matches_hubspot(
    looked_for: datetime | None, words: str
) -> None:
    facts = replace(CALM, missing_looked_for=looked_for)

    assert Sight.UNKNOWN is sight(facts)
    assert [words] == [need.told for need in needs(facts)]


def test_a_side_that_was_not_asked_yet_is_not_said_to_be_away() -> None:
    assert () == needs(replace(CALM, truth=None, mirror=None))


def test_every_fact_that_is_read_is_used_here() -> None:
    """A fact that no case changes would be told of nowhere."""
    used = {name for changes in WRONG.values() for name in changes}
    beside = {
        "now",
        "names",
        "worker_at",
        "owed_at",
        "repaired",
        "swept",
        "drift_since",
        "missing_looked_for",
        "following_up",
    }

    assert {each.name for each in fields(Facts)} == used | beside
