"""Why a run took place, and whether it was about some resources alone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; the runs that are stored were about everything, and nobody told why they took place."""
    op.add_column("runs", sa.Column("cause", sa.String(length=10), nullable=True))
    op.add_column("runs", sa.Column("partial", sa.Boolean(), nullable=False, server_default=sa.false()))
