"""What access tokens may do, and on which machines."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns. A token of before may do everything."""
    op.add_column("access_tokens", sa.Column("permissions", sa.Text()))
    op.add_column("access_tokens", sa.Column("match", sa.Text()))
