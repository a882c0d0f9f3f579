# SPDX-License-Identifier: GPL-3.0-or-later
"""Signs of life of the processes that work the store."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.String(27)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("since", _TIME, nullable=False),
    )


def downgrade() -> None:
    """Refuse: migrations go forwards only; the way back is a backup."""
    raise NotImplementedError("restore a backup instead")
