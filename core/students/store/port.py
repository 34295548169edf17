"""The store as this package needs it: operations, and acts on whole exams."""

from __future__ import annotations

from typing import Protocol

from core.operations.store.port import OperationStore
from core.students.store.exam_acts_port import ExamActRecords


class StudentStore(OperationStore, ExamActRecords, Protocol):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
