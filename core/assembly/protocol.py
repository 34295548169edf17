"""The writing half: the services of the exactly-once protocol (docs/exactly-once.md)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo

from core.domain.approvals import SecondAdmin
from core.domain.credits import Catalogue
from core.domain.roles import Act
from core.gateways.ports.lookup import CrmLookUp, JournalLookUp
from core.services.carrying import Carrying
from core.services.desks import Desks
from core.services.finishing import ExamConsequences, Finishing
from core.services.giving_back import GivingBack
from core.services.loss_correction import LossCorrection
from core.services.mirroring import Mirroring
from core.services.recording import Recording
from core.services.recounting import CarryingRecounts
from core.services.seating import Seating
from core.services.settling import Settling
from core.services.starts import Starts
from core.services.steady import QuietPeriod
from core.services.taking_back import TakingBack
from core.services.verifying import WriteVerification
from core.services.writing import Writing


def carriage(
    *,
    crm: CrmLookUp,
    journal: JournalLookUp,
    mirroring: Mirroring,
    catalogue: Catalogue,
    may: Callable[[str, Act], bool],
    quiet: QuietPeriod,
    group_size: int,
    groups_at_once: int,
    second: SecondAdmin,
    correct_losses: bool,
    now: Callable[[], datetime],
    zone: tzinfo,
    new_id: Callable[[], str],
    desks: Desks,
) -> Carrying:
    """What carries operations: the exactly-once protocol over these gateways."""
    recording = Recording(journal, mirroring, now)
    starts = Starts(journal)
    settling = Settling(crm, journal, recording, now, quiet)
    in_turn = groups_at_once == 1
    writing = Writing(crm, journal, settling, starts, now, new_id, desks.id, desks.barred)
    recounts = CarryingRecounts(
        crm, journal, writing, ExamConsequences(catalogue), mirroring.nudge, now
    )
    verification = WriteVerification(crm, journal, catalogue, now)
    losses = LossCorrection(journal, writing, ExamConsequences(catalogue), now, correct_losses)
    return Carrying(
        journal,
        settling,
        GivingBack(crm, journal, writing, catalogue, recording, now, zone, quiet, starts),
        Seating(
            crm=crm,
            journal=journal,
            writing=writing,
            catalogue=catalogue,
            recording=recording,
            now=now,
            zone=zone,
            quiet=quiet,
        ),
        TakingBack(
            crm=crm,
            journal=journal,
            writing=writing,
            catalogue=catalogue,
            recording=recording,
            now=now,
            quiet=quiet,
        ),
        Finishing(
            crm,
            journal,
            writing,
            catalogue,
            now,
            recounts,
            verification,
            losses,
            in_turn=in_turn,
        ),
        lambda: crm.usage()["total"],
        may,
        now,
        quiet.clock.passed,
        starts,
        group_size,
        groups_at_once,
        second,
    )
