"""The services that look exams up, open them, and cancel them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.app.journal import Journal
from core.credits.catalogue import Catalogue
from core.hubspot.ports.lookup import CrmLookUp
from core.mirror.copier import MirrorCopier
from core.mirror.port import MirrorLookUp
from core.operations.owed.check import OwedCheck
from core.students.activate_exams import ExamActivation
from core.students.exam_closing import ExamCancellation
from core.students.exam_sessions import ExamSessions


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamServices:
    """They share the one that changes an exam."""

    exam_sessions: ExamSessions
    activating: ExamActivation
    cancellation: ExamCancellation


def exam_services(
    *,
    crm: CrmLookUp,
    mirror: MirrorLookUp,
    journal: Journal,
    mirroring: MirrorCopier,
    catalogue: Catalogue,
    now: Callable[[], datetime],
    check: OwedCheck,
    quiet: timedelta,
) -> ExamServices:
    """``quiet``: for how long what was sent may still arrive."""
    exam_sessions = ExamSessions(
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
        exam_sessions=exam_sessions,
        activating=ExamActivation(crm, journal, exam_sessions, now),
        cancellation=ExamCancellation(crm, journal, exam_sessions, now),
    )
