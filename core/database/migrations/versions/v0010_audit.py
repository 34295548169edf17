"""The audit: entries that nobody changes, and where their chain ends."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database.columns import Serial, UtcTime
from core.database.database import SCHEMA

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

REFUSED = "the audit is only appended to"

#: When each trigger of SQLite refuses. REPLACE takes rows out without a DELETE that one would see.
ON_SQLITE = {
    "audit_no_update": "UPDATE ON audit",
    "audit_no_delete": "DELETE ON audit",
    "audit_no_replace": "INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE n = NEW.n)"
    " OR EXISTS (SELECT 1 FROM audit WHERE once = NEW.once AND once IS NOT NULL)",
    "audit_head_no_delete": "DELETE ON audit_head",
    "audit_head_no_other": "INSERT ON audit_head",
    "audit_head_forward": "UPDATE ON audit_head WHEN NEW.n <= OLD.n",
}
#: Whoever owns the tables could give the rights back, hence the triggers beside the REVOKE.
ON_POSTGRESQL = f"""
CREATE FUNCTION {SCHEMA}.audit_refuses() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'insufficient_privilege'; END $$;
CREATE FUNCTION {SCHEMA}.audit_head_moves() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF NEW.n <= OLD.n THEN
    RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_refuses BEFORE UPDATE OR DELETE OR TRUNCATE ON {SCHEMA}.audit
FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.audit_refuses();
CREATE TRIGGER audit_head_refuses BEFORE INSERT OR DELETE OR TRUNCATE ON {SCHEMA}.audit_head
FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.audit_refuses();
CREATE TRIGGER audit_head_moves BEFORE UPDATE ON {SCHEMA}.audit_head
FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.audit_head_moves();
REVOKE UPDATE, DELETE, TRUNCATE ON {SCHEMA}.audit FROM PUBLIC, CURRENT_USER;
REVOKE DELETE, TRUNCATE ON {SCHEMA}.audit_head FROM PUBLIC, CURRENT_USER
"""


def upgrade() -> None:
    """Make both tables, note the empty chain, and have the database refuse changes."""
    words = ("actor", "role", "what", "operation_id", "subject", "subject_id", "reason")
    op.create_table(
        "audit",
        sa.Column("n", Serial, primary_key=True, autoincrement=False),
        sa.Column("at", UtcTime, nullable=False),
        *(
            sa.Column(name, sa.String, nullable=False)
            for name in (*words, "before", "after", "detail")
        ),
        sa.Column("once", sa.String),
        sa.Column("hash", sa.String, nullable=False),
    )
    _indexes()
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("n", Serial, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "n": 0, "hash": "0" * 64}])
    if op.get_bind().dialect.name == "sqlite":
        for name, when in ON_SQLITE.items():
            refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
            op.execute(f"CREATE TRIGGER {name} BEFORE {when} {refuse}")
    else:
        op.execute(ON_POSTGRESQL)


def _indexes() -> None:
    op.create_index("audit_by_time", "audit", ["at"])
    op.create_index("audit_by_actor", "audit", ["actor", "n"])
    op.create_index("audit_by_act", "audit", ["what", "n"])
    op.create_index("audit_of_operation", "audit", ["operation_id", "n"])
    op.create_index("audit_of_subject", "audit", ["subject_id", "n"])
    once = sa.text("once IS NOT NULL")
    op.create_index(
        "audit_once", "audit", ["once"], unique=True, sqlite_where=once, postgresql_where=once
    )
