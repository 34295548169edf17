"""Sweeping and repairing from the page, over stores that really differ."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core.access.people import Access
from core.app import wiring
from core.credits.records import Kind
from core.credits.roles import Actor, Role
from core.drift.repairs import RepairState, RowState
from core.drift.sweeps import SweepMode, SweepState
from pages.shared.drift import address
from pages.shared.places import DRIFT
from tests.fakes.crm import Fault
from tests.pages import drift_scenes
from tests.pages.acts import choose, frame_with, press, said
from tests.pages.acts import figures as cards
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Stage, fill, stage

EDITED = "Changed in Supabase"


@pytest.fixture
def made() -> Iterator[Stage]:
    """Three contacts edited in the mirror, one orphan row; no exam and no booking there."""
    made = stage()
    fill(made, contacts=80, exams=1)
    drift_scenes.real(made)
    with wiring.use(made.core):
        yield made


@pytest.fixture
def swept(made: Stage) -> Stage:
    sweep = made.core.sweep_runner.ask(SweepMode.KNOWN, ACTOR)
    made.carry(made.engine.submitted.pop())
    assert made.journal.sweep(sweep.id).complete
    return made


def keys(at: AppTest) -> set[str]:
    return {str(button.key) for button in at.button}


# sweeping


def test_the_first_sweep_is_asked_for_from_the_page(open_page: Open, made: Stage) -> None:
    at = choose(open_page(DRIFT), "sweep_mode", SweepMode.FULL)

    press(at, "sweep_begin")

    (sweep,) = made.journal.sweeps()
    assert (SweepMode.FULL, SweepState.ASKED) == (sweep.mode, sweep.state)
    assert [f"sweep/{sweep.id}"] == made.engine.submitted
    assert "Full check in progress" in said(at)
    assert "nothing is compared yet" in said(at)


def test_what_the_sweep_found_is_shown_when_it_has_ended(open_page: Open, made: Stage) -> None:
    at = press(open_page(DRIFT), "sweep_begin")
    made.carry(made.engine.submitted.pop())
    at.run()

    assert not at.exception
    found = frame_with(at, "Evidence")
    assert [EDITED] * 3 == [cause for (cause,) in found["Cause"] if cause == EDITED]


def test_one_mode_is_not_asked_for_twice(open_page: Open, swept: Stage) -> None:
    at = press(open_page(DRIFT), "sweep_begin")

    assert at.button(key="sweep_begin").disabled


def test_a_store_that_is_away_pauses_the_sweep_in_words(open_page: Open, made: Stage) -> None:
    made.core.sweep_runner.ask(SweepMode.KNOWN, ACTOR)
    made.mirror.die()
    (sweep,) = made.journal.sweeps()
    assert made.core.sweep_runner.carry_out(sweep.id) is not None

    at = open_page(DRIFT)

    assert "Quick check paused" in said(at)
    assert "Supabase cannot be reached" in said(at)
    assert "It continues by itself in" in said(at)


# the preview of a repair


def test_the_preview_shows_what_drifts_now_before_and_after(open_page: Open, swept: Stage) -> None:
    at = open_page(DRIFT, repair=EDITED)

    assert not at.exception
    frame = frame_with(at, "Repair", "Change")
    assert ["Copied from HubSpot"] * 3 == list(frame["Repair"])
    assert any(change.startswith("Clinical Skills 9 → ") for change in frame["Change"])
    assert "3 records" == cards(at)["Copied from HubSpot"]
    assert at.button(key="repair_sure").disabled
    assert "Repair 3 records in Supabase" == at.button(key="repair_sure").label


def test_what_was_mended_meanwhile_is_in_no_preview(open_page: Open, swept: Stage) -> None:
    row = swept.mirror.rows(Kind.CONTACT, ["52000000020"])["52000000020"]
    truth = swept.crm.balance(Kind.CONTACT, "52000000020", "cs_credits")
    swept.mirror.put(Kind.CONTACT, {**row, "cs_credits": truth})

    assert 2 == len(frame_with(open_page(DRIFT, repair=EDITED), "Repair", "Change"))


def test_one_record_is_previewed_from_its_drawer(open_page: Open, swept: Stage) -> None:
    at = open_page(DRIFT, record="contacts-52000000021")
    press(at, "repair_one")

    assert not at.exception
    assert ["52000000021"] == list(frame_with(at, "Repair", "Change")["Record"])
    assert "Preview of a repair: contact 52000000021" in " ".join(h.value for h in at.header)


def test_what_a_person_must_correct_is_said_and_not_confirmed(
    open_page: Open, swept: Stage
) -> None:
    at = open_page(DRIFT, repair="contacts-52000000005")

    assert "A repair cannot fix these" in said(at)
    assert "repair_sure" not in keys(at)


def test_nothing_left_to_repair_is_good_news(open_page: Open, swept: Stage) -> None:
    at = open_page(DRIFT, repair="contacts-52000000040")

    assert "None of these differ any more" in said(at)


def test_a_store_that_is_away_is_told_and_nothing_was_changed(
    open_page: Open, swept: Stage
) -> None:
    swept.crm.sending = lambda _: Fault.NOT_SENT

    at = open_page(DRIFT, repair=EDITED)

    assert not at.exception
    assert "Nothing was changed." in said(at)


# the repair


def confirmed(open_page: Open, of: str = EDITED) -> AppTest:
    at = open_page(DRIFT, repair=of)
    choose(at, "repair_reason", "edited by hand on Monday")
    return press(at, "repair_sure")


def test_a_confirmed_repair_is_followed_to_its_proof(open_page: Open, swept: Stage) -> None:
    at = confirmed(open_page)
    (repair,) = swept.journal.repairs()
    assert ("edited by hand on Monday", RepairState.ASKED) == (repair.reason, repair.state)
    assert "0 of 3 records settled" in said(at)

    swept.carry(swept.engine.submitted.pop())
    at.run()

    assert not at.exception
    assert "Repaired and verified" in said(at)
    assert ["✓ Repaired"] * 3 == [state for (state,) in frame_with(at, "Why", "Before")["State"]]
    held = swept.mirror.rows(Kind.CONTACT, ["52000000020"])["52000000020"]
    truth = swept.crm.balance(Kind.CONTACT, "52000000020", "cs_credits")
    assert truth == held["cs_credits"]


def test_after_a_repair_the_table_knows_and_the_repair_is_listed(
    open_page: Open, swept: Stage
) -> None:
    at = confirmed(open_page)
    swept.carry(swept.engine.submitted.pop())
    at = open_page(DRIFT)

    frame = frame_with(at, "Evidence", "Now")
    mended = [cause for (cause,), now in zip(frame["Cause"], frame["Now"], strict=True) if now]
    assert [EDITED] * 3 == mended
    assert ["3 of 3"] == list(frame_with(at, "Repaired", "Reason")["Repaired"])


def test_an_orphan_row_is_deleted_after_its_preview(open_page: Open, swept: Stage) -> None:
    at = open_page(DRIFT, repair="Orphan row")
    assert ["Row deleted"] == list(frame_with(at, "Repair", "Change")["Repair"])

    confirmed(open_page, "Orphan row")
    swept.carry(swept.engine.submitted.pop())

    assert {} == swept.mirror.rows(Kind.CONTACT, ["9"])
    (repair,) = swept.journal.repairs()
    assert {RowState.REPAIRED: 1} == repair.counts


def test_an_address_of_no_repair_is_told(open_page: Open, swept: Stage) -> None:
    assert "There is nothing at this address" in said(open_page(DRIFT, repaired="x"))


# who may


def test_a_manager_looks_and_sweeps_and_is_told_who_repairs(
    open_page: Open, swept: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = Actor(email="manager@example.test", role=Role.MANAGER)
    monkeypatch.setattr(Access, "actor", lambda _self, _email: manager)

    at = open_page(DRIFT)
    assert "Only an admin may repair" in said(at)
    assert "sweep_begin" in keys(at)
    assert not {key for key in keys(at) if key.startswith("repair_")}

    at = open_page(DRIFT, record="contacts-52000000021")
    assert "Only an admin may repair it" in said(at)
    assert "repair_one" not in keys(at)

    at = open_page(DRIFT, repair=address.ALL)
    assert "Only an admin may repair" in said(at)
    assert "repair_sure" not in keys(at)


@pytest.mark.parametrize("of", ["nonsense", "contacts-", "contacts-abc", "students-52000000017"])
def test_an_address_that_names_nothing_is_said_to_name_nothing(open_page: Open, of: str) -> None:
    at = open_page(DRIFT, repair=of)

    assert "There is nothing to repair at this address" in said(at)
    assert f"“{of}” is neither a cause of drift nor a record of HubSpot" in said(at)
    assert "None of these differ any more" not in said(at)
