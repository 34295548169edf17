"""By what a search found a contact. Pure."""

from __future__ import annotations

from enum import StrEnum


class FoundBy(StrEnum):
    """What of a contact matched."""

    ID = "HubSpot id"
    STUDENT_ID = "student id"
    EMAIL = "e-mail"
    BOOKING = "booking"
    NAME = "name or e-mail"
    #: Only when typing errors are forgiven.
    LIKE = "spelled alike"
    #: HubSpot's own search does not say what matched.
    HUBSPOT = "HubSpot search"
