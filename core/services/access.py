"""Access: which role a signed-in person has."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.roles import Actor, NotAllowed, Role


@dataclass(frozen=True, slots=True)
class Access:
    """First admins come from settings (``CREDIT_DESK_ADMINS``)."""

    admins: tuple[str, ...]

    def first_admin(self) -> str:
        """Who acts in a script that names nobody; "" when the settings name no admin."""
        return self.admins[0] if self.admins else ""

    def actor(self, email: str) -> Actor:
        """The person behind this address.

        Raises:
            NotAllowed: nobody gave this address a role.
        """
        if email.strip().casefold() in {admin.casefold() for admin in self.admins}:
            return Actor(email=email.strip(), role=Role.ADMIN)
        raise NotAllowed(
            f"{email or 'nobody'} has no role here. "
            "Ask an admin to add the address to CREDIT_DESK_ADMINS"
        )
