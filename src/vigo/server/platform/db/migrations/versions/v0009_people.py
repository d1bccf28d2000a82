"""People, who is signed in, from where an act came, how the fleet was, and who is told."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the tables and the columns."""
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=36), primary_key=True),
        sa.Column("name", sa.String(length=64), nullable=False, unique=True),
        sa.Column("password", sa.Text()),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("match", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("last_signed_in_at", sa.BigInteger()),
        sa.Column("disabled_at", sa.BigInteger()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger()),
        sa.Column("one_time_key", sa.LargeBinary()),
        sa.Column("one_time_step", sa.BigInteger()),
    )
    op.create_table(
        "web_sessions",
        sa.Column("id", sa.String(length=36), primary_key=True),
        sa.Column("user_id", sa.String(length=36), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
    )
    op.create_table(
        "fleet_samples",
        sa.Column("at", sa.BigInteger(), primary_key=True),
        sa.Column("counts", sa.Text(), nullable=False),
    )
    op.create_table(
        "resource_drifts",
        sa.Column("hour", sa.BigInteger(), primary_key=True),
        sa.Column("resource", sa.String(length=300), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.create_table(
        "notifications",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(length=36), nullable=False, unique=True),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("happening", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_notifications_state_next_at", "notifications", ["state", "next_at"])
    op.add_column("access_tokens", sa.Column("last_used_at", sa.BigInteger()))
    op.add_column("audit", sa.Column("outcome", sa.String(length=10)))
    op.add_column("audit", sa.Column("source", sa.String(length=100)))
    op.add_column("audit", sa.Column("trace_id", sa.String(length=32)))
    op.create_index("ix_runs_outcome_number", "runs", ["outcome", "number"])
    op.add_column("runs", sa.Column("changed_in_a_row", sa.Integer(), nullable=False, server_default="0"))
