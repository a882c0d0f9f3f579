# SPDX-License-Identifier: GPL-3.0-or-later
"""The first tables.

Written out, and not taken from :mod:`safehold.store.tables`: that module will go on, this revision may not.
Times are text of one width (see ``UtcTime``).
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.String(27)


def upgrade() -> None:
    """Create the tables, and the triggers that keep the audit trail append-only."""
    _create_holds()
    _create_audit()
    _create_outbox()
    _create_register()
    for table in ("audit", "checkpoints"):
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    op.execute("INSERT INTO meta (name, value) VALUES ('register_revision', '0')")


def downgrade() -> None:
    """Refuse: migrations go forwards only; the way back is a backup."""
    raise NotImplementedError("restore a backup instead")


def _create_holds() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("held_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("closed_at", _TIME),
        sa.Column("policies", sa.JSON, nullable=False),
        sa.Column("persons", sa.JSON, nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("notice_title", sa.String, nullable=False),
        sa.Column("review", sa.String, nullable=False),
        sa.Column("approvals_needed", sa.Integer, nullable=False),
        sa.Column("approved_by", sa.JSON, nullable=False),
        sa.Column("decided_by", sa.String, nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("queue_id", sa.String, nullable=False),
        sa.Column("held_count", sa.Integer, nullable=False),
        sa.Column("delivered_count", sa.Integer, nullable=False),
        sa.Column("attachment_count", sa.Integer, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("problems", sa.JSON, nullable=False),
        sa.Column("linked_to", sa.String(16), nullable=False),
        sa.Column("last_error", sa.String, nullable=False),
        sa.Column("parties", sa.JSON, nullable=False),
    )
    op.create_index("holds_by_state", "holds", ["state", "due_at"])
    op.create_table(
        "sealed",
        sa.Column("hold", sa.String(16), sa.ForeignKey("holds.id"), primary_key=True),
        sa.Column("suite", sa.String, nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("recovery_id", sa.String(16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("wrapped_recovery", sa.LargeBinary, nullable=False),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
        sa.Column("evidence", sa.LargeBinary, nullable=False),
        sa.Column("message", sa.LargeBinary, nullable=False),
    )
    op.create_index("sealed_by_key", "sealed", ["key_id"])
    op.create_table(
        "hold_recipients",
        sa.Column("hold", sa.String(16), sa.ForeignKey("holds.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("retry_key", sa.LargeBinary, nullable=False),
        sa.Column("message_id_hash", sa.LargeBinary),
        sa.Column("release_key", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
    )
    op.create_index("hold_recipients_by_retry_key", "hold_recipients", ["retry_key"])
    op.create_table(
        "faults",
        sa.Column("retry_key", sa.LargeBinary, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("last_at", _TIME, nullable=False),
    )
    op.create_index("faults_by_time", "faults", ["last_at"])


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("hold", sa.String(16), nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("facts", sa.String, nullable=False),
        sa.Column("note", sa.LargeBinary),
        sa.Column("prev_hash", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.create_index("audit_by_hold", "audit", ["hold", "seq"])
    op.create_table(
        "checkpoints",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("hold", sa.String(16), nullable=False),
        sa.Column("hold_version", sa.Integer, nullable=False),
        sa.Column("detail", sa.String, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("next_at", _TIME, nullable=False),
        sa.Column("claimed_until", _TIME),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.Column("last_error", sa.String, nullable=False),
        sa.UniqueConstraint("kind", "hold", "hold_version", "detail", name="outbox_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_due", "outbox", ["state", "next_at"])
    op.create_table(
        "departures",
        sa.Column("outbox", sa.Integer, sa.ForeignKey("outbox.id"), primary_key=True),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
    )
    op.create_index("departures_by_hash", "departures", ["hash"])


def _create_register() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("register", sa.String, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("people_by_revision", "people", ["revision"])
    op.create_table(
        "register_imports",
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("added", sa.Integer, nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
        sa.Column("ended", sa.Integer, nullable=False),
        sa.Column("returned", sa.Integer, nullable=False),
        sa.Column("unchanged", sa.Integer, nullable=False),
    )
    op.create_table(
        "meta", sa.Column("name", sa.String, primary_key=True), sa.Column("value", sa.String, nullable=False)
    )
