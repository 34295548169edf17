"""Whose fault a failed copy is: that of one of its rows, or of the store as a whole."""

from __future__ import annotations

from core.credits.errors import Forbidden, GatewayError, OutcomeUnknown, Refused, Unauthorized
from core.mirror.port import SETUP


def is_a_row(error: GatewayError) -> bool:
    """Denied, and not for the key, the address or the schema: one of the rows must be unfit."""
    if isinstance(error, Unauthorized | Forbidden) or not isinstance(error, Refused):
        return False
    return error.category != SETUP


def may_be_a_row(error: GatewayError) -> bool:
    """Or the mirror broke down, which one row may be the cause of."""
    return isinstance(error, OutcomeUnknown) or is_a_row(error)
