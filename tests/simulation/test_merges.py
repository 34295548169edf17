"""Records are merged at any moment of two operations: each credit once, no write over another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise

import pytest

from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import MARKER, TOTAL_BOOKINGS, Kind, WriteId
from core.credits.writes import MovementKind, Run, Write, WriteState
from core.operations.choosing.select import ByReference
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.protocol.write import GOOD_FOR
from core.operations.states import ItemState
from tests.fakes.truth import Record
from tests.simulation.company.mergers import Merger
from tests.simulation.seeds import Block, blocks
from tests.simulation.world import ADMIN, Rates, World

BLOCK = 100
MERGE = "MERGE_OBJECTS"
RATES = Rates(crash=0.04, spend=0.05, pause=0.01)
#: Nobody but the desk writes: each step of a balance is a write of ours. Many arrive late.
ALONE = Rates(crash=0.0, spend=0.0, late=0.3, pause=0.01, request_lost=0.0, second_worker=0.3)


@pytest.mark.parametrize(
    "block", blocks("merged bookings", range(900_000, 900_200), fresh=100, nightly=200, block=BLOCK)
)
def test_a_booking_that_others_are_merged_into_has_its_credit_once(block: Block) -> None:
    block.play(bookings_merged)


@pytest.mark.parametrize(
    "block", blocks("merged others", range(100), fresh=100, nightly=300, block=BLOCK)
)
def test_no_write_erases_another_of_what_two_records_became(block: Block) -> None:
    block.play(others_merged)


def bookings_merged(seed: int) -> None:
    merger = Merger((Kind.BOOKING,))
    world = World(seed, RATES, company=(merger,))
    first = _first_sent(world)
    world.run()
    world.quiet_world = True
    told = f"seed {seed}"
    given = {
        movement.booking_id: first[record.write.id]
        for record in _landed(world)
        for movement in record.write.movements
        if movement.kind is MovementKind.REFUND
    }
    for record in world.crm.truth.all(Kind.BOOKING):
        own = given.get(record.id)
        former = [given[id_] for id_ in record.former_ids if id_ in given]
        since = merger.merged.get(record.id)
        # whoever looked before the merge may have sent it just after
        assert all(since is None or at <= since + GOOD_FOR for at in former), told
        assert own is None or not former, f"{told}: {record.id} has its credit under two ids"
        marked = record.properties.get("token_refunded") == "true"
        assert marked == bool(own or former), f"{told}: {record.id}"
        if record.properties["is_active"] == "Cancelled" and not marked:
            assert _can_be_chosen(world, record), f"{told}: {record.id} is forgotten"
    for contact in world.contacts:
        for key in SCHOOL.keys:
            actual = world.crm.balance(Kind.CONTACT, contact, key)
            found = world.corrections(contact, key)
            assert world.ideal(contact, key) == actual + found, f"{told}: {contact} {key}"


def _first_sent(world: World) -> dict[str, datetime]:
    """When each write was saved, to be filled by what follows: a lost one is sent again later."""
    first: dict[str, datetime] = {}
    save = world.store.save_intents

    def saving(run: Run, writes: Sequence[Write], *, holder: str = "") -> set[WriteId]:
        saved = save(run, writes, holder=holder)
        first.update((write.id, write.sent_at) for write in writes if write.id in saved)
        return saved

    world.store.save_intents = saving  # type: ignore[method-assign]  # it only takes them down
    return first


def _landed(world: World) -> list[WriteRecord]:
    records = [record for id_ in world.operations for record in world.store.writes(id_)]
    return [record for record in records if record.state is WriteState.LANDED]


def _can_be_chosen(world: World, record: Record) -> bool:
    """Its credit can be given back: by a refund, or by what a person decides."""
    chosen = ByReference(references=(record.id,))
    choice = world.in_office().owed_decisions.choice(chosen, ADMIN)
    spends_none = record.properties["token_used"] == "Admin Override"
    waits = [
        item
        for operation in world.operations
        for item in world.store.items(operation, states={ItemState.UNDECIDED})
        if item.booking_id in {record.id, *record.former_ids}
    ]
    return bool(spends_none or choice.open or waits)


def others_merged(seed: int) -> None:
    merger = Merger((Kind.CONTACT, Kind.EXAM), rate=0.2, most=4, while_written=True)
    world = World(seed, ALONE, company=(merger,), group_sizes=(1,))
    world.run()
    ours: dict[str, Write] = {
        record.write.id: record.write
        for id_ in world.operations
        for record in world.store.writes(id_)
    }
    for kind, keys in ((Kind.CONTACT, SCHOOL.keys), (Kind.EXAM, (TOTAL_BOOKINGS,))):
        for record in world.crm.truth.all(kind):
            for key in keys:
                _check_steps(record, key, ours, f"seed {seed}: {record.id} {key}")


def _check_steps(record: Record, key: CreditType, ours: Mapping[str, Write], told: str) -> None:
    """Since it was merged last, each write of it went out from what stood there.

    One that was sent before the merge may land after it, but after no write of what it became.
    """
    versions = record.versions.get(key, [])
    markers = {version.at: version.value for version in record.versions.get(MARKER, ())}
    own = False
    for before, version in pairwise(versions):
        write = ours.get(markers.get(version.at, ""))
        if version.at < _merged_at(record) or version.source == MERGE or write is None:
            continue
        if write.target_id == record.id:
            own = True
            assert int(before.value or 0) == write.before[key], f"{told}: {write.id} erased another"
        else:
            assert not own, f"{told}: {write.id} came after a write of what it became"


def _merged_at(record: Record) -> datetime:
    merges = [v.at for some in record.versions.values() for v in some if v.source == MERGE]
    return max(merges, default=record.created_at)
