"""The services that know what is owed, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.app.journal import Journal
from core.credits.catalogue import Catalogue
from core.hubspot.ports.crm import Crm
from core.mirror.port import Mirror
from core.operations.choosing.select import BookingFinder
from core.operations.owed.check import OwedCheck
from core.operations.owed.decisions import OwedDecisions
from core.operations.owed.find import OwedCredits


@dataclass(frozen=True, slots=True)
class OwedServices:
    """They share the check."""

    check: OwedCheck
    owing: OwedCredits
    decisions: OwedDecisions


def owed_services(
    *,
    crm: Crm,
    reads: Crm,
    mirror: Mirror,
    journal: Journal,
    finding: BookingFinder,
    catalogue: Catalogue,
    now: Callable[[], datetime],
    in_turn: bool,
) -> OwedServices:
    """``reads``: the truth for lists that nobody waits for, less urgent.

    ``in_turn``: one thing after the other.
    """
    check = OwedCheck(crm, journal, catalogue)
    return OwedServices(
        check=check,
        owing=OwedCredits(
            reads,
            mirror,
            journal,
            catalogue,
            OwedCheck(reads, journal, catalogue),
            now,
            in_turn=in_turn,
        ),
        decisions=OwedDecisions(crm, journal, finding, check, now),
    )
