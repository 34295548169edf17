"""The port by which threads say whether this process can still do its work."""

from __future__ import annotations

from typing import Protocol


class Vitals(Protocol):
    """Told by every thread that works in the background. Neither call raises."""

    def failed(self, part: str, error: BaseException) -> None:
        """This part of the process failed just now."""
        ...

    def worked(self, part: str) -> None:
        """It worked just now."""
        ...


class NoVitals:
    """For whoever does not ask."""

    def failed(self, part: str, error: BaseException) -> None:
        """See ``Vitals``."""

    def worked(self, part: str) -> None:
        """See ``Vitals``."""
