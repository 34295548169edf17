"""Thousands of histories of the protocol: no movement lost, none doubled, none unexplained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from core.audit.entries import What
from core.credits.catalogue import SCHOOL
from core.credits.records import TOTAL_BOOKINGS, BookingId, BookingStatus, ExamId, Kind, Version
from core.credits.writes import WriteState
from core.mirror.rows import booking_row
from core.operations.states import ItemState
from core.operations.verdicts import OperationKind
from tests.fakes.truth import OURS, Record
from tests.simulation.seeds import Block, blocks
from tests.simulation.world import ADMIN, Rates, World

BLOCK = 100


@pytest.mark.parametrize(
    "block", blocks("storm", range(1_000), fresh=500, nightly=1_000, block=BLOCK)
)
def test_every_movement_lands_once_and_every_foreign_write_is_found(block: Block) -> None:
    block.play(lambda seed: played(World(seed)))


@pytest.mark.parametrize(
    "block", blocks("crashes", range(100_000, 100_200), fresh=100, nightly=200, block=BLOCK)
)
def test_a_world_of_crashes_and_second_workers_loses_nothing(block: Block) -> None:
    rates = Rates(crash=0.1, second_worker=0.15, spend=0.02)
    block.play(lambda seed: played(World(seed, rates)))


@pytest.mark.parametrize(
    "block", blocks("merges", range(200_000, 200_200), fresh=100, nightly=200, block=BLOCK)
)
def test_students_who_became_one_get_each_credit_once(block: Block) -> None:
    block.play(lambda seed: played(World(seed, Rates(pause=0.03, merge=1.0))))


def played(world: World) -> None:
    world.run()
    check(world)


def check(world: World) -> None:
    """Every credit, mark, seat, copy and audit entry of this world."""
    told = f"seed {world.seed}"
    for operation in world.operations:
        for record in world.store.writes(operation):
            assert record.state in {WriteState.LANDED, WriteState.VOID}, told
    for contact in world.contacts:
        for key in SCHOOL.keys:
            actual = world.crm.balance(Kind.CONTACT, contact, key)
            found = world.corrections(contact, key)
            assert world.ideal(contact, key) == actual + found, f"{told}: {contact} {key}"
    given_back = _given_back(world)
    for booking in world.bookings:
        held = world.crm.truth.need(Kind.BOOKING, booking).properties
        marked = held.get("token_refunded") == "true"
        assert marked == (given_back.count(booking) == 1), f"{told}: booking {booking}"
        assert given_back.count(booking) <= 1, f"{told}: booking {booking} given back twice"
    _check_seats(world, told)
    _check_mirror(world, told)
    check_copies(world, told)
    _check_corrected(world, told)
    _check_audit(world, told)


def _status(world: World, booking: str) -> BookingStatus:
    held = world.crm.truth.need(Kind.BOOKING, booking).properties
    return BookingStatus(held["is_active"] or "")


def _given_back(world: World) -> list[str]:
    return [
        item.booking_id
        for operation in world.operations
        for item in world.store.items(operation)
        if item.state is ItemState.DONE and item.credit is not None
    ]


def _check_seats(world: World, told: str) -> None:
    freed = {
        item.booking_id: str(item.exam_id)
        for operation in world.operations
        for item in world.store.items(operation)
        if item.cancelled
    }
    if world.kind is OperationKind.REFUND:
        assert not freed, told
    else:
        cancelled = {b for b in world.bookings if _status(world, b) is BookingStatus.CANCELLED}
        assert freed.keys() == cancelled, f"{told}: cancelled by us, and not known to be"
    for exam in world.exams:
        left = world.seats[exam] - list(freed.values()).count(exam)
        assert left == world.crm.balance(Kind.EXAM, exam, TOTAL_BOOKINGS), f"{told}: exam {exam}"


def _check_mirror(world: World, told: str) -> None:
    world.copy_all(told)
    for contact in {item for o in world.operations for item in _landed_contacts(world, o)}:
        row = world.mirror.rows(Kind.CONTACT, [contact])[contact]
        for key in _last_written_by_us(world, contact):
            assert row[key] == world.crm.balance(Kind.CONTACT, contact, key), f"{told}: {key}"


def check_copies(world: World, told: str) -> None:
    """Every booking and exam that we wrote is in the mirror as HubSpot has it."""
    written = {
        record.id
        for record in world.crm.truth.all(Kind.BOOKING)
        if any((v.source, v.source_id) == OURS for v in _versions(record))
    }
    rows = world.mirror.rows(Kind.BOOKING, sorted(written))
    for id_, booking in world.crm.bookings([BookingId(id_) for id_ in written]).items():
        assert booking is not None, told
        held = {key: rows.get(id_, {}).get(key) for key in booking_row(booking)}
        assert held == booking_row(booking), f"{told}: copy of booking {id_}"
    counted = {
        ExamId(record.write.target_id)
        for operation in world.operations
        for record in world.store.writes(operation)
        if record.state is WriteState.LANDED and record.write.kind is Kind.EXAM
    }
    for exam, row in world.mirror.rows(Kind.EXAM, sorted(counted)).items():
        seats = world.crm.balance(Kind.EXAM, exam, TOTAL_BOOKINGS)
        assert row[TOTAL_BOOKINGS] == seats, f"{told}: copy of exam {exam}"
    assert counted == world.mirror.rows(Kind.EXAM, sorted(counted)).keys(), told


def _versions(record: Record) -> Iterator[Version]:
    for versions in record.versions.values():
        yield from versions


def _check_corrected(world: World, told: str) -> None:
    """The corrections on offer, taken twice at once, make every balance right."""
    core = world.process()
    plans = [
        core.corrections.preview(operation, ADMIN)
        for operation in world.operations
        for _ in range(2)
        if core.corrections.open(operation, ADMIN)
    ]
    taken = [plan for plan in plans if len(plan.will_change) == len(plan.rows)]
    if len(taken) < len(plans):
        return  # somebody spent what the correction would take: it is blocked, and says so
    for plan in taken:
        core.operation_commands.confirm(plan.id, ADMIN, reason="corrections")
    world.see_through([plan.id for plan in taken])
    for contact in world.contacts:
        for key in SCHOOL.keys:
            actual = world.crm.balance(Kind.CONTACT, contact, key)
            assert world.ideal(contact, key) == actual, f"{told}: {contact} {key} corrected"


def _last_written_by_us(world: World, contact: str) -> set[str]:
    """What somebody else changed since is for webhooks and sweeps to bring over."""
    history = world.crm.histories(Kind.CONTACT, [contact], SCHOOL.keys)[contact]
    assert history is not None
    return {
        key for key in SCHOOL.keys if (history[key][0].source, history[key][0].source_id) == OURS
    }


def _landed_contacts(world: World, operation: str) -> set[str]:
    return {
        record.write.target_id
        for record in world.store.writes(operation)
        if record.state is WriteState.LANDED and record.write.kind is Kind.CONTACT
    }


def _check_audit(world: World, told: str) -> None:
    """Whatever was lost, repeated or found later: each booking's write stands there once."""
    entries = Counter(
        (entry.operation_id, entry.what, entry.subject_id)
        for entry in world.store.recorded()
        if entry.what in {What.CANCELLED, What.MARKED}
    )
    done = Counter[tuple[str, str, str]]()
    for operation in world.operations:
        kind = world.store.operation(operation).kind
        for item in world.store.items(operation):
            done[operation, What.CANCELLED, item.booking_id] += item.cancelled
            gave = item.state is ItemState.DONE and item.credit is not None
            if kind is not OperationKind.CORRECT:
                done[operation, What.MARKED, item.booking_id] += gave
    assert +done == entries, told
