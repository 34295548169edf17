"""The preview of a repair: what drifts at this moment, what would change, and the yes to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from core.credits.typed_reasons import REASON_MAX
from core.drift.causes import Remedy
from core.drift.differences import Drift
from core.work.clocks import within
from pages.shared import gate, problems, tables, words
from pages.shared.drift import address
from pages.shared.drift.asking import may_repair
from pages.shared.drift.causes import KINDS, cause_named
from pages.shared.drift.rows import drift_columns, drift_frame
from pages.shared.gate import Desk
from pages.shared.operations.figures import cards
from pages.shared.problems import Problem
from pages.shared.students import names

#: After this both stores are read again before anybody says yes.
FRESH = timedelta(minutes=10)
SHOWN = 500
#: What becomes of the mirror's row.
DOES = {
    Remedy.COPY: "Copied from HubSpot",
    Remedy.DELETE: "Row deleted",
    Remedy.REPLACE: "Merged contact copied, old row deleted",
    Remedy.PERSON: "Left: a person corrects HubSpot",
}

assert DOES.keys() == set(Remedy), "every remedy says what it does"


@dataclass(frozen=True, slots=True)
class Preview:
    """What was read from both stores, once, for one address."""

    of: str
    read_at: datetime
    drifts: Sequence[Drift]


def show(desk: Desk, of: str) -> None:
    """``of``: a cause, all of them, or one record."""
    st.button("Back to drift", icon=":material/arrow_back:", on_click=address.leave_repair)
    if not may_repair(desk):
        st.warning("Only an admin may repair. Ask one to.", icon=":material/lock:")
        return
    if not _named(of):
        problems.show(
            Problem(
                "There is nothing to repair at this address",
                [f"“{of}” is neither a cause of drift nor a record of HubSpot"],
                "It may be cut short.",
            ),
            "Nothing was read, and nothing was changed.",
        )
        return
    preview = _read(desk, of)
    if preview is None:
        return
    if not preview.drifts:
        st.success(
            "Both were just read: Supabase matches HubSpot.",
            title="None of these differ any more",
            icon=":material/verified:",
        )
        return
    _heading(desk, preview)
    _table(desk, preview)
    able = [drift for drift in preview.drifts if drift.repairable]
    if able:
        _form(desk, able)
    else:
        st.info(
            "A balance in HubSpot cannot be read. Correct it there; the copy follows by itself.",
            title="A repair cannot fix these",
            icon=":material/person_edit:",
        )


def _named(of: str) -> bool:
    """Whether the address names something that can drift."""
    record = address.parted(of)
    is_record = record is not None and record[1].isascii() and record[1].isdecimal()
    return of == address.ALL or cause_named(of) is not None or is_record


def _read(desk: Desk, of: str) -> Preview | None:
    """Kept for this session, so that typing a reason reads nothing again."""
    kept: Preview | None = st.session_state.get("_repair_preview")
    if kept is not None and kept.of == of and within(kept.read_at, desk.now(), FRESH):
        return kept
    with problems.told("Nothing was changed."), st.spinner("Reading both stores…"):
        found = _drifts(desk, of)
        kept = Preview(of, desk.now(), sorted(found, key=lambda d: (d.repairable, d.since)))
        st.session_state["_repair_preview"] = kept
        return kept
    return None


def _drifts(desk: Desk, of: str) -> list[Drift]:
    if of == address.ALL:
        return desk.core.repair_runner.of_all(desk.actor)
    if cause := cause_named(of):
        return desk.core.repair_runner.of_cause(cause, desk.actor)
    record = address.parted(of)
    if record is None:
        return []
    kind, id_ = record
    found = desk.core.repair_runner.of_record(id_, desk.actor)
    return [drift for drift in found if drift.kind is kind]


def _heading(desk: Desk, preview: Preview) -> None:
    record = address.parted(preview.of)
    what = f"{KINDS[record[0]].lower()} {record[1]}" if record else preview.of.lower()
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall"):
            st.header(f"Preview of a repair: {words.plain(what)}", anchor=False)
            when = words.relative(preview.read_at, desk.now(), desk.zone)
            st.html(f"Both stores read {when}. Nothing has been changed yet.")
        st.button("Refresh from both", icon=":material/refresh:", on_click=forget, key="again")
    counts = Counter(drift.remedy for drift in preview.drifts)
    shown = [
        (DOES[remedy], words.count(counts[remedy], "record")) for remedy in Remedy if counts[remedy]
    ]
    cards(shown, in_a_row=4)
    st.caption(
        "HubSpot is right: nothing is written there. Records that Credit Desk is "
        "writing just now are skipped."
    )


def forget() -> None:
    """Read anew. For callbacks."""
    st.session_state.pop("_repair_preview", None)


def _table(desk: Desk, preview: Preview) -> None:
    rows = list(preview.drifts)[:SHOWN]
    frame = drift_frame(desk, rows).drop(columns="Open")
    frame.insert(0, "Repair", [DOES[row.remedy] for row in rows])
    records = [(row.kind, row.record_id) for row in rows]
    names.grid(
        desk,
        frame,
        names.looked_up(desk, records),
        key=f"repair_preview_{tables.fingerprint([id_ for _, id_ in records])}",
        columns={"Repair": st.column_config.TextColumn(width=200)} | drift_columns(frame),
        beside=False,
        at=list(frame.columns).index("Kind") + 1,
        height=tables.height(len(rows), at_most=360),
        alt="What the repair would change, record by record, what it cannot fix first",
    )
    if len(preview.drifts) > SHOWN:
        st.caption(f"The first {SHOWN:,} of {words.count(len(preview.drifts), 'record')}.")


@gate.fragment()
def _form(desk: Desk, able: Sequence[Drift]) -> None:
    """A fragment, so that typing does not draw the table again."""
    with st.container(border=True, key="confirm_repair"):
        reason = st.text_input(
            "Reason",
            placeholder="Kept with the repair",
            max_chars=REASON_MAX,
            live=True,
            key="repair_reason",
        )
        said = (reason or "").strip()
        with st.container(horizontal=True, vertical_alignment="center"):
            sure = st.button(
                f"Repair {words.count(len(able), 'record')} in Supabase",
                type="primary",
                disabled=not said,
                key="repair_sure",
            )
            st.caption("It continues when you close this page." if said else "Give a reason first.")
        if sure:
            with problems.told("Nothing was changed."):
                done = desk.core.repair_runner.confirm(able, desk.acting(), said)
                forget()
                address.follow_repair(done.id)
