"""The client at a sandbox that fails in every way it knows."""

from __future__ import annotations

from typing import Any

import pytest

from core.credits.catalogue import CreditType
from core.credits.errors import LimitReached, NotSent, OutcomeUnknown
from core.credits.records import BookingId, ContactId, Kind, WriteId
from core.credits.ways import Way, coming_by
from core.credits.writes import Write
from core.hubspot import discovery
from core.hubspot.ports.crm import Fate
from tests.contract.hubspot.world import SandboxWorld, contact_ids, fresh_id, utc_now

CS = CreditType("cs_credits")


def write(target: str) -> Write:
    return Write(
        id=WriteId(f"write-{fresh_id()}"),
        operation_id="operation",
        kind=Kind.CONTACT,
        target_id=target,
        movements=(),
        before={CS: 1},
        after={CS: 2},
        marker_before="",
        sent_at=utc_now(),
    )


TROUBLES: list[dict[str, Any]] = [
    {"action": "lose_request"},
    {"action": "lose_answer"},
    {"action": "reset"},
    {"action": "status", "status": 429, "retry_after": 0},
    {"action": "status", "status": 423, "retry_after": 0},
    {"action": "status", "status": 477, "retry_after": 0},
    {"action": "status", "status": 500},
    {"action": "status", "status": 502},
    {"action": "status", "status": 503},
    {"action": "status", "status": 520},
    {"action": "status_after", "status": 504},
    {"action": "partial", "fail": 2},
]


def named(trouble: dict[str, Any]) -> str:
    return f"{trouble['action']} {trouble.get('status', '')}".strip()


@pytest.mark.parametrize("trouble", TROUBLES, ids=named)
def test_a_read_survives_it_and_is_whole(hubspot: SandboxWorld, trouble: dict[str, Any]) -> None:
    ids = [hubspot.contact(cs_credits=str(n)) for n in range(5)]
    hubspot.faults([{**trouble, "path": "/batch/read", "times": 2}])

    read = hubspot.crm.contacts(contact_ids(*ids))

    assert [0, 1, 2, 3, 4] == [contact.balances[CS] for contact in read.values() if contact]


@pytest.mark.parametrize("trouble", TROUBLES, ids=named)
def test_bookings_with_their_associations_survive_it_and_are_whole(
    hubspot: SandboxWorld, trouble: dict[str, Any]
) -> None:
    contact, exam = hubspot.contact(), hubspot.exam()
    ids = [BookingId(hubspot.booking(contact=contact, exam=exam)) for _ in range(3)]
    hubspot.faults([{**trouble, "path": "/objects/.*/batch/read", "times": 1}])

    read = hubspot.crm.bookings(ids)

    assert [(contact, exam)] * 3 == [(b.contact_id, b.exam_id) for b in read.values() if b]


@pytest.mark.parametrize("trouble", TROUBLES, ids=named)
def test_no_write_is_told_other_than_it_went(
    hubspot: SandboxWorld, trouble: dict[str, Any]
) -> None:
    """A landed one is there, one not sent or refused is not; of the unknown nothing is said."""
    writes = [write(hubspot.contact(cs_credits="1")) for _ in range(5)]
    hubspot.faults([{**trouble, "path": "/batch/update", "times": 1}])

    outcomes = hubspot.crm.write_counts(writes)

    for one in writes:
        balance = hubspot.balance(one.target_id, CS)
        fate = outcomes[one.id].fate
        assert {Fate.LANDED: "2", Fate.REFUSED: "1", Fate.NOT_SENT: "1"}.get(
            fate, balance
        ) == balance
    hubspot.faults([])
    assert 1 >= hubspot.server.app.stats.faults.get("never", 0)


def test_a_batch_that_partly_failed_leaves_only_that_part_unknown(hubspot: SandboxWorld) -> None:
    writes = [write(hubspot.contact(cs_credits="1")) for _ in range(10)]
    hubspot.faults([{"action": "partial", "fail": 3, "path": "/batch/update", "times": 1}])

    fates = [outcome.fate for outcome in hubspot.crm.write_counts(writes).values()]

    assert (7, 3) == (fates.count(Fate.LANDED), fates.count(Fate.UNKNOWN))


def test_a_write_that_met_a_429_lands_once(hubspot: SandboxWorld) -> None:
    one = write(hubspot.contact(cs_credits="1"))
    trouble = {"action": "status", "status": 429, "policy": "SECONDLY", "path": "/batch/update"}
    hubspot.faults([{**trouble, "times": 1}])

    assert Fate.LANDED is hubspot.crm.write_counts([one])[one.id].fate
    history = hubspot.crm.histories(Kind.CONTACT, [one.target_id], [CS])[one.target_id]
    assert history is not None
    assert [2, 1] == [float(version.value or 0) for version in history[CS]]


def test_an_unreachable_hubspot_is_told_after_a_while(hubspot: SandboxWorld) -> None:
    hubspot.faults([{"action": "status", "status": 503, "path": "."}])

    with pytest.raises(OutcomeUnknown, match="503"):
        hubspot.crm.contacts(contact_ids("1"))


def test_the_daily_limit_stops_everything_with_a_clear_word(hubspot: SandboxWorld) -> None:
    one = write(hubspot.contact(cs_credits="1"))
    trouble = {"action": "status", "status": 429, "policy": "DAILY", "path": "."}
    hubspot.faults([trouble])

    with pytest.raises(LimitReached, match="midnight"):
        hubspot.crm.contacts([ContactId(one.target_id)])
    outcome = hubspot.crm.write_counts([one])[one.id]

    assert Fate.NOT_SENT is outcome.fate
    assert "midnight" in outcome.reason


@pytest.mark.parametrize("through", [True, False])
def test_a_merge_between_read_and_write_is_no_wrong_fate(
    hubspot: SandboxWorld, through: bool
) -> None:
    """Whether HubSpot lets a write to an old id through is not known: both answers are safe."""
    hubspot.options(write_through_merge=through)
    primary, other = hubspot.contact(cs_credits="1"), hubspot.contact(cs_credits="1")
    hubspot.merge(Kind.CONTACT, primary, other, "all")
    writes = [write(primary), write(other)]

    fates = [hubspot.crm.write_counts(writes)[one.id].fate for one in writes]

    if through:
        assert {Fate.LANDED, Fate.UNKNOWN} == set(fates)
    else:
        assert [Fate.REFUSED] * 2 == fates


@pytest.mark.parametrize("ties", [True, False])
def test_ties_are_found_by_an_id_from_before_a_merge_whatever_hubspot_answers(
    hubspot: SandboxWorld, ties: bool
) -> None:
    """HubSpot documents an empty answer for deals; for contacts both are possible."""
    hubspot.options(ties_by_old_id=ties)
    one, other, alone = hubspot.contact(), hubspot.contact(), hubspot.contact()
    held = {hubspot.booking(contact=one), hubspot.booking(contact=other)}
    hubspot.merge(Kind.CONTACT, one, other)

    found = hubspot.crm.booking_ids_of(Kind.CONTACT, [one, other, alone])

    assert [held, held, set()] == [set(found[id_]) for id_ in (one, other, alone)]


def test_a_merged_booking_keeps_its_contact_and_exam_by_its_old_id(
    hubspot: SandboxWorld,
) -> None:
    contact, exam = hubspot.contact(), hubspot.exam()
    one, other = (hubspot.booking(contact=contact, exam=exam) for _ in range(2))
    merged = hubspot.merge(Kind.BOOKING, one, other)

    found = hubspot.crm.bookings([BookingId(other)])[BookingId(other)]

    assert found is not None
    assert (merged, contact, exam) == (found.id, found.contact_id, found.exam_id)


def test_the_marker_that_is_missing_says_what_to_run(hubspot: SandboxWorld) -> None:
    store = hubspot.server.store
    kind = store.catalog.kind("0-1")
    definition = kind.definitions.pop("credit_desk_last_write")
    one = write(hubspot.contact(cs_credits="1"))
    try:
        outcome = hubspot.crm.write_counts([one])[one.id]
    finally:
        kind.definitions["credit_desk_last_write"] = definition

    assert Fate.REFUSED is outcome.fate
    assert "run python -m core provision" in outcome.reason
    assert "1" == hubspot.balance(one.target_id, CS)


def test_a_sweep_finds_what_changed_and_walks_the_whole_list(hubspot: SandboxWorld) -> None:
    hubspot.options(search_lag_ms=0)  # what search does not know yet, the next sweep finds
    hub = hubspot.crm.hub
    ids = [hubspot.exam() for _ in range(3)]
    since = utc_now()
    hubspot.foreign_write(Kind.EXAM, ids[1], {"capacity": "31"})

    changed = discovery.changed_ids(hub, Kind.EXAM, since)
    listed, after = list[str](), ""
    while True:
        page, after = discovery.listed_ids(hub, Kind.EXAM, after=after)
        listed += page
        if not after:
            break

    assert [ids[1]] == changed
    assert set(ids) <= set(listed)
    assert len(listed) == len(set(listed))


def test_a_sweep_sees_every_one_of_many_changes(hubspot: SandboxWorld) -> None:
    hubspot.options(search_lag_ms=0)
    since = utc_now()
    bookings = [BookingId(hubspot.booking()) for _ in range(210)]
    hubspot.crm.cancel_bookings(bookings, marker="op-1", sent_at=utc_now())

    changed = discovery.changed_ids(hubspot.crm.hub, Kind.BOOKING, since)

    assert set(bookings) <= set(changed)


@pytest.fixture
def hasty(hubspot: SandboxWorld) -> SandboxWorld:
    """People are told after 0.6 s, in place of 3 s."""
    people = hubspot.crm.hub.transport.people
    assert people is not None
    people.ask_after_s = 0.3
    return hubspot


def test_a_person_is_told_of_a_hubspot_that_takes_requests_and_never_answers(
    hasty: SandboxWorld,
) -> None:
    ids = contact_ids(hasty.contact(cs_credits="1"))
    hasty.faults([{"action": "slow", "ms": 20_000}])

    with coming_by(Way.PAGE), pytest.raises(NotSent, match=r"has not answered for 0\.6 s"):
        hasty.crm.contacts(ids)


def test_a_person_waits_for_one_slow_answer_of_a_hubspot_that_is_there(
    hasty: SandboxWorld,
) -> None:
    contact = hasty.contact(cs_credits="1")
    hasty.faults([{"action": "slow", "ms": 1_500, "path": "batch/read", "times": 1}])

    with coming_by(Way.PAGE):
        assert contact_ids(contact) == list(hasty.crm.contacts(contact_ids(contact)))
