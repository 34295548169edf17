"""Who may do what, and the forms by which admins change it."""

from pages.shared.people.listing import show

__all__ = ["show"]
