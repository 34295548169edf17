"""The scheduled activation: what is due now, and what every run activated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

import pandas as pd
import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.credits.sessions import Activated, Activation, ActivationRow
from core.students.activate_exams import RAN
from pages.shared import charts, problems, tables, words
from pages.shared.gate import Desk
from pages.shared.students.exams import wording

#: Asked for in this session: what would be activated, or what just was.
_SHOWN = "_activation"
RUNS = 10


def show(desk: Desk) -> None:
    """By itself at the times of the settings; an admin may run it at any time."""
    st.header("Scheduled activation", anchor=False)
    times = run_times(desk)
    by_itself = f"{times}, and when" if times else "when"
    st.markdown(
        "Sessions whose activation time has come are activated in HubSpot and in Supabase "
        f"{by_itself} an admin asks for it here.{'' if times else ' No schedule is set.'}"
    )
    with st.container(horizontal=True):
        look = st.button("What is due now?", icon=":material/event_upcoming:", key="due")
        run = False
        if Act.RUN_BATCHES in ALLOWED[desk.actor.role]:
            run = st.button("Activate what is due", icon=":material/play_arrow:", key="activate")
    with problems.told("Activated sessions stay active; run it again for the others."):
        if look:
            st.session_state[_SHOWN] = desk.core.exam_activation.due(desk.actor)
        if run:
            with st.spinner("Activating what is due …"):
                st.session_state[_SHOWN] = desk.core.exam_activation.activate(desk.acting())
        if (shown := st.session_state.get(_SHOWN)) is not None:
            _result(desk, shown)
        _past(desk)


def run_times(desk: Desk) -> str:
    """When it runs by itself, on the clock of the settings; "": never."""
    now = desk.now()
    return wording.run_times(desk.core.scheduler.day_of(RAN, now), now, desk.core.zone)


def _result(desk: Desk, shown: Activation) -> None:
    failed = shown.having(Activated.FAILED)
    when = words.ago(shown.at, desk.now())
    if failed:
        st.error(
            f"{words.count(len(failed), 'session')} could not be activated: the table says why. "
            "Running it again tries those alone.",
            title="Not everything was activated",
            icon=":material/error:",
        )
    elif shown.dry_run:
        due = len(shown.having(Activated.WOULD_ACTIVATE))
        st.info(f"{words.count(due, 'session')} due, read {when}.", icon=":material/event:")
    else:
        done = len(shown.having(Activated.ACTIVATED))
        st.success(
            f"{words.count(done, 'session')} activated {when}."
            if done
            else f"Nothing was due, {when}.",
            icon=":material/check_circle:",
        )
    if shown.rows:
        _rows(desk, shown.rows)


def _rows(desk: Desk, rows: Sequence[ActivationRow]) -> None:
    shown = _failed_first(rows)
    names, colours = zip(*wording.ACTIVATED.values(), strict=True)
    st.dataframe(
        rows_frame(shown, desk.zone),
        column_config={
            "What": tables.badge_column("What", names, colours),
            "Session": st.column_config.TextColumn(width=380),
            "Due": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=140),
            "Why": st.column_config.TextColumn(width="large"),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(shown), at_most=300),
        alt="Sessions of the activation, those that failed first",
    )


def rows_frame(rows: Sequence[ActivationRow], zone: tzinfo) -> pd.DataFrame:
    """One row for each session."""
    return pd.DataFrame(
        {
            "What": [[wording.ACTIVATED[row.what][0]] for row in rows],
            "Session": [row.name or row.exam_id for row in rows],
            "Due": [charts.local(row.due_at, zone) if row.due_at else None for row in rows],
            "Why": [row.why for row in rows],
        }
    )


def _past(desk: Desk) -> None:
    runs = desk.core.exam_activation.past(desk.actor, limit=RUNS)
    if not runs:
        st.caption("It has not run yet.")
        return
    st.dataframe(
        runs_frame(runs, desk.zone),
        column_config={
            "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm:ss", width=170),
            "Who": st.column_config.TextColumn(width=190),
            "Activated": st.column_config.NumberColumn("Activated, sessions", width=140),
            "Failed": st.column_config.NumberColumn(width=70),
            "Sessions": st.column_config.TextColumn(width="large"),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(runs), at_most=300),
        alt="Runs of the scheduled activation, newest first",
    )


def runs_frame(runs: Sequence[Activation], zone: tzinfo) -> pd.DataFrame:
    """One row for each run."""
    return pd.DataFrame(
        {
            "When": [charts.local(run.at, zone) for run in runs],
            "Who": [run.by for run in runs],
            "Activated": [len(run.having(Activated.ACTIVATED)) for run in runs],
            "Failed": [len(run.having(Activated.FAILED)) for run in runs],
            "Sessions": ["; ".join(_told(row) for row in _failed_first(run.rows)) for run in runs],
        }
    )


def _failed_first(rows: Sequence[ActivationRow]) -> list[ActivationRow]:
    order = [Activated.FAILED, *(each for each in Activated if each is not Activated.FAILED)]
    return sorted(rows, key=lambda row: (order.index(row.what), row.name))


def _told(row: ActivationRow) -> str:
    """A session of a run; with the reason when it stayed closed."""
    name = row.name or row.exam_id
    return f"✕ {name}: {row.why}" if row.what is Activated.FAILED else name
