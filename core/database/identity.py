"""The operational store that a process acts on: which one it is, and whether it was ever used.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One operational store, as it was when a process opened it."""

    #: Its URL, without a password.
    address: str
    #: Entries of its audit log.
    entries: int
    #: Whether an operation was ever confirmed in it.
    has_operations: bool
    #: Whether an app or a worker ever started on it.
    has_started: bool

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever recorded in it."""
        return self.entries == 0 and not self.has_operations

    @property
    def remark(self) -> str:
        """What makes it doubtful that this is the store of a desk at work; empty: nothing does."""
        if self.is_new:
            return "new: nothing was ever recorded in it"
        if not self.has_started:
            return "no app or worker has ever started on it"
        return "" if self.has_operations else "no operation was ever confirmed in it"

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.address} ({self.remark})" if self.remark else self.address
