"""Students in tables: each by name, which opens the student's page, with the HubSpot id beside it.

The id leads to the record in HubSpot, where the account is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.credits.records import Kind
from core.operations.plans import Row
from core.operations.states import Item
from core.students.names import Named, Record, Student
from pages.shared import places, row_buttons, tables, words
from pages.shared.gate import Desk

#: Where the address of the students' page has whose it is.
IN_ADDRESS = "id"
#: The two columns.
STUDENT, RECORD = "Student", "HubSpot id"
#: The id in the address of a record of HubSpot.
_ID_IN_URL = r"/([^/]+)$"
_TO = "_student_to"


def looked_up(desk: Desk, records: Iterable[Record]) -> Named:
    """The student of each record, in one question; why names are missing stands above the table."""
    named = desk.core.names.whose(records, desk.actor)
    if named.fault:
        st.caption(f":material/badge: Some names are missing: {words.plain(named.fault)}.")
    return named


def grid(
    desk: Desk,
    frame: pd.DataFrame,
    students: Sequence[Student],
    *,
    key: str,
    columns: Mapping[str, Any],
    where: DeltaGenerator | None = None,
    at: int = 1,
    order: Sequence[str] | None = None,
    **how: Any,
) -> Any:
    """Draw a table with the student of each row; what ``st.dataframe`` returns.

    ``at``: how many columns stand before the student, unless the frame has its own place for it.
    ``columns``, ``order``, ``how``: as ``st.dataframe`` takes them.
    """
    shown = with_students(frame, students, desk, at=at)
    if order is not None:
        how["column_order"] = _with_record(order)
    name = f"{key}_students"
    drawn = (where or st).dataframe(
        shown,
        key=key,
        column_config={**columns, **_columns(students, desk, key=name)},
        hide_index=True,
        row_height=tables.ROW_PX,
        **how,
    )
    if to := st.session_state.pop(_TO, None):
        st.switch_page(places.CONTACTS.path, query_params={IN_ADDRESS: to})
    return drawn


def with_students(
    frame: pd.DataFrame, students: Sequence[Student], desk: Desk, *, at: int = 1
) -> pd.DataFrame:
    """The frame with the student of each row, and the id beside it."""
    shown = frame.copy()
    if STUDENT not in shown:
        shown.insert(min(at, len(shown.columns)), STUDENT, "")
    held = shown[STUDENT].tolist()
    shown[STUDENT] = [s.told or words_ for s, words_ in zip(students, held, strict=True)]
    after = list(shown.columns).index(STUDENT) + 1
    shown.insert(after, RECORD, [_record(desk, student) for student in students])
    return shown


def _record(desk: Desk, student: Student) -> str:
    return desk.core.account.record_url(Kind.CONTACT, student.id) or student.id


def _columns(students: Sequence[Student], desk: Desk, *, key: str) -> dict[str, Any]:
    ids = [student.id for student in students]
    linked = any(desk.core.account.record_url(Kind.CONTACT, id_) for id_ in ids)
    record = (
        st.column_config.LinkColumn(
            display_text=_ID_IN_URL, width=120, help="Opens the record in HubSpot"
        )
        if linked
        else st.column_config.TextColumn(width=120)
    )
    button = row_buttons.column(
        STUDENT, ids, _open, key=key, width=170, pinned=False, alignment="left"
    )
    return {STUDENT: button, RECORD: record}


def _with_record(order: Sequence[str]) -> list[str]:
    return [each for name in order for each in ([name, RECORD] if name == STUDENT else [name])]


def _open(id_: str) -> None:
    """A callback may not switch pages; the run after it does."""
    if id_:
        st.session_state[_TO] = id_


def elsewhere(desk: Desk, kind: Kind, id_: str) -> None:
    """Where else this record is seen: in HubSpot, and its table in Supabase, as far as known."""
    ways = [
        ("Open in HubSpot", desk.core.account.record_url(kind, id_)),
        ("Open Supabase's tables", desk.core.account.editor_url),
    ]
    if known := [(label, url) for label, url in ways if url]:
        with st.container(horizontal=True, gap="small"):
            for label, url in known:
                st.page_link(url, label=label, icon=":material/open_in_new:")


def of_rows(rows: Sequence[Row | Item]) -> list[Student]:
    """Of plans and operations, which keep the names until they are forgotten."""
    return [Student(row.contact_id or "", row.contact_name) for row in rows]
