"""Envoys in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from vigo.core.ids import Digest, EnvoyId
from vigo.core.labels import Labels
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.platform.db.tables import envoys, traits
from vigo.server.platform.pki.authority import Issued


def add(connection: Connection, envoy: EnvoyRecord) -> None:
    """Store a new envoy."""
    connection.execute(
        insert(envoys).values(
            id=envoy.id,
            hostname=envoy.hostname,
            status=envoy.status,
            signing_key=envoy.signing_key,
            enrolled_at=envoy.enrolled_at,
            certificate_not_after=envoy.certificate_not_after,
            sequence=0,
            agent_version="",
            bundle_digest="",
            outcome_digest="",
            labels=envoy.labels,
            certificate_ca=envoy.certificate_ca,
        )
    )


def everyone(connection: Connection) -> list[EnvoyRecord]:
    """Return every envoy, with the digest of the traits that are stored."""
    query = select(envoys, traits.c.digest.label("traits_digest")).outerjoin(traits, traits.c.envoy_id == envoys.c.id)
    found = []
    for row in connection.execute(query):
        record = EnvoyRecord(
            EnvoyId(row.id),
            row.hostname,
            row.signing_key,
            row.enrolled_at,
            row.certificate_not_after,
            row.labels,
            row.certificate_ca,
        )
        record.trust_version = row.trust_version
        record.copied_at = row.copied_at
        record.status = row.status
        record.revoked_at = row.revoked_at
        record.last_seen_at = row.last_seen_at
        record.sequence = row.sequence
        record.agent_version = row.agent_version
        record.bundle_digest = Digest(row.bundle_digest)
        record.outcome_digest = Digest(row.outcome_digest)
        record.generation = row.generation
        record.traits_digest = Digest(row.traits_digest or "")
        found.append(record)
    return found


def snapshot(envoy: EnvoyRecord) -> dict[str, Any]:
    """Return what changes at check-ins, for a later `flush` in another thread."""
    return {
        "envoy": envoy.id,
        "last_seen_at": envoy.last_seen_at,
        "sequence": envoy.sequence,
        "agent_version": envoy.agent_version,
        "bundle_digest": envoy.bundle_digest,
        "outcome_digest": envoy.outcome_digest,
        "generation": envoy.generation,
        "trust_version": envoy.trust_version,
    }


def flush(connection: Connection, snapshots: Sequence[dict[str, Any]]) -> None:
    """Store what changed at check-ins."""
    names = (
        *("last_seen_at", "sequence", "agent_version", "bundle_digest", "outcome_digest", "generation"),
        "trust_version",
    )
    statement = (
        update(envoys).where(envoys.c.id == bindparam("envoy")).values({name: bindparam(name) for name in names})
    )
    connection.execute(statement, snapshots)


def active_named(connection: Connection, hostname: str) -> tuple[EnvoyId, bytes] | None:
    """Return the identity and the signing key of the active envoy with a name."""
    row = connection.execute(
        select(envoys.c.id, envoys.c.signing_key).where(envoys.c.hostname == hostname, envoys.c.status == "active")
    ).first()
    return None if row is None else (EnvoyId(row.id), bytes(row.signing_key))


def revoke(connection: Connection, envoy: EnvoyId, at: datetime) -> None:
    """Mark an envoy as revoked."""
    connection.execute(update(envoys).where(envoys.c.id == envoy).values(status="revoked", revoked_at=at))


def set_certificate(connection: Connection, envoy: EnvoyId, issued: Issued) -> None:
    """Remember when an envoy's newest certificate ends, and who issued it."""
    changed = {"certificate_not_after": issued.not_after, "certificate_ca": issued.ca}
    connection.execute(update(envoys).where(envoys.c.id == envoy).values(changed))


def set_sequence(connection: Connection, envoy: EnvoyId, sequence: int) -> None:
    """Remember the highest sequence of an envoy at once, and not with the next batch."""
    connection.execute(update(envoys).where(envoys.c.id == envoy).values(sequence=sequence))


def set_key(connection: Connection, envoy: EnvoyId, signing_key: bytes, labels: Labels) -> None:
    """Give an envoy another signing key and other labels; a copy of the former key opens nothing any more."""
    changed = {"signing_key": signing_key, "labels": labels, "copied_at": None}
    connection.execute(update(envoys).where(envoys.c.id == envoy).values(changed))


def set_copied(connection: Connection, envoy: EnvoyId, at: datetime) -> None:
    """Remember that an identity was seen on two machines."""
    connection.execute(update(envoys).where(envoys.c.id == envoy).values(copied_at=at))


def put_traits(connection: Connection, envoy: EnvoyId, digest: Digest, packed: bytes, at: datetime) -> None:
    """Replace an envoy's traits."""
    connection.execute(delete(traits).where(traits.c.envoy_id == envoy))
    connection.execute(insert(traits).values(envoy_id=envoy, digest=digest, packed=packed, received_at=at))


def traits_of_some(connection: Connection, some: Sequence[EnvoyId]) -> dict[EnvoyId, bytes]:
    """Return the packed traits of some envoys; those without any are left out."""
    query = select(traits.c.envoy_id, traits.c.packed).where(traits.c.envoy_id.in_(some))
    return {EnvoyId(row.envoy_id): bytes(row.packed) for row in connection.execute(query)}


def traits_of(connection: Connection, envoy: EnvoyId) -> bytes | None:
    """Return an envoy's packed traits."""
    found = connection.execute(select(traits.c.packed).where(traits.c.envoy_id == envoy)).scalar()
    return None if found is None else bytes(found)
