"""The part of the journal that knows which processes carry work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """A process that carries operations."""

    executor_id: str
    host: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime


class WorkerRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too."""

    def heartbeat(self, worker: WorkerInfo) -> None: ...
    def forget_worker(self, executor_id: str) -> None: ...
    def workers(self) -> list[WorkerInfo]: ...
