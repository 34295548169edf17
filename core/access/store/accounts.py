"""Which account each address belongs to, from its first sign-in on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Connection, String, Table, select, update

from core.access.identities import Account, KnownAccount
from core.access.store import audit_entries
from core.audit.store.in_transaction import record
from core.database.columns import UtcTime, metadata
from core.database.database import Database, reading, writing
from core.database.rows import Records
from core.database.statements import added

accounts = Table(
    "accounts",
    metadata,
    Column("email", String, primary_key=True),
    Column("issuer", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("other_issuer", String, nullable=False, server_default=""),
    Column("other_subject", String, nullable=False, server_default=""),
    Column("other_at", UtcTime),
)
ACCOUNTS = Records(KnownAccount, accounts)


class Accounts:
    """See ``core.access.store.port.AccountRecords``."""

    _db: Database

    @reading
    def account(self, connection: Connection, email: str) -> KnownAccount | None:
        """By the primary key."""
        return _account(connection, email.casefold())

    @reading
    def accounts(self, connection: Connection) -> list[KnownAccount]:
        query = select(*ACCOUNTS.columns).order_by(accounts.c.email)
        return [ACCOUNTS.load(row) for row in connection.execute(query)]

    @writing
    def meet_account(
        self, connection: Connection, email: str, account: Account, *, at: datetime
    ) -> KnownAccount:
        """Of two at once the primary key lets one be the first."""
        email = email.casefold()
        made = KnownAccount(email=email, issuer=account.issuer, subject=account.subject, at=at)
        if added(connection, accounts, ACCOUNTS.dump(made)):
            return made
        found = _account(connection, email, held=True)
        assert found is not None
        if account in {found.account, found.other}:
            return found
        other = {
            "other_issuer": account.issuer,
            "other_subject": account.subject,
            "other_at": at,
        }
        connection.execute(update(accounts).where(accounts.c.email == email).values(other))
        record(connection, audit_entries.account_refused(email, account, at=at))
        return found

    @writing
    def accept_account(
        self, connection: Connection, email: str, account: Account, *, by: str, at: datetime
    ) -> bool:
        """Only the one that waits, which is the one that the admin saw."""
        email = email.casefold()
        found = _account(connection, email, held=True)
        if found is None or found.other != account:
            return False
        now = {
            "issuer": account.issuer,
            "subject": account.subject,
            "at": at,
            "other_issuer": "",
            "other_subject": "",
            "other_at": None,
        }
        connection.execute(update(accounts).where(accounts.c.email == email).values(now))
        record(connection, audit_entries.account_accepted(found, account, by=by, at=at))
        return True


def _account(connection: Connection, email: str, *, held: bool = False) -> KnownAccount | None:
    query = select(*ACCOUNTS.columns).where(accounts.c.email == email)
    row = connection.execute(query.with_for_update() if held else query).first()
    return None if row is None else ACCOUNTS.load(row)
