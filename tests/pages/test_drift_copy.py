"""The drift page before a first copy, while one runs, and after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from streamlit.testing.v1 import AppTest

from core.credits.catalogue import SCHOOL
from core.credits.records import ContactId, Kind
from core.credits.roles import Role
from core.drift.causes import Cause
from core.drift.sweeps import SweepMode, SweepState
from core.mirror.rows import contact_row
from pages.shared.places import DRIFT
from tests.pages.acts import press, said
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Stage

MANAGER = {"email": "mia@example.test"}


def keys(at: AppTest) -> set[str]:
    return {str(button.key) for button in at.button}


def test_an_empty_supabase_is_copied_from_the_page_and_the_end_is_foretold(
    open_page: Open, made: Stage
) -> None:
    at = open_page(DRIFT)
    assert not at.exception
    assert "Supabase is empty" in said(at)
    assert "Not checked yet" not in said(at)

    press(at, "copy_everything")

    (asked,) = made.journal.sweeps()
    assert (SweepMode.COPY, SweepState.ASKED) == (asked.mode, asked.state)
    assert [f"sweep/{asked.id}"] == made.engine.submitted
    assert "Copy of everything in progress" in said(at)
    assert "nothing is copied or compared yet" in said(at)
    assert "copy_everything" not in keys(at), "one is under way"

    done = {"contacts": 75}
    under_way = replace(
        asked, state=SweepState.RUNNING, known=done, compared=done, expected={"contacts": 300}
    )
    began = made.clock() - timedelta(seconds=20)
    made.journal.save_sweep(replace(under_way, started_at=began, saved_at=made.clock()))
    at.run()

    assert "75 contacts copied or compared, 0 records drift so far" in said(at)
    bar: Any = at.get("progress")[0]
    assert (25, "About 1 min 0 s left") == (bar.value, bar.text)


def test_what_a_copy_came_to_is_told_with_the_record_that_cannot_be_read(
    open_page: Open, made: Stage
) -> None:
    at = press(open_page(DRIFT), "copy_everything")
    made.carry(made.engine.submitted.pop())
    at.run()

    assert not at.exception
    told = said(at)
    contacts = sum(1 for _ in made.crm.truth.all(Kind.CONTACT))
    assert f"{contacts} contacts, " in told
    assert "copied without a value that cannot be read" in told
    assert "holds 'abc', which is not a number" in told
    assert "Not checked yet" in told, "a check is the proof"
    assert "copy_everything" not in keys(at), "Supabase has rows"


def test_a_copy_that_was_given_up_half_way_can_be_asked_for_again(
    open_page: Open, made: Stage
) -> None:
    at = press(open_page(DRIFT), "copy_everything")
    (asked,) = made.journal.sweeps()
    ended = replace(
        asked,
        state=SweepState.GIVEN_UP,
        error="Supabase cannot be reached",
        copied={"contacts": 1},
        saved_at=made.clock(),
    )
    made.journal.save_sweep(ended)
    first, *_ = made.crm.listed_ids(Kind.CONTACT)[0]
    contact = made.crm.contacts([ContactId(first)])[ContactId(first)]
    assert contact is not None
    made.mirror.copy(Kind.CONTACT, [contact_row(contact, SCHOOL)])
    assert not made.core.sweep_runner.nothing_copied(ACTOR)
    at.run()

    assert not at.exception
    assert "Supabase cannot be reached. 1 contact copied before it was given up" in said(at)
    assert "Not checked yet" not in said(at)

    press(at, "copy_everything")

    again, _ = sorted(made.journal.sweeps(), key=lambda each: each.ended)
    assert (SweepMode.COPY, SweepState.ASKED) == (again.mode, again.state)
    assert "Copy of everything in progress" in said(at)


def test_it_is_offered_after_a_check_of_an_empty_supabase_whatever_causes_it_found(
    open_page: Open, made: Stage
) -> None:
    """One record is named for a value that cannot be read, and not for its missing row."""
    made.core.sweep_runner.ask(SweepMode.FULL, ACTOR)
    made.carry(made.engine.submitted.pop())

    at = open_page(DRIFT)

    (checked,) = made.journal.sweeps()
    assert Cause.UNREADABLE_VALUE in made.journal.drift_counts(checked.id)
    assert "copy_everything" in keys(at)


def test_who_may_not_copy_is_told_whom_to_ask(open_page: Open, made: Stage) -> None:
    made.core.access.grant(MANAGER["email"], Role.MANAGER, ACTOR)

    at = open_page(DRIFT, who=MANAGER)

    assert "Only an admin may copy" in said(at)
    assert "copy_everything" not in keys(at)
