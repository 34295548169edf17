"""Exports: a task that is asked for, looked at, and ends in a file of comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.query import PAGE_MAX, Search
from sandbox.hubspot.rows import Row
from sandbox.hubspot.searching import Searcher
from sandbox.hubspot.store import Store
from sandbox.hubspot.wire import value_of

READY_MS = 400  # half of it pending, half of it under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One export."""

    id: str
    kind: Kind
    properties: tuple[str, ...]
    search: Search | None
    asked_at: int

    def status(self, now: int) -> str:
        """PENDING, then PROCESSING, then COMPLETE."""
        passed = now - self.asked_at
        if passed < READY_MS // 2:
            return "PENDING"
        return "PROCESSING" if passed < READY_MS else "COMPLETE"


@dataclass(slots=True)
class Exports:
    """The tasks of this run of the sandbox. Files are made when they are fetched."""

    store: Store
    searcher: Searcher
    _tasks: dict[str, Task] = field(default_factory=dict)

    def add(self, kind: Kind, properties: Sequence[str], search: Search | None, *, at: int) -> Task:
        """A new task."""
        id_ = str(90_000_001 + len(self._tasks))
        names = tuple(properties)
        task = Task(id=id_, kind=kind, properties=names, search=search, asked_at=at)
        self._tasks[id_] = task
        return task

    def get(self, id_: str) -> Task | None:
        """A task by its id."""
        return self._tasks.get(id_)

    def file(self, task: Task) -> str:
        """The export as HubSpot writes it: a line of labels, then a line for each object."""
        text = io.StringIO(newline="")
        lines = csv.writer(text, lineterminator="\n")
        labels = [task.kind.definitions[name].label or name for name in task.properties]
        lines.writerow(["Record ID", *labels])
        for row in self._rows(task):
            values = [value_of(task.kind, row, name) or "" for name in task.properties]
            lines.writerow([row.id, *values])
        return text.getvalue()

    def _rows(self, task: Task) -> Iterator[Row]:
        if task.search is not None:
            _, rows = self.searcher.run(task.kind, task.search, self.store.now_ms())
            yield from rows
            return
        after = 0
        while page := self.store.page(task.kind, after=after, limit=PAGE_MAX, archived=False):
            yield from page
            after = page[-1].id
