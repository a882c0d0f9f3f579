# SPDX-License-Identifier: GPL-3.0-or-later
"""What was before (contacts, and matches that ``repeat`` counts), versions of the policies, and policies disabled.

And of each hold, whether its deadline counts office hours alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = sa.String(27)


def upgrade() -> None:
    """Create the tables, and the column."""
    _create_memory()
    _create_publishing()
    op.add_column("holds", sa.Column("office", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Refuse: migrations go forwards only; the way back is a backup."""
    raise NotImplementedError("restore a backup instead")


def _create_memory() -> None:
    op.create_table(
        "contacts",
        sa.Column("who", sa.LargeBinary, primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
    )
    op.create_index("contacts_by_day", "contacts", ["day"])
    op.create_table(
        "matches",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("policy", sa.String, nullable=False),
        sa.Column("who", sa.LargeBinary, nullable=False),
        sa.Column("enforced", sa.Boolean, nullable=False),
        sa.Column("at", _TIME, nullable=False),
    )
    op.create_index("matches_by_person", "matches", ["policy", "who", "at"])
    op.create_index("matches_by_time", "matches", ["at"])


def _create_publishing() -> None:
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("second", sa.String, nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("files", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "disabled",
        sa.Column("policy", sa.String, primary_key=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
    )
