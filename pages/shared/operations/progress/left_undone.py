"""What an operation left undone beside its credits: what, why, and the next step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.credits.records import Kind
from core.operations.leftovers import About, Warned
from pages.shared import places, words
from pages.shared.gate import Desk
from pages.shared.students import names as students
from pages.shared.students.exams.address import EXAM

#: Told in full; the history of the operation has them all.
TOLD_MAX = 5
#: What a person can do about it, after what is said of it.
NEXT: dict[About, str] = {
    About.SEATS: "An admin can set the count right on the page of the exam.",
    About.SEATS_UNTOLD: "An admin looks at the exam in HubSpot, and says what became of it.",
    About.NOTE: "An admin can retry it below.",
    About.TOLD: "An admin can tell again, on the page of the operation.",
    About.FOLLOW_UPS: "All credits are done. An admin can retry the follow-ups or give them up.",
    About.BALANCE: "Correct that balance in HubSpot; the credits of this operation are right.",
    About.REFUNDED_TWICE: "Compare the balance with its history in HubSpot.",
    About.MERGED: "Compare the balance with its history in HubSpot, and adjust it if need be.",
    About.MOVED: "An admin can set the seat counts right on the page of each exam.",
    About.CHECK: "Compare the balance with its history in HubSpot.",
    About.STATUS: "The student holds both the seat and the credit. If the booking should stay "
    "cancelled, set it to Cancelled in HubSpot and recount the exam.",
    About.MARK: "Look at the balance's history in HubSpot. If nobody else gave the credit back, "
    "set the refund mark again: without it other tools may refund it a second time. If "
    "somebody did, the student has one credit too many.",
}
assert NEXT.keys() == set(About), "every warning names the next step"

#: Of these the record is a student's.
OF_STUDENTS = frozenset({About.BALANCE, About.NOTE})

#: Of these the operation itself is not done with; the others are for somebody to look at.
FOLLOW_UPS = frozenset(
    {
        About.SEATS,
        About.SEATS_UNTOLD,
        About.NOTE,
        About.TOLD,
        About.FOLLOW_UPS,
        About.CHECK,
    }
)


def title(found: Sequence[Warned]) -> str:
    """How many: "Follow-ups incomplete: 1", or "Needs attention: 1"."""
    return f"{_words(found)[0]}: {len(found):,}"


def in_a_list(found: Sequence[Warned]) -> str:
    """The same as the state of its operation: "! Follow-ups incomplete"; empty: nothing."""
    if not found:
        return ""
    one, many = _words(found)
    return f"! {one}" if len(found) == 1 else f"! {len(found):,} {many}"


def _words(found: Sequence[Warned]) -> tuple[str, str]:
    """Of one, and after a number."""
    if any(one.about in FOLLOW_UPS for one in found):
        return "Follow-ups incomplete", "follow-ups incomplete"
    return "Needs attention", "need attention"


def _folded(found: Sequence[Warned]) -> list[Warned]:
    """Students who were not told as one: the page of the operation lists them."""
    told = [one for one in found if one.about is About.TOLD]
    if len(told) < 2:
        return list(found)
    one = replace(told[0], told=f"{len(told):,} students were not told, or perhaps not")
    return [*(each for each in found if each.about is not About.TOLD), one]


def show(found: Sequence[Warned], told: str = "") -> None:
    """One box, with ``told`` above; below it the way to each exam. Nothing when there is none."""
    if not found:
        return
    folded = _folded(found)
    lines = [
        f"- {words.sentence(words.plain(one.told))}. {NEXT[one.about]}" for one in folded[:TOLD_MAX]
    ]
    more = [f"- and {len(folded) - TOLD_MAX:,} more"] if len(folded) > TOLD_MAX else []
    st.warning(
        "\n\n".join(filter(None, [told, "\n".join([*lines, *more])])),
        title=title(found),
        icon=":material/rule:",
    )
    for one in found[:TOLD_MAX]:
        if one.about is About.SEATS:
            st.page_link(
                places.as_page(places.EXAMS),
                label=f"Look at the seats of exam {one.record}",
                icon=":material/event_seat:",
                query_params={EXAM: one.record},
            )


def lead_to_students(desk: Desk, found: Sequence[Warned]) -> None:
    """The way to each student of those told above, by name."""
    ids = dict.fromkeys(one.record for one in found[:TOLD_MAX] if one.about in OF_STUDENTS)
    if not ids:
        return
    for student in students.looked_up(desk, [(Kind.CONTACT, id_) for id_ in ids]):
        named = f"{student.name} ({student.id})" if student.name else student.id
        students.link(student.id, words.plain(f"Open {named}"))
