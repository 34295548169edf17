"""What waits for an admin on *People*: roles that another admin asked for, and other accounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.access.identities import Account, KnownAccount
from core.credits.roles import Role, RoleRequest
from pages.shared import problems, words
from pages.shared.gate import Desk

WORDS = {Role.ADMIN: "Admin", Role.MANAGER: "Manager", Role.STAFF: "Staff"}

#: Tells what was done once the page is drawn anew.
Done = Callable[[str], None]


def requests(desk: Desk, done: Done) -> None:
    """Each with its two buttons; who asked can only withdraw it."""
    waiting = desk.core.access.requests_for(desk.actor)
    same = desk.core.access.same_people(asked.email for asked, _ in waiting)
    for asked, faults in waiting:
        with st.container(border=True, key=f"asked_{asked.email}"):
            st.markdown(
                f"**{words.plain(asked.by)}** asks that **{words.plain(asked.email)}** becomes "
                f"{WORDS[asked.role]} ({words.ago(asked.at, desk.now())})."
            )
            if faults:
                st.caption(f"{words.plain('; '.join(faults))}.")
            if told := same_mailbox(same.get(asked.email, ())):
                st.caption(told)
            with st.container(horizontal=True):
                if not faults:
                    _approve(desk, asked, done)
                _refuse(desk, asked, done)


def _approve(desk: Desk, asked: RoleRequest, done: Done) -> None:
    act = f"Approve: make {asked.email} {WORDS[asked.role]}"
    if st.button(act, type="primary", icon=":material/how_to_reg:", key=f"yes_{asked.email}"):
        with problems.told("The request is still pending."):
            given = desk.core.access.approve(asked.email, desk.acting())
            done(f"{words.plain(given.email)} is now {WORDS[given.role]}.")


def _refuse(desk: Desk, asked: RoleRequest, done: Done) -> None:
    word = "Withdraw" if asked.by == desk.actor.email else "Refuse"
    if st.button(f"{word} the request", icon=":material/block:", key=f"no_{asked.email}"):
        with problems.told("The request is still pending."):
            ended = desk.core.access.refuse(asked.email, desk.acting())
            done(f"{words.plain(ended.email)} does not become {WORDS[ended.role]}.")


def same_mailbox(others: Sequence[str]) -> str:
    """What is to know of an address whose mailbox others with a role have too; "" without any."""
    if not others:
        return ""
    return (
        f"This address and {words.plain(' and '.join(others))} are the same mailbox: they do not "
        "count as two people where a second admin must approve."
    )


def strangers(desk: Desk, done: Done) -> None:
    """Accounts that came with an address of somebody else's account."""
    for known in desk.core.access.strangers(desk.actor):
        if known.other is not None:
            _stranger(desk, known, known.other, done)


def _stranger(desk: Desk, known: KnownAccount, other: Account, done: Done) -> None:
    when = words.ago(known.other_at, desk.now()) if known.other_at else ""
    st.warning(
        f"**{words.plain(known.email)}**: account {words.plain(other.subject)} at "
        f"{words.plain(other.issuer)} tried to sign in {when}. The address belongs to account "
        f"{words.plain(known.subject)} at {words.plain(known.issuer)}. Ask the person before you "
        "accept the other account: the first one can no longer sign in after that.",
        title="Another account uses this address",
        icon=":material/person_alert:",
    )
    if st.button(
        f"Accept the other account of {known.email}",
        icon=":material/how_to_reg:",
        key=f"accept_{known.email}",
    ):
        with problems.told("Nothing was changed."):
            desk.core.access.accept(known.email, other, desk.acting())
            done(f"The other account now signs in as {words.plain(known.email)}.")
