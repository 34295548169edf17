"""One operation: how it stands or ended, its bookings, the writes it made, and its history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from core.audit.store.event_port import Event
from core.credits.catalogue import Catalogue
from core.credits.records import Kind
from core.credits.writes import WriteState
from core.operations.blocked_items import DISMISSED, FOUND_DONE
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.states import ENDED, Operation, OperationState
from core.students.names import NOBODY, Student
from pages.shared import tables, words
from pages.shared.gate import Desk
from pages.shared.operations import address
from pages.shared.operations.progress import following, result
from pages.shared.students import names

VIEWS = ("Bookings", "Writes", "History")
WRITE_STATES = {
    WriteState.LANDED: ("✓ Applied", "green"),
    WriteState.OPEN: ("• Outcome unknown", "blue"),
    WriteState.VOID: ("– Not applied", "gray"),
    WriteState.UNDECIDED: ("? Undecided", "orange"),
}

assert WRITE_STATES.keys() == set(WriteState), "every state of a write has its word"


def show(desk: Desk, operation: Operation) -> None:
    """Everything that is known of it."""
    st.button(
        "All operations", icon=":material/arrow_back:", on_click=address.close, type="tertiary"
    )
    if operation.state not in ENDED:
        following.show(desk, operation)
    else:
        result.summary(desk, operation)
    if operation.state is OperationState.AWAITING:
        _history(desk, operation)  # its bookings stand above, and nothing was written
        return
    view = st.segmented_control(
        "Show", VIEWS, default="Bookings", required=True,
        label_visibility="collapsed", key=f"detail_{operation.id}",
    )  # fmt: skip
    if view == "Writes":
        _writes(desk, operation)
    elif view == "History":
        _history(desk, operation)
    else:
        result.items_table(desk, operation)
        result.next_acts(desk, operation)


def _writes(desk: Desk, operation: Operation) -> None:
    counted = desk.core.operation_queries.writes_counted(operation.id, desk.actor)
    if not counted:
        st.caption("No write was sent to HubSpot.")
        return
    st.markdown(writes_words(operation, counted))
    above = st.container()
    page = tables.page_of(f"writes_{operation.id}", sum(counted.values()))
    shown = desk.core.operation_queries.writes(
        operation.id, desk.actor, limit=len(page), offset=page.start
    )
    known = desk.core.operation_queries.names_written(operation, shown, desk.actor)
    words_of, colours = zip(*WRITE_STATES.values(), strict=True)
    names.grid(
        desk,
        writes_frame(shown, desk.core.catalogue),
        [_whose(record, known) for record in shown],
        key=f"writes_{operation.id}_{page.start}",
        columns={
            "State": tables.badge_column("State", words_of, colours),
            "Changed": st.column_config.TextColumn(width=300, alignment="right"),
            "Bookings": st.column_config.NumberColumn(width=80),
            "Sent": st.column_config.DatetimeColumn(
                format="D MMM, HH:mm:ss", timezone=str(desk.zone), width=120
            ),
            "Checked": st.column_config.TextColumn("Checked against history", width=170),
            "Note": st.column_config.TextColumn(width="medium"),
        },
        where=above,
        height=tables.height(len(shown)),
        alt="Updates sent to HubSpot",
    )


def writes_words(operation: Operation, counted: Mapping[tuple[WriteState, str | None], int]) -> str:
    """How many writes, of how many calls, and how many were checked."""
    found: Counter[str] = Counter()
    for (state, verified), n in counted.items():
        if state is WriteState.LANDED:
            found[verified or "not checked yet"] += n
    told = ", ".join(f"{n:,} {what}" for what, n in found.most_common())
    calls = f" in {words.count(operation.calls, 'call')} to HubSpot" if operation.calls else ""
    made = words.count(sum(counted.values()), "write")
    return f"{made}{calls}. Against HubSpot's history: {told or 'none'}."


def writes_frame(records: Sequence[WriteRecord], catalogue: Catalogue) -> pd.DataFrame:
    """One row for each update of one contact or exam."""
    return pd.DataFrame(
        {
            "State": [[WRITE_STATES[record.state][0]] for record in records],
            names.STUDENT: [_exam(record) for record in records],
            "Changed": [_changes(record, catalogue) for record in records],
            "Bookings": [len(record.write.movements) for record in records],
            "Sent": [record.write.sent_at for record in records],
            "Checked": [(record.verified or "not yet").capitalize() for record in records],
            "Note": [record.reason for record in records],
        }
    )


def _whose(record: WriteRecord, known: Mapping[str, str]) -> Student:
    """Nobody's: a seat count."""
    write = record.write
    if write.kind is Kind.EXAM:
        return NOBODY
    return Student(write.target_id, known.get(write.target_id, ""))


def _exam(record: WriteRecord) -> str:
    """What stands in a student's place."""
    return f"Exam {record.write.target_id}" if record.write.kind is Kind.EXAM else ""


def _changes(record: WriteRecord, catalogue: Catalogue) -> str:
    write = record.write
    return "; ".join(
        f"{words.credit(key, catalogue)} {words.change(before, write.after.get(key))}"
        for key, before in write.before.items()
    )


def _history(desk: Desk, operation: Operation) -> None:
    events = desk.core.operation_commands.history(operation.id, desk.actor)
    st.dataframe(
        history_frame(events, desk.core.account_directory.named),
        column_config={
            "When": st.column_config.DatetimeColumn(
                format="D MMM YYYY, HH:mm:ss", timezone=str(desk.zone), width=170
            ),
            "Who": st.column_config.TextColumn(width=190),
            "What": st.column_config.TextColumn(width="large"),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(events)),
        alt="What happened to the operation, newest first",
    )


def history_frame(events: Sequence[Event], by_name: Callable[[str], str]) -> pd.DataFrame:
    """What happened, newest first. ``by_name``: names people and apps of HubSpot."""
    rows = [(e.at, e.actor or words.NOTHING, by_name(event_words(e))) for e in events]
    return pd.DataFrame(rows, columns=["When", "Who", "What"])


#: What an event is called in the journal, and what a person reads.
EVENTS = {
    "confirmed": "Confirmed",
    "approved": "Approved as a second admin",
    "approval refused": "Could not be approved: it can no longer be done as requested",
    "running": "Started",
    "stopping": "Asked to stop",
    "stopped": "Stopped",
    "done": "Finished",
    "called off": "Withdrawn before it started",
    "reopened": "Resumed",
    "follow-ups due": "Asked to retry follow-ups",
    "follow-ups given up": "Gave up follow-ups",
    "follow-ups done": "Follow-ups done",
    "left undone": "Follow-ups incomplete",
    "made good": "Follow-ups completed later",
    DISMISSED: "Dismissed",
    FOUND_DONE: "Nothing left to do, found by a new preview",
    "dealt with": "Done since by another operation",
}


def event_words(event: Event) -> str:
    """An event as a sentence."""
    told = EVENTS.get(event.what, words.sentence(event.what))
    if event.what == "running" and event.detail.get("detail") == "retry":
        told = "Started again for what was unfinished"
    if event.what == OperationState.CALLED_OFF and event.detail.get("detail"):
        told = f"{told}: {event.detail['detail']}"
    if "about" in event.detail:
        told = f"{told}: {event.detail['told']}"
    if "reason" in event.detail:
        told = f"{told}. Reason: {event.detail['reason']}"
    if why := event.detail.get("needs_approval"):
        told = f"{told}. Needs a second admin: {why}"
    if "items" in event.detail:
        told = f"{told}: {words.count(int(event.detail['items']), 'booking')}"
    return told
