"""The writing half: the services of the exactly-once protocol (docs/exactly-once.md)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, tzinfo

from core.app.journal import Journal
from core.credits.catalogue import Catalogue
from core.credits.roles import Act
from core.hubspot.ports.channels import TellBy
from core.hubspot.ports.lookup import CrmLookUp
from core.mirror.copier import MirrorCopier
from core.operations.approval_rules import SecondAdmin
from core.operations.crew.crew import Crew
from core.operations.desks.takeover import Desks
from core.operations.finish import ExamConsequences, PostProcessing
from core.operations.foreign.loss_correction import LossCorrection
from core.operations.foreign.verify import WriteVerification
from core.operations.kinds.base import Toolbox
from core.operations.protocol.record import Recording
from core.operations.protocol.settle import Settling
from core.operations.protocol.starts import Starts
from core.operations.protocol.write import Writing
from core.operations.runner import OperationRunner
from core.operations.steps.adjust import AdjustSteps
from core.operations.steps.base import KindSteps
from core.operations.steps.book import BookSteps
from core.operations.steps.correct import CorrectSteps
from core.operations.steps.forfeit import ForfeitSteps
from core.operations.steps.move import MoveSteps
from core.operations.steps.recount import RecountSteps
from core.operations.steps.refund import RefundSteps
from core.operations.steps.undo import UndoSteps
from core.operations.telling.tell import TellingStudents
from core.work.steady_clock import QuietPeriod


def build_runner(
    *,
    crm: CrmLookUp,
    journal: Journal,
    mirroring: MirrorCopier,
    catalogue: Catalogue,
    may: Callable[[str, Act], bool],
    acts_for_admins: Callable[[str], bool],
    quiet: QuietPeriod,
    group_size: int,
    groups_at_once: int,
    second: SecondAdmin,
    correct_losses: bool,
    now: Callable[[], datetime],
    zone: tzinfo,
    new_id: Callable[[], str],
    desks: Desks,
    tell_by: TellBy,
    crew: Crew | None,
) -> OperationRunner:
    """What carries operations: the exactly-once protocol over these gateways."""
    recording = Recording(journal, mirroring, now)
    starts = Starts(journal)
    settling = Settling(crm, journal, recording, now, quiet)
    in_turn = groups_at_once == 1
    writing = Writing(crm, journal, settling, starts, now, new_id, desks.id, desks.barred)
    verification = WriteVerification(crm, journal, catalogue, now)
    losses = LossCorrection(journal, writing, ExamConsequences(catalogue), now, correct_losses)
    toolbox: Toolbox[KindSteps] = Toolbox(
        refunding=RefundSteps(
            crm=crm,
            journal=journal,
            writing=writing,
            catalogue=catalogue,
            recording=recording,
            now=now,
            zone=zone,
            quiet=quiet,
            starts=starts,
        ),
        forfeiting=ForfeitSteps(
            crm=crm,
            journal=journal,
            writing=writing,
            catalogue=catalogue,
            recording=recording,
            now=now,
            zone=zone,
            quiet=quiet,
            starts=starts,
        ),
        booking=BookSteps(
            crm=crm,
            journal=journal,
            writing=writing,
            catalogue=catalogue,
            recording=recording,
            now=now,
            zone=zone,
            quiet=quiet,
        ),
        undoing=UndoSteps(
            crm=crm,
            journal=journal,
            writing=writing,
            catalogue=catalogue,
            recording=recording,
            now=now,
            quiet=quiet,
        ),
        correcting=CorrectSteps(
            journal=journal, writing=writing, catalogue=catalogue, recording=recording
        ),
        moving=MoveSteps(
            crm=crm,
            journal=journal,
            writing=writing,
            catalogue=catalogue,
            recording=recording,
            now=now,
            zone=zone,
            quiet=quiet,
            starts=starts,
        ),
        adjusting=AdjustSteps(
            journal=journal, writing=writing, catalogue=catalogue, recording=recording
        ),
        recounting=RecountSteps(
            crm, journal, writing, ExamConsequences(catalogue), mirroring.nudge, now
        ),
    )
    return OperationRunner(
        journal,
        settling,
        toolbox,
        PostProcessing(
            crm,
            journal,
            writing,
            catalogue,
            now,
            verification,
            losses,
            TellingStudents(crm, journal, catalogue, quiet, now, tell_by),
            in_turn=in_turn,
        ),
        may,
        acts_for_admins,
        now,
        quiet.clock.passed,
        starts,
        group_size,
        groups_at_once,
        second,
        crew,
        crew.resting if crew is not None else threading.Event(),
    )
