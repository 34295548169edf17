"""Which apps may ask over HTTP, and the forms by which admins give and withdraw their keys."""

from pages.shared.access.api_keys.listing import show

__all__ = ["show"]
