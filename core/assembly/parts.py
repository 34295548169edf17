"""The services that an assembled core holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from core.domain.credits import Catalogue
from core.domain.work import Work
from core.gateways.ports import CarryOut, Journal
from core.services.access import Access
from core.services.accounting import Accounting
from core.services.activating import Activating
from core.services.adjusting import Adjusting
from core.services.admin_requests import AdminRequests
from core.services.admitting import Admitting
from core.services.announcing import Announcing
from core.services.approving import Approving
from core.services.auditing import Auditing
from core.services.booking import Booking
from core.services.cancelling_exams import CancellingExams
from core.services.carrying import Carrying
from core.services.checking import Checking
from core.services.clock_watch import ClockWatch
from core.services.correcting import Correcting
from core.services.deciding import Deciding
from core.services.desks import Desks
from core.services.exam_cancellation import ExamCancellation
from core.services.exporting import Exporting
from core.services.finding import Finding
from core.services.following import Following
from core.services.forgetting import Forgetting
from core.services.late_looks import LateLooks
from core.services.looking_up import LookingUp
from core.services.measuring import Measuring
from core.services.mirroring import Mirroring
from core.services.noting import Noting
from core.services.operating import Operating
from core.services.overseeing import Overseeing
from core.services.owed_decisions import OwedDecisions
from core.services.owing import Owing
from core.services.planning import Planning
from core.services.presenting import Presenting
from core.services.readiness import Readiness
from core.services.receiving import Receiving
from core.services.recounting import Recounting
from core.services.repairing import Repairing
from core.services.restoring import Restoring
from core.services.reviving import Reviving
from core.services.scheduling import Scheduling
from core.services.serving import Serving
from core.services.sitting import Sitting
from core.services.sweeping import Sweeping
from core.services.told import Told
from core.services.undoing import Undoing
from core.services.watching import Watching


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The services, assembled. Tests and production differ in the gateways only."""

    access: Access
    announcing: Announcing
    auditing: Auditing
    noting: Noting
    finding: Finding
    planning: Planning
    booking: Booking
    operating: Operating
    approving: Approving
    deciding: Deciding
    clock_watch: ClockWatch
    desks: Desks
    correcting: Correcting
    carrying: Carrying
    late_looks: LateLooks
    mirroring: Mirroring
    sweeping: Sweeping
    undoing: Undoing
    adjusting: Adjusting
    repairing: Repairing
    scheduling: Scheduling
    measuring: Measuring
    owing: Owing
    owed_decisions: OwedDecisions
    receiving: Receiving
    restoring: Restoring
    reviving: Reviving
    looking_up: LookingUp
    presenting: Presenting
    sitting: Sitting
    activating: Activating
    exam_cancellation: ExamCancellation
    cancelling_exams: CancellingExams
    recounting: Recounting
    readiness: Readiness
    watching: Watching
    overseeing: Overseeing
    admitting: Admitting
    checking: Checking
    serving: Serving
    admin_requests: AdminRequests
    forgetting: Forgetting
    following: Following
    exporting: Exporting
    accounting: Accounting
    telling: Told
    journal: Journal
    catalogue: Catalogue
    #: The school's time zone.
    zone: tzinfo

    @property
    def carries(self) -> Mapping[Work, CarryOut]:
        """What carries each kind of work, for the engine."""
        return {
            Work.OPERATION: self.carrying.carry_out,
            Work.FOLLOW_UPS: self.carrying.follow_up,
            Work.SWEEP: self.sweeping.carry_out,
            Work.REPAIR: self.repairing.carry_out,
            Work.EXAM: self.cancelling_exams.carry_out,
        }
