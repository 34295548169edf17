"""The services that know what is owed, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.domain.credits import Catalogue
from core.gateways.ports import Crm, Journal, Mirror
from core.services.finding import Finding
from core.services.owed_check import OwedCheck
from core.services.owed_decisions import OwedDecisions
from core.services.owing import Owing


@dataclass(frozen=True, slots=True)
class OwedServices:
    """They share the check."""

    check: OwedCheck
    owing: Owing
    decisions: OwedDecisions


def owed_services(
    *,
    crm: Crm,
    reads: Crm,
    mirror: Mirror,
    journal: Journal,
    finding: Finding,
    catalogue: Catalogue,
    now: Callable[[], datetime],
) -> OwedServices:
    """``reads``: the truth for lists that nobody waits for, less urgent."""
    check = OwedCheck(crm, journal, catalogue)
    return OwedServices(
        check=check,
        owing=Owing(reads, mirror, journal, catalogue, OwedCheck(reads, journal, catalogue)),
        decisions=OwedDecisions(crm, journal, finding, check, now),
    )
