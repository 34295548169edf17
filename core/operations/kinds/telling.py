"""What the students of a plan would be told, and what speaks against it. Pure."""

from __future__ import annotations

from dataclasses import replace

from core.credits.catalogue import Catalogue
from core.credits.typed_reasons import reason_faults
from core.hubspot.ports.channels import Channel, TellBy
from core.hubspot.ports.message import Message
from core.operations.kinds.registry import kind_of
from core.operations.plans import Plan
from core.operations.states import ItemState, item_of
from core.operations.telling.rules import message

OFF = "telling students is off: set CREDIT_DESK_TELL (docs/telling.md)"
NO_REASON = "give a reason for students: it is sent to them"


def preview(plan: Plan, reason: str, catalogue: Catalogue) -> Message | None:
    """What the first student of this plan is told once all is done; None: nobody is told."""
    first = next((row.contact_id for row in plan.will_change if row.contact_id), None)
    if first is None:
        return None
    rows = [row for row in plan.will_change if row.contact_id == first]
    items = [replace(item_of(plan.id, n, row), state=ItemState.DONE) for n, row in enumerate(rows)]
    happened = kind_of(plan.kind).told(items, catalogue)
    if happened is None:
        return None
    return message(plan.id, first, happened, items, reason.strip())


def faults(plan: Plan, reason: str, by: TellBy, catalogue: Catalogue) -> list[str]:
    """What speaks against telling them with this reason, for people; empty: nothing."""
    if by.channel is Channel.OFF:
        return [OFF]
    if plan.will_change and preview(plan, reason, catalogue) is None:
        return [f"{kind_of(plan.kind).words.name}: students are told nothing of it"]
    return reason_faults(reason, missing=NO_REASON)
