"""Machines that wait for approval, labels, identities on two machines, and whom each envoy trusts."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the table and the columns."""
    op.create_table(
        "waiting_enrolments",
        sa.Column("signing_key", sa.LargeBinary(length=32), primary_key=True),
        sa.Column("hostname", sa.String(length=253), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("labels", sa.Text()),
        sa.Column("envoy_id", sa.String(length=36)),
    )
    op.add_column("enrolment_tokens", sa.Column("labels", sa.Text()))
    op.add_column("envoys", sa.Column("labels", sa.Text()))
    op.add_column("envoys", sa.Column("copied_at", sa.BigInteger()))
    op.add_column("envoys", sa.Column("trust_version", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("envoys", sa.Column("certificate_ca", sa.String(length=64)))
