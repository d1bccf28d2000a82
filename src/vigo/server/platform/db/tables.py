"""The tables. A change here needs a migration beside it; a test compares the two."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
)

from vigo.server.platform.db.types import Moment, Pairs

HEAD: Final = "0009"
"""The newest migration, so that a start with nothing to migrate need not import Alembic."""

# SQLite counts only columns of the type INTEGER by itself.
_COUNTED = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

envoys = Table(
    "envoys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("hostname", String(253), nullable=False, index=True),
    Column("status", String(10), nullable=False),
    Column("signing_key", LargeBinary(32), nullable=False),
    Column("enrolled_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("certificate_not_after", Moment, nullable=False),
    Column("last_seen_at", Moment),
    Column("sequence", BigInteger, nullable=False),
    Column("agent_version", String(100), nullable=False),
    Column("bundle_digest", String(64), nullable=False),
    Column("outcome_digest", String(64), nullable=False),
    Column("generation", BigInteger),
    Column("labels", Pairs),
    Column("copied_at", Moment),
    Column("trust_version", BigInteger, nullable=False, server_default="0"),
    Column("certificate_ca", String(64)),
)
"""One row a machine that was ever enrolled. What changes at each check-in is written in batches.

`copied_at` is when its identity was last seen on two machines; `certificate_ca` is the CA of its newest certificate,
missing where that is of before CAs could be replaced.
"""

traits = Table(
    "traits",
    metadata,
    Column("envoy_id", String(36), ForeignKey("envoys.id"), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("packed", LargeBinary, nullable=False),
    Column("received_at", Moment, nullable=False),
)

enrolment_tokens = Table(
    "enrolment_tokens",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("hostname", String(500), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("uses_left", Integer, nullable=False),
    Column("revoked_at", Moment),
    Column("labels", Pairs),
)

waiting_enrolments = Table(
    "waiting_enrolments",
    metadata,
    Column("signing_key", LargeBinary(32), primary_key=True),
    Column("hostname", String(253), nullable=False),
    Column("source", String(100), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("state", String(10), nullable=False),
    Column("decided_by", String(200), nullable=False),
    Column("labels", Pairs),
    Column("envoy_id", String(36)),
)
"""Machines that ask to be let in without a token. `envoy_id` is set once one that was approved has come in."""

token_uses = Table(
    "token_uses",
    metadata,
    Column("envoy_id", String(36), ForeignKey("envoys.id"), primary_key=True),
    Column("token_id", String(36), ForeignKey("enrolment_tokens.id"), nullable=False, index=True),
    Column("hostname", String(253), nullable=False),
    Column("used_at", Moment, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("number", _COUNTED, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("envoy_id", String(36), ForeignKey("envoys.id"), nullable=False),
    Column("hostname", String(253), nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("bundle_digest", String(64), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("duration_ms", Float, nullable=False),
    Column("offline", Boolean, nullable=False),
    Column("dropped_runs", BigInteger, nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("blocked", Integer, nullable=False),
    Column("cause", String(10)),
    Column("partial", Boolean, nullable=False, server_default=false()),
    Column("changed_in_a_row", Integer, nullable=False, server_default="0"),
    Index("ix_runs_envoy_id_number", "envoy_id", "number"),
    Index("ix_runs_hostname_number", "hostname", "number"),
    Index("ix_runs_received_at", "received_at"),
    Index("ix_runs_outcome_number", "outcome", "number"),
)
"""`number` is the order in which runs arrived."""

results = Table(
    "results",
    metadata,
    Column("run_number", _COUNTED, ForeignKey("runs.number"), primary_key=True),
    Column("packed", LargeBinary, nullable=False),
)
"""All results of a run in one value (MessagePack under zstd): a row each would be a billion a day in a big fleet."""

fleet_samples = Table(
    "fleet_samples",
    metadata,
    Column("at", Moment, primary_key=True),
    Column("counts", Text, nullable=False),
)
"""How the fleet was, every few minutes and after a while every hour: numbers by name, as JSON."""

resource_drifts = Table(
    "resource_drifts",
    metadata,
    Column("hour", Moment, primary_key=True),
    Column("resource", String(300), primary_key=True),
    Column("count", Integer, nullable=False),
)
"""How often each resource had to be brought back within an hour, on all machines together."""

notifications = Table(
    "notifications",
    metadata,
    Column("number", _COUNTED, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("channel", String(100), nullable=False),
    Column("happening", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment),
    Column("problem", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_notifications_state_next_at", "state", "next_at"),
)
"""What people are told: a row for each channel that wants to hear of something."""

generations = Table(
    "generations",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("author", String(200), nullable=False),
    Column("message", Text, nullable=False),
    Column("published_at", Moment, nullable=False),
)
"""A copy of the manifests under `.live`, which are the truth."""

freezes = Table(
    "freezes",
    metadata,
    Column("number", _COUNTED, primary_key=True, autoincrement=True),
    Column("frozen_at", Moment, nullable=False),
    Column("frozen_by", String(200), nullable=False),
    Column("until", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("lifted_at", Moment),
)
"""When nothing may be published. Only the newest row counts: each freeze takes the place of the one before."""

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("permissions", Text),
    Column("match", Text),
    Column("last_used_at", Moment),
)
"""`permissions` and `match` are JSON lists; where they are missing it may do everything, on every machine."""

users = Table(
    "users",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("password", Text),
    Column("roles", Text, nullable=False),
    Column("match", Text),
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("last_signed_in_at", Moment),
    Column("disabled_at", Moment),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Moment),
    Column("one_time_key", LargeBinary),
    Column("one_time_step", BigInteger),
)
"""People. `password` is an Argon2id string, `roles` and `match` JSON lists; `one_time_key` is sealed."""

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey("users.id"), nullable=False),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment, nullable=False),
    Column("source", String(100), nullable=False),
)
"""Who is signed in to the pages. A row goes when its session ends."""

tasks = Table(
    "tasks",
    metadata,
    Column("number", _COUNTED, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("packed", LargeBinary, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("command", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
    Column("created_by", String(200), nullable=False),
    Column("cancelled_by", String(200)),
    Column("ended_at", Moment),
)
"""`packed` is what was asked, in MessagePack."""

task_targets = Table(
    "task_targets",
    metadata,
    Column("task_number", _COUNTED, ForeignKey("tasks.number"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("envoy_id", String(36), ForeignKey("envoys.id"), nullable=False),
    Column("hostname", String(253), nullable=False),
    Column("state", String(10), nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("exit_code", Integer),
    Column("duration_ms", Float),
    Column("reason", Text, nullable=False),
    Column("output", LargeBinary),
    Column("output_bytes", BigInteger, nullable=False),
)
"""One row a machine; `output` is what is kept of it, under zstd."""

scriers = Table(
    "scriers",
    metadata,
    Column("number", _COUNTED, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("envoy_id", String(36), ForeignKey("envoys.id"), nullable=False),
    Column("hostname", String(253), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("user", String(64), nullable=False),
    Column("port", Integer, nullable=False),
    Column("operator", String(200), nullable=False),
    Column("opened_at", Moment, nullable=False, index=True),
    Column("ended_at", Moment),
    Column("exit_code", Integer),
    Column("reason", Text, nullable=False),
    Column("input_bytes", BigInteger, nullable=False),
    Column("output_bytes", BigInteger, nullable=False),
)
"""Sessions on machines. What was shown in them stands in files of their own."""

workflow_runs = Table(
    "workflow_runs",
    metadata,
    Column("number", _COUNTED, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("packed", LargeBinary, nullable=False),
    Column("state", String(10), nullable=False),
    Column("at_step", Text, nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
    Column("created_by", String(200), nullable=False),
    Column("ended_at", Moment),
    Column("reason", Text, nullable=False),
)
"""`packed` is the workflow as it was declared and how far each step is, in MessagePack under zstd."""

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(60), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("outcome", String(10)),
    Column("source", String(100)),
    Column("trace_id", String(32)),
)
"""Each row's hash covers the row and the hash before it. The last three are missing in rows of before 0009."""
