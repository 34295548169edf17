"""The services that look exams up, open them, and cancel them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.credits import Catalogue
from core.gateways.ports import Journal
from core.gateways.ports.lookup import CrmLookUp, MirrorLookUp
from core.services.activating import Activating
from core.services.exam_cancellation import ExamCancellation
from core.services.mirroring import Mirroring
from core.services.owed_check import OwedCheck
from core.services.sitting import Sitting


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamServices:
    """They share the one that changes an exam."""

    sitting: Sitting
    activating: Activating
    cancellation: ExamCancellation


def exam_services(
    *,
    crm: CrmLookUp,
    mirror: MirrorLookUp,
    journal: Journal,
    mirroring: Mirroring,
    catalogue: Catalogue,
    now: Callable[[], datetime],
    check: OwedCheck,
    quiet: timedelta,
) -> ExamServices:
    """``quiet``: for how long what was sent may still arrive."""
    sitting = Sitting(
        crm=crm,
        mirror=mirror,
        journal=journal,
        mirroring=mirroring,
        catalogue=catalogue,
        now=now,
        check=check,
        quiet=quiet,
    )
    return ExamServices(
        sitting=sitting,
        activating=Activating(crm, journal, sitting, now),
        cancellation=ExamCancellation(crm, journal, sitting, now),
    )
