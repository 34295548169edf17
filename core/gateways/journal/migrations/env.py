"""Run by Alembic, within the transaction that ``core.gateways.journal.migrate`` has begun."""

from __future__ import annotations

from alembic import context

from core.gateways.journal.migrate import VERSION_TABLE
from core.gateways.journal.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
