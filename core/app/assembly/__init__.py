"""The services over their ports, as one object: production and tests differ in gateways only."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from core.access.api_keys import LASTS, ApiKeys
from core.access.pacing import USUAL, Limits
from core.access.saved_filters import SavedFilters
from core.access.sign_in_records import SignIns
from core.access.store.rate_port import Pace
from core.app.assembly.exams import exam_services
from core.app.assembly.owed import owed_services
from core.app.assembly.parts import Core
from core.app.assembly.protocol import build_runner
from core.app.journal import Journal
from core.app.journal_services import journal_services, utc_now
from core.credits.account import OBJECT_TYPES
from core.credits.catalogue import SCHOOL, Catalogue
from core.credits.records import Kind
from core.credits.writes import QUIET_PERIOD
from core.drift.compare import Comparing
from core.drift.copying.filling import Filling
from core.drift.measure import GaugeRecorder
from core.drift.queries import DriftQueries
from core.drift.repair import RepairRunner
from core.drift.repair_step import RepairStep
from core.drift.retention import Retention, forgetting_jobs
from core.drift.sweep import AT_ONCE, SweepRunner
from core.drift.sweeps import SweepMode
from core.exports.export import Exporter
from core.health.audit_check.heads_port import HeadKeeper
from core.health.audit_check.shipping import HeadShipping, shipping_jobs
from core.health.audit_check.verify import AuditLog
from core.health.clock_watch import ClockWatch
from core.health.facts_reader import FactsReader
from core.health.first_jobs import FirstJobs
from core.health.metrics import Metrics
from core.health.over_time.trends import TrendReader
from core.health.over_time.week import WeekReader
from core.health.overview import OverviewReader
from core.health.readiness import Readiness
from core.hubspot.ports.channels import NO_TELLING, TellBy
from core.hubspot.ports.crm import Crm
from core.hubspot.ports.directory import Directory
from core.hubspot.ports.inspection import Inspecting
from core.hubspot.ports.lookup import CrmLookUp
from core.mirror.circuit_breaker import Outage
from core.mirror.copier import MirrorCopier
from core.mirror.outbox import CopyQueries, DeadLetterRetry
from core.mirror.outgoing.announcer import EventAnnouncer
from core.mirror.outgoing.store.events_port import EventSender
from core.mirror.port import MirrorLookUp
from core.mirror.store.outbox_port import Due
from core.mirror.tokens_port import StudentTokens
from core.mirror.webhooks import WebhookReceiver
from core.operations.after_restore import RestoreCheck
from core.operations.approval_rules import NO_SECOND, SecondAdmin
from core.operations.approve import Approvals
from core.operations.blocked_items import BlockedItems
from core.operations.choosing.adjust import AdjustmentPlanner
from core.operations.choosing.correct import Corrections
from core.operations.choosing.plan import OperationPlanner
from core.operations.choosing.preflight import Preflight
from core.operations.choosing.recount import SeatRecount
from core.operations.choosing.select import BookingFinder
from core.operations.choosing.undo import UndoPlanner
from core.operations.commands import OperationCommands
from core.operations.crew.crew import Crew
from core.operations.desks.rules import Process
from core.operations.desks.store.desks_port import DeskRegister
from core.operations.desks.takeover import Desks
from core.operations.foreign.late_looks import LateLooks, late_look_jobs
from core.operations.foreign.look_at_bookings import BookingLooks
from core.operations.hold import Holding
from core.operations.kinds.base import Planners
from core.operations.resolve import Resolution
from core.operations.runner import GROUP_SIZE, GROUPS_AT_ONCE
from core.operations.telling.told import StudentNotices
from core.students.account import NO_NAMES, AccountDirectory, GivenNames
from core.students.activate_exams import activation_jobs
from core.students.admin_requests import AdminRequests
from core.students.api_requests import IdempotentRequests
from core.students.book import BookingPreview
from core.students.cancel_exam import WholeExamCancellation
from core.students.contact_page import ContactPage
from core.students.eligibility import Eligibility
from core.students.names import StudentNames
from core.students.proving import StudentProof
from core.students.search import StudentSearch
from core.work.engine_port import Engine
from core.work.schedules import Schedule
from core.work.steady_clock import QuietPeriod, SteadyClock
from core.workers.scheduler import Scheduler, sweep_jobs

#: Of a core that starts no process of its own.
NOT_REGISTERED = Process(
    name="", desk="", host="", version="", started_at=datetime.min.replace(tzinfo=UTC)
)

__all__ = ["Core", "assemble", "new_id", "utc_now"]


def new_id() -> str:
    """A fresh id, short enough to read out and long enough never to meet another."""
    return uuid.uuid4().hex[:20]


def seconds_of(now: Callable[[], datetime]) -> Callable[[], float]:
    """The seconds of a clock that is never set."""
    begun = now()

    def seconds() -> float:
        return (now() - begun).total_seconds()

    return seconds


def assemble(
    *,
    crm: CrmLookUp,
    mirror: MirrorLookUp,
    journal: Journal,
    engine: Engine,
    mirror_reads: Crm | None = None,
    sweep_reads: Crm | None = None,
    our_sources: Collection[str] = (),
    sweep_pages_at_once: int = AT_ONCE,
    sweep_schedules: Mapping[SweepMode, Schedule] | None = None,
    activation_schedule: Schedule | None = None,
    forget_schedule: Schedule | None = None,
    keep_personal: timedelta | None = None,
    inspecting: Inspecting | None = None,
    directory: Directory | None = None,
    given_names: GivenNames = NO_NAMES,
    editor_url: str = "",
    admins: Collection[str],
    domains: Collection[str] = (),
    unverified_from: Collection[str] = (),
    providers_of: Mapping[str, tuple[str, ...]] | None = None,
    object_types: Callable[[], Mapping[Kind, str]] = lambda: OBJECT_TYPES,
    webhook_secret: str = "",
    catalogue: Catalogue = SCHOOL,
    hold: timedelta = timedelta(seconds=10),
    typed_above: int = 20,
    second: SecondAdmin = NO_SECOND,
    correct_losses: bool = True,
    mend_older_copies: bool = True,
    late_looks: Schedule | None = None,
    audit_looks: bool = True,
    pace: Pace | None = None,
    register: DeskRegister | None = None,
    process: Process | None = None,
    api_rate: float = 20,
    keys_last: timedelta = LASTS,
    limits: Limits = USUAL,
    student_tokens: StudentTokens | None = None,
    head_keeper: HeadKeeper | None = None,
    head_secret: str = "",
    head_schedule: Schedule | None = None,
    quiet: timedelta = QUIET_PERIOD,
    group_size: int = GROUP_SIZE,
    groups_at_once: int = GROUPS_AT_ONCE,
    now: Callable[[], datetime] = utc_now,
    clock: SteadyClock | None = None,
    zone: tzinfo = UTC,
    make_id: Callable[[], str] = new_id,
    chance: Callable[[], float] = random.random,
    on_dead: Callable[[Sequence[Due]], None] = lambda _dead: None,
    event_sender: EventSender | None = None,
    tell_by: TellBy = NO_TELLING,
    crew: Crew | None = None,
    demo: bool = False,
) -> Core:
    """Services over these gateways. ``mirror_reads``: the truth for copies, less urgent.

    ``clock``: of this process, in place of ``now``; None: ``now``, which is never set.
    """
    now = (clock := clock or SteadyClock(now, seconds_of(now))).now
    finding = BookingFinder(crm, now, zone)
    mirroring = MirrorCopier(
        crm=mirror_reads or crm,
        mirror=mirror,
        journal=journal,
        catalogue=catalogue,
        now=now,
        chance=chance,
        on_dead=on_dead,
        outage=Outage(chance=chance),
    )
    reads = sweep_reads or mirror_reads or crm
    comparing = Comparing(
        crm=reads,
        mirror=mirror,
        journal=journal,
        catalogue=catalogue,
        now=now,
        ours=frozenset(our_sources),
        zone=zone,
    )
    repairing = RepairRunner(
        comparing,
        RepairStep(comparing, mirroring, mirror, journal),
        journal,
        engine,
        now,
        make_id,
        mend_older_copies,
    )
    sweeping = SweepRunner(
        crm=reads,
        mirror=mirror,
        journal=journal,
        engine=engine,
        comparing=comparing,
        filling=Filling(comparing, mirror, mirroring.put),
        now=now,
        new_id=make_id,
        mend_unattended=repairing.mend_unattended,
        at_once=sweep_pages_at_once,
    )
    plain = journal_services(
        journal,
        now,
        admins=admins,
        domains=domains,
        unverified_from=unverified_from,
        providers_of=providers_of or {},
        second=second,
        audit_looks=audit_looks,
        limits=limits,
    )
    access, access_log, shown = plain.access, plain.access_log, plain.shown
    preflight = Preflight(inspecting, now)
    owed = owed_services(
        crm=crm,
        reads=reads,
        mirror=mirror,
        journal=journal,
        finding=finding,
        catalogue=catalogue,
        now=now,
        in_turn=groups_at_once == 1,
    )
    exams = exam_services(
        crm=crm,
        mirror=mirror,
        journal=journal,
        mirroring=mirroring,
        catalogue=catalogue,
        now=now,
        check=owed.check,
        quiet=quiet,
    )
    forgetting = Retention(journal, keep_personal, now)
    planning = OperationPlanner(
        crm, journal, finding, catalogue, preflight, now, zone, make_id, owed.check
    )
    holding = Holding(journal, hold, QuietPeriod(quiet, clock))
    checking = Eligibility(crm, exams.exam_sessions, catalogue, now, zone, access_log)
    booking = BookingPreview(
        crm, journal, exams.exam_sessions, catalogue, preflight, now, zone, make_id
    )
    desks = Desks(
        crm=crm,
        journal=journal,
        owing=owed.owing,
        register=register,
        process=process or NOT_REGISTERED,
        now=now,
        new_id=make_id,
        monotonic=clock.monotonic,
    )
    operation_commands = OperationCommands(
        journal,
        plain.kept_plans,
        engine,
        holding,
        now,
        access.other_admins,
        typed_above,
        second,
        objections=desks.objections,
        alone=desks.require_alone,
        tell_by=tell_by,
        catalogue=catalogue,
    )
    correcting = Corrections(crm, journal, preflight, now, make_id)
    adjusting = AdjustmentPlanner(crm, journal, catalogue, preflight, now, make_id)
    undoing = UndoPlanner(crm, journal, preflight, now, make_id, adjusting)
    receiving = WebhookReceiver(
        mirroring=mirroring, types=object_types, secret=webhook_secret, now=now
    )
    carrying = build_runner(
        crm=crm,
        journal=journal,
        mirroring=mirroring,
        catalogue=catalogue,
        may=access.may,
        acts_for_admins=access.acts_for_admins,
        quiet=QuietPeriod(quiet, clock),
        group_size=group_size,
        groups_at_once=groups_at_once,
        second=second,
        correct_losses=correct_losses,
        now=now,
        zone=zone,
        new_id=make_id,
        desks=desks,
        tell_by=tell_by,
        crew=crew,
    )
    late = LateLooks(
        journal,
        carrying.finishing.verification,
        carrying.finishing.losses,
        BookingLooks(crm, journal, now),
        carrying.settling,
        now,
    )
    auditing = AuditLog(journal, now, admins, HeadShipping(journal, now, head_keeper, head_secret))
    scheduling = Scheduler(
        journal,
        (
            *sweep_jobs(sweeping, sweep_schedules or {}),
            *activation_jobs(exams.activating, activation_schedule),
            *forgetting_jobs(forgetting, forget_schedule),
            *late_look_jobs(late, late_looks),
            *shipping_jobs(auditing.shipping, head_schedule),
        ),
        now,
    )
    readiness = Readiness(journal, mirror, inspecting, now)
    metrics = Metrics(
        journal=journal, truth=inspecting, lag=mirroring.lag, tally=receiving.tally, now=now
    )
    return Core(
        access=access,
        sign_ins=SignIns(journal, now, make_id),
        event_announcer=EventAnnouncer(
            journal=journal,
            sender=event_sender,
            now=now,
            new_id=make_id,
            chance=chance,
        ),
        audit_log=auditing,
        access_log=access_log,
        booking_finder=finding,
        operation_planner=planning,
        booking_preview=booking,
        operation_commands=operation_commands,
        approvals=Approvals(
            journal=journal,
            engine=engine,
            access=access,
            planners=Planners(
                bookings=planning.afresh,
                corrections=correcting.afresh,
                undos=undoing.afresh,
                adjustments=adjusting.afresh,
            ),
            holding=holding,
            now=now,
            new_id=make_id,
            objections=desks.objections,
        ),
        resolution=Resolution(crm, journal, engine, now, desks.require_alone),
        corrections=correcting,
        undo_planner=undoing,
        adjustment_planner=adjusting,
        operation_runner=carrying,
        late_looks=late,
        desks=desks,
        clock_watch=ClockWatch(journal, clock),
        mirror_copier=mirroring,
        sweep_runner=sweeping,
        repair_runner=repairing,
        scheduler=scheduling,
        owed_credits=owed.owing,
        owed_decisions=owed.decisions,
        gauge_recorder=GaugeRecorder(
            journal,
            mirroring.lag,
            now,
            source=new_id(),
            quota=(lambda: inspecting.quota()) if inspecting else None,  # noqa: PLW0108 - not made yet
            owed=owed.owing.count,
        ),
        restore_check=RestoreCheck(crm, journal, owed.owing, catalogue),
        dead_letter_retry=DeadLetterRetry(journal, mirroring, now),
        webhook_receiver=receiving,
        readiness=readiness,
        metrics=metrics,
        overview_reader=OverviewReader(
            journal=shown,
            readiness=readiness,
            metrics=metrics,
            auditing=auditing,
            reading=FactsReader(shown, now, scheduling.late, access.waits),
            counts=plain.counts,
        ),
        week_reader=WeekReader(shown, now),
        first_jobs=FirstJobs(
            crm=crm,
            mirror=mirror,
            journal=journal,
            check=owed.check,
            exam_sessions=exams.exam_sessions,
            repairing=repairing,
            now=now,
        ),
        trend_reader=TrendReader(shown, now),
        student_search=StudentSearch(crm, mirror, catalogue, access_log),
        contact_page=ContactPage(
            crm=crm,
            mirror=mirror,
            journal=journal,
            mirroring=mirroring,
            access_log=access_log,
            catalogue=catalogue,
            now=now,
            check=owed.check,
        ),
        exam_sessions=exams.exam_sessions,
        exam_activation=exams.activating,
        exam_cancellation=exams.cancellation,
        whole_exam_cancellation=WholeExamCancellation(
            crm,
            journal,
            engine,
            exams.cancellation,
            planning,
            operation_commands,
            access.actor,
            now,
            make_id,
        ),
        seat_recount=SeatRecount(crm, journal, engine, now, make_id, desks.require_alone),
        api_keys=ApiKeys(journal=journal, now=now, pace=pace, rate=api_rate, lasts=keys_last),
        student_proof=StudentProof(crm, journal, student_tokens),
        eligibility=checking,
        idempotent_requests=IdempotentRequests(
            crm,
            journal,
            booking,
            planning,
            operation_commands,
            checking,
            now,
            make_id,
            plain.rationing,
        ),
        admin_requests=AdminRequests(
            journal, access, planning, adjusting, operation_commands, plain.kept_plans, now
        ),
        retention=forgetting,
        operation_queries=plain.operation_queries,
        copy_queries=CopyQueries(shown),
        drift_queries=DriftQueries(shown, catalogue),
        student_notices=StudentNotices(
            journal, engine, catalogue, now, tell_by, desks.require_alone
        ),
        saved_filters=SavedFilters(shown, now),
        student_names=StudentNames(
            mirror_reads or crm, mirror, plain.rationing, now, keep_personal
        ),
        account_directory=AccountDirectory(directory, given_names, editor_url, now),
        exporter=Exporter(journal, mirror, auditing, owed.owing, catalogue, now),
        blocked_items=BlockedItems(journal, planning, undoing, now),
        catalogue=catalogue,
        zone=zone,
        demo=demo,
    )
