"""A token that HubSpot refuses is an outage: what was not sent for its sake waits."""

from __future__ import annotations

from collections.abc import Iterable

from core.credits.errors import Barred
from core.hubspot.ports.crm import Outcome
from core.operations.protocol.settle import Result


def raise_if_barred(found: Iterable[Outcome | Result]) -> None:
    """Called once all that was learned is saved: the operation then says what it waits for.

    Raises:
        Barred: something was not sent because HubSpot refuses the token.
    """
    for one in found:
        if one.barred:
            raise Barred(one.barred)
