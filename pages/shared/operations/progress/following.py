"""An operation that is held or under way: countdown, progress, calling off, stopping.

A fragment asks the journal every second and draws; when the operation has ended it reruns the
page, which then shows the result and asks no more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.operations.states import BEGUN, ENDED, ItemState, Operation, OperationState, Progress
from pages.shared import gate, kinds, problems, words
from pages.shared.gate import Desk
from pages.shared.kinds import SAID
from pages.shared.operations import confirming, figures
from pages.shared.operations.heading import heading
from pages.shared.operations.progress import awaiting

POLL_S = 1.0


def show(desk: Desk, operation: Operation) -> None:
    """Until it has ended."""
    if operation.state is OperationState.AWAITING:
        awaiting.show(desk, operation)
    else:
        _poll(desk, operation.id)


@gate.fragment(run_every=POLL_S)
def _poll(desk: Desk, operation_id: str) -> None:
    operation = desk.core.operation_queries.operation(operation_id, desk.actor)
    if operation.state in ENDED:
        st.rerun(scope="app")
    heading(desk, operation)
    _trouble(operation)
    progress = desk.core.operation_queries.progress(operation_id, desk.actor)
    if operation.state is OperationState.HELD:
        _held(desk, operation, progress)
    else:
        _running(desk, operation, progress)


def _held(desk: Desk, operation: Operation, progress: Progress) -> None:
    left = max(operation.hold_until - desk.now(), timedelta(0))
    began = operation.approved_at or operation.confirmed_at
    whole = max((operation.hold_until - began).total_seconds(), 1.0)
    said = SAID[operation.kind]
    what = words.count(progress.planned, said.begins, said.begin)
    with st.container(border=True, key="held"):
        if left:
            st.markdown(f"**{what} in {words.span(left)}.** Nothing has been changed yet.")
        else:
            st.markdown(f"**{what} as soon as a worker is free.** Nothing has been changed yet.")
        if operation.undoes and left > desk.core.operation_commands.hold:
            st.caption(confirming.STILL_ON_ITS_WAY)
        st.progress(1 - left.total_seconds() / whole)
        if not _may_end(desk):
            st.caption("Until it starts, an admin can withdraw it here.")
            return
        st.button(
            "Withdraw",
            icon=":material/undo:",
            key="call_off",
            on_click=_call_off,
            args=(desk, operation.id),
            help="Ends it before it starts. Nothing is changed in HubSpot.",
        )


def _running(desk: Desk, operation: Operation, progress: Progress) -> None:
    done, total = progress.settled, max(progress.planned, 1)
    with st.container(border=True, key="running"):
        st.markdown(f"**{progress_words(operation, progress)}**")
        st.progress(done / total, text=_pace(desk, operation, progress))
        if operation.waiting_for:
            st.caption(
                f":material/hourglass: Waiting: {words.plain(operation.waiting_for)}. Nothing "
                "is lost; it continues by itself."
            )
        if operation.state is OperationState.STOPPING:
            st.caption(_stopping(operation, progress))
    _figures(desk, operation, progress)
    if operation.state is OperationState.RUNNING:
        _stop_button(desk, operation)


def _stopping(operation: Operation, progress: Progress) -> str:
    """What a stop leaves, as far as it is known now."""
    states = progress.states
    done = kinds.rows(operation.kind, states.get(ItemState.DONE, 0))
    begun = sum(states.get(state, 0) for state in BEGUN)
    left = states.get(ItemState.STOPPED, 0) + states.get(ItemState.PENDING, 0)
    return (
        f"Stopping: {done} done and kept, {begun:,} being finished, {left:,} not started and "
        "left as they are."
    )


def progress_words(operation: Operation, progress: Progress) -> str:
    """Where it stands: "212 of 312 bookings refunded, 198 credits given back"."""
    done = progress.states.get(ItemState.DONE, 0)
    return kinds.done(operation.kind, progress, done, of=progress.planned)


def _pace(desk: Desk, operation: Operation, progress: Progress) -> str:
    """How far and how fast, where there is something to reckon with: not in a second run."""
    if progress.settled == progress.planned:
        return "Finishing: seats, notes, and the check against HubSpot's history"
    part = f"{progress.settled / max(progress.planned, 1):.0%}"
    if operation.started_at is None or operation.epoch > 1 or not progress.settled:
        return part
    passed = desk.now() - operation.started_at
    left = passed / progress.settled * (progress.planned - progress.settled)
    return f"{part} in {words.span(passed)}; about {words.span(left)} left"


def _figures(desk: Desk, operation: Operation, progress: Progress) -> None:
    states = progress.states
    bad = progress.needing_eyes(operation.state)
    shown = [
        ("Done", states.get(ItemState.DONE, 0)),
        ("Needs attention", bad),
        ("Skipped", states.get(ItemState.SKIPPED, 0)),
        ("Remaining", progress.planned - progress.settled),
    ]
    figures.side_by_side(
        [(label, kinds.rows(operation.kind, n)) for label, n in shown],
        figures.landed_by_type(progress, desk.core.catalogue),
    )


def _stop_button(desk: Desk, operation: Operation) -> None:
    """At the other end of the page from “Call off”, which a hand may still be reaching for."""
    if not _may_end(desk):
        st.caption("An admin can stop it here. Completed bookings are kept.")
        return
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        st.caption(
            "Bookings already started are finished within a few requests and kept; the rest "
            "can be resumed later."
        )
        st.button(
            "Stop now",
            icon=":material/stop_circle:",
            key="stop",
            on_click=_stop,
            args=(desk, operation.id),
        )


def _may_end(desk: Desk) -> bool:
    """Whether to draw the button; the service asks again."""
    return Act.RUN_BATCHES in ALLOWED[desk.actor.role]


def _call_off(desk: Desk, operation_id: str) -> None:
    _attempt(
        operation_id, lambda: desk.core.operation_commands.call_off(operation_id, desk.acting())
    )


def _stop(desk: Desk, operation_id: str) -> None:
    _attempt(operation_id, lambda: desk.core.operation_commands.stop(operation_id, desk.acting()))


def _attempt(operation_id: str, act: Callable[[], object]) -> None:
    with problems.kept(f"trouble_{operation_id}"):
        act()


def _trouble(operation: Operation) -> None:
    """What the last button said no to, once; too late to call off is told with what is left."""
    problem = st.session_state.get(f"trouble_{operation.id}")
    if problem is not None:
        problems.show(problem, "It continues unchanged.")
