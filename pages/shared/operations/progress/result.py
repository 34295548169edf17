"""What became of an ended operation: failures first, foreign writes, CSV, and another try."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import streamlit as st

from core.audit.retention_rules import NOT_KEPT
from core.credits.roles import ALLOWED, Act
from core.exports.listings import Listing
from core.operations.kinds.base import RowSubject
from core.operations.kinds.registry import by_kind, goes_to_exam, kind_of
from core.operations.leftovers import About
from core.operations.states import (
    NEEDS_EYES,
    FollowUps,
    Item,
    ItemState,
    Operation,
    OperationState,
    Progress,
)
from core.operations.verdicts import OperationKind
from pages.shared import gate, kinds, other_desks, places, problems, tables, words
from pages.shared.exports import csv_button, of
from pages.shared.gate import Desk
from pages.shared.kinds import SAID
from pages.shared.operations import address, figures
from pages.shared.operations.choosing import renewing
from pages.shared.operations.heading import heading
from pages.shared.operations.progress import (
    copied,
    deciding,
    left_undone,
    telling,
    undoing,
    unfinished,
)
from pages.shared.operations.progress.foreign import show_foreign
from pages.shared.students import names

#: Told in full above the table.
WORST = 5
#: One student has not more bookings in an operation that was made for them.
ONE_STUDENT = 20
#: Failures first, then what was not begun, then the rest.
ORDER = (
    ItemState.FAILED,
    ItemState.UNDECIDED,
    ItemState.BLOCKED,
    ItemState.STOPPED,
    ItemState.SKIPPED,
    ItemState.EXCLUDED,
    ItemState.DISMISSED,
    ItemState.DONE,
)
#: The button that leaves the result for another one of its page.
NEW: Mapping[OperationKind, str] = by_kind(
    lambda kind: (
        "Adjust more credits"
        if kind.subject is RowSubject.ADJUSTMENT
        else f"New {places.OF_KIND[kind.key].title.lower()}"
    )
)


def show(desk: Desk, operation: Operation) -> None:
    """The result, as the journal has it."""
    summary(desk, operation)
    items_table(desk, operation)
    next_acts(desk, operation, onward=True)


def summary(desk: Desk, operation: Operation) -> None:
    """What it was and what came of it, without its bookings."""
    progress = desk.core.operation_queries.progress(operation.id, desk.actor)
    heading(desk, operation)
    _outcome(desk, operation, progress)
    undoing.told(desk, operation)
    deciding.show(desk, operation)
    telling.told(desk, operation)
    show_foreign(desk, operation)
    _figures(desk, operation, progress)


def _outcome(desk: Desk, operation: Operation, progress: Progress) -> None:
    states = progress.states
    bad = sum(states.get(state, 0) for state in NEEDS_EYES)
    done, row = states.get(ItemState.DONE, 0), SAID[operation.kind].row
    if operation.state is OperationState.CALLED_OFF:
        _called_off(desk, operation)
        return
    named = desk.core.account_directory.named
    warnings = desk.core.operation_queries.warnings(operation.id, desk.actor)
    undone = [replace(one, told=named(one.told)) for one in warnings]
    told = f"{kinds.account(operation.kind, progress)}."
    if kind_of(operation.kind).subject is RowSubject.EXAM:
        asked = "Asked for" if undone else "Seat counts"
        told = f"{asked}: {words.plain(operation.reason or NOT_KEPT)}."
    if operation.state is OperationState.STOPPED:
        left = kinds.rows(operation.kind, states.get(ItemState.STOPPED, 0))
        st.info(
            f"{told} {left} not started. Completed bookings are kept.",
            title="Stopped",
            icon=":material/stop_circle:",
        )
    elif bad:
        st.warning(
            f"{told}\n\n{_worst(desk, operation, NEEDS_EYES, bad)}",
            title=f"{words.count(bad, f'{row} needs', f'{row}s need')} attention",
            icon=":material/rule:",
        )
    elif undone:
        left_undone.show(undone, told)
        left_undone.lead_to_students(desk, undone)
        return
    elif skipped := 0 if done else states.get(ItemState.SKIPPED, 0):
        st.info(
            f"{told}\n\n{_worst(desk, operation, {ItemState.SKIPPED}, skipped)}",
            title="Nothing left to do",
            icon=":material/info:",
        )
    else:
        st.success(told, icon=":material/check_circle:")
    left_undone.show(undone)
    left_undone.lead_to_students(desk, undone)


def _called_off(desk: Desk, operation: Operation) -> None:
    event = desk.core.operation_commands.called_off(operation.id)
    by = f" By {words.plain(event.actor)}" if event else ""
    why = words.plain(str(event.detail.get("detail", ""))) if event else ""
    told = f"{by}: {why}." if why else f"{by}." if by else ""
    st.info(f"Withdrawn before it started. Nothing was changed.{told}", icon=":material/undo:")


def _whose(item: Item) -> str:
    """Student and booking, or the booking alone where no student is known."""
    return ", ".join(filter(None, (item.contact_name, item.booking_name or item.booking_id)))


def _worst(desk: Desk, operation: Operation, states: Collection[ItemState], n: int) -> str:
    """The first few of ``n`` in these states, in full: a table cuts long sentences."""
    items = desk.core.operation_queries.items(operation.id, desk.actor, states=states, limit=WORST)
    lines = [f"- {words.plain(_whose(i))}: {words.plain(i.why)}" for i in items]
    more = [f"- and {n - WORST:,} more, below"] if n > WORST else []
    return "\n".join([*lines, *more])


def _figures(desk: Desk, operation: Operation, progress: Progress) -> None:
    """Credits by type are the sum that people check."""
    kind = operation.kind
    if operation.state is OperationState.CALLED_OFF:
        return
    states = [state for state in ORDER if progress.states.get(state)]
    moved = words.sentence(SAID[kind].moved) or "Net change"
    counts = progress.total and not goes_to_exam(kind)
    shown = [(moved, kinds.credits_of(kind, progress))] if counts else []
    shown += [(words.ITEM[state], kinds.rows(kind, progress.states[state])) for state in states]
    by_type = figures.landed_by_type(progress, desk.core.catalogue)
    figures.side_by_side(shown, by_type, _how(desk, operation))
    copied.show(desk, operation)


def _how(desk: Desk, operation: Operation) -> str:
    """How long it took, and what it asked of HubSpot. A retry may be days after what it retries."""
    if operation.started_at is None or operation.ended_at is None:
        return ""
    calls = f"{words.count(operation.calls, 'call')} to HubSpot"
    retried = desk.core.operation_queries.retried_at(operation, desk.actor)
    length = operation.ended_at - (retried or operation.started_at)
    took = "less than 1 s" if length < timedelta(seconds=1) else words.span(length)
    if retried:
        return f"The last retry took {took}. {calls} in all."
    return f"Took {took} and {calls}."


@gate.fragment()
def items_table(desk: Desk, operation: Operation) -> None:
    """Items by state, a page at a time, what needs eyes first."""
    if operation.state is OperationState.CALLED_OFF:
        return  # nothing happened to any of them
    progress = desk.core.operation_queries.progress(operation.id, desk.actor)
    present = [s for s in dict.fromkeys((*ORDER, *ItemState)) if progress.states.get(s)]
    shown: list[ItemState] = []
    if len(present) > 1:
        shown = st.segmented_control(
            "Show bookings",
            present,
            selection_mode="multi",
            format_func=lambda state: f"{words.ITEM[state]} {progress.states[state]:,}",
            label_visibility="collapsed",
            key=f"items_{operation.id}",
        )
    states = shown or present
    total = sum(progress.states.get(state, 0) for state in states)
    above = st.container()
    page = tables.page_of(f"items_{operation.id}", total)
    items = read_page(desk, operation.id, [(s, progress.states.get(s, 0)) for s in states], page)
    if not items:
        st.caption(f"No {SAID[operation.kind].row}s.")
        return
    frame = tables.item_frame(items, operation.kind, desk.core.catalogue)
    names.grid(
        desk,
        frame,
        names.of_rows(items),
        key=f"items_grid_{tables.fingerprint([item.booking_id for item in items])}",
        columns=tables.item_columns(operation.kind),
        where=above,
        order=tables.column_order(frame, operation.kind),
        height=tables.height(len(items)),
        alt="Every booking of the operation with what became of it",
    )


def read_page(
    desk: Desk, operation_id: str, states: Sequence[tuple[ItemState, int]], page: range
) -> list[Item]:
    """Items ``page`` of the states laid end to end; only those are read from the journal."""
    found: list[Item] = []
    begins = 0
    for state, n in states:
        start, stop = max(page.start - begins, 0), min(page.stop - begins, n)
        if start < stop:
            found += desk.core.operation_queries.items(
                operation_id, desk.actor, states=[state], limit=stop - start, offset=start
            )
        begins += n
    return found


def _follow_up_acts(desk: Desk, operation: Operation) -> None:
    """Try seats, notes and the check again, or give them up."""
    if Act.RUN_BATCHES not in ALLOWED[desk.actor.role]:
        return
    left = {one.about for one in desk.core.operation_queries.warnings(operation.id, desk.actor)}
    if left & {About.FOLLOW_UPS, About.NOTE, About.SEATS} and st.button(
        "Retry follow-ups", icon=":material/replay:", key="retry_follow_ups"
    ):
        with problems.told("Nothing was changed."):
            desk.core.operation_commands.retry(operation.id, desk.acting())
            st.rerun()
    if operation.follow_ups is FollowUps.DUE and st.button(
        "Give up follow-ups", icon=":material/stop_circle:", key="give_up_follow_ups"
    ):
        with problems.told("Nothing was changed."):
            desk.core.operation_commands.stop(operation.id, desk.acting())
            st.rerun()


def next_acts(desk: Desk, operation: Operation, *, onward: bool = False) -> None:
    """Take up what did not go through, keep the result; ``onward``: leave it for what is next."""
    progress = desk.core.operation_queries.progress(operation.id, desk.actor)
    again = 0 if kind_of(operation.kind).words.not_retried else progress.retryable
    called_off = operation.state is OperationState.CALLED_OFF
    may = not called_off and Act.RUN_BATCHES in ALLOWED[desk.actor.role]
    waits = again or progress.states.get(ItemState.UNDECIDED, 0)
    barred = bool(may and waits) and other_desks.in_the_way(desk)
    with st.container(horizontal=True, vertical_alignment="center", key="acts"):
        if again and may and not barred:
            label = f"Retry {again:,} unfinished"
            if st.button(label, icon=":material/replay:", key="retry"):
                with problems.told("Nothing was changed."):
                    address.go_to_operation(
                        desk.core.operation_commands.retry(operation.id, desk.acting())
                    )
        if not again:
            _follow_up_acts(desk, operation)
        unfinished.offer(desk, operation, progress)
        if called_off:
            renewing.button(desk, operation)
        else:
            csv_button(
                desk,
                lambda now: of(
                    Listing.OPERATION,
                    tables.item_table(
                        now.core.operation_queries.each_item(operation.id, now.actor),
                        operation.kind,
                    ),
                    operation.id,
                ),
                f"{operation.kind}-{operation.id}",
                "All bookings of this operation with what happened to each",
                label="Download CSV",
            )
        if onward:
            _onward(operation)
            _to_student(desk, operation)
    undoing.offer(desk, operation)


def _to_student(desk: Desk, operation: Operation) -> None:
    """The way to the balances, where all of it was about one student."""
    items = desk.core.operation_queries.items(operation.id, desk.actor, limit=ONE_STUDENT + 1)
    whose = {item.contact_id: item.contact_name for item in items}
    if len(items) <= ONE_STUDENT and len(whose) == 1:
        ((id_, name),) = whose.items()
        if id_ is not None:
            names.link(id_, f"Balances of {words.plain(name or id_)}")


def _onward(operation: Operation) -> None:
    st.button(
        NEW[operation.kind],
        icon=":material/add:",
        on_click=address.leave,
        key="new",
    )
    st.page_link(
        places.as_page(places.OPERATIONS),
        label="History and writes of this operation",
        icon=":material/history:",
        query_params={address.OPERATION: operation.id},
    )
