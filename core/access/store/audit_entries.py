"""What the audit says of roles and keys."""

from __future__ import annotations

from datetime import datetime

from core.access.api_key_rules import ApiKey
from core.audit.entries import Entry, Subject, What
from core.credits.roles import Role


def role_changed(
    email: str, before: Role | None, after: Role | None, *, by: str, at: datetime
) -> Entry:
    """Of somebody who changes their own, the role by which they did."""
    own = before.value if before and by.casefold() == email else ""
    return Entry(
        at=at,
        actor=by,
        role=own,
        what=What.ROLE_GIVEN if after else What.ROLE_WITHDRAWN,
        subject=Subject.PERSON,
        subject_id=email,
        before={"role": before and before.value},
        after={"role": after and after.value},
    )


def key_changed(key: ApiKey, *, by: str, at: datetime) -> Entry:
    """A key was made, or withdrawn; never the key, nor its digest."""
    return Entry(
        at=at,
        actor=by,
        what=What.KEY_MADE if key.withdrawn_at is None else What.KEY_WITHDRAWN,
        subject=Subject.KEY,
        subject_id=key.id,
        detail={"client": key.client, "scopes": sorted(scope.value for scope in key.scopes)},
    )
