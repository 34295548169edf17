"""Tables of bookings: the rows of a plan, the items of an operation, as frames and as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import pandas as pd
import streamlit as st

from core.credits.adjustments import named, replaces
from core.credits.catalogue import Catalogue
from core.credits.csv_safe import Table
from core.operations.kinds.base import RowSubject
from core.operations.kinds.registry import by_kind, goes_to_exam, kind_of
from core.operations.plans import Row
from core.operations.states import SETTLED, Item, ItemState
from core.operations.verdicts import OperationKind, Verdict
from pages.shared import words
from pages.shared.kinds import SAID

#: What the column says in which each row has its name.
OF: Mapping[OperationKind, str] = by_kind(
    lambda kind: "Change" if kind.subject is RowSubject.ADJUSTMENT else "Booking"
)
#: Rows sent to the browser at once. Totals are always over all.
PAGE_ROWS = 500
ROW_PX = 30

VERDICT_COLOURS = {
    Verdict.BLOCKED: "red",
    Verdict.SKIP: "gray",
    Verdict.WILL_CHANGE: "green",
    Verdict.EXCLUDED: "gray",
}
ITEM_COLOURS = {
    ItemState.FAILED: "red",
    ItemState.BLOCKED: "red",
    ItemState.UNDECIDED: "orange",
    ItemState.STOPPED: "gray",
    ItemState.SKIPPED: "gray",
    ItemState.EXCLUDED: "gray",
    ItemState.DISMISSED: "gray",
    ItemState.PENDING: "gray",
    ItemState.CLAIMED: "blue",
    ItemState.CANCELLED: "blue",
    ItemState.GIVEN_BACK: "blue",
    ItemState.DONE: "green",
}

assert VERDICT_COLOURS.keys() == set(Verdict), "every verdict has its colour"
assert ITEM_COLOURS.keys() == set(ItemState), "every state has its colour"


def badge_column(
    label: str, words_of: Sequence[str], colours: Sequence[str], *, width: int = 108
) -> Any:
    """A column whose cells are one coloured word each; ``width`` in pixels."""
    return st.column_config.MultiselectColumn(
        label, options=list(words_of), color=list(colours), width=width, pinned=True
    )


def booking_columns(kind: OperationKind) -> dict[str, Any]:
    """What plans and items have in common."""
    text = st.column_config.TextColumn
    return {
        "Student": text(width=128),
        OF[kind]: text(width=300),
        "Credit": text(width=128),
        "Balance": text("Balance, credits", width=103, alignment="right"),
        "Why": text(width="large"),
    }


def plan_columns(kind: OperationKind) -> dict[str, Any]:
    """How the frame of a plan's rows is shown."""
    names = [words.VERDICT[verdict] for verdict in Verdict]
    badge = badge_column("Verdict", names, [VERDICT_COLOURS[verdict] for verdict in Verdict])
    return {"Verdict": badge} | booking_columns(kind)


def plan_frame(rows: Sequence[Row], kind: OperationKind, catalogue: Catalogue) -> pd.DataFrame:
    """These rows of a plan, in this order."""
    verdicts = {"Verdict": [[words.VERDICT[row.verdict]] for row in rows]}
    return _frame(verdicts, rows, kind, catalogue, map(plan_why, rows))


def item_frame(items: Sequence[Item], kind: OperationKind, catalogue: Catalogue) -> pd.DataFrame:
    """These items of an operation, in this order."""
    states = {"State": [[words.ITEM[item.state]] for item in items]}
    return _frame(states, items, kind, catalogue, (item_why(item, kind) for item in items))


def _frame(
    badges: Mapping[str, object],
    rows: Sequence[Row | Item],
    kind: OperationKind,
    catalogue: Catalogue,
    whys: Iterable[str],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **badges,
            "Student": [row.contact_name or words.NOTHING for row in rows],
            OF[kind]: [row.booking_name or row.booking_id for row in rows],
            "Credit": [words.credit(row.credit, catalogue) for row in rows],
            "Balance": [balance(row, kind) for row in rows],
            "Why": list(whys),
        }
    )


def column_order(frame: pd.DataFrame, kind: OperationKind) -> list[str]:
    """The columns to show: where no credit moves, the reasons have the place of the balances."""
    without = {"Credit", "Balance"} if goes_to_exam(kind) else set[str]()
    return [name for name in frame.columns if name not in without]


def plan_why(row: Row) -> str:
    """The reason of a verdict as a sentence, with the values found."""
    return words.sentence(row.told)


def item_columns(kind: OperationKind) -> dict[str, Any]:
    """How the frame of an operation's items is shown."""
    names = [words.ITEM[state] for state in ItemState]
    badge = badge_column("State", names, [ITEM_COLOURS[state] for state in ItemState])
    happened = st.column_config.TextColumn("What happened", width="large")
    return {"State": badge} | booking_columns(kind) | {"Why": happened}


def balance(row: Row | Item, kind: OperationKind) -> str:
    """Before and after; text that stood in place of a number as it stood."""
    text = replaces(row.booking_id) if _adjusts(kind) else None
    if text is None or row.after is None:
        return words.change(row.before, row.after)
    return f"{words.straight(text)!r} {words.ARROW} {row.after:,}"


def _adjusts(kind: OperationKind) -> bool:
    return kind_of(kind).subject is RowSubject.ADJUSTMENT


def item_why(item: Item, kind: OperationKind) -> str:
    """What happened to a booking, as a sentence; "" while nothing has."""
    if item.state is ItemState.DONE:
        happened = "cancelled" if item.cancelled else SAID[kind].item
        credit = SAID[kind].credit if item.credit else ""
        named = f"now {item.new_name}" if item.new_name else ""
        told = ", ".join(filter(None, [happened, credit, named]))
    elif item.state in SETTLED:
        told = item.why
    else:
        told = ""  # what the plan said of it is no happening
    return words.sentence(told)


COMMON = ("booking_id", "record_id", "student", "email", "contact_id", "credit")
#: The first of these are what an upload of changes has.
ADJUSTED = ("student", "credit", "change", "reason", "name", "mail")


def plan_table(rows: Sequence[Row], kind: OperationKind) -> Table:
    """All rows of a plan. Its list of bookings, or of changes, can be uploaded again."""
    return _table("verdict", ((row, row.verdict, plan_why(row)) for row in rows), kind)


def item_table(items: Iterable[Item], kind: OperationKind) -> Table:
    """All items of an operation. Its list of bookings, or of changes, can be uploaded again."""
    return _table("state", ((item, item.state, item_why(item, kind)) for item in items), kind)


def _table(
    first: str, rows: Iterable[tuple[Row | Item, Verdict | ItemState, str]], kind: OperationKind
) -> Table:
    """``rows``: each with what its first column says, and why."""
    columns = (first, "why", *_columns(kind), "balance_before", "balance_after")
    return Table(
        columns,
        (
            _common(row, kind)
            | {first: stands, "why": why}
            | {"balance_before": row.before, "balance_after": row.after}
            for row, stands, why in rows
        ),
    )


def _columns(kind: OperationKind) -> tuple[str, ...]:
    return ADJUSTED if _adjusts(kind) else COMMON


def _common(row: Row | Item, kind: OperationKind) -> dict[str, object]:
    if _adjusts(kind):
        one = named(row.booking_id, row.booking_name)
        return {
            "student": row.contact_id,
            "credit": one.credit,
            "change": one.written,
            "reason": one.reason,
            "name": row.contact_name,
            "mail": row.contact_email,
        }
    return {
        "booking_id": row.booking_name or row.booking_id,
        "record_id": row.booking_id,
        "student": row.contact_name,
        "email": row.contact_email,
        "contact_id": row.contact_id,
        "credit": row.credit,
    }


def fingerprint(ids: Sequence[str]) -> str:
    """Part of a grid's key: a selection is of positions, and must not outlive what it was of."""
    return sha256("\n".join(ids).encode()).hexdigest()[:12]


def height(rows: int, *, at_most: int = 420) -> int:
    """Pixels for a grid of so many rows: no empty space below, no taller than this."""
    return min(at_most, ROW_PX * (rows + 1) + 3)


def one_ticked(
    name: str, frame: pd.DataFrame, ids: Sequence[str], columns: Mapping[str, Any], *, alt: str
) -> int | None:
    """Draw a grid of these, one row each; the place of the one that is ticked."""
    event = st.dataframe(
        frame,
        key=f"{name}_{fingerprint(ids)}",
        on_select="rerun",
        selection_mode="single-row",
        column_config=dict(columns),
        hide_index=True,
        row_height=ROW_PX,
        height=height(len(ids)),
        alt=alt,
    )
    return next((row for row in event.selection.rows if row < len(ids)), None)


def page_of(name: str, total: int, *, rows: int = PAGE_ROWS, unit: str = "") -> range:
    """Which rows to show; draws page numbers when they do not fit on one.

    ``unit``: the total with its noun, told in any case; without it, only beside page numbers.
    """
    pages = max(1, -(-total // rows))
    page = 1
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            told = st.empty()
            page = min(st.pagination(pages, key=f"{name}_page_{pages}", width=340), pages)
            first, last = (page - 1) * rows + 1, min(page * rows, total)
            told.caption(f"{first:,} to {last:,} of {unit or f'{total:,}'}", width="content")
    elif unit:
        st.caption(unit)
    return range((page - 1) * rows, min(page * rows, total))
