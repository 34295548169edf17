"""Saying yes: the reason, the number typed, and a button that says what it will do."""

from __future__ import annotations

import streamlit as st

from core.credits.typed_reasons import REASON_MAX
from core.operations.kinds.base import FollowUp
from core.operations.kinds.permissions import second_admin_why
from core.operations.kinds.registry import kind_of
from core.operations.plans import Plan
from pages.shared import gate, other_desks, problems, words
from pages.shared.gate import Desk
from pages.shared.kinds import SAID
from pages.shared.operations import address
from pages.shared.operations.progress import telling

#: Why an undo that follows its refund at once is held for longer.
STILL_ON_ITS_WAY = "Until then something of what it undoes may still be on its way to HubSpot."


def act(plan: Plan) -> str:
    """What confirming does, as the button says it."""
    return kind_of(plan.kind).confirming(plan)


def second_admin(desk: Desk, plan: Plan) -> str:
    """Say before the click that another admin must approve this plan, and who could.

    Why one must; empty: none has to. Nobody can confirm what nobody could approve.
    """
    why = second_admin_why(desk.core.operation_commands.second, plan)
    if not why:
        return ""
    others = desk.core.operation_commands.other_admins(desk.actor.email)
    if others:
        st.info(
            f"Another admin must approve this before it starts, because it is {why}: "
            f"{words.either(others)}. Nothing changes until then.",
            icon=":material/how_to_reg:",
        )
    else:
        st.warning(
            f"A second admin must approve this, because it is {why}, and you are the only "
            "admin. Give another person the admin role on the page People first.",
            icon=":material/how_to_reg:",
        )
    return why


def show(desk: Desk, plan: Plan) -> None:
    """The confirmation, or why there is nothing to confirm."""
    if not plan.will_change:
        st.info(
            f"None of these {SAID[plan.kind].row}s would change. The table says why for each.",
            title="Nothing to confirm",
            icon=":material/done_all:",
        )
    elif desk.now() > plan.expires_at:
        st.warning(
            "Too much may have changed in HubSpot since. Use “Refresh from HubSpot” above.",
            title="This preview is too old to confirm",
            icon=":material/hourglass_disabled:",
        )
    elif not other_desks.in_the_way(desk):
        _form(desk, plan)


@gate.fragment()
def _form(desk: Desk, plan: Plan) -> None:
    """A fragment, so that typing does not draw the table again."""
    expected = len(plan.will_change)
    with st.container(border=True, key="confirm"):
        second = second_admin(desk, plan)
        many = expected > desk.core.operation_commands.typed_above
        boxes = st.columns([3, 2]) if many else [st.container()]
        reason = boxes[0].text_input(
            "Reason",
            placeholder="Kept with the operation, and written into the notes"
            if FollowUp.NOTES in kind_of(plan.kind).follow_ups
            else "Kept with the operation",
            max_chars=REASON_MAX,
            live=True,
            key=f"reason_{plan.id}",
        )
        typed: int | None = expected
        if many:
            typed = number_typed(
                boxes[1].text_input(
                    f"Type {expected} to confirm this many {SAID[plan.kind].row}s",
                    live=True,
                    key=f"typed_{plan.id}",
                    autocomplete="off",
                )
            )
        tell = telling.ask(desk, plan, key=plan.id)
        ready = bool((reason or "").strip()) and typed == expected and tell != ""
        with st.container(horizontal=True, vertical_alignment="center"):
            label = f"Ask for approval: {words.lowered(act(plan))}" if second else act(plan)
            sure = st.button(label, type="primary", disabled=not ready, key="sure")
            untold = tell == ""
            st.caption(_next_step(desk, plan, reason or "", typed, second, untold=untold))
        if sure:
            with problems.told("Nothing was changed."):
                done = desk.core.operation_commands.confirm(
                    plan.id, desk.acting(), reason=reason or "", typed=typed, tell=tell
                )
                address.go_to_operation(done)


def number_typed(text: str | None) -> int:
    """What was typed as a number; -1 for anything else."""
    digits = (text or "").strip().replace(",", "")
    return int(digits) if digits.isdecimal() and len(digits) < 10 else -1


def wanting(expected: int, *, reason: str, typed: int | None, untold: bool) -> str:
    """What the button waits for; empty: nothing. ``untold``: the students' reason is wanting."""
    if not reason.strip():
        return "Give a reason first."
    if typed != expected:
        return f"Type {expected} to enable the button."
    return "Give a reason for students, or do not tell them." if untold else ""


def _next_step(
    desk: Desk, plan: Plan, reason: str, typed: int | None, second: str, *, untold: bool
) -> str:
    """What is still wanting, or what comes next."""
    if lacks := wanting(len(plan.will_change), reason=reason, typed=typed, untold=untold):
        return lacks
    if second:
        within = words.span(desk.core.operation_commands.second.within)
        return f"It waits for another admin, for at most {within}. You can withdraw it until then."
    now = desk.now()
    hold = desk.core.operation_commands.holding.until(now, undoes=plan.undoes) - now
    told = f"It starts after {words.span(hold)}; until then you can withdraw it."
    return f"{told} {STILL_ON_ITS_WAY}" if hold > desk.core.operation_commands.hold else told
