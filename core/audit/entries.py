"""The audit: what was done, when, by whom and why. ``chain`` shows if any was changed since.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.credits.records import Kind
from core.credits.roles import Role
from core.credits.texts import storable, storable_json


class What(StrEnum):
    """The acts that are recorded, as people read them after "who"."""

    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out"
    REFUSED = "was refused"
    UNUSUAL = "did something unusual"
    SEARCHED = "searched for students"
    EXPORTED = "exported a list"
    LOOKED = "looked at a contact"
    PLANNED = "made a preview"
    CONFIRMED = "confirmed"
    APPROVED = "approved"
    NOT_APPROVED = "approval refused"
    BEGAN = "began"
    CALLED_OFF = "called off"
    STOP_ASKED = "asked to stop"
    TAKEN_UP = "taken up again"
    ENDED = "ended"
    FOLLOW_UPS = "gave up or retried follow-ups"
    TELL = "had students told"
    DECIDED = "decided on a write"
    DISMISSED = "dismissed bookings"
    FOUND_DONE = "found bookings dealt with"
    WRITTEN = "write landed"
    NOT_WRITTEN = "write did not land"
    UNDECIDED = "write undecided"
    CONFLICT = "met a change by others"
    JUDGED = "decided on a change by others"
    CANCELLED = "cancelled a booking"
    MARKED = "marked a booking refunded"
    UNMARKED = "cleared the mark of a refund"
    FORFEITED = "kept the credit of a booking"
    BOOKED = "created a booking"
    BOOKING_MOVED = "moved a booking"
    REPAIR = "asked for a repair"
    REPAIRED = "repaired a record"
    REPAIR_ENDED = "repair ended"
    SWEEP = "asked for a sweep"
    COPY = "asked for a copy"
    DEAD_LETTERS = "retried dead letters"
    EVENTS_RETRIED = "retried events for other apps"
    EXAM_ASKED = "asked to change an exam"
    EXAM_ANSWERED = "exam change answered"
    EXAM_CANCELLED = "cancelled an exam"
    EXAM_ACT_ASKED = "asked to cancel an exam as one act"
    EXAM_ACT_ENDED = "cancellation of an exam ended"
    EXAM_REOPENED = "reopened a cancelled exam"
    ACTIVATION_ASKED = "asked to open exams"
    ACTIVATED = "opened exams"
    ROLE_GIVEN = "gave a role"
    ROLE_WITHDRAWN = "withdrew a role"
    ROLE_ASKED = "asked for a role"
    ROLE_REFUSED = "refused a role"
    ACCOUNT_REFUSED = "refused another account"
    ACCOUNT_ACCEPTED = "accepted another account"
    KEY_MADE = "made an API key"
    KEY_WITHDRAWN = "withdrew an API key"
    THROUGH_APP = "asked through an app"
    FORGOT = "forgot reasons"
    FORGOT_STUDENTS = "forgot students"
    ERASED = "erased a student"
    SET_UP_ASKED = "asked to set up HubSpot"
    SET_UP = "set up HubSpot"
    SETTINGS = "settings changed"
    TAKEN_OVER = "took over from other desks"
    BASELINE_SET = "set the adoption baseline"
    BASELINE_WITHDRAWN = "withdrew the adoption baseline"
    OWED_DECIDED = "decided whether a credit is owed"
    OWED_WITHDRAWN = "withdrew a decision on an owed credit"


#: What is recorded once for each record of an act: the bookings of an operation, the rows of a
#: repair. What needs somebody's eyes is not among them.
BEHIND_AN_ACT = frozenset(
    {
        What.WRITTEN,
        What.NOT_WRITTEN,
        What.CANCELLED,
        What.MARKED,
        What.UNMARKED,
        What.FORFEITED,
        What.BOOKED,
        What.BOOKING_MOVED,
        What.REPAIRED,
    }
)


#: All others that this version knows. Sought by their words and not by what they are not, so that
#: a million entries behind them need not be read.
ACTS = frozenset(What) - BEHIND_AN_ACT


class Subject(StrEnum):
    """What an entry is about, beside the operation; ``subject_id`` says which."""

    CONTACT = "contact"
    EXAM = "exam"
    BOOKING = "booking"
    #: Somebody who signs in, by their e-mail.
    PERSON = "person"
    SWEEP = "sweep"
    REPAIR = "repair"
    KEY = "key"


#: What a record of HubSpot is called here.
SUBJECTS: Mapping[Kind, Subject] = {
    Kind.CONTACT: Subject.CONTACT,
    Kind.BOOKING: Subject.BOOKING,
    Kind.EXAM: Subject.EXAM,
}

assert SUBJECTS.keys() == set(Kind), "every kind of record has its word"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act. Ids, and the e-mail of whoever acted; never a student's name or e-mail.

    ``before``, ``after`` and ``detail`` hold what JSON knows.
    """

    at: datetime
    #: An e-mail, or what acts by itself ("the schedule").
    actor: str
    #: "": the journal looks up which one the actor has as this is saved.
    role: str = ""
    what: str
    operation_id: str = ""
    subject: str = ""
    subject_id: str = ""
    reason: str = ""
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)
    #: Saved unless there is an entry with the same; None: always saved.
    once: str | None = None


def as_recorded(entry: Entry, role: Role | None, way: str = "") -> Entry:
    """Addresses in small letters, text that every store keeps as it is, the role that its actor
    has now, unless the entry says one, and the way by which a person or an app came.
    """
    actor = entry.actor.casefold() if "@" in entry.actor else entry.actor
    somebody = "@" in actor or actor.startswith("api:")
    came = {"channel": way} if way and somebody else {}
    return replace(
        entry,
        # before the hash is made of it: what the store alters would not fit its hash any more
        actor=storable(actor),
        role=entry.role or (role.value if role else ""),
        operation_id=storable(entry.operation_id),
        subject_id=storable(entry.subject_id),
        once=None if entry.once is None else storable(entry.once),
        reason=storable(entry.reason),
        before=storable_json(entry.before),
        after=storable_json(entry.after),
        detail=storable_json({**entry.detail, **came}),
    )


def change_of(entry: Entry) -> str:
    """Before and after of what it changed: "cs_credits 2 → 3"."""
    names = dict.fromkeys([*entry.before, *entry.after])
    return "; ".join(
        f"{name} {_said(entry.before.get(name))} → {_said(entry.after.get(name))}" for name in names
    )


def _said(value: object) -> str:
    return "–" if value is None or value == "" else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which entries; what is not given does not restrict."""

    since: datetime | None = None
    #: Not itself among them.
    until: datetime | None = None
    actor: str = ""
    what: tuple[str, ...] = ()
    operation_id: str = ""
    #: Of a contact, and of its bookings.
    contact_id: str = ""
    #: Of a booking, and of the writes that carried its credit.
    booking_id: str = ""
    #: Of an exam, and of operations with bookings of it or that move bookings to it.
    exam_id: str = ""
    #: Of operations of these kinds.
    kinds: tuple[str, ...] = ()
    #: They stand in the reason, as long as its words are kept. Capitals do not matter (in SQLite
    #: they do beyond ASCII).
    words: str = ""
    #: Only ``ACTS``, without what stands behind them.
    acts_only: bool = False
