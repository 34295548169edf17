"""What the audit says of roles and keys."""

from __future__ import annotations

from datetime import datetime

from core.access.api_key_rules import ApiKey
from core.access.identities import Account, KnownAccount
from core.audit.entries import Entry, Subject, What
from core.credits.roles import Role, RoleRequest


def role_changed(
    email: str,
    before: Role | None,
    after: Role | None,
    *,
    by: str,
    at: datetime,
    asked_by: str = "",
) -> Entry:
    """Of somebody who changes their own, the role by which they did.

    ``asked_by``: the other admin, where two were needed.
    """
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
        detail={"asked_by": asked_by} if asked_by else {},
    )


def role_asked(request: RoleRequest) -> Entry:
    """One admin asked for a role that another has to approve."""
    return Entry(
        at=request.at,
        actor=request.by,
        what=What.ROLE_ASKED,
        subject=Subject.PERSON,
        subject_id=request.email.casefold(),
        after={"role": request.role.value},
    )


def role_refused(request: RoleRequest, *, by: str, at: datetime) -> Entry:
    """A role that was asked for is not given."""
    return Entry(
        at=at,
        actor=by,
        what=What.ROLE_REFUSED,
        subject=Subject.PERSON,
        subject_id=request.email,
        detail={"asked_by": request.by, "role": request.role.value},
    )


def account_accepted(before: KnownAccount, account: Account, *, by: str, at: datetime) -> Entry:
    """An admin let another account sign in with this address, in place of the one before."""
    return Entry(
        at=at,
        actor=by,
        what=What.ACCOUNT_ACCEPTED,
        subject=Subject.PERSON,
        subject_id=before.email,
        before={"issuer": before.issuer, "subject": before.subject},
        after={"issuer": account.issuer, "subject": account.subject},
    )


def key_changed(key: ApiKey, *, by: str, at: datetime) -> Entry:
    """A key was made, or withdrawn; never the key, nor its digest."""
    return Entry(
        at=at,
        actor=by,
        what=What.KEY_MADE if key.withdrawn_at is None else What.KEY_WITHDRAWN,
        subject=Subject.KEY,
        subject_id=key.id,
        detail=key.terms,
    )


def account_refused(email: str, account: Account, *, at: datetime) -> Entry:
    """Somebody came with this address by another account than the address's own."""
    return Entry(
        at=at,
        actor=email,
        what=What.ACCOUNT_REFUSED,
        subject=Subject.PERSON,
        subject_id=email,
        detail={"issuer": account.issuer, "subject": account.subject},
    )
