"""What the API says no with: problem+json (RFC 9457), each kind under a name that stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from api.v1 import PATH
from core.operations.verdicts import Why
from core.students.api_requests import Fault

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. ``name`` ends its ``type``; clients tell problems apart by it."""

    name: str
    status: int
    title: str


_KINDS = (
    Kind("invalid-request", 422, "The request is not as the API takes it"),
    Kind("malformed-request", 400, "The request cannot be read"),
    Kind("idempotency-key-missing", 400, "A change needs an Idempotency-Key header"),
    Kind("idempotency-key-reused", 422, "This Idempotency-Key was used for another request"),
    Kind("key-missing-or-invalid", 401, "A valid API key is needed"),
    Kind("not-allowed", 403, "This API key, or the admin it names, may not do this"),
    Kind(
        "student-not-proved",
        403,
        "The student's own token is missing or not valid for this request",
    ),
    Kind("path-not-found", 404, "Nothing is at this path"),
    Kind("operation-not-found", 404, "There is no such operation"),
    Kind("plan-not-found", 404, "There is no such preview"),
    Kind("list-refused", 422, "What was chosen or given cannot be used"),
    Kind("wrong-state", 409, "The operation is in a state that does not allow it"),
    Kind("another-desk", 409, "Another desk is at work on this HubSpot account"),
    Kind("method-not-allowed", 405, "This path does not take this method"),
    Kind("not-json", 415, "The body must be application/json"),
    Kind("too-many-requests", 429, "This key asks too often"),
    Kind(
        "daily-budget-spent", 429, "This key has used up its bookings and cancellations for a day"
    ),
    Kind("internal-error", 500, "Something unforeseen went wrong here"),
    Kind("not-ready", 503, "Credit Desk or its HubSpot account is not ready"),
    Kind("hubspot-unavailable", 503, "HubSpot is unreachable"),
    Kind("supabase-unavailable", 503, "Supabase is unreachable"),
    Kind("store-unavailable", 503, "The operational store does not answer"),
    # bookings and cancellations
    Kind("student-not-found", 404, "No student has this student id and this e-mail"),
    Kind("student-ambiguous", 409, "Several contacts have this student id and this e-mail"),
    Kind("contact-not-found", 404, "There is no such contact"),
    Kind("exam-not-found", 404, "There is no such exam"),
    Kind("booking-not-found", 404, "There is no such booking"),
    Kind("somebody-elses-booking", 403, "The booking is another contact's"),
    Kind("answer-missing", 422, "Not all is answered that this exam asks"),
    Kind("no-credit", 409, "The contact has no credit for this exam"),
    Kind("exam-full", 409, "All seats of the exam are taken"),
    Kind("exam-not-open", 409, "The exam is not open for booking"),
    Kind("exam-over", 409, "The exam is over"),
    Kind("exam-begun", 409, "The exam has begun"),
    Kind("attended", 409, "The student attended the exam"),
    Kind("already-booked-that-day", 409, "The contact has an active booking on that date"),
    Kind("already-cancelled", 409, "The booking is already cancelled"),
    Kind("booking-completed", 409, "The booking is completed"),
    Kind("needs-a-person", 409, "What HubSpot holds must be looked at by a person first"),
    Kind("changed-meanwhile", 409, "It changed while it was being carried out"),
    Kind("not-confirmed", 409, "The request cannot be confirmed as it was judged"),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}

assert len(KINDS) == len(_KINDS), "no two kinds of problem have one name"  # noqa: S101 - a table

#: What HubSpot holds and nobody but a person can mend.
_OTHERWISE = "needs-a-person"
_NAMES: Mapping[Why, str] = {
    Why.CONTACT_GONE: "contact-not-found",
    Why.EXAM_GONE: "exam-not-found",
    Why.NOT_FOUND: "booking-not-found",
    Why.OTHERS: "somebody-elses-booking",
    Why.ANSWER_MISSING: "answer-missing",
    Why.NO_CREDIT: "no-credit",
    Why.NO_CREDIT_TYPE: "no-credit",
    Why.EXAM_FULL: "exam-full",
    Why.EXAM_CANCELLED: "exam-not-open",
    Why.EXAM_CLOSED: "exam-not-open",
    Why.EXAM_DATELESS: "exam-not-open",
    Why.EXAM_PAST: "exam-over",
    Why.EXAM_BEGUN: "exam-begun",
    Why.ATTENDED: "attended",
    Why.BOOKED_THAT_DAY: "already-booked-that-day",
    Why.ALREADY_CANCELLED: "already-cancelled",
    Why.COMPLETED: "booking-completed",
}


class Problem(Exception):
    """Ends a request with this answer. All that is wrong stands in ``faults``."""

    def __init__(
        self,
        name: str,
        detail: str = "",
        *,
        faults: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        """``name``: of ``KINDS``. ``more``: further members of the answer."""
        super().__init__(name)
        self.kind = KINDS[name]
        self.detail = detail
        self.faults = faults
        self.headers = dict(headers or {})
        self.more = more

    @property
    def body(self) -> dict[str, Any]:
        """As it is sent."""
        told = {
            "type": type_of(self.kind.name),
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail or f"{self.kind.title}.",
        }
        return told | ({"faults": list(self.faults)} if self.faults else {}) | self.more

    @property
    def answer(self) -> Response:
        """As problem+json."""
        status = self.kind.status
        return JSONResponse(self.body, status, self.headers, media_type=MEDIA_TYPE)


def type_of(name: str) -> str:
    """The URI that names this kind of problem; there it is explained."""
    return f"{PATH}/problems/{name}"


def of_faults(faults: Sequence[Fault], **more: Any) -> Problem:
    """The first of them names the answer, and all of them are told."""
    told = [told_of(fault) for fault in faults]
    return Problem(name_of(faults[0].why), told[0]["detail"], faults=told, **more)


def name_of(why: Why) -> str:
    """The kind of problem; what only a person can mend is one kind."""
    return _NAMES.get(why, _OTHERWISE)


def told_of(fault: Fault) -> dict[str, str]:
    """One of the faults, in words for developers of the apps."""
    kind = KINDS[name_of(fault.why)]
    words = str(fault.why) if kind.name == _OTHERWISE else kind.title
    told = {
        "type": type_of(kind.name),
        "title": kind.title,
        "detail": sentence(f"{words}: {fault.detail}" if fault.detail else words),
    }
    return told | ({"record_id": fault.booking} if fault.booking else {})


def sentence(text: str) -> str:
    """With a capital and an end."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
