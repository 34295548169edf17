"""Who works at the demo's desk: the three who sign in, and a second admin. Pure."""

from __future__ import annotations

from core.credits.roles import Role

MANAGER, STAFF = "manager@example.test", "staff@example.test"
#: No one-click sign-in: the second pair of eyes of the story.
DANA = "dana@example.test"
GIVEN = {DANA: Role.ADMIN, MANAGER: Role.MANAGER, STAFF: Role.STAFF}

# Reasons that people would give.
REFUND_REASONS = (
    "Exam was called off",
    "Student was ill, doctor's note",
    "Double booking",
    "Room flooded",
    "Examiner did not come",
)
CANCEL_REASONS = (
    "Asked by phone",
    "Wrong date chosen",
    "Moved to another city",
    "Booked twice",
)
ADJUST_REASONS = (
    "Paid by bank transfer",
    "Goodwill after a late start",
    "Package sold at the fair",
)
