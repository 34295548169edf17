"""The desk at a glance: what is so, what needs somebody, and where it is mended."""

from pages.shared.health.views import show

__all__ = ["show"]
