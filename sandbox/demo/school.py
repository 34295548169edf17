"""The school: its mock types, tokens and places, as design section 3 has them. Invented ids."""

from __future__ import annotations

from sandbox.hubspot.portal import CREDITS

SJ, CS, MINI, DISCUSSION = (
    "Situational Judgment",
    "Clinical Skills",
    "Mini-mock",
    "Mock Discussion",
)
#: mock type -> (credit, token); the shared credit stands in for the first two
SPECIFIC = {
    SJ: ("sj_credits", "Situational Judgment Token"),
    CS: ("cs_credits", "Clinical Skills Token"),
    MINI: ("sjmini_credits", "Mini-mock Token"),
    DISCUSSION: ("mock_discussion_token", "Mock Discussion Token"),
}
SHARED_CREDIT, SHARED_TOKEN = "shared_mock_credits", "Shared Token"
TAKES_SHARED = (SJ, CS)
ADMIN_OVERRIDE = "Admin Override"
UNKNOWN_TOKENS = ("Old Mock Token", "SJ Credit", "Voucher 2024", "Promo")
#: token -> credit
CREDIT_OF = {token: credit for credit, token in SPECIFIC.values()} | {SHARED_TOKEN: SHARED_CREDIT}

PLACES = ("Mississauga", "Calgary", "Vancouver", "Montréal", "Halifax", "Richmond Hill", "Online")
#: mock type -> (start, end) choices
HOURS = {
    SJ: (("09:00", "11:30"), ("13:00", "15:30")),
    CS: (("08:30", "12:30"), ("13:30", "17:30")),
    MINI: (("18:00", "19:00"), ("12:00", "13:00")),
    DISCUSSION: (("17:30", "19:00"), ("10:00", "11:30")),
}

FIRST_CONTACT, FIRST_EXAM, FIRST_BOOKING = 21_000_000_001, 23_000_000_001, 25_000_000_001

#: Who changed a balance: HubSpot's source type and id. The desk's own app is the portal's.
PAYMENTS = ("INTEGRATION", "1160452")
STUDENT_APP = ("INTEGRATION", "28463999")
STAFF = ("CRM_UI", "userId:61000001")
STAFF_USER = 61_000_001
REFUNDERS = ("dana@school.example", "lee@school.example", "admin@example.test")

assert set(CREDIT_OF.values()) == set(CREDITS), "every credit has its token"  # noqa: S101
