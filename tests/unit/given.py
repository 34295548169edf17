"""Records for tests of rules, with everything ordinary unless said otherwise."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import Booking, BookingId, BookingStatus, Contact, ContactId, ExamId
from core.operations.terms import Terms

AT = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
EXAM_DAY = date(2026, 6, 1)
TERMS = Terms(at=AT, zone=UTC)
CS = CreditType("cs_credits")
SHARED = CreditType("shared_mock_credits")


def booking(id_: str = "500", **fields: Any) -> Booking:
    ordinary: dict[str, Any] = {
        "id": BookingId(id_),
        "status": BookingStatus.CANCELLED,
        "token": "Clinical Skills Token",
        "contact_ids": (ContactId("100"),),
        "exam_ids": (ExamId("70"),),
        "exam_date": EXAM_DAY,
        "modified_at": AT,
    }
    return Booking(**(ordinary | fields))


def contact(id_: str = "100", **fields: Any) -> Contact:
    ordinary: dict[str, Any] = {
        "id": id_,
        "balances": dict.fromkeys(SCHOOL.keys, 1),
        "modified_at": AT,
        "email": f"s{id_}@example.test",
    }
    return Contact(**(ordinary | fields))
