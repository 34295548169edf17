"""The services over their ports, as one object: production and tests differ in gateways only."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from core.assembly.exams import exam_services
from core.assembly.owed import owed_services
from core.assembly.parts import Core
from core.assembly.protocol import carriage
from core.domain.approvals import NO_SECOND, SecondAdmin
from core.domain.channels import NO_TELLING, TellBy
from core.domain.credits import SCHOOL, Catalogue
from core.domain.desks import Process
from core.domain.portal import OBJECT_TYPES
from core.domain.records import Kind
from core.domain.schedules import Schedule
from core.domain.sweeps import SweepMode
from core.domain.writes import QUIET_PERIOD
from core.gateways.ports import Crm, Due, Engine, Journal
from core.gateways.ports.desks import DeskRegister
from core.gateways.ports.inspecting import Inspecting
from core.gateways.ports.lookup import CrmLookUp, MirrorLookUp
from core.gateways.ports.outgoing import EventSender
from core.gateways.ports.pace import Pace
from core.operations.kinds.base import Planners
from core.services.access import Access
from core.services.accounting import Accounting
from core.services.activating import activation_jobs
from core.services.adjusting import Adjusting
from core.services.admin_requests import AdminRequests
from core.services.admitting import Admitting
from core.services.announcing import Announcing
from core.services.approving import Approving
from core.services.auditing import Auditing
from core.services.booking import Booking
from core.services.booking_looks import BookingLooks
from core.services.cancelling_exams import CancellingExams
from core.services.carrying import GROUP_SIZE, GROUPS_AT_ONCE
from core.services.checking import Checking
from core.services.clock_watch import ClockWatch
from core.services.comparing import Comparing
from core.services.correcting import Correcting
from core.services.deciding import Deciding
from core.services.desks import Desks
from core.services.exporting import Exporting
from core.services.finding import Finding
from core.services.following import Following
from core.services.forgetting import Forgetting, forgetting_jobs
from core.services.holding import Holding
from core.services.late_looks import LateLooks, late_look_jobs
from core.services.looking_up import LookingUp
from core.services.measuring import Measuring
from core.services.mending import Mending
from core.services.mirroring import Mirroring
from core.services.noting import Noting
from core.services.operating import Operating
from core.services.outage import Outage
from core.services.overseeing import Overseeing
from core.services.planning import Planning
from core.services.preflight import Preflight
from core.services.presenting import Presenting
from core.services.readiness import Readiness
from core.services.receiving import Receiving
from core.services.recounting import Recounting
from core.services.repairing import Repairing
from core.services.restoring import Restoring
from core.services.reviving import Reviving
from core.services.scheduling import Scheduling, sweep_jobs
from core.services.serving import Serving
from core.services.steady import QuietPeriod, SteadyClock
from core.services.sweeping import AT_ONCE, Sweeping
from core.services.told import Told
from core.services.undoing import Undoing
from core.services.watching import Watching

#: Of a core that starts no process of its own.
NOT_REGISTERED = Process(
    name="", desk="", host="", version="", started_at=datetime.min.replace(tzinfo=UTC)
)

__all__ = ["Core", "assemble", "new_id", "utc_now"]


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


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
    admins: Collection[str],
    domains: Collection[str] = (),
    unverified_from: Collection[str] = (),
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
) -> Core:
    """Services over these gateways. ``mirror_reads``: the truth for copies, less urgent.

    ``clock``: of this process, in place of ``now``; None: ``now``, which is never set.
    """
    now = (clock := clock or SteadyClock(now, seconds_of(now))).now
    finding = Finding(crm, now, zone)
    mirroring = Mirroring(
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
    repairing = Repairing(
        comparing,
        Mending(comparing, mirroring, mirror, journal),
        journal,
        engine,
        now,
        make_id,
        mend_older_copies,
    )
    sweeping = Sweeping(
        crm=reads,
        mirror=mirror,
        journal=journal,
        engine=engine,
        comparing=comparing,
        now=now,
        new_id=make_id,
        mend_unattended=repairing.mend_unattended,
        at_once=sweep_pages_at_once,
    )
    access = Access(tuple(admins), journal, now, tuple(domains), tuple(unverified_from))
    noting = Noting(journal, now, looks=audit_looks)
    preflight = Preflight(inspecting, now)
    owed = owed_services(
        crm=crm,
        reads=reads,
        mirror=mirror,
        journal=journal,
        finding=finding,
        catalogue=catalogue,
        now=now,
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
    forgetting = Forgetting(journal, keep_personal, now)
    planning = Planning(crm, journal, finding, catalogue, preflight, now, zone, make_id, owed.check)
    holding = Holding(journal, hold, QuietPeriod(quiet, clock))
    checking = Checking(crm, exams.sitting, catalogue, now, zone, noting)
    booking = Booking(crm, journal, exams.sitting, catalogue, preflight, now, zone, make_id)
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
    operating = Operating(
        journal,
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
    correcting = Correcting(crm, journal, preflight, now, make_id)
    adjusting = Adjusting(crm, journal, catalogue, preflight, now, make_id)
    undoing = Undoing(crm, journal, preflight, now, make_id, adjusting)
    receiving = Receiving(mirroring=mirroring, types=object_types, secret=webhook_secret, now=now)
    carrying = carriage(
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
    )
    late = LateLooks(
        journal,
        carrying.finishing.verification,
        carrying.finishing.losses,
        BookingLooks(crm, journal, now),
        carrying.settling,
        now,
    )
    scheduling = Scheduling(
        journal,
        (
            *sweep_jobs(sweeping, sweep_schedules or {}),
            *activation_jobs(exams.activating, activation_schedule),
            *forgetting_jobs(forgetting, forget_schedule),
            *late_look_jobs(late, late_looks),
        ),
        now,
    )
    auditing = Auditing(journal, now)
    readiness = Readiness(journal, mirror, inspecting, now)
    watching = Watching(
        journal=journal, truth=inspecting, lag=mirroring.lag, tally=receiving.tally, now=now
    )
    return Core(
        access=access,
        announcing=Announcing(
            journal=journal,
            sender=event_sender,
            now=now,
            new_id=make_id,
            chance=chance,
        ),
        auditing=auditing,
        noting=noting,
        finding=finding,
        planning=planning,
        booking=booking,
        operating=operating,
        approving=Approving(
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
        deciding=Deciding(crm, journal, engine, now, desks.require_alone),
        correcting=correcting,
        undoing=undoing,
        adjusting=adjusting,
        carrying=carrying,
        late_looks=late,
        desks=desks,
        clock_watch=ClockWatch(journal, clock),
        mirroring=mirroring,
        sweeping=sweeping,
        repairing=repairing,
        scheduling=scheduling,
        owing=owed.owing,
        owed_decisions=owed.decisions,
        measuring=Measuring(
            journal,
            mirroring.lag,
            now,
            source=new_id(),
            quota=inspecting.quota if inspecting else None,
            owed=owed.owing.count,
        ),
        restoring=Restoring(crm, journal, owed.owing, catalogue),
        reviving=Reviving(journal, mirroring, now),
        receiving=receiving,
        readiness=readiness,
        watching=watching,
        overseeing=Overseeing(
            journal=journal,
            readiness=readiness,
            watching=watching,
            auditing=auditing,
            scheduling=scheduling,
            now=now,
        ),
        looking_up=LookingUp(crm, mirror, catalogue),
        presenting=Presenting(
            crm=crm,
            mirror=mirror,
            journal=journal,
            mirroring=mirroring,
            noting=noting,
            catalogue=catalogue,
            now=now,
            check=owed.check,
        ),
        sitting=exams.sitting,
        activating=exams.activating,
        exam_cancellation=exams.cancellation,
        cancelling_exams=CancellingExams(
            crm,
            journal,
            engine,
            exams.cancellation,
            planning,
            operating,
            access.actor,
            now,
            make_id,
        ),
        recounting=Recounting(crm, journal, engine, now, make_id, desks.require_alone),
        admitting=Admitting(journal=journal, now=now, pace=pace, rate=api_rate),
        checking=checking,
        serving=Serving(crm, journal, booking, planning, operating, checking, now, make_id),
        admin_requests=AdminRequests(journal, access, planning, adjusting, operating, now),
        forgetting=forgetting,
        following=Following(journal),
        telling=Told(journal, engine, catalogue, now, tell_by, desks.require_alone),
        exporting=Exporting(journal, mirror, auditing, owed.owing, catalogue, now),
        accounting=Accounting(journal, planning, undoing, now),
        journal=journal,
        catalogue=catalogue,
        zone=zone,
    )
