"""The preview: what would happen to each booking, blocked ones first, and the totals over all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.credits.records import ItemKey
from core.exports.listings import Listing
from core.operations.choosing.select import ByIds
from core.operations.kinds.base import ChosenKind, RowSubject
from core.operations.kinds.registry import booking_of, goes_to_exam, kind_of, titled
from core.operations.plans import Plan, Row
from core.operations.terms import Inclusion
from core.operations.verdicts import Verdict
from pages.shared import gate, kinds, problems, tables, words
from pages.shared.exports import csv_button, of
from pages.shared.gate import Desk
from pages.shared.kinds import SAID
from pages.shared.operations import address, confirming, figures
from pages.shared.operations.choosing import choosing, including
from pages.shared.operations.progress import undoing
from pages.shared.students import names

#: Pixels of the table of bookings, with room for the confirmation below it on a small screen.
GRID_PX = 333
#: What needs eyes stands first.
ORDER = (Verdict.BLOCKED, Verdict.WILL_CHANGE, Verdict.SKIP, Verdict.EXCLUDED)


def show(desk: Desk, plan: Plan) -> None:
    """Everything a person needs to say yes or no."""
    _heading(desk, plan)
    if plan.caveat:
        st.warning(f"{words.sentence(words.plain(plan.caveat))}.", icon=":material/schedule:")
    _also_planned(desk, plan)
    totals(desk, plan)
    rows(desk, plan, choosable=True)
    including.show(plan, lambda include: _include(desk, plan, include))
    confirming.show(desk, plan)


def _also_planned(desk: Desk, plan: Plan) -> None:
    """What somebody has confirmed over the same rows, before both of them are surprised."""
    found = desk.core.operation_queries.also_planned(plan, desk.actor)
    if not found:
        return
    lines = [
        f"- {words.plain(operation.confirmed_by)}: {words.plain(titled(operation))}, "
        f"{kinds.rows(plan.kind, n)} ({words.OPERATION[operation.state].lower()})"
        for operation, n in found
    ]
    adjusts = kind_of(plan.kind).subject is RowSubject.ADJUSTMENT
    then = (
        "Both operations would change these balances."
        if adjusts
        else "Rows that they change first will be skipped here."
    )
    st.warning(
        "\n".join(lines) + f"\n\n{then}",
        title="Some of these rows are in an operation that is already confirmed",
        icon=":material/group:",
    )


def _heading(desk: Desk, plan: Plan) -> None:
    made = words.relative(plan.made_at, desk.now(), desk.zone)
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall"):
            which = "the undo of " if plan.undoes else ""
            st.header(f"Preview of {which}{words.plain(plan.selection)}", anchor=False)
            st.html(f"{kinds.rows(plan.kind, len(plan.rows))}, read from HubSpot {made}")
        if plan.undoes:
            st.button(
                f"Back to the {undoing.UNDONE[plan.kind]}", icon=":material/arrow_back:",
                on_click=address.back_to_operation, args=(plan.undoes,),
            )  # fmt: skip
        else:
            st.button("Change selection", icon=":material/arrow_back:", on_click=address.leave)
        if st.button("Refresh from HubSpot", icon=":material/refresh:", key="again"):
            _preview_without(desk, plan, plan.excluded)
        csv_button(
            desk,
            lambda _: of(Listing.PREVIEW, tables.plan_table(plan.rows, plan.kind), plan.id),
            f"preview-{plan.id}",
            f"All {SAID[plan.kind].row}s of this preview",
        )


def totals(desk: Desk, plan: Plan) -> None:
    """What confirming would change. How many are skipped or blocked stands with the rows."""
    kind, change = kind_of(plan.kind), words.count(len(plan.will_change), "booking")
    moved = [("To move", change)] if goes_to_exam(plan.kind) else _credits(plan)
    shown = [*moved, ("Students", f"{plan.contacts:,}")]
    if kind.cancels:
        shown.insert(0, ("To cancel", change))
    by_type = figures.planned_by_type(plan.will_change, desk.core.catalogue)
    figures.side_by_side(shown, by_type, kind.words.effect)


def _credits(plan: Plan) -> list[figures.Figure]:
    """How many credits move, and which way."""
    if kind_of(plan.kind).subject is RowSubject.ADJUSTMENT:
        changes = [(r.after or 0) - (r.before or 0) for r in plan.will_change]
        given, taken = sum(n for n in changes if n > 0), -sum(n for n in changes if n < 0)
        both = [("To give", given), ("To take", taken)]
        return [(label, words.count(n, "credit")) for label, n in both if n]
    kind = kind_of(plan.kind)
    keeps = isinstance(kind, ChosenKind) and kind.keeps
    label = "To take back" if plan.undoes else "To keep" if keeps else "To give back"
    return [(label, words.count(sum(plan.credits.values()), "credit"))]


@gate.fragment()
def rows(desk: Desk, plan: Plan, *, choosable: bool) -> None:
    """A fragment, so that narrowing the table reruns the table alone.

    ``choosable``: rows can be ticked, and previewed alone or left out.
    """
    counts = plan.counts
    with st.container(horizontal=True, vertical_alignment="center"):
        shown = st.segmented_control(
            "Show bookings",
            [verdict for verdict in ORDER if counts[verdict]],
            format_func=lambda verdict: f"{words.VERDICT[verdict]} {counts[verdict]:,}",
            selection_mode="multi",
            label_visibility="collapsed",
            key=f"show_{plan.id}",
        )
        text = st.text_input(
            "Find in the preview", type="search",
            placeholder=f"Find a student, {tables.OF[plan.kind].lower()} or reason",
            live=True, label_visibility="collapsed", key=f"find_{plan.id}", width=300,
        )  # fmt: skip
        acts = st.container(horizontal=True, vertical_alignment="center", width="content")
    found = narrowed(plan, shown or ORDER, text)
    if not found:
        st.caption(f"No {SAID[plan.kind].row} in this preview matches.")
        return
    above = st.container()
    page = [found[n] for n in tables.page_of(f"plan_{plan.id}", len(found))]
    less = 45 if len(found) > tables.PAGE_ROWS else 0
    with above:
        if choosable:
            _choose(desk, plan, page, acts, less=less)
        else:
            _grid(desk, plan, page, less=less)


def narrowed(plan: Plan, shown: Sequence[Verdict], text: str) -> list[Row]:
    """Rows with these verdicts that mention the text, what needs eyes first."""
    sought = text.strip().casefold()
    found = [row for verdict in ORDER if verdict in shown for row in plan.by_verdict[verdict]]
    return [row for row in found if sought in _said(row).casefold()] if sought else found


def _said(row: Row) -> str:
    parts = (row.contact_name, row.contact_email, row.booking_name, row.booking_id, row.why)
    return "\n".join((*parts, row.detail))


def _grid(desk: Desk, plan: Plan, page: Sequence[Row], *, less: int, **choice: Any) -> Any:
    """``less``: pixels that page numbers below the grid take from it."""
    frame = tables.plan_frame(page, plan.kind, desk.core.catalogue)
    return names.grid(
        desk,
        frame,
        names.of_rows(page),
        key=f"rows_{tables.fingerprint([row.booking_id for row in page])}",
        columns=tables.plan_columns(plan.kind),
        order=tables.column_order(frame, plan.kind),
        height=tables.height(len(page), at_most=GRID_PX - less - _taken_by_types(plan)),
        alt="Every booking with its verdict, and balances before and after",
        **choice,
    )


def _choose(
    desk: Desk, plan: Plan, page: Sequence[Row], acts: DeltaGenerator, *, less: int
) -> None:
    ids = [row.booking_id for row in page]
    event = _grid(desk, plan, page, less=less, on_select="rerun", selection_mode="multi-row")
    ticked = {ids[row] for row in event.selection.rows if row < len(ids)}
    if not ticked:
        acts.caption("Select rows to exclude or keep.")
        return
    told = f"{len(ticked):,} selected"
    back = ticked & plan.excluded
    if ticked - plan.excluded and acts.button(
        f"Exclude {told}", icon=":material/playlist_remove:", key="leave_out"
    ):
        _preview_without(desk, plan, plan.excluded | ticked)
    if back and acts.button(
        f"Include {len(back):,} again", icon=":material/playlist_add:", key="put_back"
    ):
        _preview_without(desk, plan, plan.excluded - back)
    if acts.button(f"Keep only {told}", icon=":material/playlist_add_check:", key="only"):
        asked = {row.booking_id for row in plan.rows}
        _preview_without(desk, plan, asked - ticked)


def _taken_by_types(plan: Plan) -> int:
    """Pixels by which the table of credit types is taller than the cards beside it."""
    return tables.ROW_PX * max(0, len(plan.credits) - 3)


def _include(desk: Desk, plan: Plan, include: frozenset[Inclusion]) -> None:
    """A fresh preview of the same bookings that includes these on purpose, or no longer."""
    same = ByIds(ids=tuple(booking_of(row, plan.kind) for row in plan.rows), words=plan.selection)
    with problems.told("This preview stays as it was; nothing was changed."):
        choosing.preview(
            desk, plan.kind, same, to=plan.to_exam, include=include, without=plan.excluded
        )


def _preview_without(desk: Desk, plan: Plan, without: Collection[ItemKey]) -> None:
    """A fresh preview of the same rows, these left out. A plan itself never changes."""
    if kind_of(plan.kind).subject is RowSubject.ADJUSTMENT:
        with problems.told("This preview stays as it was; nothing was changed."):
            with st.spinner("Reading the balances from HubSpot …", show_time=True):
                fresh = desk.core.adjustment_planner.again(plan, desk.acting(), without=without)
            address.go_to_plan(fresh)
        return
    ids = tuple(booking_of(row, plan.kind) for row in plan.rows)
    with problems.told("This preview stays as it was; nothing was changed."):
        if not plan.undoes:
            same = ByIds(ids=ids, words=plan.selection)
            choosing.preview(
                desk, plan.kind, same, to=plan.to_exam, include=plan.include, without=without
            )
        with st.spinner("Reading the bookings and their students from HubSpot …", show_time=True):
            fresh = desk.core.undo_planner.preview(
                plan.undoes, desk.acting(), only=ids, without=without
            )
        address.go_to_plan(fresh)
