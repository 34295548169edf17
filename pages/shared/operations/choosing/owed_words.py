"""A person's word on owed credits: single bookings, and the baseline of the adoption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import streamlit as st

from core.credits.records import BookingId
from core.credits.roles import ALLOWED, Act
from core.operations.owed.rules import Owed
from core.operations.owed.settled import Baseline
from pages.shared import problems, recent, words
from pages.shared.gate import Desk
from pages.shared.students.contact import reading

UNCHANGED = "Nothing was decided."
_PROBLEM = "_owed_problem"


def may_decide(desk: Desk) -> bool:
    """Whether this person may say what is owed."""
    return Act.DECIDE_OWED in ALLOWED[desk.actor.role]


def decide(desk: Desk, ones: Sequence[Owed], *, key: str, owed_too: bool = False) -> None:
    """Buttons to say that nothing is owed for these, or with ``owed_too`` that they are owed."""
    if not may_decide(desk):
        return
    booking = words.count(len(ones), "booking")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        why = _reason(key, f"Why {booking} {'is' if len(ones) == 1 else 'are'} owed or not")
        st.button(
            f"Mark {booking} as not owed",
            icon=":material/block:",
            key=f"not_owed_{key}",
            disabled=not why or not ones,
            on_click=partial(_act, partial(_say, desk, ones, why, owed=False), key),
        )
        if owed_too:
            st.button(
                f"Mark {booking} as owed",
                icon=":material/redo:",
                key=f"still_owed_{key}",
                disabled=not why or not ones,
                on_click=partial(_act, partial(_say, desk, ones, why, owed=True), key),
            )
    _problem(key)


def withdraw(desk: Desk, ids: Sequence[BookingId], *, key: str) -> None:
    """A button to end the decisions on these."""
    if not may_decide(desk):
        return
    decision = words.count(len(ids), "decision")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        why = _reason(key, f"Why {decision} {'is' if len(ids) == 1 else 'are'} withdrawn")
        st.button(
            f"Withdraw {decision}",
            icon=":material/undo:",
            key=f"withdraw_{key}",
            disabled=not why or not ids,
            on_click=partial(
                _act, lambda: desk.core.owed_decisions.withdraw(ids, why, desk.acting()), key
            ),
        )
    _problem(key)


def baseline(desk: Desk) -> None:
    """The baseline in effect, with who and why; admins set and withdraw it here."""
    held = desk.core.owed_decisions.baseline(desk.actor)
    if held is not None:
        st.caption(f":material/flag: {words.plain(words.sentence(str(held)))}.")
    if not may_decide(desk):
        return
    with st.expander("Adoption baseline", icon=":material/flag:"):
        if held is None:
            _set_baseline(desk)
        else:
            _withdraw_baseline(desk, held)
    _problem("baseline")


def _set_baseline(desk: Desk) -> None:
    st.markdown(
        "Bookings that were cancelled before the baseline are settled: they are not listed as "
        "owed and no refund includes them. Set it once, at the moment Credit Desk takes over."
    )
    now = desk.now().astimezone(desk.zone)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        day = st.date_input("Cancelled before", value=now.date(), key="baseline_day", width=160)
        clock = st.time_input(
            f"Time ({now:%Z})", value=now.time().replace(second=0, microsecond=0), step=60,
            key="baseline_time", width=120,
        )  # fmt: skip
        why = _reason("baseline", "Why bookings cancelled before then need no refund")
        at = datetime.combine(day, clock, desk.zone) if day and clock else None
        st.button(
            "Set baseline",
            key="baseline_set",
            disabled=not why or at is None,
            on_click=partial(
                _act,
                lambda: desk.core.owed_decisions.set_baseline(at or now, why, desk.acting()),
                "baseline",
            ),
        )


def _withdraw_baseline(desk: Desk, held: Baseline) -> None:
    st.markdown(
        f"Set on {words.exact(held.at, desk.zone)} by {words.plain(held.by)}. Without it, bookings "
        "cancelled before it may be owed again: Credit Desk looks in the history of each "
        "student's balance for the refund."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        why = _reason("baseline", "Why the baseline is withdrawn")
        st.button(
            "Withdraw baseline",
            key="baseline_withdraw",
            disabled=not why,
            on_click=partial(
                _act,
                lambda: desk.core.owed_decisions.withdraw_baseline(why, desk.acting()),
                "baseline",
            ),
        )


def _reason(key: str, label: str) -> str:
    typed = st.text_input(
        label, key=f"why_{key}", live=True, width=420, placeholder="Kept in the audit log"
    )
    return (typed or "").strip()


def _say(desk: Desk, ones: Sequence[Owed], why: str, *, owed: bool) -> None:
    desk.core.owed_decisions.decide(ones, owed=owed, reason=why, actor=desk.acting())


def _act(act: Callable[[], object], key: str) -> None:
    """A callback draws nothing: a problem is kept for the drawing that follows."""
    try:
        act()
    except problems.REFUSALS as error:
        st.session_state[_PROBLEM] = key, problems.explain(error)
    else:
        recent.forget()
        reading.forget()


def _problem(key: str) -> None:
    kept = st.session_state.get(_PROBLEM)
    if kept is not None and kept[0] == key:
        del st.session_state[_PROBLEM]
        problems.show(kept[1], UNCHANGED)
