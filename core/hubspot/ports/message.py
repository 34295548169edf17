"""What a student is told, in the names by which HubSpot's mails know it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from core.credits.records import ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one student is told: fields for a template, and one whole plain text."""

    operation_id: str
    contact_id: ContactId
    act: str
    #: The exams with their days: "Clinical Skills, 4 May 2026".
    exam: str
    #: The day of the first of them.
    exam_date: date | None
    credits_back: int
    reason: str
    text: str

    def fields(self) -> Mapping[str, str]:
        """By our names; a day as YYYY-MM-DD, what there is nothing of is empty."""
        return {
            "act": self.act,
            "exam": self.exam,
            "exam_date": self.exam_date.isoformat() if self.exam_date else "",
            "credits": str(self.credits_back),
            "reason": self.reason,
            "text": self.text,
        }


#: The names of ``Message.fields``, and what each is for.
FIELDS: Mapping[str, str] = {
    "act": "What happened: cancelled, cancelled without refund, refunded, moved",
    "exam": "The exams, each with its day",
    "exam_date": "The day of the exam, the first of several",
    "credits": "Credits given back",
    "reason": "The reason for students",
    "text": "All of it as one plain text",
}
