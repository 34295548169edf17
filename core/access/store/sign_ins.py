"""The sign-ins that go on. One that is ended has no row any more."""

from __future__ import annotations

from sqlalchemy import Column, Connection, String, Table, delete, select

from core.access.sign_ins import SignIn
from core.database.columns import UtcTime, metadata
from core.database.database import Database, reading, writing
from core.database.rows import Records

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", String, primary_key=True),
    Column("email", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
)
SIGN_INS = Records(SignIn, sign_ins)


class SignIns:
    """See ``core.access.store.port.SignInRecords``."""

    _db: Database

    @writing
    def begin_sign_in(self, connection: Connection, begun: SignIn) -> None:
        """What is over is dropped here, so that there is never more than a day of them."""
        connection.execute(delete(sign_ins).where(sign_ins.c.until <= begun.at))
        connection.execute(sign_ins.insert().values(SIGN_INS.dump(begun)))

    @reading
    def sign_in(self, connection: Connection, id_: str) -> SignIn | None:
        """By the primary key."""
        row = connection.execute(select(*SIGN_INS.columns).where(sign_ins.c.id == id_)).first()
        return SIGN_INS.load(row) if row else None

    @writing
    def end_sign_in(self, connection: Connection, id_: str) -> None:
        """By the primary key."""
        connection.execute(delete(sign_ins).where(sign_ins.c.id == id_))
