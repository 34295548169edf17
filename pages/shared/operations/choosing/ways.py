"""The ways to say which bookings are meant. Each draws its widgets and returns the choice.

The choice is made when it is called, so that what is wrong with it is told when the person asks
for the preview, and not while they are still typing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, tzinfo

import pandas as pd
import streamlit as st

from core.credits.errors import BadList
from core.credits.exam_times import hours
from core.credits.records import Contact, ContactId, Exam, ExamId
from core.hubspot.ports.crm import BookingFilter
from core.operations.choosing import selections
from core.operations.choosing.select import (
    ByContact,
    ByExam,
    ByFilter,
    ByReference,
    Selection,
    exam_words,
)
from core.operations.kinds.registry import chosen_kind_of
from core.operations.verdicts import OperationKind
from pages.shared import problems, words
from pages.shared.gate import Desk
from pages.shared.operations.choosing.picking import pick, start_with
from pages.shared.recent import recent

#: Raises ``BadList`` when nothing, or nothing usable, was chosen.
Choice = Callable[[], Selection]

NOT_READ = "Nothing was read, and nothing was changed."
SEARCH_MIN = 2
EXAM = "Exam"


def by_exam(desk: Desk, kind: OperationKind) -> Choice:
    """One or more exams, whose bookings are all meant."""
    text = _search(f"{kind}_exams", "Search exams by type, name or place")
    exams: list[Exam] = []
    with problems.told(NOT_READ):
        find = lambda: desk.core.booking_finder.exams(desk.actor, text)  # noqa: E731
        exams = recent(f"exams {text}", find, now=desk.now())
        if not exams:
            st.caption("No exam found. Exams come from HubSpot; try fewer letters.")
    options = {exam.id: exam_words(exam) for exam in exams}
    frame = _exam_frame(exams, desk.core.zone)
    ids = pick(f"{kind}_exams", "exam", options, frame, EXAM_COLUMNS)

    def choice() -> Selection:
        if not ids:
            raise BadList(["no exam is selected: select at least one row"])
        return ByExam(ids=tuple(ExamId(id_) for id_ in ids))

    return choice


def begin_with_exam(kind: OperationKind, exam: Exam) -> None:
    """The page of this kind opens with this exam picked, and no other."""
    st.session_state[f"{kind}_way"] = EXAM
    start_with(f"{kind}_exams", {exam.id: exam_words(exam)})


def by_contact(desk: Desk, kind: OperationKind) -> Choice:
    """One or more students, whose bookings are all meant."""
    text = _search(f"{kind}_contacts", "Search students by name, e-mail or student id").strip()
    contacts: list[Contact] = []
    if len(text) >= SEARCH_MIN:
        with problems.told(NOT_READ):
            ask = lambda: desk.core.booking_finder.contacts(desk.actor, text)  # noqa: E731
            contacts = recent(f"contacts {text}", ask, now=desk.now())
            if not contacts:
                st.caption("No student found. The search knows names, e-mails and student ids.")
    options = {contact.id: contact.name for contact in contacts}
    ids = pick(f"{kind}_contacts", "student", options, _contact_frame(contacts), CONTACT_COLUMNS)

    def choice() -> Selection:
        if not ids:
            raise BadList(["no student is selected: search for one and select the row"])
        return ByContact(ids=tuple(ContactId(id_) for id_ in ids))

    return choice


def by_filter(desk: Desk, kind: OperationKind) -> Choice:
    """All bookings that HubSpot's search finds for these fields."""
    catalogue = desk.core.catalogue
    of = chosen_kind_of(kind)
    if of.of_owed:
        st.caption("Finds bookings that are cancelled and not yet marked refunded.")
    first, second = st.columns(2), st.columns(2)
    mock_types = [c.mock_type for c in catalogue.credits if c.mock_type]
    mock_type = first[0].selectbox(
        "Mock type", mock_types, index=None, placeholder="Any", key=f"{kind}_mock_type"
    )
    token = first[1].selectbox(
        "Paid with", [c.token for c in catalogue.credits], index=None, placeholder="Any token",
        key=f"{kind}_token",
    )  # fmt: skip
    days = second[0].date_input(
        "Exam date, from and to", value=[], format="YYYY-MM-DD", key=f"{kind}_days"
    )
    location = second[1].text_input("Place", placeholder="Any", key=f"{kind}_location")

    def choice() -> Selection:
        since, until = _ends(days)
        if not (of.of_owed or mock_type or token or since or location.strip()):
            raise BadList(["no field is set: set at least one, or every active booking is meant"])
        return ByFilter(
            narrow=BookingFilter(
                statuses=(of.finds,),
                mock_type=mock_type or "",
                exam_date_from=since,
                exam_date_to=until,
                location=location.strip(),
                token=token or "",
                refunded=False if of.of_owed else None,
            )
        )

    return choice


def by_paste(_: Desk, kind: OperationKind) -> Choice:
    """Bookings pasted, one to a line."""
    text = st.text_area(
        "Bookings, one per line",
        height=180,
        key=f"{kind}_pasted",
        placeholder="Clinical Skills-100234-May 4, 2026\n8812034411",
        help="HubSpot record ids, or booking ids as the student apps make them. Record ids may "
        "also be separated by commas or spaces.",
    )
    return lambda: ByReference.of(selections.from_text(text))


def by_csv(_: Desk, kind: OperationKind) -> Choice | None:
    """Bookings in a CSV file; None for one that cannot be used, whose faults are told here."""
    file = st.file_uploader(
        "CSV file with a booking column",
        type=["csv", "tsv", "txt"],
        key=f"{kind}_csv",
        help="A header line and one booking per line: a file downloaded from Credit Desk, an "
        "export from HubSpot with its Record ID column, or a column named booking_id or "
        "record_id. Other columns are ignored.",
    )
    if file is None:
        return _no_file
    with problems.told(NOT_READ):
        found = selections.from_csv(file.getvalue())
        told = (
            f"{words.count(len(found.references), 'booking')} in {words.count(found.rows, 'row')}"
        )
        if found.again:
            lines = selections.ranges(found.again)
            told += f". {words.count(found.repeated, 'row')} repeated: line {lines}"
        st.caption(f"{told}.")
        return lambda: ByReference.of(found)
    return None


def _no_file() -> Selection:
    raise BadList(["no file is chosen: upload a CSV with a booking_id column"])


#: How bookings are chosen. What cannot be previewed as it is has told why.
Way = Callable[[Desk, OperationKind], Choice | None]
WAYS: dict[str, Way] = {
    EXAM: by_exam,
    "Student": by_contact,
    "Filter": by_filter,
    "Pasted list": by_paste,
    "CSV file": by_csv,
}


def _search(name: str, label: str) -> str:
    return st.text_input(
        label, type="search", live="400ms", key=f"{name}_search", persist_state="session"
    )


def _ends(days: object) -> tuple[date | None, date | None]:
    """A range may be half chosen, or not at all."""
    found = [day for day in days if isinstance(day, date)] if isinstance(days, tuple) else []
    return (found[0] if found else None), (found[1] if len(found) > 1 else None)


EXAM_COLUMNS = {
    "Date": st.column_config.DateColumn(format="D MMM YYYY", width=100),
    "Time": st.column_config.TextColumn(width=110),
    "Type": st.column_config.TextColumn(width=180),
    "Place": st.column_config.TextColumn(width=160),
    "Booked": st.column_config.TextColumn("Booked, seats", width=110, alignment="right"),
    "Name": st.column_config.TextColumn(width="large"),
}
CONTACT_COLUMNS = {
    "Student": st.column_config.TextColumn(width=200),
    "E-mail": st.column_config.TextColumn(width=260),
    "Student id": st.column_config.TextColumn(width=120, alignment="right"),
}


def _exam_frame(exams: list[Exam], zone: tzinfo) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Date": [exam.exam_date for exam in exams],
            "Time": [hours(exam, zone) for exam in exams],
            "Type": [exam.mock_type for exam in exams],
            "Place": [exam.location for exam in exams],
            "Booked": [_seats(exam) for exam in exams],
            "Name": [exam.name for exam in exams],
        }
    )


def _seats(exam: Exam) -> str:
    taken = next(iter(exam.balances.values()), None)
    if taken is None:
        return words.NOTHING
    return f"{taken:,} of {exam.capacity:,}" if exam.capacity is not None else f"{taken:,}"


def _contact_frame(contacts: list[Contact]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Student": [contact.name for contact in contacts],
            "E-mail": [contact.email for contact in contacts],
            "Student id": [contact.student_id for contact in contacts],
        }
    )
