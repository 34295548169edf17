"""From options to the plan that they ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from core.cli.opened_store import warn_of_unknown_refunds
from core.credits.errors import BadList
from core.credits.records import ContactId, ExamId
from core.credits.roles import Actor
from core.operations.choosing.select import ByContact, ByExam, ByReference, Selection
from core.operations.choosing.selections import from_csv, from_text
from core.operations.kinds.refund import REFUND
from core.operations.plans import Plan
from core.operations.terms import ORDINARY, Inclusion
from core.operations.verdicts import OperationKind

if TYPE_CHECKING:
    from core.app.assembly.parts import Core

#: Makes the preview that is then shown or confirmed.
Planned: TypeAlias = "Callable[[Core, Actor], Plan]"


def selection(
    exams: list[str] | None,
    contacts: list[str] | None,
    bookings: Path | None,
    ids: str,
    owed: bool | None = None,
) -> Selection:
    """What the options choose; ``owed``: None where that is no choice.

    Raises:
        BadList: not exactly one way was taken, or the list is faulty.
    """
    given = [bool(exams), bool(contacts), bookings is not None, bool(ids.strip()), bool(owed)]
    if sum(given) != 1:
        ways = "--exam, --contact, --bookings, --ids" + ("" if owed is None else ", --owed")
        raise BadList([f"choose bookings by exactly one of {ways}"])
    if exams:
        return ByExam(ids=tuple(ExamId(id_) for id_ in exams))
    if contacts:
        return ByContact(ids=tuple(ContactId(id_) for id_ in contacts))
    if bookings is not None:
        return ByReference.of(from_csv(bookings.read_bytes()))
    return ByReference.of(from_text(ids))


def included(
    *, attended: bool, past: bool = False, forfeited: bool = False
) -> frozenset[Inclusion]:
    """What the options include on purpose."""
    chosen = (
        (Inclusion.ATTENDED, attended),
        (Inclusion.PAST, past),
        (Inclusion.FORFEITED, forfeited),
    )
    return frozenset(one for one, asked in chosen if asked)


def listed(ids: str) -> tuple[str, ...]:
    """References separated by commas; none for an empty option.

    Raises:
        BadList: one of them is neither a record id nor a booking_id.
    """
    return from_text(ids).references if ids.strip() else ()


def everything_owed(without: Sequence[str] = ()) -> Planned:
    """A refund of all that ``owed`` finds, but for these."""

    def planned(core: Core, actor: Actor) -> Plan:
        warn_of_unknown_refunds()
        owed = core.owed_credits.everything(actor)
        return core.operation_planner.preview(REFUND.key, owed, actor, without=without)

    return planned


def of(
    kind: OperationKind,
    chosen: Selection,
    without: Sequence[str] = (),
    include: frozenset[Inclusion] = ORDINARY,
    to: ExamId | None = None,
) -> Planned:
    """A plan of these bookings, but for those left out; ``include``: on purpose.

    ``to``: of a move, the exam that they go to.
    """
    return lambda core, actor: core.operation_planner.preview(
        kind, chosen, actor, to=to, without=without, include=include
    )
