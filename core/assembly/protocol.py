"""The writing half: the services of the exactly-once protocol (docs/exactly-once.md)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo

from core.domain.approvals import SecondAdmin
from core.domain.channels import TellBy
from core.domain.credits import Catalogue
from core.domain.roles import Act
from core.gateways.ports import Journal
from core.gateways.ports.lookup import CrmLookUp
from core.operations.kinds.base import Toolbox
from core.operations.steps.adjust import AdjustSteps
from core.operations.steps.book import BookSteps
from core.operations.steps.correct import CorrectSteps
from core.operations.steps.forfeit import ForfeitSteps
from core.operations.steps.move import MoveSteps
from core.operations.steps.recount import RecountSteps
from core.operations.steps.refund import RefundSteps
from core.operations.steps.undo import UndoSteps
from core.services.carrying import Carrying
from core.services.desks import Desks
from core.services.finishing import ExamConsequences, Finishing
from core.services.kind_steps import KindSteps
from core.services.loss_correction import LossCorrection
from core.services.mirroring import Mirroring
from core.services.recording import Recording
from core.services.settling import Settling
from core.services.starts import Starts
from core.services.steady import QuietPeriod
from core.services.telling import TellingStudents
from core.services.verifying import WriteVerification
from core.services.writing import Writing


def carriage(
    *,
    crm: CrmLookUp,
    journal: Journal,
    mirroring: Mirroring,
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
) -> Carrying:
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
    return Carrying(
        journal,
        settling,
        toolbox,
        Finishing(
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
        lambda: crm.usage()["total"],
        may,
        acts_for_admins,
        now,
        quiet.clock.passed,
        starts,
        group_size,
        groups_at_once,
        second,
    )
