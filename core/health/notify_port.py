"""The port to people who are not looking at a page."""

from __future__ import annotations

from typing import Protocol


class Notifier(Protocol):
    """Mail, Slack, a webhook: wherever the settings say."""

    def tell(self, title: str, text: str) -> None:
        """Hand the message over and return at once. Never raises: what fails is logged."""
        ...
