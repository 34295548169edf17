"""Drift on the screen: how it stands, its history in charts, the records, and their repair."""

from pages.shared.drift.views import show

__all__ = ["show"]
