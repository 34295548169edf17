"""Exports: lists that leave the desk as CSV, whole. Who may take which. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.credits.csv_safe import Table
from core.credits.roles import Act


class Listing(StrEnum):
    """What can be exported, as people and the audit call it."""

    OPERATIONS = "operations"
    AUDIT = "audit"
    OWED = "owed"
    DRIFT = "drift"
    STUDENTS = "students"
    EXAMS = "exams"
    #: Of one preview, one operation, one repair.
    PREVIEW = "preview"
    OPERATION = "operation"
    REPAIR = "repair"
    #: What one chart shows; of one student's balances, whoever may look them up.
    CHART = "chart"
    BALANCES = "balance history"


#: What a role must be allowed to take one. All students at once are an admin's.
ACTS: Mapping[Listing, Act] = {
    Listing.OPERATIONS: Act.WATCH,
    Listing.AUDIT: Act.WATCH,
    Listing.OWED: Act.WATCH,
    Listing.DRIFT: Act.WATCH,
    Listing.STUDENTS: Act.EXPORT_STUDENTS,
    Listing.EXAMS: Act.LOOK_UP,
    Listing.PREVIEW: Act.LOOK_UP,
    Listing.OPERATION: Act.WATCH,
    Listing.REPAIR: Act.WATCH,
    Listing.CHART: Act.WATCH,
    Listing.BALANCES: Act.LOOK_UP,
}

assert ACTS.keys() == set(Listing), "every list says who may take it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One list on its way out."""

    listing: Listing
    table: Table
    #: What of it is meant, by filter; an empty one: all of it.
    narrowed: Mapping[str, str]
