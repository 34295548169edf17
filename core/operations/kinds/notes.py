"""What operations say on a student's timeline in HubSpot. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.audit.retention_rules import NOT_KEPT
from core.credits.catalogue import Catalogue
from core.operations.states import Item, Operation


def given_back(what: str, operation: Operation, items: Sequence[Item], catalogue: Catalogue) -> str:
    """Of bookings whose credits went back to one student; ``what`` was done to them."""
    names = ", ".join(item.booking_name or item.booking_id for item in items)
    credits_ = _counted(items, catalogue)
    given = f"Given back: {credits_}. " if credits_ else "No credit was spent on it. "
    return f"{what} by Credit Desk: {names}. {given}{signed(operation)}"


def kept(operation: Operation, items: Sequence[Item], catalogue: Catalogue) -> str:
    """Of bookings that were cancelled, and whose credits one student does not get back."""
    names = ", ".join(item.booking_name or item.booking_id for item in items)
    credits_ = _counted(items, catalogue)
    told = f"Credits kept: {credits_}. " if credits_ else "No credit was spent on it. "
    return f"Cancelled by Credit Desk: {names}. {told}{signed(operation)}"


def booked(operation: Operation, item: Item, catalogue: Catalogue) -> str:
    """Of a booking that was made."""
    spent = "No credit was spent, by admin override."
    if item.credit is not None:
        label = catalogue.by_key(item.credit).label
        spent = f"Spent: 1 {label} ({item.before} → {item.after})."
    asked = {"Attends at": item.attending_location, "Dominant hand": item.dominant_hand}
    told = [f"{what}: {answer}." for what, answer in asked.items() if answer]
    return " ".join(
        [f"Booked by Credit Desk: {item.booking_name}.", spent, *told, signed(operation)]
    )


def _counted(items: Sequence[Item], catalogue: Catalogue) -> str:
    """Their credits by type: "2 Clinical Skills, 1 Shared"; empty: none."""
    labels = [catalogue.by_key(i.credit).label for i in items if i.credit is not None]
    return ", ".join(f"{labels.count(label)} {label}" for label in dict.fromkeys(labels))


def moved(operation: Operation, items: Sequence[Item]) -> str:
    """Of bookings of one student that were moved to another exam."""
    names = ", ".join(f"{i.booking_name or i.booking_id} is now {i.new_name}" for i in items)
    return f"Moved by Credit Desk: {names}. The credit is kept. {signed(operation)}"


def signed(operation: Operation) -> str:
    """Why, and by whom."""
    return f"Reason: {operation.reason or NOT_KEPT}. By {operation.confirmed_by}."
