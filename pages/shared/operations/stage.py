"""Which stage of a batch the page is at."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.credits.errors import UnknownId
from core.operations.states import ENDED, Operation
from core.operations.verdicts import OperationKind
from pages.shared import places, problems, status
from pages.shared.gate import Desk
from pages.shared.kinds import SAID
from pages.shared.operations import address
from pages.shared.operations.choosing import choosing, previewing
from pages.shared.operations.progress import following, result


def show(
    desk: Desk,
    kind: OperationKind,
    choose: Callable[[Desk, OperationKind], None] = choosing.show,
) -> None:
    """Choose, preview, follow or result, as the address and the journal say.

    ``choose``: what is drawn where nothing is named yet; bookings, unless a page chooses others.
    """
    status.banners(desk)
    id_ = address.named()
    if id_ is None:
        choose(desk, kind)
        return
    with problems.told("Nothing was changed."):
        _show(desk, kind, id_)


def _show(desk: Desk, kind: OperationKind, id_: str) -> None:
    operation = find_operation(desk, id_)
    if operation is not None:
        _elsewhere(operation.kind, kind, {address.OPERATION: id_})
        (result.show if operation.state in ENDED else following.show)(desk, operation)
        return
    try:
        plan = desk.core.operation_queries.plan(id_, desk.actor)
    except UnknownId as error:
        problems.show(problems.explain(error), "Nothing was changed.")
        st.button(f"Choose {SAID[kind].row}s", icon=":material/arrow_back:", on_click=address.leave)
        return
    _elsewhere(plan.kind, kind, {address.PLAN: id_})
    previewing.show(desk, plan)


def find_operation(desk: Desk, id_: str) -> Operation | None:
    """The operation, None while there is none."""
    try:
        return desk.core.operation_queries.operation(id_, desk.actor)
    except UnknownId:
        return None


def _elsewhere(found: OperationKind, here: OperationKind, params: dict[str, str]) -> None:
    """A refund opened on the cancellation's page, say by a mended address, goes to its own."""
    if places.OF_KIND[found] is not places.OF_KIND[here]:
        st.switch_page(places.OF_KIND[found].path, query_params=params)
