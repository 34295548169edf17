"""What the audit says of itself: reasons that were forgotten."""

from __future__ import annotations

from datetime import datetime

from core.audit.chain import timestamp
from core.audit.entries import Entry, What


def forgot_reasons(number: int, *, before: datetime, by: str, at: datetime) -> Entry:
    """Before when; a chain that lacks later ones was changed."""
    return Entry(
        at=at,
        actor=by,
        what=What.FORGOT,
        detail={"before": timestamp(before), "reasons": number},
    )
