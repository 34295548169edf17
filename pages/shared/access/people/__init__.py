"""Who may do what, and the forms by which admins change it."""

from pages.shared.access.people.listing import show

__all__ = ["show"]
