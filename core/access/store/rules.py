"""What the stores of roles and keys decide without a database."""

from __future__ import annotations

from datetime import datetime

from core.access.api_key_rules import ApiKey
from core.audit.store.event_port import Event
from core.credits.errors import StateConflict
from core.credits.roles import Role


def role_event(
    email: str, before: Role | None, after: Role | None, *, by: str, at: datetime
) -> Event:
    """Who gave or withdrew which role."""
    detail = {"email": email, "from": before and before.value, "to": after and after.value}
    return Event(at=at, actor=by, what="gave a role" if after else "withdrew a role", detail=detail)


def key_event(key: ApiKey, *, by: str, at: datetime) -> Event:
    """Who made or withdrew which key; never the key."""
    detail = {"client": key.client, "key": key.id, "scopes": sorted(key.scopes)}
    what = "made an API key" if key.withdrawn_at is None else "withdrew an API key"
    return Event(at=at, actor=by, what=what, detail=detail)


def last_admin() -> StateConflict:
    """Nobody could give a role again."""
    return StateConflict("this is the last admin: make another one first", state=Role.ADMIN)
