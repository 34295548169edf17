"""The record on the screen: operations, their items, writes and history; copies; workers."""

from pages.shared.operations.record.views import show

__all__ = ["show"]
