"""The first revision: every table, as of 1 December 2026 (docs/decisions/0055-one-migration.md).

A migration stands by itself: it is never changed once released, whatever the packages' tables
become. The tables are in the order of the packages that keep them; the columns, in the order of
each package's own table.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from core.database.columns import Serial, UtcTime, partial_index, text_column
from core.database.database import SCHEMA

revision = "0039"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table, note the empty chain, and have the database refuse changes of the audit."""
    TABLES.create_all(op.get_bind(), checkfirst=False)
    op.bulk_insert(audit_head, [{"id": 1, "n": 0, "hash": "0" * 64}])
    if op.get_bind().dialect.name == "sqlite":
        for name, when in ON_SQLITE.items():
            refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
            op.execute(f"CREATE TRIGGER {name} BEFORE {when} {refuse}")
    else:
        op.execute(ON_POSTGRESQL)


#: Of this migration alone.
TABLES = sa.MetaData()


def _keys(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String, primary_key=True) for name in names]


def _of(name: str, target: str, **more: Any) -> sa.Column[Any]:
    """Refers to a row of another table, and has the type of its key."""
    return sa.Column(name, sa.ForeignKey(target), **more)


def _always(kind: Any, *names: str) -> list[sa.Column[Any]]:
    """Never null, and without a default."""
    return [sa.Column(name, kind, nullable=False) for name in names]


def _perhaps(kind: Any, *names: str) -> list[sa.Column[Any]]:
    """Null where there is none."""
    return [sa.Column(name, kind) for name in names]


def _texts(*names: str) -> list[sa.Column[Any]]:
    """Empty where there is none."""
    return [text_column(name) for name in names]


def _preset(kind: Any, default: Any, *names: str) -> list[sa.Column[Any]]:
    """Never null; ``default`` is the database's own, as it writes it."""
    return [sa.Column(name, kind, nullable=False, server_default=default) for name in names]


# audit: entries that nobody changes, where their chain ends, the words of reasons; history

sa.Table(
    "audit",
    TABLES,
    sa.Column("n", Serial, primary_key=True, autoincrement=False),
    *_always(UtcTime, "at"),
    *_always(sa.String, "actor", "role", "what", "operation_id", "subject", "subject_id"),
    *_always(sa.String, "reason", "before", "after", "detail"),
    *_perhaps(sa.String, "once"),
    *_always(sa.String, "hash"),
    sa.Index("audit_by_time", "at"),
    sa.Index("audit_by_actor", "actor", "n"),
    sa.Index("audit_by_act", "what", "n"),
    sa.Index("audit_of_operation", "operation_id", "n"),
    sa.Index("audit_of_subject", "subject_id", "n"),
    partial_index("audit_once", "once", where="once IS NOT NULL", unique=True),
)
sa.Table(
    "audit_reasons",
    TABLES,
    *_keys("commitment"),
    *_always(sa.String, "salt", "words"),
    *_always(UtcTime, "at"),
    sa.Index("audit_reasons_by_time", "at"),
)
audit_head = sa.Table(
    "audit_head",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    *_always(Serial, "n"),
    *_always(sa.String, "hash"),
)
sa.Table(
    "events",
    TABLES,
    sa.Column("seq", Serial, primary_key=True),
    *_always(UtcTime, "at"),
    *_texts("actor"),
    *_always(sa.String, "what"),
    *_texts("operation_id"),
    *_always(sa.JSON, "detail"),
    sa.Index("events_of_operation", "operation_id", "seq"),
    sa.Index("events_by_name", "what", "seq"),
)

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

# access: accounts, sign-ins, roles, API keys and how much each did, saved filters

sa.Table(
    "accounts",
    TABLES,
    *_keys("email"),
    *_always(sa.String, "issuer", "subject"),
    *_always(UtcTime, "at"),
    *_texts("other_issuer", "other_subject"),
    *_perhaps(UtcTime, "other_at"),
)
sa.Table(
    "sign_ins",
    TABLES,
    *_keys("id"),
    *_always(sa.String, "email"),
    *_always(UtcTime, "at", "until"),
)
for _name in ("roles", "role_requests"):
    sa.Table(
        _name,
        TABLES,
        *_keys("email"),
        *_always(sa.String, "role", "by"),
        *_always(UtcTime, "at"),
    )
sa.Table(
    "api_keys",
    TABLES,
    *_keys("id"),
    *_always(sa.String, "client"),
    *_always(sa.JSON, "scopes"),
    *_always(sa.String, "digest", "made_by"),
    *_always(UtcTime, "made_at"),
    *_perhaps(UtcTime, "expires_at", "withdrawn_at"),
    *_always(sa.String, "withdrawn_by"),
    *_perhaps(UtcTime, "used_at"),
    *_preset(sa.JSON, "[]", "networks"),
    *_perhaps(sa.Integer, "writes_a_day"),
    *_preset(sa.Boolean, sa.false(), "needs_student"),
)
sa.Table(
    "api_requests",
    TABLES,
    *_keys("client", "key"),
    *_always(sa.String, "fingerprint", "operation_id"),
    *_always(UtcTime, "at"),
    *_perhaps(sa.Integer, "status"),
    *_perhaps(sa.JSON, "answer"),
    sa.Index("api_requests_at", "at"),
)
sa.Table(
    "uses",
    TABLES,
    *_keys("actor", "counted", "name"),
    *_always(UtcTime, "at"),
    *_always(sa.Integer, "number"),
    sa.Index("uses_by_time", "actor", "counted", "at"),
)
sa.Table(
    "saved_filters",
    TABLES,
    *_keys("email", "page", "name"),
    *_always(sa.JSON, "chosen"),
    *_always(UtcTime, "at"),
)

# mirror: copies that wait for Supabase, events that wait for other apps

sa.Table(
    "outbox",
    TABLES,
    sa.Column("seq", Serial, primary_key=True),
    *_always(sa.String, "kind", "record_id"),
    *_perhaps(sa.JSON, "row"),
    *_always(UtcTime, "put_at", "due_since", "take_at"),
    *_always(sa.Integer, "attempts"),
    *_texts("error"),
    *_always(sa.Boolean, "dead"),
    *_perhaps(UtcTime, "next_try_at"),
    sa.Index("outbox_record", "kind", "record_id", unique=True),
    sa.Index("outbox_ready", "dead", "take_at", "seq"),
    sa.Index("outbox_waiting", "dead", "due_since", "seq"),
    sqlite_autoincrement=True,
)
sa.Table(
    "outgoing_events",
    TABLES,
    sa.Column("seq", Serial, primary_key=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    *_always(sa.String, "type"),
    *_always(UtcTime, "at"),
    *_always(sa.JSON, "data"),
    *_always(sa.Integer, "attempts"),
    *_always(sa.String, "error"),
    *_always(sa.Boolean, "dead"),
    *_perhaps(UtcTime, "next_try_at"),
    *_always(UtcTime, "take_at"),
    sa.Index("outgoing_events_ready", "dead", "take_at", "seq"),
)

# operations: plans, operations and what each does with a booking


def _booking_columns() -> list[sa.Column[Any]]:
    """What a plan's row and an item both say of a booking."""
    return [
        *_perhaps(sa.String, "credit", "contact_id", "exam_id"),
        *_texts("booking_name", "contact_name", "contact_email"),
        *_perhaps(sa.Date, "exam_date"),
        *_texts("mock_type", "attending_location", "dominant_hand", "new_name"),
        *_perhaps(sa.Integer, "before", "after"),
    ]


sa.Table(
    "plans",
    TABLES,
    *_keys("id"),
    *_always(sa.String, "kind"),
    *_texts("selection", "made_by"),
    *_always(UtcTime, "made_at", "expires_at"),
    *_always(sa.Boolean, "complete"),
    *_perhaps(UtcTime, "forgotten_at"),
    *_texts("undoes"),
    *_perhaps(sa.String, "to_exam"),
    *_texts("caveat", "include"),
    sa.Index("ix_plans_expires_at", "expires_at"),
)
sa.Table(
    "plan_rows",
    TABLES,
    sa.Column("plan_id", sa.ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    *_always(sa.String, "booking_id", "verdict", "why"),
    *_texts("detail"),
    *_booking_columns(),
)
sa.Table(
    "operations",
    TABLES,
    *_keys("id"),
    *_always(sa.String, "kind", "state"),
    *_always(UtcTime, "since"),
    *_texts("selection", "reason", "confirmed_by"),
    *_always(UtcTime, "confirmed_at", "hold_until"),
    *_perhaps(UtcTime, "started_at", "ended_at"),
    *_texts("waiting_for"),
    *_always(sa.Integer, "epoch", "calls"),
    *_texts("needs_approval", "approved_by"),
    *_perhaps(UtcTime, "approved_at"),
    *_texts("undoes"),
    *_perhaps(sa.String, "to_exam"),
    *_texts("include", "follow_ups"),
    *_preset(sa.String, "off", "tell"),
    *_texts("reason_for_students", "via"),
    sa.Index("ix_operations_state", "state"),
    sa.Index("ix_operations_confirmed_at", "confirmed_at"),
    partial_index("operations_undoing", "undoes", where="undoes <> ''"),
    partial_index("operations_moving_to", "to_exam", where="to_exam IS NOT NULL"),
    partial_index("operations_following_up", "ended_at", where="follow_ups = 'due'"),
)
sa.Table(
    "items",
    TABLES,
    _of("operation_id", "operations.id", primary_key=True),
    *_keys("booking_id"),
    *_always(sa.Integer, "n"),
    *_always(sa.String, "state"),
    *_texts("why"),
    *_booking_columns(),
    *_always(sa.Boolean, "cancelled", "cancel_sent"),
    *_perhaps(UtcTime, "sent_at"),
    *_texts("ruling"),
    *_preset(sa.Boolean, sa.true(), "planned"),
    sa.Index("items_in_plan_order", "operation_id", "n"),
    sa.Index("items_by_state", "operation_id", "state"),
    sa.Index("items_of_contact", "contact_id"),
    sa.Index("items_of_exam", "exam_id"),
    partial_index("items_undecided", "operation_id", where="state = 'undecided'"),
    partial_index(
        "items_to_look_at", "operation_id", "state", where="state IN ('blocked', 'failed')"
    ),
    partial_index("items_cancelled", "operation_id", "exam_id", where="cancelled"),
)
sa.Table(
    "notes",
    TABLES,
    _of("operation_id", "operations.id", primary_key=True),
    *_keys("contact_id"),
)
sa.Table(
    "cancelled_exams",
    TABLES,
    *_keys("exam_id"),
    *_always(sa.String, "by"),
    *_always(UtcTime, "at"),
    *_always(sa.String, "reason"),
)

# operations.protocol: who may move which credit, what was sent, what became of it

sa.Table(
    "claims",
    TABLES,
    *_keys("booking_id", "kind"),
    _of("operation_id", "operations.id", nullable=False),
)
sa.Table(
    "leases",
    TABLES,
    *_keys("kind", "target_id"),
    _of("operation_id", "operations.id", nullable=False),
    *_always(sa.Integer, "epoch"),
    *_texts("holder"),
    *_always(UtcTime, "until"),
    sa.Index("ix_leases_operation_id", "operation_id"),
)
sa.Table(
    "writes",
    TABLES,
    sa.Column("seq", Serial, primary_key=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    _of("operation_id", "operations.id", nullable=False),
    *_always(sa.String, "kind", "target_id"),
    *_always(sa.JSON, "before", "after"),
    *_texts("marker_before"),
    *_always(UtcTime, "sent_at"),
    *_always(sa.String, "state"),
    *_perhaps(UtcTime, "modified_at"),
    *_texts("reason"),
    *_perhaps(sa.String, "verified"),
    *_perhaps(UtcTime, "verified_at", "look_at"),
    sa.Index("writes_of_operation", "operation_id", "seq"),
    sa.Index("writes_of_target", "target_id"),
    partial_index("writes_open", "kind", "target_id", where="state = 'open'"),
    partial_index("writes_open_of_operation", "operation_id", "kind", where="state = 'open'"),
    partial_index("writes_undecided", "operation_id", where="state = 'undecided'"),
    partial_index(
        "writes_unverified", "operation_id", "seq", where="state = 'landed' AND verified IS NULL"
    ),
    partial_index("writes_not_checked", "operation_id", where="verified LIKE 'not verified%'"),
    partial_index("writes_to_look_at", "look_at", where="look_at IS NOT NULL"),
)
LIVE = "state IN ('open', 'landed', 'undecided')"
sa.Table(
    "movements",
    TABLES,
    _of("write_id", "writes.id", primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    *_always(sa.String, "operation_id", "booking_id", "kind", "credit"),
    *_always(sa.Integer, "delta"),
    *_always(sa.String, "state"),
    sa.Index("movements_of_operation", "operation_id", "kind", "state", "credit"),
    # No credit moves twice for one reason, whatever the code above thinks.
    partial_index("movements_alone", "booking_id", "kind", where=LIVE, unique=True),
    partial_index("movements_undone", "booking_id", "kind", where="state = 'undone'"),
)
sa.Table(
    "foreign_writes",
    TABLES,
    _of("write_id", "writes.id", primary_key=True),
    *_keys("credit"),
    sa.Column("at", UtcTime, primary_key=True),
    *_always(sa.String, "kind", "target_id"),
    *_preset(sa.String, "we wrote over it", "conflict"),
    *_always(sa.Integer, "read", "theirs", "ours"),
    *_texts("evidence"),
    *_perhaps(sa.Integer, "decided"),
    *_texts("name"),
    *_preset(sa.Integer, "0", "correction"),
    *_texts("source", "source_id", "user_id"),
    *_always(UtcTime, "found_at"),
)

# operations.crew, .telling, .owed, .desks: groups in hand, who was told, what is owed, which desk

sa.Table(
    "operation_groups",
    TABLES,
    _of("operation_id", "operations.id", primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    *_always(sa.Integer, "epoch"),
    *_always(sa.JSON, "bookings"),
    *_preset(sa.Boolean, sa.false(), "shared"),
    *_texts("taken_by"),
    *_preset(sa.Boolean, sa.false(), "returned"),
)
sa.Table(
    "told",
    TABLES,
    _of("operation_id", "operations.id", primary_key=True),
    *_keys("contact_id"),
    *_always(sa.String, "state"),
    *_perhaps(UtcTime, "sent_at"),
    *_texts("detail", "status_id"),
    *_preset(sa.Integer, "0", "failures"),
)
sa.Table(
    "owed_baseline",
    TABLES,
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    *_always(UtcTime, "before"),
    *_always(sa.String, "by"),
    *_always(UtcTime, "at"),
    *_always(sa.String, "reason"),
)
sa.Table(
    "owed_decisions",
    TABLES,
    *_keys("booking_id"),
    *_always(sa.Boolean, "owed"),
    *_always(sa.String, "by"),
    *_always(UtcTime, "at"),
    *_always(sa.String, "reason"),
)
sa.Table(
    "desk",
    TABLES,
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    *_always(sa.String, "id"),
)
sa.Table(
    "desk_takeovers",
    TABLES,
    sa.Column("seq", Serial, primary_key=True),
    *_always(UtcTime, "at"),
    *_always(sa.String, "by", "reason"),
)
sa.Table("desk_processes", TABLES, *_keys("name"), *_always(UtcTime, "at"))

# students: exams that are cancelled as one act

sa.Table(
    "exam_acts",
    TABLES,
    *_keys("id"),
    *_always(sa.String, "exam_id", "exam_name"),
    *_perhaps(sa.String, "to_exam"),
    *_always(sa.Boolean, "keeps"),
    *_always(sa.String, "reason"),
    *_perhaps(sa.String, "tell"),
    *_always(sa.String, "asked_by"),
    *_always(UtcTime, "asked_at"),
    *_always(sa.String, "needs_approval", "state", "move_id", "cancel_id", "stopped_by"),
    *_always(sa.String, "fault", "waiting_for"),
    *_always(sa.Integer, "failures"),
    *_perhaps(UtcTime, "ended_at"),
    *_always(sa.Integer, "epoch"),
    sa.Index("exam_acts_by_exam", "exam_id", "asked_at"),
    partial_index("exam_acts_unended", "exam_id", where="ended_at IS NULL", unique=True),
)

# drift: sweeps and what each found, repairs, what is measured every minute

sa.Table(
    "sweeps",
    TABLES,
    *_keys("id"),
    *_always(sa.String, "mode", "state"),
    *_always(UtcTime, "started_at", "saved_at"),
    *_perhaps(UtcTime, "since"),
    *_always(sa.Integer, "legs"),
    *_texts("after"),
    *_always(sa.JSON, "known", "compared"),
    *_preset(sa.JSON, "{}", "expected", "copied", "balances"),
    *_always(sa.Integer, "left_alone", "drifting", "unexplained"),
    *_texts("error", "asked_by"),
    *_preset(sa.Integer, "0", "epoch", "pages", "failures"),
    *_perhaps(UtcTime, "next_try_at"),
    sa.Index("sweeps_by_time", "started_at"),
    partial_index(
        "sweeps_unended", "mode", where="state NOT IN ('complete', 'given up')", unique=True
    ),
)
sa.Table(
    "drifts",
    TABLES,
    _of("sweep_id", "sweeps.id", primary_key=True),
    *_keys("kind", "record_id"),
    *_always(sa.String, "cause"),
    *_always(sa.JSON, "columns", "truth", "mirror"),
    *_texts("evidence"),
    *_always(UtcTime, "since"),
    sa.Index("drifts_by_cause", "sweep_id", "cause"),
    sa.Index("drifts_by_age", "sweep_id", "cause", "since"),
)
sa.Table(
    "repairs",
    TABLES,
    *_keys("id"),
    *_always(sa.String, "state", "asked_by"),
    *_texts("reason"),
    *_always(UtcTime, "asked_at"),
    *_perhaps(UtcTime, "ended_at"),
    *_always(sa.Integer, "epoch"),
    *_texts("waiting_for"),
    *_always(sa.Integer, "failures"),
    *_perhaps(UtcTime, "next_try_at"),
    *_always(sa.String, "digest"),
    sa.Index("repairs_by_time", "asked_at"),
    partial_index("repairs_unended", "digest", where="state <> 'done'", unique=True),
)
sa.Table(
    "repair_rows",
    TABLES,
    _of("repair_id", "repairs.id", primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    *_always(sa.String, "kind", "record_id", "cause"),
    *_always(sa.JSON, "columns", "truth", "mirror"),
    *_texts("evidence"),
    *_always(UtcTime, "since"),
    *_always(sa.String, "state"),
    *_texts("why"),
    *_always(sa.JSON, "truth_now", "mirror_now"),
    sa.Index("repair_rows_by_state", "repair_id", "state"),
)
sa.Table(
    "measures",
    TABLES,
    *_keys("gauge"),
    sa.Column("second", sa.BigInteger, primary_key=True, autoincrement=False),
    *_keys("of", "source"),
    *_always(sa.Float, "value", "weight"),
    sa.Index("measures_by_time", "second"),
    sqlite_with_rowid=False,
)

# workers: those that are alive, and what of each schedule was done

sa.Table(
    "workers",
    TABLES,
    *_keys("executor_id"),
    *_texts("host"),
    *_always(sa.Integer, "pid"),
    *_always(UtcTime, "started_at", "heartbeat_at"),
)
sa.Table(
    "slots",
    TABLES,
    *_keys("job"),
    *_always(UtcTime, "slot", "taken_at", "held_until"),
    *_perhaps(UtcTime, "done_at"),
    *_texts("error"),
    *_always(UtcTime, "began_at"),
)

# health: what is wrong, until it is well

sa.Table(
    "alarms",
    TABLES,
    *_keys("key"),
    *_always(sa.String, "title"),
    *_always(UtcTime, "since"),
    *_perhaps(UtcTime, "told_at", "well_since"),
)
