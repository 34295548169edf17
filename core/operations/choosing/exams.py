"""Exams as HubSpot has them, with the desk's own word on those that are cancelled."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from core.credits.records import Exam, ExamId
from core.hubspot.ports.crm import Crm
from core.operations.store.port import OperationStore


def exams_read(
    crm: Crm, journal: OperationStore, ids: Collection[ExamId]
) -> dict[ExamId, Exam | None]:
    """By the ids asked for. The journal is asked last: what was cancelled meanwhile counts.

    Raises:
        GatewayError: HubSpot or the journal did not answer.
    """
    read = crm.exams(ids)
    found = {exam.id: exam for exam in read.values() if exam}
    known = {exam.id: exam for exam in with_cancellations(journal, found.values())}
    return {id_: known[exam.id] if exam else None for id_, exam in read.items()}


def exam_read(crm: Crm, journal: OperationStore, id_: ExamId) -> Exam | None:
    """One of them. None: HubSpot has no such exam.

    Raises:
        GatewayError: HubSpot or the journal did not answer.
    """
    return exams_read(crm, journal, [id_])[id_]


def with_cancellations(journal: OperationStore, exams: Iterable[Exam]) -> list[Exam]:
    """These exams in their order, each with its cancellation.

    Raises:
        JournalError: the journal did not answer.
    """
    listed = list(exams)
    found = journal.cancelled_exams([ExamId(exam.id) for exam in listed])
    return [replace(exam, cancelled=found.get(ExamId(exam.id))) for exam in listed]
