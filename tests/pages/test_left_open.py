"""What a tab that was left open can still ask for: each fragment and each download, as everybody.

The tables are explicit: a fragment or a download that they do not know fails. That none goes past
the gate, ``tests/test_architecture.py`` holds; over a real server: ``tests/contract/gate``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any

import pytest
import streamlit as st

from core.access.sign_ins import RECORD
from core.credits.csv_safe import Table
from core.credits.roles import Actor, NotAllowed, Role
from core.exports.listings import Export, Listing
from pages.shared import exports, gate, places, problems
from pages.shared.gate import Desk
from pages.shared.places import Place
from tests.pages.stage import ACTOR, NOON, Stage, come_in, signed_in
from tests.test_architecture import modules

WHO = "ann@example.test"
#: Each with a page on which it is drawn.
FRAGMENTS: Mapping[str, Place] = {
    "pages.shared.health.views.show": places.OVERVIEW,
    "pages.shared.pace._then_the_rest": places.DRIFT,
    "pages.shared.students.exams.whole._poll": places.EXAMS,
    "pages.shared.drift.following._progress": places.DRIFT,
    "pages.shared.drift.previewing._form": places.DRIFT,
    "pages.shared.drift.standing._under_way": places.DRIFT,
    "pages.shared.drift.detail._record": places.DRIFT,
    "pages.shared.students.contact.balances._follow": places.CONTACTS,
    "pages.shared.students.contact.balances._draw": places.CONTACTS,
    "pages.shared.students.contact.doing._follow": places.CONTACTS,
    "pages.shared.operations.progress.awaiting._watch": places.BULK_REFUND,
    "pages.shared.operations.confirming._form": places.BULK_REFUND,
    "pages.shared.operations.progress.result.items_table": places.OPERATIONS,
    "pages.shared.operations.progress.following._poll": places.OPERATIONS,
    "pages.shared.operations.choosing.previewing.rows": places.MOVE_BOOKINGS,
    "pages.shared.operations.progress.unfinished._form": places.OPERATIONS,
    "pages.shared.operations.progress.copied._poll": places.BATCH_CANCELLATION,
}
EVERYBODY, WATCHERS, ADMINS = set(Role), {Role.MANAGER, Role.ADMIN}, {Role.ADMIN}
ROLES: Mapping[Place, set[Role]] = {
    places.OVERVIEW: WATCHERS,
    places.DRIFT: WATCHERS,
    places.OPERATIONS: WATCHERS,
    places.CONTACTS: EVERYBODY,
    places.EXAMS: EVERYBODY,
    places.BULK_REFUND: ADMINS,
    places.BATCH_CANCELLATION: ADMINS,
    places.MOVE_BOOKINGS: ADMINS,
}
#: The modules that offer a download, with what it is; None: a file of the program's own.
DOWNLOADS: Mapping[str, Listing | None] = {
    "pages.shared.audit.listing": Listing.AUDIT,
    "pages.shared.students.exams.listing": Listing.EXAMS,
    "pages.shared.operations.record.listing": Listing.OPERATIONS,
    "pages.shared.drift.rows": Listing.DRIFT,
    "pages.shared.drift.following": Listing.REPAIR,
    "pages.shared.students.contact.searching": Listing.STUDENTS,
    "pages.shared.operations.choosing.owed": Listing.OWED,
    "pages.shared.operations.progress.result": Listing.OPERATION,
    "pages.shared.operations.choosing.previewing": Listing.PREVIEW,
    "pages.shared.charts.panel": Listing.CHART,
    "pages.shared.students.contact.history": Listing.BALANCES,
    "pages.shared.operations.choosing.adjusting": None,
}
TAKERS: Mapping[Listing, set[Role]] = {
    Listing.AUDIT: WATCHERS,
    Listing.OPERATIONS: WATCHERS,
    Listing.OPERATION: WATCHERS,
    Listing.OWED: WATCHERS,
    Listing.DRIFT: WATCHERS,
    Listing.REPAIR: WATCHERS,
    Listing.CHART: WATCHERS,
    Listing.EXAMS: EVERYBODY,
    Listing.BALANCES: EVERYBODY,
    Listing.PREVIEW: EVERYBODY,
    Listing.STUDENTS: ADMINS,
}


@dataclass(frozen=True)
class Somebody:
    """Who has the tab, and what became of them since it was drawn for an admin."""

    role: Role | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)

    def left(self, made: Stage, place: Place) -> Desk:
        claims = signed_in(email=WHO)
        come_in(made.journal, claims)
        if self.role is not None:
            made.core.access.grant(WHO, self.role, ACTOR)
        drawn_for = Actor(email=WHO, role=Role.ADMIN)
        return Desk(
            core=made.core,
            actor=drawn_for,
            zone=UTC,
            place=place,
            claims=claims | dict(self.claims),
        )


TABS = {
    **{role.value: Somebody(role) for role in Role},
    "whose role was withdrawn": Somebody(),
    "who signed out": Somebody(Role.ADMIN, {RECORD: "ended"}),
    "whose sign-in is over": Somebody(Role.ADMIN, {"exp": NOON.timestamp()}),
    "of before sign-ins were kept": Somebody(Role.ADMIN, {RECORD: None}),
    "in somebody else's name": Somebody(Role.ADMIN, {"email": "admin@example.test"}),
}


def may(name: str, roles: set[Role]) -> bool:
    """Nobody but people who are there, with a role that may."""
    return name in {role.value for role in roles}


class DrawnAnewError(Exception):
    """In place of what Streamlit raises to run a page from its top."""


def test_every_fragment_and_every_download_is_known() -> None:
    assert sorted(FRAGMENTS) == sorted(_fragments())
    assert sorted(DOWNLOADS) == sorted(_offering())
    assert set(Listing) == TAKERS.keys() == {what for what in DOWNLOADS.values() if what}


@pytest.mark.parametrize("name", TABS)
def test_a_fragment_is_drawn_again_for_whoever_may_be_there_and_else_its_page_anew(
    made: Stage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def anew(*, scope: str) -> None:
        raise DrawnAnewError(scope)

    monkeypatch.setattr(st, "rerun", anew)
    monkeypatch.setattr(st, "fragment", lambda draw, **_: draw)
    for path, place in FRAGMENTS.items():
        module, _, function = path.rpartition(".")
        draw: Any = getattr(importlib.import_module(module), function)
        seen: list[Desk] = []
        asking = gate.fragment()(lambda desk, seen=seen: seen.append(desk))
        desk = TABS[name].left(made, place)
        # what Streamlit was given to run again; a dialog's is put into one as it is opened
        given = inspect.getclosurevars(draw).nonlocals.get("non_optional_func")
        checked = given or gate._asking(draw)
        if may(name, ROLES[place]):
            asking(desk)
            assert [TABS[name].role] == [each.actor.role for each in seen], path
        else:
            for each in (asking, checked):
                with pytest.raises(DrawnAnewError, match="app"):
                    each(desk)
            assert not seen


@pytest.mark.parametrize("name", TABS)
def test_a_download_is_made_for_whoever_may_take_it_now(
    made: Stage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    offered: list[Callable[[], bytes]] = []
    monkeypatch.setattr(st, "download_button", lambda _, make, **__: offered.append(make))
    for listing, roles in TAKERS.items():
        desk = TABS[name].left(made, places.CONTACTS)
        table = Table(["a"], iter([{"a": "1"}]))
        export = Export(listing=listing, table=table, narrowed={})
        asked_for: list[Desk] = []

        def make(now: Desk, export: Export = export, by: list[Desk] = asked_for) -> Export:
            by.append(now)
            return export

        exports.csv_button(desk, make, "list", "a list")
        if may(name, roles):
            assert b"a\r\n1\r\n" in offered.pop()()
            assert [replace(desk, actor=made.core.access.actor(WHO))] == asked_for
        else:
            with pytest.raises(NotAllowed):
                offered.pop()()


@pytest.mark.parametrize("name", TABS)
def test_an_act_of_whoever_may_not_stay_is_refused_in_words(made: Stage, name: str) -> None:
    """A callback runs before its page's gate, and has the words for each refusal itself."""
    desk = TABS[name].left(made, places.PEOPLE)
    if may(name, ADMINS):
        assert WHO == desk.acting().email
        return

    with pytest.raises(NotAllowed) as refused:
        desk.acting()

    told = problems.explain(refused.value)
    assert ("You may not do this", [str(refused.value)]) == (told.title, told.faults)


def _fragments() -> Iterator[str]:
    """Each function that is handed to the gate's ``fragment`` or ``dialog``."""
    for module in modules("pages"):
        dialogs = set()
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef) and any(
                ast.unparse(each).startswith("gate.fragment(") for each in node.decorator_list
            ):
                yield f"{module.name}.{node.name}"
            if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("gate.dialog("):
                dialogs |= {ast.unparse(target) for target in node.targets}
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in dialogs:
                yield f"{module.name}.{ast.unparse(node.args[0])}"


def _offering() -> set[str]:
    """Each module that calls what offers a file."""
    makers = {"csv_button", "example_button", "end_of_row"}
    return {
        module.name
        for module in modules("pages")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in makers
    } - {"pages.shared.filters"}  # which hands on what it is given
