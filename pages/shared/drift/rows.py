"""The records that a sweep found, narrowed in the store, a page at a time; and all as CSV."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import tzinfo
from typing import Any

import pandas as pd
import streamlit as st

from core.credits.catalogue import Catalogue, CreditType
from core.credits.records import Kind
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.store.trends_port import Narrow
from core.drift.sweeps import Sweep
from core.mirror.rows import moment
from pages.shared import filters, row_buttons, tables, words
from pages.shared.drift import address
from pages.shared.drift.causes import BADGES, KINDS, LOOKS, SHORT
from pages.shared.drift.standing import MODES, Standing
from pages.shared.gate import Desk
from pages.shared.students import names

#: Rows sent to the browser at once.
PAGE_ROWS = 200
GRID_PX = 420
#: What a repair would change of a record that one side does not have.
ONE_SIDED = {
    Cause.MISSING_ROW: f"no row {words.ARROW} a row",
    Cause.ORPHAN_ROW: f"a row {words.ARROW} none",
    Cause.CONTACT_GONE: f"a row {words.ARROW} none",
    Cause.CONTACT_MERGED: f"no row {words.ARROW} a row",
}
#: A time as evidence tells it.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00|Z)")


def show(desk: Desk, standing: Standing) -> None:
    """Filters, table, page numbers."""
    sweep = standing.shown
    if sweep is None:
        return
    _heading(desk, standing, sweep)
    if not sweep.drifting:
        st.success(
            "Every record that was compared is the same on both sides. Supabase matches HubSpot.",
            title="No drift",
            icon=":material/verified:",
        )
        return
    _filters(desk, sweep)
    narrow = address.narrowed(desk.core.catalogue)
    total = desk.core.drift_queries.page(sweep.id, narrow, desk.actor, limit=0).total
    above = st.container()
    unit = words.count(total, "record") if total else ""
    offset = tables.page_of("drift", total, rows=PAGE_ROWS, unit=unit).start
    found = desk.core.drift_queries.page(
        sweep.id, narrow, desk.actor, limit=PAGE_ROWS, offset=offset
    )
    with above:
        if found.rows:
            _grid(desk, found.rows, desk.core.drift_queries.repaired_since(sweep, desk.actor))
        else:
            st.info("No record matches the filters.", icon=":material/filter_alt_off:")


def _heading(desk: Desk, standing: Standing, sweep: Sweep) -> None:
    latest = standing.newest is not None and sweep.id == standing.newest.id
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("Records that drift", anchor=False)
        when = words.relative(sweep.saved_at, desk.now(), desk.zone)
        st.html(f"as found by the {MODES[sweep.mode].lower()} that ended {when}", width="content")
        if not latest:
            st.button(
                "Back to the latest check",
                icon=":material/arrow_forward:",
                on_click=address.clear,
                type="tertiary",
                key="newest",
            )


def _filters(desk: Desk, sweep: Sweep) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.multiselect(
            "Causes", [SHORT[cause] for cause in LOOKS], placeholder="All causes",
            key=address.CAUSE, bind="query-params",
            label_visibility="collapsed", width=330, on_change=address.fresh_charts,
        )  # fmt: skip
        st.multiselect(
            "Kinds", list(KINDS.values()), placeholder="All kinds", key=address.KIND,
            bind="query-params", label_visibility="collapsed", width=200,
        )  # fmt: skip
        st.selectbox(
            "Credit", [c.label for c in desk.core.catalogue.credits], index=None,
            placeholder="Any credit", key=address.CREDIT, bind="query-params",
            label_visibility="collapsed", width=180, on_change=address.fresh_charts,
        )  # fmt: skip
        st.selectbox(
            "Difference", [each.name for each in address.BINS], index=None,
            placeholder="Any difference", key=address.DIFFERENCE, bind="query-params",
            label_visibility="collapsed", width=150, on_change=address.fresh_charts,
        )  # fmt: skip
        st.text_input(
            "Record", placeholder="HubSpot record id", key=address.FIND, bind="query-params",
            label_visibility="collapsed", width=180, type="search",
        )  # fmt: skip
        narrow = address.narrowed(desk.core.catalogue)
        filters.end_of_row(
            desk,
            address.clear,
            lambda now: now.core.exporter.drift(now.actor, sweep.id, narrow),
            f"drift-{sweep.started_at:%Y-%m-%d-%H%M}",
            "All matching records, with their values on both sides",
            narrowed=narrow != Narrow(),
        )


def _grid(desk: Desk, rows: Sequence[Drift], mended: Collection[tuple[Kind, str]]) -> None:
    opened = [(row.kind, row.record_id) for row in rows]
    key = f"open_{tables.fingerprint([f'{kind}{id_}' for kind, id_ in opened])}"
    frame = drift_frame(desk, rows)
    if mended:
        since = ["✓ Repaired since" if each in mended else "" for each in opened]
        frame.insert(2, "Now", since)
    names.grid(
        desk,
        frame,
        names.looked_up(desk, opened),
        key=f"drifts_{key}",
        columns={
            "Open": row_buttons.column(
                "Open", opened, lambda record: address.open_record(*record), key=key
            )
        }
        | drift_columns(frame),
        beside=False,
        at=list(frame.columns).index("Kind") + 1,
        height=tables.height(len(rows), at_most=GRID_PX),
        alt="Records that differ between HubSpot and Supabase, the oldest first",
    )


def drift_columns(frame: pd.DataFrame) -> dict[str, Any]:
    """How the frame of drifts is shown."""
    text = st.column_config.TextColumn
    return {
        "Cause": st.column_config.MultiselectColumn(
            "Cause",
            options=[SHORT[cause] for cause in LOOKS],
            color=[BADGES[look.colour] for look in LOOKS.values()],
            width=160,
        ),
        "Now": text(width=130),
        "Kind": text(width=75),
        "Record": names.record_column("HubSpot record", list(frame["Record"]), width=125),
        "Change": text("Supabase → HubSpot", width=330),
        "Since": text("Age", width=90, alignment="right"),
        "Evidence": text("Evidence", width="large"),
    }


def drift_frame(desk: Desk, rows: Sequence[Drift]) -> pd.DataFrame:
    """One row for each record."""
    catalogue, now = desk.core.catalogue, desk.now()
    return pd.DataFrame(
        {
            "Open": ["Open"] * len(rows),
            "Cause": [[SHORT[row.cause]] for row in rows],
            "Kind": [KINDS[row.kind] for row in rows],
            "Record": [names.record_cell(desk, row.kind, row.record_id) for row in rows],
            "Change": [changes(row, catalogue) for row in rows],
            "Since": [words.span(now - row.since) for row in rows],
            "Evidence": [evidence(desk, row) for row in rows],
        }
    )


def changes(row: Drift, catalogue: Catalogue) -> str:
    """What a repair would change: "Clinical Skills 3 → 2; email – → ada@x.org"."""
    if not row.columns:
        return ONE_SIDED.get(row.cause, words.NOTHING)
    return "; ".join(
        f"{column_name(name, catalogue)} {value(row.mirror, name)} {words.ARROW} "
        f"{value(row.truth, name)}"
        for name in row.columns
    )


def evidence(desk: Desk, row: Drift) -> str:
    """What speaks for the cause: times on the reader's clock; people, apps and credits by name."""
    told = MOMENT.sub(lambda at: _on_clock(at[0], desk.zone), row.evidence)
    for credit in desk.core.catalogue.credits:
        told = told.replace(credit.key, credit.label)
    return words.sentence(desk.core.account_directory.named(told))


def _on_clock(text: str, zone: tzinfo) -> str:
    """A value that only looks like a time stays as it is."""
    at = moment(text)
    return words.exact(at, zone) if at else text


def column_name(name: str, catalogue: Catalogue) -> str:
    """A credit as people call it; any other column by its own name."""
    return words.credit(CreditType(name), catalogue).replace("_", " ")


def value(side: Mapping[str, object], name: str) -> str:
    """As it stands there; "–" for nothing."""
    found = side.get(name)
    return words.NOTHING if found is None or found == "" else str(found)
