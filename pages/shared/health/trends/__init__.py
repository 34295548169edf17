"""Trends of operations on the screen: what is booked, cancelled and refunded, and what is held."""

from pages.shared.health.trends.views import show

__all__ = ["show"]
