"""The services that an assembled core holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from core.access.access_log import AccessLog
from core.access.api_keys import ApiKeys
from core.access.people import Access
from core.access.saved_filters import SavedFilters
from core.access.sign_in_records import SignIns
from core.credits.catalogue import Catalogue
from core.drift.measure import GaugeRecorder
from core.drift.queries import DriftQueries
from core.drift.repair import RepairRunner
from core.drift.retention import Retention
from core.drift.sweep import SweepRunner
from core.exports.export import Exporter
from core.health.audit_check.verify import AuditLog
from core.health.clock_watch import ClockWatch
from core.health.first_jobs import FirstJobs
from core.health.metrics import Metrics
from core.health.over_time.trends import TrendReader
from core.health.over_time.week import WeekReader
from core.health.overview import OverviewReader
from core.health.readiness import Readiness
from core.mirror.copier import MirrorCopier
from core.mirror.outbox import CopyQueries, DeadLetterRetry
from core.mirror.outgoing.announcer import EventAnnouncer
from core.mirror.webhooks import WebhookReceiver
from core.operations.after_restore import RestoreCheck
from core.operations.approve import Approvals
from core.operations.blocked_items import BlockedItems
from core.operations.choosing.adjust import AdjustmentPlanner
from core.operations.choosing.correct import Corrections
from core.operations.choosing.plan import OperationPlanner
from core.operations.choosing.recount import SeatRecount
from core.operations.choosing.select import BookingFinder
from core.operations.choosing.undo import UndoPlanner
from core.operations.commands import OperationCommands
from core.operations.desks.takeover import Desks
from core.operations.foreign.late_looks import LateLooks
from core.operations.owed.decisions import OwedDecisions
from core.operations.owed.find import OwedCredits
from core.operations.queries import OperationQueries
from core.operations.resolve import Resolution
from core.operations.runner import OperationRunner
from core.operations.telling.told import StudentNotices
from core.students.account import AccountDirectory
from core.students.activate_exams import ExamActivation
from core.students.admin_requests import AdminRequests
from core.students.api_requests import IdempotentRequests
from core.students.book import BookingPreview
from core.students.cancel_exam import WholeExamCancellation
from core.students.contact_page import ContactPage
from core.students.eligibility import Eligibility
from core.students.exam_closing import ExamCancellation
from core.students.exam_sessions import ExamSessions
from core.students.names import StudentNames
from core.students.proving import StudentProof
from core.students.search import StudentSearch
from core.work.engine_port import CarryOut
from core.work.work import Work
from core.workers.scheduler import Scheduler


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The services, assembled, each named as its class. Production and tests differ in gateways."""

    access: Access
    sign_ins: SignIns
    event_announcer: EventAnnouncer
    audit_log: AuditLog
    access_log: AccessLog
    booking_finder: BookingFinder
    operation_planner: OperationPlanner
    booking_preview: BookingPreview
    operation_commands: OperationCommands
    approvals: Approvals
    resolution: Resolution
    clock_watch: ClockWatch
    desks: Desks
    corrections: Corrections
    operation_runner: OperationRunner
    late_looks: LateLooks
    mirror_copier: MirrorCopier
    sweep_runner: SweepRunner
    undo_planner: UndoPlanner
    adjustment_planner: AdjustmentPlanner
    repair_runner: RepairRunner
    scheduler: Scheduler
    gauge_recorder: GaugeRecorder
    owed_credits: OwedCredits
    owed_decisions: OwedDecisions
    webhook_receiver: WebhookReceiver
    restore_check: RestoreCheck
    dead_letter_retry: DeadLetterRetry
    student_search: StudentSearch
    contact_page: ContactPage
    exam_sessions: ExamSessions
    exam_activation: ExamActivation
    exam_cancellation: ExamCancellation
    whole_exam_cancellation: WholeExamCancellation
    seat_recount: SeatRecount
    readiness: Readiness
    metrics: Metrics
    overview_reader: OverviewReader
    week_reader: WeekReader
    first_jobs: FirstJobs
    trend_reader: TrendReader
    api_keys: ApiKeys
    student_proof: StudentProof
    eligibility: Eligibility
    idempotent_requests: IdempotentRequests
    admin_requests: AdminRequests
    retention: Retention
    operation_queries: OperationQueries
    copy_queries: CopyQueries
    drift_queries: DriftQueries
    exporter: Exporter
    blocked_items: BlockedItems
    student_notices: StudentNotices
    student_names: StudentNames
    saved_filters: SavedFilters
    account_directory: AccountDirectory
    catalogue: Catalogue
    #: The school's time zone.
    zone: tzinfo
    #: Whether this is the demo of the local stack.
    demo: bool

    @property
    def carries(self) -> Mapping[Work, CarryOut]:
        """What carries each kind of work, for the engine."""
        return {
            Work.OPERATION: self.operation_runner.carry_out,
            Work.FOLLOW_UPS: self.operation_runner.follow_up,
            Work.SWEEP: self.sweep_runner.carry_out,
            Work.REPAIR: self.repair_runner.carry_out,
            Work.EXAM: self.whole_exam_cancellation.carry_out,
        }
