"""What the address says: the sweep, and which of its records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import streamlit as st

from core.credits.catalogue import Catalogue
from core.credits.records import Kind
from core.drift.store.trends_port import Narrow
from pages.shared.drift.causes import cause_named, kind_named

#: As wide as a plus.
MINUS = "\N{MINUS SIGN}"
#: Parameters that no widget owns.
SWEEP = "sweep"
RECORD = "record"
#: The preview of a repair, of a cause or a record; and a repair itself.
PREVIEW = "repair"
FOLLOWED = "repaired"
#: The preview of all causes.
ALL = "All causes"

#: Widgets that narrow the table; their keys are their names in the address.
CAUSE, KIND, CREDIT, DIFFERENCE, FIND = "cause", "kind", "credit", "difference", "find"
FILTERS = (CAUSE, KIND, CREDIT, DIFFERENCE, FIND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Some differences that one bar stands for: mirror minus truth."""

    least: int | None
    most: int | None

    @property
    def name(self) -> str:
        """As the axis and the filter say it: "+1", "+5 or more"."""
        if self.least is None:
            return f"{signed(self.most or 0)} or less"
        return f"{signed(self.least)} or more" if self.most is None else signed(self.least)


def signed(n: int) -> str:
    """With a sign: "+3"; "0" has none."""
    return f"{'+' if n > 0 else MINUS if n < 0 else ''}{abs(n):,}"


#: The bars of the differences, from far too few to far too many.
FAR = 5
BINS = (
    Bin(least=None, most=-FAR),
    *(Bin(least=n, most=n) for n in range(1 - FAR, FAR) if n),
    Bin(least=FAR, most=None),
)


def bin_of(difference: int) -> Bin:
    """The bar that counts it."""
    return next(
        each
        for each in BINS
        if (each.least is None or each.least <= difference)
        and (each.most is None or difference <= each.most)
    )


def narrowed(catalogue: Catalogue) -> Narrow:
    """What the filters say just now. Words that are none, from a mended address, narrow nothing."""
    state = st.session_state
    label = state.get(CREDIT)
    types = tuple(c.key for c in catalogue.credits if c.label == label)
    gap = next((each for each in BINS if each.name == state.get(DIFFERENCE)), None)
    if gap is not None and not types:
        types = catalogue.keys
    return Narrow(
        causes=frozenset(c for name in state.get(CAUSE) or () if (c := cause_named(name))),
        kinds=frozenset(k for name in state.get(KIND) or () if (k := kind_named(name))),
        credits=types,
        least=gap.least if gap else None,
        most=gap.most if gap else None,
        record=str(state.get(FIND) or "").strip(),
    )


def clear() -> None:
    """Show all records of the newest sweep again. For callbacks."""
    for key, nothing in ((CAUSE, []), (KIND, []), (CREDIT, None), (DIFFERENCE, None), (FIND, "")):
        st.session_state[key] = nothing
    st.query_params.pop(SWEEP, None)
    fresh_charts()


def set_to(**filters: object) -> None:
    """Narrow the table to these and nothing else. For callbacks."""
    for key, nothing in ((CAUSE, []), (KIND, []), (CREDIT, None), (DIFFERENCE, None), (FIND, "")):
        st.session_state[key] = filters.get(key, nothing)


def fresh_charts() -> None:
    """A chart keeps what was clicked as long as it keeps its key: give all of them another."""
    st.session_state["_charts"] = turn() + 1


def turn() -> int:
    """Part of each chart's key."""
    return int(st.session_state.get("_charts", 0))


def record_named() -> tuple[Kind, str] | None:
    """The record that the address opens: ``contacts-52000000017``."""
    return parted(st.query_params.get(RECORD, ""))


def parted(record: str) -> tuple[Kind, str] | None:
    """Kind and id, as an address joins them."""
    kind, _, id_ = record.partition("-")
    return (Kind(kind), id_) if kind in set(Kind) and id_ else None


def preview_repair(of: str) -> None:
    """For callbacks."""
    st.query_params.pop(RECORD, None)
    st.query_params[PREVIEW] = of


def follow_repair(repair_id: str) -> NoReturn:
    """Show this repair from now on."""
    st.query_params.pop(PREVIEW, None)
    st.query_params[FOLLOWED] = repair_id
    st.rerun(scope="app")


def open_repair(repair_id: str) -> None:
    """For callbacks."""
    st.query_params[FOLLOWED] = repair_id


def leave_repair() -> None:
    """Back to the whole of it. For callbacks."""
    for name in (PREVIEW, FOLLOWED):
        st.query_params.pop(name, None)


def open_record(kind: Kind, id_: str) -> None:
    """For callbacks."""
    st.query_params[RECORD] = f"{kind.value}-{id_}"


def close_record() -> None:
    """For callbacks."""
    st.query_params.pop(RECORD, None)
