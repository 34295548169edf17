"""The services that an assembled core holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from core.access.access_log import AccessLog
from core.access.api_keys import ApiKeys
from core.access.people import Access
from core.access.sign_in_records import SignIns
from core.credits.catalogue import Catalogue
from core.drift.measure import Measuring
from core.drift.queries import DriftQueries
from core.drift.repair import Repairing
from core.drift.retention import Forgetting
from core.drift.sweep import Sweeping
from core.exports.export import Exporting
from core.health.audit_check.verify import Auditing
from core.health.clock_watch import ClockWatch
from core.health.first_jobs import FirstJobs
from core.health.metrics import Metrics
from core.health.over_time.trends import TrendReader
from core.health.over_time.week import WeekReader
from core.health.overview import OverviewReader
from core.health.readiness import Readiness
from core.mirror.copier import Mirroring
from core.mirror.outbox import CopyQueries, DeadLetterRetry
from core.mirror.outgoing.announcer import Announcing
from core.mirror.webhooks import Receiving
from core.operations.after_restore import Restoring
from core.operations.approve import Approving
from core.operations.blocked_items import Accounting
from core.operations.choosing.adjust import Adjusting
from core.operations.choosing.correct import Correcting
from core.operations.choosing.plan import Planning
from core.operations.choosing.recount import Recounting
from core.operations.choosing.select import Finding
from core.operations.choosing.undo import Undoing
from core.operations.commands import Operating
from core.operations.desks.takeover import Desks
from core.operations.foreign.late_looks import LateLooks
from core.operations.owed.decisions import OwedDecisions
from core.operations.owed.find import Owing
from core.operations.queries import OperationQueries
from core.operations.resolve import Resolution
from core.operations.runner import OperationRunner
from core.operations.telling.told import Told
from core.students.account import AccountDirectory
from core.students.activate_exams import Activating
from core.students.admin_requests import AdminRequests
from core.students.api_requests import IdempotentRequests
from core.students.book import BookingPreview
from core.students.cancel_exam import CancellingExams
from core.students.contact_page import ContactPage
from core.students.eligibility import Checking
from core.students.exam_closing import ExamCancellation
from core.students.exam_sessions import ExamSessions
from core.students.names import StudentNames
from core.students.proving import Proving
from core.students.search import LookingUp
from core.work.engine_port import CarryOut
from core.work.work import Work
from core.workers.scheduler import Scheduling


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The services, assembled. Tests and production differ in the gateways only."""

    access: Access
    sign_ins: SignIns
    announcing: Announcing
    auditing: Auditing
    noting: AccessLog
    finding: Finding
    planning: Planning
    booking: BookingPreview
    operating: Operating
    approving: Approving
    deciding: Resolution
    clock_watch: ClockWatch
    desks: Desks
    correcting: Correcting
    carrying: OperationRunner
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
    reviving: DeadLetterRetry
    looking_up: LookingUp
    presenting: ContactPage
    sitting: ExamSessions
    activating: Activating
    exam_cancellation: ExamCancellation
    cancelling_exams: CancellingExams
    recounting: Recounting
    readiness: Readiness
    watching: Metrics
    overseeing: OverviewReader
    weeks: WeekReader
    first_jobs: FirstJobs
    trends: TrendReader
    admitting: ApiKeys
    proving: Proving
    checking: Checking
    serving: IdempotentRequests
    admin_requests: AdminRequests
    forgetting: Forgetting
    following: OperationQueries
    copy_queries: CopyQueries
    drift_queries: DriftQueries
    exporting: Exporting
    accounting: Accounting
    telling: Told
    names: StudentNames
    account: AccountDirectory
    catalogue: Catalogue
    #: The school's time zone.
    zone: tzinfo
    #: Whether this is the demo of the local stack.
    demo: bool

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
