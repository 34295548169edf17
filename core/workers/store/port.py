"""The store as this package needs it: work, schedules, live processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.drift.store.port import DriftStore
from core.work.schedules import SlotRecord
from core.work.work import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """A process that carries operations."""

    executor_id: str
    host: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime


class WorkerRecords(Protocol):
    """Which processes carry work."""

    def heartbeat(self, worker: WorkerInfo) -> None: ...
    def forget_worker(self, executor_id: str) -> None: ...
    def workers(self) -> list[WorkerInfo]: ...


class WorkRecords(Protocol):
    """What is to be carried."""

    def unended(self, limit: int = 10_000, *, at: datetime | None = None) -> list[Task]:
        """All that is to be carried to its end, oldest first within each kind.

        An operation that awaits approval is a person's work, until its time for that is over as
        of ``at``: then it is to be called off.
        """
        ...

    def must_exist(self, key: str) -> None:
        """Raises ``UnknownId`` unless the work with this key was asked for."""
        ...

    def supersede(self, key: str) -> None:
        """A new epoch of it: whoever carries it ends at its next word with the journal."""
        ...


class SlotRecords(Protocol):
    """What of a schedule was done."""

    def begin_job(self, job: str, *, at: datetime) -> None:
        """From now on its times count. Repeating it is harmless."""
        ...

    def take_slot(self, job: str, slot: datetime, *, now: datetime, until: datetime) -> bool:
        """Hold this time of this job until ``until``.

        False: it or a later one is done, or somebody else holds it.
        """
        ...

    def end_slot(self, job: str, slot: datetime, *, at: datetime, error: str = "") -> None:
        """It was done; or why not: then it may be taken again when its hold is over."""
        ...

    def slots(self) -> Mapping[str, SlotRecord]:
        """The newest slot of each job that anybody took."""
        ...


class WorkerStore(
    DriftStore,
    WorkRecords,
    SlotRecords,
    WorkerRecords,
    Protocol,
):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
