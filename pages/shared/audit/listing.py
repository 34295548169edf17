"""The entries that fit the filters, newest first, a page at a time; and all of them as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from core.audit.chain import Link
from core.audit.entries import BEHIND_AN_ACT, Entry, Sought, Subject, What, change_of
from core.credits.catalogue import Catalogue
from core.credits.records import Kind
from core.credits.sessions import Opening
from core.students.names import Student
from pages.shared import filters, kinds, places, row_buttons, saved_filters, tables, words
from pages.shared.audit import address, integrity
from pages.shared.exports import csv_button
from pages.shared.gate import Desk
from pages.shared.operations import address as operation_address
from pages.shared.students import names

PAGE_ROWS = 100
GRID_PX = 640
_TO = "_audit_to"
#: Records by whose id entries are found, with what is found besides.
RECORDS = (
    ("Contact", address.CONTACT, "Includes changes to its bookings"),
    ("Booking", address.BOOKING, "Includes the writes that moved its credit"),
    ("Exam", address.EXAM, "Includes operations on its bookings"),
)
#: Where an entry of a booking says whose it is.
OF_CONTACT = "contact"
#: What is written, beside credits.
LABELS: Mapping[str, str] = {
    "total_bookings": "Seats taken",
    "status": "Status",
    "is_active": "Status",
    "refunded": "Refunded",
    "token_refunded": "Refunded",
    "token": "Token",
    "booking": "Booking",
    "state": "State",
    "role": "Role",
    "token_used": "Token",
}


def show(desk: Desk) -> None:
    """Integrity, filters, entries."""
    integrity.show(desk)
    _filters(desk)
    sought = address.sought(desk.zone)
    total = desk.core.audit_log.count(sought, desk.actor)
    if not total:
        _nothing(sought)
        return
    above = st.container()
    one, many = ("act", "acts") if sought.acts_only else ("entry", "entries")
    unit = words.count(total, one, many)
    offset = tables.page_of("audit", total, rows=PAGE_ROWS, unit=unit).start
    links = desk.core.audit_log.find(sought, desk.actor, limit=PAGE_ROWS, offset=offset)
    with above:
        _grid(desk, links, acts_only=sought.acts_only)
    if to := st.session_state.pop(_TO, None):
        path, params = to
        st.switch_page(path, query_params=params)


def _filters(desk: Desk) -> None:
    """Who, what and when; below it, of which record and why."""
    row: dict[str, Any] = {"horizontal": True, "vertical_alignment": "bottom", "gap": "small"}
    with st.container(**row):
        filters.typed("Who", address.WHO, "An e-mail", width=150)
        st.multiselect(
            "Acts", [what.value for what in What], format_func=words.sentence,
            placeholder="All acts", key=address.ACT, width=290, bind="query-params",
        )  # fmt: skip
        filters.kinds(address.KIND, width=220, told="Only acts of operations of these kinds")
        filters.days(address.SINCE, address.UNTIL)
        st.space("stretch")
        csv = st.container(width="content")
    with st.container(**row):
        filters.typed("Operation", address.OPERATION, "Its id")
        for label, key, told in RECORDS:
            filters.typed(label, key, "HubSpot record id", told=told)
        filters.typed("Words", address.WORDS, "In the reason")
        st.toggle(
            "Every entry", key=address.EVERY, bind="query-params",
            help="Also each write and booking of an operation, and each row of a repair",
        )  # fmt: skip
        sought = replace(address.sought(desk.zone), acts_only=False)
        filters.the_way_back(address.clear, narrowed=address.narrows())
        saved_filters.show(desk, address.FIELDS)
    with csv:
        csv_button(
            desk,
            lambda now: now.core.exporter.audit(sought, now.actor),
            f"audit-{desk.now():%Y-%m-%d-%H%M}",
            "All matching entries, also those behind an act, each with its hash",
        )


def _nothing(sought: Sought) -> None:
    if not address.narrows():
        st.info(
            "Nothing has been recorded yet. Every sign-in, look at a contact, preview, "
            "confirmation, write, repair and change of a role appears here as it happens.",
            icon=":material/inbox:",
        )
    else:
        filters.nothing_fits("entries", sought.since, sought.until)


def _grid(desk: Desk, links: Sequence[Link], *, acts_only: bool) -> None:
    entries = [link.entry for link in links]
    key = f"audit_{tables.fingerprint([str(link.n) for link in links])}"
    text = st.column_config.TextColumn
    operations = [entry.operation_id for entry in entries]
    students = _students(desk, entries)
    frame = audit_frame(links, outcomes(desk, operations), desk)
    behind: dict[str, Any] = {}
    if acts_only:
        sizes = desk.core.audit_log.sizes(operations, desk.actor)
        shown = [
            words.count(sizes.get(id_, 0), "entry", "entries") if id_ else None
            for id_ in operations
        ]
        frame.insert(list(frame.columns).index("Change"), "Behind", shown)
        behind["Behind"] = row_buttons.column(
            "Entries",
            operations,
            _open_entries,
            key=f"{key}_behind",
            width=100,
            pinned=False,
        )
    names.grid(
        desk,
        frame,
        students,
        key=key,
        columns={
            "n": st.column_config.NumberColumn("Entry", width=70, format="localized", pinned=True),
            "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm:ss", width=150),
            "Who": text(width=155),
            "Act": text("Did", width=170),
            "About": text(width=400),
            **behind,
            "Change": text(f"Before {words.ARROW} after", width=190),
            "Reason": text(width=250),
            "Role": text(width=70),
            "Operation": row_buttons.column(
                "Operation", operations, _open_operation, key=f"{key}_operation", width=90
            ),
            "More": text(width="large"),
        },
        at=list(frame.columns).index("About"),
        height=tables.height(len(links), at_most=GRID_PX),
        alt="Audit entries, newest first",
    )


def _open_operation(id_: str) -> None:
    """A callback may not switch pages; the run after it does."""
    if id_:
        params = {operation_address.OPERATION: id_}
        st.session_state[_TO] = (places.OPERATIONS.path, params)


def _open_entries(id_: str) -> None:
    if id_:
        address.behind(id_)


def _students(desk: Desk, entries: Sequence[Entry]) -> list[Student]:
    """By name, unless the entry is older than names are kept."""
    by_id = [Student(_contact(entry)) for entry in entries]
    kept = [desk.core.student_names.kept(entry.at) for entry in entries]
    asked = [(Kind.CONTACT, one.id) for one, may in zip(by_id, kept, strict=True) if may]
    found = iter(names.looked_up(desk, asked))
    return [next(found) if may else one for one, may in zip(by_id, kept, strict=True)]


def _contact(entry: Entry) -> str:
    """Whom it is about, also by way of a booking."""
    if entry.subject == Subject.CONTACT:
        return entry.subject_id
    whose = entry.detail.get(OF_CONTACT) if entry.subject == Subject.BOOKING else None
    return whose if isinstance(whose, str) else ""


def outcomes(desk: Desk, operation_ids: Sequence[str]) -> dict[str, str]:
    """What each of these operations is, and how far: the entries hold no names, so looked up."""
    named = desk.core.operation_queries.named(operation_ids, desk.actor)
    return {id_: kinds.in_brief(*found) for id_, found in named.items()}


def audit_frame(links: Sequence[Link], operations: Mapping[str, str], desk: Desk) -> pd.DataFrame:
    """One row for each entry. ``operations``: see ``outcomes``."""
    entries = [link.entry for link in links]
    catalogue = desk.core.catalogue
    return pd.DataFrame(
        {
            "n": [link.n for link in links],
            "When": [entry.at.astimezone(desk.zone).replace(tzinfo=None) for entry in entries],
            "Who": [entry.actor for entry in entries],
            "Act": [words.sentence(entry.what) for entry in entries],
            "About": [
                operations.get(entry.operation_id, words.NOTHING)
                if _of_the_whole(entry)
                else about(entry)
                for entry in entries
            ],
            "Change": [change(entry, catalogue) for entry in entries],
            "Reason": [entry.reason for entry in entries],
            "Operation": [entry.operation_id[:8] or None for entry in entries],
            "Role": [words.sentence(entry.role) or words.NOTHING for entry in entries],
            "More": [more(_unshown(entry), catalogue) for entry in entries],
        }
    )


def _of_the_whole(entry: Entry) -> bool:
    """It tells of an operation, and not of one record in it."""
    return bool(entry.operation_id) and entry.what not in BEHIND_AN_ACT


def about(entry: Entry) -> str:
    """What the act was about: "exam 71000000001"; a student has a column of its own."""
    if not entry.subject or entry.subject == Subject.CONTACT:
        return words.NOTHING
    return entry.subject_id if entry.subject == Subject.PERSON else (
        f"{entry.subject} {entry.subject_id}"
    )  # fmt: skip


def change(entry: Entry, catalogue: Catalogue) -> str:
    """Before and after, by the names that people know: "Status Active → Cancelled"."""
    labels = {**LABELS, **{str(credit.key): credit.label for credit in catalogue.credits}}
    if entry.subject == Subject.EXAM:
        labels["is_active"] = "State"
    before, after = (
        {labels.get(name, name): _state(entry, value) for name, value in held.items()}
        for held in (entry.before, entry.after)
    )
    return change_of(replace(entry, before=before, after=after))


def _state(entry: Entry, value: Any) -> Any:
    """Of an exam as its page says it: HubSpot holds "true" where it is active."""
    of_exam = entry.subject == Subject.EXAM
    return next((o.name.lower() for o in Opening if of_exam and o == value), value)


def _unshown(entry: Entry) -> Mapping[str, Any]:
    """What no other column says."""
    shown = OF_CONTACT if _contact(entry) else None
    return {name: value for name, value in entry.detail.items() if name != shown}


def named(told: str, catalogue: Catalogue) -> str:
    """With credits by their names."""
    for credit in catalogue.credits:
        told = told.replace(credit.key, credit.label)
    return told.replace("total_bookings", "Seats taken")


def more(detail: Mapping[str, Any], catalogue: Catalogue) -> str:
    """The rest, as words: "kind refund; bookings 12"."""
    return named("; ".join(f"{name} {_plain(value)}" for name, value in detail.items()), catalogue)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items())
    if isinstance(value, list):
        return " ".join(map(_plain, value))
    return words.NOTHING if value is None else str(value)
