"""Whom a command acts for: ``--as``, else the first admin of the settings."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from core.credits.roles import Actor

if TYPE_CHECKING:
    from core.app.assembly.parts import Core
    from core.app.journal_services import JournalServices


def actor_of(core: Core | JournalServices, as_: str) -> Actor:
    """Their role decides, as on the pages. Of one whom the settings name, the audit tells that.

    Raises:
        NotAllowed: nobody gave this address a role.
        JournalError: it cannot be known, or is not recorded.
    """
    actor = core.access.actor(as_ or core.access.first_admin())
    if core.access.is_first(actor.email):
        core.access_log.first_admins(core.access.admins, where=socket.gethostname())
    return actor
