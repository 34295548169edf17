"""A sample of `python -m tests.modes`: one journey of a credit in every mode of the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina

from core.credits.account import Portal
from core.credits.catalogue import CreditType
from core.credits.records import BookingId, ContactId, Kind
from core.hubspot.client import connect
from core.hubspot.ports.crm import Fate, Note
from sandbox.hubspot import choices
from sandbox.hubspot.server import HubSpotServer
from tests.contract.hubspot.conftest import TOKEN
from tests.contract.hubspot.test_writes import read, write
from tests.contract.hubspot.world import SandboxWorld, contact_ids, fresh_id, utc_now
from tests.modes import MEASURES, MODES, WORLDS, modes_of, name_of, sample

CS = CreditType("cs_credits")


@pytest.fixture(params=MODES, ids=name_of)
def mode(request: pytest.FixtureRequest) -> dict[str, Any]:
    made: dict[str, Any] = request.param
    return made


@pytest.fixture
def world(
    mode: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SandboxWorld]:
    monkeypatch.setenv(choices.ENVIRONMENT, json.dumps(mode))
    with HubSpotServer(tmp_path, token=TOKEN, rate_limit=2000) as server:
        url = server.start()
        client = connect(
            base_url=url, token=TOKEN, api_version="2026-09", portal=Portal(), now=utc_now
        )
        with stamina.set_testing(True, attempts=8, cap=True):
            yield SandboxWorld(server, url, client)
        client.close()


def test_the_mode_of_the_environment_is_the_servers(
    world: SandboxWorld, mode: dict[str, Any]
) -> None:
    shown = choices.show(world.server.app)

    assert mode == {name: shown[name] for name in mode}


def test_a_credit_is_written_once_and_read_back_in_every_mode(world: SandboxWorld) -> None:
    id_ = world.contact(cs_credits="3", email=f"{fresh_id()}@school.test")
    one = write(id_, to=4)
    world.fault("lose_answer")
    outcome = world.crm.write_counts([one])[one.id]
    assert outcome.fate in {Fate.LANDED, Fate.UNKNOWN}
    assert (4, one.id) == (read(world, id_).balances[CS], read(world, id_).marker)

    two, gone = write(id_, to=5), write("999", to=5)
    outcomes = world.crm.write_counts([two, gone])
    assert (Fate.LANDED, Fate.REFUSED) == (outcomes[two.id].fate, outcomes[gone.id].fate)
    history = world.crm.histories(Kind.CONTACT, [id_], [CS])[id_]
    assert history is not None
    assert [5, 4] == [int(float(version.value or 0)) for version in history[CS]][:2]


def test_a_write_by_an_id_from_before_a_merge_lands_once_or_not_at_all_in_every_mode(
    world: SandboxWorld,
) -> None:
    primary, other = world.contact(cs_credits="3"), world.contact(cs_credits="4")
    world.merge(Kind.CONTACT, primary, other)
    one = write(other, to=5)

    outcome = world.crm.write_counts([one])[one.id]

    landed = outcome.fate is Fate.LANDED
    assert (5 if landed else 3) == read(world, primary).balances[CS]


def test_bookings_and_notes_are_found_from_a_contact_in_every_mode(world: SandboxWorld) -> None:
    contact, empty, exam = world.contact(), world.contact(), world.exam()
    ids = tuple(world.booking(contact=contact, exam=exam) for _ in range(3))
    found = world.crm.booking_ids_of(Kind.CONTACT, [contact, empty])
    assert (set(ids), ()) == (set(found[contact]), found.get(empty, ()))
    owner = world.crm.contacts_of([BookingId(ids[0])])[BookingId(ids[0])]
    assert (ContactId(contact),) == owner

    note = Note(contact_id=ContactId(contact), marker="mark-1", text="One credit", at=utc_now())
    assert Fate.LANDED is world.crm.add_notes([note])[ContactId(contact)].fate
    assert {ContactId(contact)} == world.crm.contacts_with_note(
        contact_ids(contact, empty), "mark-1"
    )


def test_every_option_has_its_modes() -> None:
    named = {name for mode in MODES for name in mode}

    assert set(choices.PLACES) == named | MEASURES
    assert len({name_of(mode) for mode in MODES}) == len(MODES)


def test_every_mode_is_in_a_world() -> None:
    met = {name_of(mode) for world in WORLDS.values() for mode in modes_of(world)}

    assert set() == {name_of(mode) for mode in MODES} - met


def test_a_world_is_made_of_modes_alone() -> None:
    made = {name: modes_of(world) for name, world in WORLDS.items()}

    assert {name: len(world) for name, world in WORLDS.items()} == {
        name: len(modes) for name, modes in made.items()
    }
    assert not WORLDS.keys() & {name_of(mode) for mode in MODES}


def test_every_mode_differs_from_how_the_sandbox_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(choices.ENVIRONMENT, raising=False)
    with HubSpotServer(tmp_path, token=TOKEN) as server:
        begins = choices.show(server.app)

    assert [] == [
        name_of(mode) for mode in MODES if all(begins[name] == mode[name] for name in mode)
    ]


def test_samples_come_to_every_mode_in_a_few_days() -> None:
    seen = {name_of(mode) for day in range(7) for mode in sample(MODES, 4, 738_000 + day)}

    assert {name_of(mode) for mode in MODES} == seen


def test_nonsense_in_the_environment_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("{", '{"gravity": 1}', "[]"):
        monkeypatch.setenv(choices.ENVIRONMENT, text)
        with pytest.raises(ValueError, match=choices.ENVIRONMENT):
            HubSpotServer(tmp_path, token=TOKEN)
