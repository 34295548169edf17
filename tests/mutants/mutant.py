"""One guard taken out of the source, and the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class NoLongerAppliesError(ValueError):
    """The text to be replaced is not in the source exactly once: the table is behind the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A small exact edit of one file."""

    #: The guard that it takes out, as people say it.
    guard: str
    file: str
    old: str
    new: str
    #: Arguments of pytest: of these tests at least one must fail.
    tests: tuple[str, ...]

    def applied(self, source: str) -> str:
        """The source without the guard.

        Raises:
            NoLongerAppliesError: ``old`` is not there, or more than once.
        """
        times = source.count(self.old)
        if times != 1:
            told = f"{self.file}: {self.guard}: the text to replace is there {times} times"
            raise NoLongerAppliesError(told)
        return source.replace(self.old, self.new)

    def apply(self, root: Path) -> str:
        """Take the guard out of the copy in ``root``. Returns the source as it was."""
        path = root / self.file
        before = path.read_text()
        path.write_text(self.applied(before))
        return before
