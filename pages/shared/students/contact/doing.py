"""A booking or cancellation in hand: its preview, its progress, its result. All in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import streamlit as st

from core.credits.errors import UnknownId
from core.credits.records import BookingId, Contact, ExamId
from core.credits.roles import ALLOWED, Act
from core.operations.choosing.select import ByReference
from core.operations.foreign.words import Remedy
from core.operations.kinds.base import ChosenKind
from core.operations.kinds.move import MOVE
from core.operations.kinds.permissions import includable
from core.operations.kinds.registry import booking_of, cancelling, kind_of
from core.operations.kinds.words import OneStudent
from core.operations.plans import Plan, Row
from core.operations.states import ENDED, Item, ItemState, Operation
from core.operations.verdicts import OperationKind, Verdict
from pages.shared import gate, places, problems, words
from pages.shared.gate import Desk
from pages.shared.operations import address as batch_address
from pages.shared.operations.choosing import keeping
from pages.shared.operations.progress import left_undone, telling
from pages.shared.recent import forget
from pages.shared.students.contact import address, reading

POLL_S = 0.5
TO_BATCHES = "_doing_to_batches"
UNCHANGED = "Nothing was changed."


def cancel(desk: Desk, ids: Sequence[BookingId], *, keep: bool = False) -> None:
    """Preview the cancellation of these bookings of one student. ``keep``: their credits, too."""
    _preview_of(desk, cancelling(keeps=keep), ids)


def move(desk: Desk, ids: Sequence[BookingId], to: ExamId | None) -> None:
    """Preview the move of these bookings of one student to that exam."""
    _preview_of(desk, MOVE.key, ids, to)


def _preview_of(
    desk: Desk, kind: OperationKind, ids: Sequence[BookingId], to: ExamId | None = None
) -> None:
    with problems.told(UNCHANGED):
        with st.spinner("Reading the bookings from HubSpot …"):
            choice = ByReference(references=tuple(ids))
            plan = desk.core.operation_planner.preview(kind, choice, desk.acting(), to=to)
        go_to(plan.id)


def go_to(plan_id: str) -> NoReturn:
    """Show this preview. Confirmed, it keeps its id, and the operation is shown in its place."""
    st.query_params[address.IN_HAND] = plan_id
    st.rerun()


def leave() -> None:
    """Back to the student. For callbacks: the rerun comes by itself."""
    st.query_params.pop(address.IN_HAND, None)
    reading.forget()
    forget()


def show(desk: Desk, contact: Contact) -> bool:
    """What is in hand for this student. False: nothing is."""
    id_ = st.query_params.get(address.IN_HAND, "").strip()
    if not id_:
        return False
    with st.container(border=True, key="doing"), problems.told(UNCHANGED):
        plan = desk.core.operation_queries.plan(id_, desk.actor)
        whose = {row.contact_id for row in plan.rows}
        said = kind_of(plan.kind).one_student
        if whose != {contact.id} or said is None:
            st.info("This preview is not of this student.", icon=":material/person_off:")
            _back("Back to the student")
        elif operation := _operation(desk, id_):
            _show_operation(desk, operation, said)
        else:
            _preview(desk, plan, said)
    return True


def _operation(desk: Desk, id_: str) -> Operation | None:
    try:
        return desk.core.operation_queries.followed(id_, desk.actor)
    except UnknownId:
        return None


# the preview


def _preview(desk: Desk, plan: Plan, said: OneStudent) -> None:
    done = plan.will_change
    st.markdown(f"**{_title(desk, plan, said)}**")
    for row in plan.rows:
        st.markdown(_row_words(desk, row))
    _choose_credits(desk, plan)
    _offer_to_include(desk, plan)
    if not done:
        _back("Back to the student", primary=True)
        return
    reason = st.text_input(
        "Reason",
        value=said.reason,
        key=f"doing_reason_{plan.kind}",
        placeholder="Kept with the operation, and written into the note",
    )
    tell = telling.ask(desk, plan, key="doing")
    with st.container(horizontal=True):
        label, untold = _confirm_words(plan, said), tell == ""
        if st.button(label, type="primary", key="doing_confirm", disabled=untold):
            with problems.told(UNCHANGED):
                desk.core.operation_commands.confirm(
                    plan.id, desk.acting(), reason=reason, at_once=True, tell=tell
                )
                reading.forget()
                st.rerun()
        _back("Not now")


def _choose_credits(desk: Desk, plan: Plan) -> None:
    """For admins: whether the credits of what is cancelled come back, or are kept."""
    of = kind_of(plan.kind)
    may = Act.RUN_BATCHES in ALLOWED[desk.actor.role]
    if not (may and isinstance(of, ChosenKind) and of.cancels):
        return
    keep = keeping.choose(keeps=of.keeps, key=f"doing_credits_{plan.id}")
    if keep is not of.keeps:
        cancel(desk, [booking_of(row, plan.kind) for row in plan.rows], keep=keep)


def _offer_to_include(desk: Desk, plan: Plan) -> None:
    """For admins: the same bookings on the page of batches, where they are included on purpose."""
    if not includable(plan) or Act.RUN_BATCHES not in ALLOWED[desk.actor.role]:
        return
    st.button(
        "Include blocked bookings …",
        icon=":material/rule:",
        key="doing_include",
        help=f"Opens this preview on the page {places.OF_KIND[plan.kind].title}, where you include "
        "attended bookings or past exams on purpose, with the reason.",
        on_click=_to_batches,
        args=(plan.id,),
    )
    if id_ := st.session_state.pop(TO_BATCHES, None):
        st.switch_page(places.OF_KIND[plan.kind].path, query_params={batch_address.PLAN: id_})


def _to_batches(plan_id: str) -> None:
    """A callback may not switch pages; the run after it does."""
    st.session_state[TO_BATCHES] = plan_id


def _title(desk: Desk, plan: Plan, said: OneStudent) -> str:
    if not plan.will_change:
        return said.nothing
    back = ", ".join(
        f"{n} {words.credit(key, desk.core.catalogue)}" for key, n in plan.credits.items()
    )
    what = words.count(len(plan.will_change), "booking")
    return said.question.format(bookings=what, credits=back or "no credit")


def _row_words(desk: Desk, row: Row) -> str:
    name = words.plain(row.booking_name)
    if row.verdict is not Verdict.WILL_CHANGE:
        detail = f": {words.plain(row.detail)}" if row.detail else ""
        return f":material/block: {name} · {words.sentence(row.why)}{detail}"
    asked = [
        f"attends at {words.plain(row.attending_location)}" if row.attending_location else "",
        f"dominant hand {row.dominant_hand.lower()}" if row.dominant_hand else "",
    ]
    change = "no credit moves"
    if row.credit is not None:
        label = words.credit(row.credit, desk.core.catalogue)
        change = f"{label} credit **{_moved(row)}**"
    told = " · ".join(filter(None, [name, *asked, change, words.plain(row.detail)]))
    return f":material/check: {told}"


def _moved(one: Row | Item) -> str:
    """The balance before and after; that it stays as it is, where the credit is kept."""
    return "kept" if one.after is None else words.change(one.before, one.after)


def _confirm_words(plan: Plan, said: OneStudent) -> str:
    template = said.confirm_free if plan.will_change[0].credit is None else said.confirm
    return template.format(bookings=words.count(len(plan.will_change), "booking"))


def _back(label: str, *, primary: bool = False) -> None:
    kind = "primary" if primary else "secondary"
    st.button(label, on_click=leave, key="doing_back", type=kind)  # type: ignore[arg-type]


# the operation


def _show_operation(desk: Desk, operation: Operation, said: OneStudent) -> None:
    if operation.state in ENDED:
        _result(desk, operation, said)
    else:
        _follow(desk, operation.id, said)


@gate.fragment(run_every=POLL_S)
def _follow(desk: Desk, operation_id: str, said: OneStudent) -> None:
    """The journal is asked twice a second; HubSpot is not."""
    operation = desk.core.operation_queries.followed(operation_id, desk.actor)
    if operation.state in ENDED:
        reading.forget()
        st.rerun(scope="app")
    progress = desk.core.operation_queries.progress(operation_id, desk.actor)
    st.markdown(f"**{said.doing} in HubSpot …** You may leave this page: it continues by itself.")
    st.progress(progress.settled / max(progress.planned, 1))
    if operation.waiting_for:
        st.caption(f":material/hourglass: Waiting: {words.plain(operation.waiting_for)}.")
    if not desk.core.readiness.working(desk.actor):
        st.caption(":material/hourglass: No worker is running; it starts when one is.")


def _result(desk: Desk, operation: Operation, said: OneStudent) -> None:
    for item in desk.core.operation_queries.items(operation.id, desk.actor):
        _item(desk, item, said)
    left_undone.show(desk.core.operation_queries.warnings(operation.id, desk.actor))
    found = desk.core.corrections.standing(operation.id)
    if any(each.remedy in {Remedy.OFFERED, Remedy.DECISION} for each in found):
        st.warning(
            "Somebody else changed a balance at the same time. An admin can correct it on the "
            f"page of operation {operation.id}.",
            icon=":material/group:",
        )
    _back("Done")


def _item(desk: Desk, item: Item, said: OneStudent) -> None:
    name = words.plain(item.booking_name or item.booking_id)
    label = words.credit(item.credit, desk.core.catalogue)
    if item.state is ItemState.DONE:
        moved = f"{label} credit {_moved(item)}."
        told = moved if item.credit is not None else "No credit moved."
        if item.new_name:
            told = f"It is now {words.plain(item.new_name)}. {told}"
        st.success(f"{name}. {told}", title=said.done, icon=":material/check_circle:")
        return
    title = f"{said.not_done}: {words.ITEM[item.state][2:].lower()}"
    next_ = f" {said.next}" if said.next else ""
    st.error(
        f"{name}. {words.sentence(words.plain(item.why))}.{next_}",
        title=title,
        icon=":material/error:",
    )
