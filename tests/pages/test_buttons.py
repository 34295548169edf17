"""Nobody sees a button that would be refused: each that can be pressed is pressed, as each role."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.roles import ALLOWED, Act, Actor, NotAllowed, Role
from core.operations.choosing.select import ByContact
from core.operations.verdicts import OperationKind
from pages.shared.places import BULK_REFUND, CONTACTS, DRIFT, EXAMS, OPERATIONS, PLACES, Place
from tests.pages import drift_scenes, lookup_scenes, scenes
from tests.pages.acts import said
from tests.pages.conftest import Open
from tests.pages.desk_roles import seen_by
from tests.pages.protos import everything
from tests.pages.stage import ACTOR, ADMIN, Stage, mirrored

Given = Callable[[Stage], dict[str, str]]
#: Leaves for the provider's own page, which no script sees.
SIGN_OUT = "person"


def _held_for_one(made: Stage) -> dict[str, str]:
    chosen = ByContact(ids=(lookup_scenes.some_contact(made),))
    plan = made.core.operation_planner.preview(OperationKind.CANCEL, chosen, ACTOR)
    made.core.operation_commands.confirm(plan.id, ACTOR, reason="ill")
    return {"id": str(lookup_scenes.some_contact(made))}


def _drifted(made: Stage) -> dict[str, str]:
    mirrored(made)
    drift_scenes.real(made)
    drift_scenes.history(made, days=2, wrong=8)
    return {}


def _behind(made: Stage) -> dict[str, str]:
    id_ = lookup_scenes.some_contact(made)
    lookup_scenes.given_up(made, str(id_))
    return {"id": str(id_)}


def _copies(made: Stage) -> dict[str, str]:
    scenes.copies(made)
    return {"view": "Copies to Supabase"}


VIEWS: dict[str, tuple[Place, Given]] = {
    "a student": (CONTACTS, lambda made: {"id": str(lookup_scenes.some_contact(made))}),
    "a student whose copy was given up": (CONTACTS, _behind),
    "a student with a cancellation under way": (CONTACTS, _held_for_one),
    "a search": (CONTACTS, lambda _: {"find": "chen"}),
    "exams": (EXAMS, lambda made: {"since": "2026-01-01"} if lookup_scenes.scheduled(made) else {}),
    "an exam": (EXAMS, lambda _: {"exam": "71000000003"}),
    "an exam that waits": (EXAMS, lambda made: {"exam": lookup_scenes.scheduled(made)[1]}),
    "operations": (OPERATIONS, lambda _: {}),
    "an undecided write": (OPERATIONS, lambda made: {"operation": scenes.undecided(made)}),
    "a foreign write": (OPERATIONS, lambda made: {"operation": scenes.written_over(made)}),
    "a failed operation": (OPERATIONS, lambda made: {"operation": scenes.failing(made)}),
    "copies": (OPERATIONS, _copies),
    "trends": (OPERATIONS, lambda _: {"view": "Trends"}),
    "drift": (DRIFT, _drifted),
}


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each time a service refuses."""
    found: list[str] = []
    require = Actor.require

    def watched(self: Actor, act: Act) -> None:
        try:
            require(self, act)
        except NotAllowed as refusal:
            found.append(str(refusal))
            raise

    monkeypatch.setattr(Actor, "require", watched)
    return found


@pytest.mark.parametrize("role", [Role.STAFF, Role.MANAGER])
@pytest.mark.parametrize("view", VIEWS)
def test_every_button_that_can_be_pressed_may_be_pressed(
    open_page: Open, made: Stage, refusals: list[str], role: Role, view: str
) -> None:
    place, given = VIEWS[view]
    params = given(made)
    with seen_by(made, role):
        if place.act not in ALLOWED[role]:
            assert "is not open to you" in open_page(place, **params).title[0].value
            return
        refusals.clear()
        for key in pressable(open_page(place, **params)):
            at = open_page(place, **params)
            before = everything(at)
            made.clock.pass_(seconds=1)  # what is read again was read later
            at.button(key=key).click().run()

            assert [] == refusals, key
            assert not at.exception
            assert before != everything(at) or at.query_params != params, f"{key} does nothing"


def pressable(at: AppTest) -> list[str]:
    keys = [str(button.key) for button in at.button if not button.disabled and button.key]
    return [key for key in keys if key != SIGN_OUT]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.title)
def test_who_is_refused_a_page_learns_what_to_ask_whom_for(
    open_page: Open, made: Stage, role: Role, place: Place
) -> None:
    with seen_by(made, role):
        at = open_page(place)

    if place.act not in ALLOWED[role]:
        assert f"is {role} and may not {place.act}" in said(at)
        assert "An admin may, or can give the role" in said(at)


def test_who_is_refused_a_page_reads_which_admin_to_ask(open_page: Open, made: Stage) -> None:
    made.core.access.grant("mia@example.test", Role.MANAGER, ACTOR)

    at = open_page(BULK_REFUND, who={"email": "mia@example.test"})

    assert f"The admin {ADMIN} may, or can give the role" in said(at)
