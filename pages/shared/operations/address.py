"""Where a person is: the one plan or operation that the address names."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from core.operations.plans import Plan
from core.operations.states import Operation

PLAN = "plan"
OPERATION = "operation"


def named() -> str | None:
    """The id of the plan or operation. They are one: a confirmed plan keeps its id."""
    return st.query_params.get(OPERATION) or st.query_params.get(PLAN)


def go_to_plan(plan: Plan) -> NoReturn:
    """Show this preview."""
    _go({PLAN: plan.id})


def go_to_operation(operation: Operation) -> NoReturn:
    """Show this operation."""
    _go({OPERATION: operation.id})


def leave() -> None:
    """Back to choosing. For callbacks: the rerun comes by itself."""
    st.query_params.clear()


def close() -> None:
    """Back to the list, as it was narrowed. For callbacks, as ``leave``."""
    for name in (OPERATION, PLAN):
        st.query_params.pop(name, None)


def back_to_operation(operation_id: str) -> None:
    """For callbacks, as ``leave``."""
    st.query_params.from_dict({OPERATION: operation_id})


def _go(params: dict[str, str]) -> NoReturn:
    st.query_params.from_dict(params)
    st.rerun(scope="app")
