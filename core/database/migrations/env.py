"""Run by Alembic, within the transaction that ``core.database.migrate`` has begun."""

from __future__ import annotations

from alembic import context

from core.database.columns import metadata
from core.database.database import SCHEMA
from core.database.migrate import VERSION_TABLE

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # Else Alembic looks for it in PostgreSQL's usual schema, and begins with the first migration.
    version_table_schema=None if connection.dialect.name == "sqlite" else SCHEMA,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
