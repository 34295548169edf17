"""Whom a command acts for: ``--as``, else the first admin of the settings."""

from __future__ import annotations

from core.app.assembly.parts import Core
from core.credits.roles import Actor


def actor_of(core: Core, as_: str) -> Actor:
    """Their role decides, as on the pages.

    Raises:
        NotAllowed: nobody gave this address a role.
    """
    return core.access.actor(as_ or core.access.first_admin())
