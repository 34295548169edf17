"""The record of every act, and whether it is whole."""

from pages.shared.audit.listing import show

__all__ = ["show"]
