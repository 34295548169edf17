"""A repair under way, and what it came to: proven by a fresh read of both stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.credits.csv_safe import Table
from core.credits.errors import UnknownId
from core.drift.repairs import UNSETTLED, Repair, RepairRow, RepairState, RowState
from core.exports.listings import Listing
from pages.shared import gate, problems, tables, words
from pages.shared.drift import address
from pages.shared.drift.causes import KINDS, SHORT
from pages.shared.drift.rows import column_name, value
from pages.shared.exports import csv_button, of
from pages.shared.gate import Desk
from pages.shared.operations.figures import cards
from pages.shared.students import names

SHOWN = 500
#: What needs eyes stands first.
STATES: dict[RowState, tuple[str, str]] = {
    RowState.STILL_DIFFERS: ("✕ Still differs", "red"),
    RowState.NOT_REPAIRABLE: ("! Needs a person", "orange"),
    RowState.LEFT_ALONE: ("– Left alone", "gray"),
    RowState.PENDING: ("◦ Waiting", "gray"),
    RowState.COPYING: ("• Being copied", "blue"),
    RowState.REPAIRED: ("✓ Repaired", "green"),
}
REPAIRS = {
    RepairState.ASKED: "Asked for",
    RepairState.RUNNING: "In progress",
    RepairState.PAUSED: "Paused",
    RepairState.DONE: "Finished",
}

assert STATES.keys() == set(RowState), "every state of a row has its word"
assert REPAIRS.keys() == set(RepairState), "every state of a repair has its word"


def show(desk: Desk, repair_id: str) -> None:
    """How far it is, or how it ended."""
    st.button("Back to drift", icon=":material/arrow_back:", on_click=address.leave_repair)
    try:
        repair = desk.core.drift_queries.repair(repair_id, desk.actor)
    except UnknownId as error:
        problems.show(problems.explain(error))
        return
    when = words.relative(repair.asked_at, desk.now(), desk.zone)
    st.header(f"Repair of {words.count(repair.total, 'record')}", anchor=False)
    st.html(f"Asked for {when} by {_safe(repair.asked_by)}: {_safe(repair.reason or '–')}")
    if repair.ended:
        _result(repair)
    else:
        _progress(desk, repair_id)
    _rows(desk, repair)


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


@gate.fragment(run_every="1s")
def _progress(desk: Desk, repair_id: str) -> None:
    repair = desk.core.drift_queries.repair(repair_id, desk.actor)
    if repair.ended:
        st.rerun(scope="app")
    settled = sum(n for state, n in repair.counts.items() if state not in UNSETTLED)
    with st.container(border=True, key="repairing"):
        st.markdown(f"**{settled:,} of {words.count(repair.total, 'record')} settled**")
        st.progress(settled / max(repair.total, 1))
        if repair.waiting_for:
            st.caption(
                f":material/hourglass: Waiting: {words.plain(repair.waiting_for)}. Nothing is "
                "lost; it continues by itself."
            )
        elif repair.state is RepairState.ASKED:
            st.caption("It starts as soon as a worker is free.")


def _result(repair: Repair) -> None:
    count = repair.counts.get
    bad = count(RowState.STILL_DIFFERS, 0) + count(RowState.NOT_REPAIRABLE, 0)
    done = words.count(count(RowState.REPAIRED, 0), "record")
    if bad:
        st.warning(
            f"{done} repaired; {words.count(bad, 'record')} still differ. The table says why.",
            title="Not everything was repaired",
            icon=":material/warning:",
        )
    else:
        st.success(
            f"{done} read again from both: Supabase matches HubSpot.",
            title="Repaired and verified",
            icon=":material/verified:",
        )
    shown = [(STATES[s][0], words.count(count(s, 0), "record")) for s in STATES if count(s, 0)]
    cards(shown, in_a_row=4)


def _rows(desk: Desk, repair: Repair) -> None:
    found = [
        row
        for state in STATES
        if repair.counts.get(state)
        for row in desk.core.drift_queries.repair_rows(
            repair.id, desk.actor, states=[state], limit=SHOWN
        )
    ]
    words_of, colours = zip(*STATES.values(), strict=True)
    shown = found[:SHOWN]
    records = [(row.drift.kind, row.drift.record_id) for row in shown]
    names.grid(
        desk,
        repair_frame(desk, shown),
        names.looked_up(desk, records),
        key=f"repair_rows_{repair.id}_{repair.state}",
        columns={
            "State": tables.badge_column("State", words_of, colours),
            "Cause": st.column_config.TextColumn(width=150),
            "Record": st.column_config.TextColumn(width=180),
            "Before": st.column_config.TextColumn("Supabase before → HubSpot", width=330),
            "Why": st.column_config.TextColumn("Now, by a fresh read", width="large"),
        },
        at=3,
        height=tables.height(len(shown)),
        alt="Result for each record, problems first",
    )
    csv_button(
        desk,
        lambda now: of(
            Listing.REPAIR,
            repair_table(now.core.drift_queries.repair_rows(repair.id, now.actor)),
            repair.id,
        ),
        f"repair-{repair.id}",
        "Every record of the repair with its result",
    )


def repair_frame(desk: Desk, found: Sequence[RepairRow]) -> pd.DataFrame:
    """One row for each record, before and after."""
    names = desk.core.catalogue

    def sides(
        columns: Sequence[str], before: Mapping[str, object], to: Mapping[str, object]
    ) -> str:
        return "; ".join(
            f"{column_name(n, names)} {value(before, n)} {words.ARROW} {value(to, n)}"
            for n in columns
        )  # fmt: skip

    return pd.DataFrame(
        {
            "State": [[STATES[row.state][0]] for row in found],
            "Cause": [SHORT[row.drift.cause] for row in found],
            "Record": [f"{KINDS[row.drift.kind]} {row.drift.record_id}" for row in found],
            "Before": [
                sides(row.drift.columns, row.drift.mirror, row.drift.truth) for row in found
            ],
            "Why": [_now(row) for row in found],
        }
    )


def _now(row: RepairRow) -> str:
    if row.state is RowState.REPAIRED:
        return "Equal on both sides"
    return words.sentence(row.why)


def repair_table(found: Sequence[RepairRow]) -> Table:
    """All of them, a line for each column that differed."""
    columns = (
        "state", "kind", "record_id", "cause", "column", "mirror_before", "truth_before",
        "mirror_now", "truth_now", "why",
    )  # fmt: skip
    return Table(
        columns,
        (
            {
                "state": row.state.value,
                "kind": row.drift.kind.value,
                "record_id": row.drift.record_id,
                "cause": row.drift.cause.value,
                "column": name,
                "mirror_before": row.drift.mirror.get(name),
                "truth_before": row.drift.truth.get(name),
                "mirror_now": row.mirror_now.get(name),
                "truth_now": row.truth_now.get(name),
                "why": row.why,
            }
            for row in found
            for name in row.drift.columns or ("",)
        ),
    )
