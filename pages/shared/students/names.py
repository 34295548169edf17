"""Students in tables: each by name, which opens the student's page, with the HubSpot id beside it.

The id leads to the record in HubSpot, where the account is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.credits.records import Kind
from core.operations.plans import Row
from core.operations.states import Item
from core.students.names import Record, Student
from pages.shared import places, row_buttons, tables, words
from pages.shared.gate import Desk

#: Where the address of the students' page has whose it is.
IN_ADDRESS = "id"
#: The two columns.
STUDENT, RECORD = row_buttons.STUDENT, "HubSpot id"
#: The id in the address of a record of HubSpot.
_ID_IN_URL = r"/([^/]+)$"
_TO = "_student_to"


def looked_up(desk: Desk, records: Sequence[Record]) -> list[Student]:
    """The student of each record, in one question; why names are missing stands above the table."""
    named = desk.core.student_names.whose(records, desk.actor)
    if named.fault:
        st.caption(f":material/badge: Some names are missing: {words.plain(named.fault)}.")
    return [named.of(*record) for record in records]


def grid(
    desk: Desk,
    frame: pd.DataFrame,
    students: Sequence[Student],
    *,
    key: str,
    columns: Mapping[str, Any],
    where: DeltaGenerator | None = None,
    at: int = 1,
    beside: bool = True,
    order: Sequence[str] | None = None,
    **how: Any,
) -> Any:
    """Draw a table with the student of each row; what ``st.dataframe`` returns.

    Without any student, a frame that has no place of its own for one gets none.
    ``at``: how many columns stand before the student, unless the frame has its own place for it.
    ``beside``: with the student's id; without it where each row has the id of its own record.
    ``columns``, ``order``, ``how``: as ``st.dataframe`` takes them.
    """
    column_config = dict(columns)
    if STUDENT in frame or any(student.id for student in students):
        frame = with_students(frame, students, desk, at=at, beside=beside)
        column_config[STUDENT] = _student_column(students, key=f"{key}_students")
        if beside:
            column_config[RECORD] = record_column(RECORD, list(frame[RECORD]))
    if order is not None:
        how["column_order"] = _with_record(order)
    drawn = (where or st).dataframe(
        frame,
        key=key,
        column_config=column_config,
        hide_index=True,
        row_height=tables.ROW_PX,
        **how,
    )
    if to := st.session_state.pop(_TO, None):
        st.switch_page(places.CONTACTS.path, query_params={IN_ADDRESS: to})
    return drawn


def with_students(
    frame: pd.DataFrame,
    students: Sequence[Student],
    desk: Desk,
    *,
    at: int = 1,
    beside: bool = True,
) -> pd.DataFrame:
    """The frame with the student of each row, and the id beside it."""
    shown = frame.copy()
    if STUDENT not in shown:
        shown.insert(min(at, len(shown.columns)), STUDENT, "")
    held = shown[STUDENT].tolist()
    shown[STUDENT] = [s.told or words_ for s, words_ in zip(students, held, strict=True)]
    if beside:
        after = list(shown.columns).index(STUDENT) + 1
        ids = [record_cell(desk, Kind.CONTACT, student.id) for student in students]
        shown.insert(after, RECORD, ids)
    return shown


def record_cell(desk: Desk, kind: Kind, id_: str) -> str:
    """What a column of records holds: the page in HubSpot, the id where that is not known."""
    return desk.core.account_directory.record_url(kind, id_) or id_


def record_column(label: str, cells: Sequence[str], *, width: int = 120) -> Any:
    """How ``record_cell`` of each row is shown: as the id, which leads to HubSpot."""
    if not any(cell.startswith("https://") for cell in cells):
        return st.column_config.TextColumn(label, width=width)
    told = "Opens the record in HubSpot"
    return st.column_config.LinkColumn(label, display_text=_ID_IN_URL, width=width, help=told)


def _student_column(students: Sequence[Student], *, key: str) -> Any:
    return row_buttons.column(
        STUDENT,
        [student.id for student in students],
        _open,
        key=key,
        width=170,
        pinned=False,
        alignment="left",
        told="A click opens the student's page",
    )


def _with_record(order: Sequence[str]) -> list[str]:
    return [each for name in order for each in ([name, RECORD] if name == STUDENT else [name])]


def link(id_: str, label: str) -> None:
    """The way to the page of this student."""
    st.page_link(
        places.as_page(places.CONTACTS),
        label=label,
        icon=":material/person:",
        query_params={IN_ADDRESS: id_},
    )


def _open(id_: str) -> None:
    """A callback may not switch pages; the run after it does."""
    if id_:
        st.session_state[_TO] = id_


def elsewhere(desk: Desk, kind: Kind, id_: str) -> None:
    """Where else this record is seen: in HubSpot, and its table in Supabase, as far as known."""
    ways = [
        ("Open in HubSpot", desk.core.account_directory.record_url(kind, id_)),
        ("Open Supabase's table editor", desk.core.account_directory.editor_url),
    ]
    if known := [(label, url) for label, url in ways if url]:
        with st.container(horizontal=True, gap="small"):
            for label, url in known:
                st.page_link(url, label=label, icon=":material/open_in_new:")


def of_rows(rows: Sequence[Row | Item]) -> list[Student]:
    """Of plans and operations, which keep the names until they are forgotten."""
    return [Student(row.contact_id or "", row.contact_name) for row in rows]
