"""Run by Alembic, within the transaction that ``core.database.migrate`` has begun."""

from __future__ import annotations

from alembic import context

from core.database.columns import metadata
from core.database.migrate import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
