"""Telling: what the students of an operation are told, once each, and by which way. Pure.

The mail itself is HubSpot's: a workflow that listens to properties of the contact, or a
transactional e-mail of the single-send API.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.credits.catalogue import Catalogue
from core.credits.records import ContactId
from core.hubspot.ports.message import Message
from core.operations.states import RETRYABLE, Item, ItemState


class TellingState(StrEnum):
    """Where the telling of one student stands."""

    #: One of their bookings may still be done or is in doubt: told by itself once it is not.
    HELD = "held back"
    #: Nothing was taken by HubSpot, or a person said to tell again: it is sent by itself.
    WAITING = "waiting"
    #: Sent, or about to be; what became of it is not known yet.
    SENDING = "sending"
    TOLD = "told"
    #: HubSpot refused it, or cannot mail this student: nothing was sent.
    FAILED = "failed"
    #: The answer was lost, and HubSpot does not tell whether it mailed. Never sent again by itself.
    UNCLEAR = "unclear"


#: What *tell again* takes up.
TELLABLE_AGAIN = frozenset({TellingState.HELD, TellingState.FAILED, TellingState.UNCLEAR})
#: While a booking of a student is in one of these, more may be done for them.
MAY_CHANGE = RETRYABLE | {ItemState.UNDECIDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What is known of the telling of one student, of one operation."""

    operation_id: str
    contact_id: ContactId
    state: TellingState
    #: When it was last sent so that it may have arrived. None: never.
    sent_at: datetime | None = None
    #: Why it is not told, for people.
    detail: str = ""
    #: Of single-send: what HubSpot calls a mail that it took and has not sent yet.
    status_id: str = ""
    #: How often HubSpot surely refused it: a send of a new name follows each.
    failures: int = 0

    @property
    def send_id(self) -> str:
        """By which HubSpot knows a mail that it was asked for before, and sends it no second time.

        The same until HubSpot says for certain that nothing was sent.
        """
        again = f"-{self.failures}" if self.failures else ""
        return f"credit-desk-{self.operation_id}-{self.contact_id}{again}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What one student is told of: an operation's kind says it of their bookings."""

    #: In one word, for a template: "cancelled".
    act: str
    #: Whole sentences, one a line.
    sentences: Sequence[str]
    #: Credits that came back to the student.
    credits_back: int


def message(
    operation_id: str,
    contact_id: ContactId,
    happened: Happened,
    items: Sequence[Item],
    reason: str,
) -> Message:
    """Of these bookings of one student. ``reason``: the one for students, never the internal."""
    days = sorted(item.exam_date for item in items if item.exam_date)
    said = [*happened.sentences, f"Reason: {reason}"] if reason else happened.sentences
    return Message(
        operation_id=operation_id,
        contact_id=contact_id,
        act=happened.act,
        exam="; ".join(dict.fromkeys(exam_of(item, ", ") for item in items)),
        exam_date=days[0] if days else None,
        credits_back=happened.credits_back,
        reason=reason,
        text="\n".join(said),
    )


def exam_of(item: Item, between: str = " on ") -> str:
    """The exam of a booking as a student knows it: "Clinical Skills on 4 May 2026"."""
    name = item.mock_type or "your exam"
    return f"{name}{between}{item.exam_date:%-d %B %Y}" if item.exam_date else name


def given_back(act: str, sentence: str, items: Sequence[Item], catalogue: Catalogue) -> Happened:
    """Of bookings whose credits went back to one student.

    ``sentence``: of one booking, with ``{exam}``. A booking that is not done has no credit back.
    """
    back = [
        catalogue.by_key(item.credit).label
        for item in items
        if item.credit is not None and item.state is ItemState.DONE
    ]
    credits_ = ", ".join(f"{back.count(label)} {label}" for label in dict.fromkeys(back))
    noun = "credit" if len(back) == 1 else "credits"
    lines = _each(sentence, items)
    given = [f"Given back to you: {credits_} {noun}."] if back else []
    return Happened(act=act, sentences=[*lines, *given], credits_back=len(back))


def kept(act: str, sentence: str, items: Sequence[Item]) -> Happened:
    """Of bookings of one student whose credits do not come back."""
    return Happened(
        act=act, sentences=[*_each(sentence, items), "No credit is given back."], credits_back=0
    )


def moved(act: str, items: Sequence[Item]) -> Happened:
    """Of bookings of one student that are at another exam now, under the names they have there."""
    said = [
        f"Your booking for {exam_of(item)} was moved. It is now {item.new_name}."
        for item in items
        if item.state is ItemState.DONE
    ]
    return Happened(act=act, sentences=[*said, "No credit is taken for it."], credits_back=0)


def _each(sentence: str, items: Sequence[Item]) -> list[str]:
    return [sentence.format(exam=exam_of(item)) for item in items]


def affected(items: Iterable[Item]) -> Iterator[Item]:
    """The bookings that something was done to, in the order of the plan."""
    return (item for item in items if item.state is ItemState.DONE or item.cancelled)


def unfinished(items: Iterable[Item]) -> frozenset[ContactId]:
    """Students with a booking for which more may be done: they are told of all of it together."""
    return frozenset(
        item.contact_id
        for item in items
        if item.contact_id is not None and item.planned and item.state in MAY_CHANGE
    )
