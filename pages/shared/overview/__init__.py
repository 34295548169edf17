"""The desk at a glance: what is so, what needs somebody, and where it is mended."""

from pages.shared.overview.views import show

__all__ = ["show"]
