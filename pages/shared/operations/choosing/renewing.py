"""A fresh preview of what a second admin did not approve."""

from __future__ import annotations

import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.operations.kinds.registry import kind_of
from core.operations.states import Operation
from pages.shared import places, problems
from pages.shared.gate import Desk
from pages.shared.operations import address


def button(desk: Desk, operation: Operation, label: str = "Preview these again") -> None:
    """Whoever confirms the new preview asks anew. Of bookings alone, and for admins."""
    may = Act.RUN_BATCHES in ALLOWED[desk.actor.role]
    if not may or not operation.needs_approval or not kind_of(operation.kind).renewable:
        return
    if st.button(label, icon=":material/visibility:", key="renew"):
        with problems.told("Nothing was changed."):
            plan = desk.core.approvals.renew(operation.id, desk.acting())
            st.switch_page(places.OF_KIND[plan.kind].path, query_params={address.PLAN: plan.id})
