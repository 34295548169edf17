"""What can be wrong with settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingFault:
    """One setting that is missing or wrong. Never holds its value: it may be a secret."""

    name: str
    problem: str
    mend: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.name} {self.problem}. {self.mend}".strip()


class BadSettings(ValueError):
    """Settings are missing or wrong: all of them at once, each with how to mend it."""

    def __init__(self, faults: Sequence[SettingFault]) -> None:
        """``faults`` in the order in which people should mend them."""
        self.faults = tuple(faults)
        count = "one setting is" if len(self.faults) == 1 else f"{len(self.faults)} settings are"
        super().__init__("\n".join([f"{count} missing or wrong:", *(f"  {f}" for f in faults)]))
