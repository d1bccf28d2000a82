"""Giving secrets to the envoys whose bundles name them, and keeping them for people; every access is audited first."""

import asyncio
import base64
import logging
import secrets
import string
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from vigo.core.clock import Clock
from vigo.core.encoding import decode, encode
from vigo.core.errors import (
    ConflictError,
    DamagedError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    TooLargeError,
    VigoError,
)
from vigo.core.ids import EnvoyId
from vigo.core.sealing import Reader, SealingKeys, context_of_value, seal
from vigo.core.secret_marker import WHOLE, checked_field, checked_path, marker_named
from vigo.core.wire.secret_messages import Resolved
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.generations.service import GenerationService
from vigo.server.features.secrets.epochs import Epochs
from vigo.server.features.secrets.models import (
    AskedSecret,
    NewSecret,
    SealedSecret,
    SealingKey,
    SecretHistory,
    SecretList,
    SecretStore,
    StoredSecret,
)
from vigo.server.features.secrets.resolving import resolved
from vigo.server.features.streams.service import StreamService
from vigo.server.platform.audit.trail import Act, Trail
from vigo.server.platform.auth.actor import Actor
from vigo.server.platform.auth.gate import Envoy
from vigo.server.platform.auth.pace import Pace
from vigo.server.platform.auth.table import Permission
from vigo.server.platform.db.database import Database

_log = logging.getLogger(__name__)

MOST_VALUE_BYTES: Final = 64 * 1024
"""Of all fields of a secret together; what is longer belongs elsewhere, encrypted, with its key here."""

_AUDITED_EVERY: Final = timedelta(days=1)
_KEYS_LIVE_FOR: Final = timedelta(minutes=10)
_MOST_KEYS: Final = 1_000
_LEAST_GENERATED, _MOST_GENERATED = 8, 1_024
_ALPHABET: Final = string.ascii_letters + string.digits
_MOST_SHOWN: Final = 20
# An agent asks once in a run; this many in a minute is no agent.
_MOST_RESOLVES: Final = 600


class SecretService:
    """The secrets of one server."""

    def __init__(
        self,
        database: Database,
        trail: Trail,
        clock: Clock,
        store: SecretStore,
        generations: GenerationService,
        envoys: EnvoyService,
        streams: StreamService,
    ) -> None:
        self._database = database
        self._trail = trail
        self._clock = clock
        self._store = store
        self._generations = generations
        self._envoys = envoys
        self._streams = streams
        self._changing = asyncio.Lock()
        self._readers: OrderedDict[str, tuple[Reader, timedelta]] = OrderedDict()
        self._given: dict[EnvoyId, tuple[object, timedelta]] = {}
        self._pace = Pace(clock, _MOST_RESOLVES)
        self.epochs = Epochs(store)

    async def resolve(self, envoy: Envoy, names: Sequence[str]) -> Resolved:
        """Return the values of secrets that an envoy's own bundle names.

        Raises:
            ForbiddenError: it names others; the audit trail has that.
            UnavailableError: it asks too often, or the act cannot be audited.
        """
        self._pace.take(envoy.id, 1)
        assigned = self._generations.assignment(envoy.hostname)
        allowed = frozenset() if assigned is None else assigned.secret_names
        outside = [name for name in names if name not in allowed]
        if outside:
            message = (
                f"expected secrets of this envoy's own bundle, found {', '.join(outside[:_MOST_SHOWN])}; where the"
                " policy has just changed, the next check-in brings it"
            )
            self._envoys.note_refusal(envoy.id, envoy.hostname, f"secrets of others: {message}", "its stream")
            raise ForbiddenError(message)
        found = await asyncio.to_thread(resolved, self._store, names)
        await self._audit_resolved(envoy, found)
        return found

    async def _audit_resolved(self, envoy: Envoy, found: Resolved) -> None:
        """Have it stand in the trail what an envoy was given; not again on the same day, for the same versions.

        One that is made of a secret may ask in every run, to look whether all is still as declared.
        """
        names = frozenset(found.values)
        given = (names, self.epochs.of(names) if names else 0, frozenset(found.problems))
        last, at = self._given.get(envoy.id, (None, timedelta(0)))
        now = self._clock.monotonic()
        if last == given and now - at < _AUDITED_EVERY:
            return
        detail: dict[str, Any] = {"names": sorted(names), "hostname": envoy.hostname}
        if found.problems:
            detail["without_value"] = sorted(found.problems)
        actor = f"envoy {envoy.hostname}"
        await self._audit(Act(actor=actor, action="secrets.resolve", subject=envoy.id, detail=detail))
        self._given[envoy.id] = given, now

    async def list(self, actor: Actor) -> SecretList:
        """Return all secrets, without values."""
        actor.require(Permission.READ_SECRETS)
        return SecretList(items=await asyncio.to_thread(self._store.listed), backend=self._store.name)

    async def history(self, actor: Actor, path: str) -> SecretHistory:
        """Return the versions of a secret, without values.

        Raises:
            NotFoundError: there is none.
        """
        actor.require(Permission.READ_SECRETS)
        checked = checked_path(path)
        return SecretHistory(path=checked, items=await asyncio.to_thread(self._store.history, checked))

    async def get(self, actor: Actor, path: str, asked: AskedSecret) -> SealedSecret:
        """Return the value of a secret, sealed to whoever asks; the audit trail has it first.

        Raises:
            NotFoundError: there is none.
            InvalidError: the keys are none.
        """
        actor.require(Permission.REVEAL_SECRETS)
        checked = checked_path(path)
        keys = SealingKeys(x25519=_bytes(asked.x25519), mlkem768=_bytes(asked.mlkem768))
        found = await asyncio.to_thread(self._store.read, checked, asked.version)
        sealed = seal(encode(dict(found.fields)), keys, context_of_value(checked))
        detail = {"version": found.version}
        await self._audit(Act(actor=actor.name, action="secret.reveal", subject=checked, detail=detail))
        return SealedSecret(path=checked, version=found.version, sealed=base64.b64encode(sealed).decode())

    def sealing_key(self, actor: Actor) -> SealingKey:
        """Return keys that a new value can be sealed to within the next minutes."""
        actor.require(Permission.WRITE_SECRETS)
        now = self._clock.monotonic()
        while self._readers and (
            len(self._readers) >= _MOST_KEYS or next(iter(self._readers.values()))[1] + _KEYS_LIVE_FOR <= now
        ):
            self._readers.popitem(last=False)
        name, reader = secrets.token_urlsafe(16), Reader()
        self._readers[name] = reader, now
        return SealingKey(
            key=name,
            x25519=base64.b64encode(reader.keys.x25519).decode(),
            mlkem768=base64.b64encode(reader.keys.mlkem768).decode(),
        )

    async def put(self, actor: Actor, path: str, new: NewSecret) -> StoredSecret:
        """Store a new version of a secret, and have the envoys that are made of it check in.

        Raises:
            InvalidError: the path or the fields are not accepted, or were sealed to a key that is over.
            ConflictError: another version is there than its author knew.
            UnavailableError: it cannot be audited or stored; the former version stays.
        """
        actor.require(Permission.WRITE_SECRETS)
        checked = checked_path(path)
        fields = self._new_fields(checked, new)
        async with self._changing:
            present = await asyncio.to_thread(self._present_version, checked)
            if new.base is not None and new.base != present:
                raise ConflictError(
                    f"expected the secret {checked} in version {new.base}, found {present}: someone changed it; look at"
                    f" `vigocli secrets history {checked}`"
                )
            detail = {"fields": sorted(fields), "former_version": present}
            await self._audit(Act(actor=actor.name, action="secret.set", subject=checked, detail=detail))
            stored = await asyncio.to_thread(self._store.put, checked, fields, actor.name)
        self.epochs.forget()
        concerned = self._concerned(checked)
        self._streams.have_check_in([record.id for record in concerned])
        return StoredSecret(
            path=checked,
            version=stored.version,
            created_at=stored.created_at,
            envoys=tuple(record.hostname for record in concerned),
        )

    async def remove(self, actor: Actor, path: str) -> None:
        """Remove a secret with all versions. Machines keep what is made of it.

        Raises:
            NotFoundError: there is none.
            ConflictError: the live policy refers to it.
        """
        actor.require(Permission.WRITE_SECRETS)
        checked = checked_path(path)
        concerned = self._concerned(checked)
        if concerned:
            some = ", ".join(record.hostname for record in concerned[:_MOST_SHOWN])
            raise ConflictError(
                f"the live policy needs the secret {checked} on {some}; publish stacks without it first:"
                f" `vigocli config uses secret:{checked}` finds where it stands"
            )
        async with self._changing:
            with suppress(DamagedError):  # one that cannot be read any more can be removed too
                await asyncio.to_thread(self._store.history, checked)
            await self._audit(Act(actor=actor.name, action="secret.remove", subject=checked))
            await asyncio.to_thread(self._store.remove, checked)
        self.epochs.forget()

    async def contents(self, actor: Actor, act: Act) -> dict[str, dict[str, str]]:
        """Return every secret with its fields, for an export that is audited as `act`.

        Raises:
            DamagedError: one cannot be read: half an export would be taken for a whole one.
        """
        actor.require(Permission.REVEAL_SECRETS)

        def read() -> dict[str, dict[str, str]]:
            return {one.path: dict(self._store.read(one.path).fields) for one in self._store.listed()}

        found = await asyncio.to_thread(read)
        await self._audit(act)
        return found

    async def rekey(self, actor: Actor) -> int:
        """Put the local vault under another key, and return how many secrets it has.

        Raises:
            UsageError: the key is none of this server's to change.
            DamagedError: a secret cannot be read any more.
        """
        actor.require(Permission.WRITE_SECRETS)
        async with self._changing:
            await self._audit(Act(actor=actor.name, action="vault.rekey", subject=self._store.name))
            return await asyncio.to_thread(self._store.rekey)

    async def refresh(self) -> None:
        """Find out whether somebody changed secrets in the backend itself; those whom it concerns check in."""
        if not self._store.is_shared:
            return
        # Most envoys share the set of their entry.
        sets = {self._names_of(record) for record in self._envoys.index.everyone()}
        paths = sorted({marker_named(name).path for names in sets for name in names})
        before = {path: self._store.stamp(path) for path in paths}
        try:
            await asyncio.to_thread(self._store.refresh, paths)
        except VigoError as error:
            _log.warning("secrets cannot be looked at: %s", error)
            return
        changed = [path for path in paths if before[path] is not None and before[path] != self._store.stamp(path)]
        self.epochs.forget()
        for path in changed:
            self._streams.have_check_in([record.id for record in self._concerned(path)])

    def _new_fields(self, path: str, new: NewSecret) -> dict[str, str]:
        if (new.sealed is None) == (new.generate is None):
            raise InvalidError("expected either sealed fields or a length to generate, found both or none")
        if new.generate is not None:
            if not _LEAST_GENERATED <= new.generate <= _MOST_GENERATED:
                raise InvalidError(
                    f"generate: expected {_LEAST_GENERATED} to {_MOST_GENERATED} characters, found {new.generate}"
                )
            return {WHOLE: "".join(secrets.choice(_ALPHABET) for _ in range(new.generate))}
        reader, _ = self._readers.pop(new.key, (None, None))
        if reader is None:
            raise InvalidError("expected a value sealed to a key of this server that is in force; ask for one anew")
        try:
            fields = decode(reader.open(_bytes(new.sealed or ""), context_of_value(path)), dict[str, str])
        except DamagedError as error:
            raise InvalidError("expected a map of fields in the sealed value, found something else") from error
        return _checked_fields(fields)

    def _present_version(self, path: str) -> int:
        try:
            return self._store.history(path)[0].version
        except (NotFoundError, DamagedError):
            return 0

    def _names_of(self, record: EnvoyRecord) -> frozenset[str]:
        assigned = self._generations.assignment(record.hostname) if record.is_active else None
        return frozenset() if assigned is None else assigned.secret_names

    def _concerned(self, path: str) -> Sequence[EnvoyRecord]:
        """Return the active envoys whose bundle names a secret."""
        return [
            record
            for record in self._envoys.index.everyone()
            if any(marker_named(name).path == path for name in self._names_of(record))
        ]

    async def _audit(self, act: Act) -> None:
        await self._database.write(lambda connection: self._trail.append(connection, act))


def _checked_fields(fields: dict[str, str]) -> dict[str, str]:
    if not fields:
        raise InvalidError("expected at least one field, found none")
    for name, value in fields.items():
        checked_field(name)
        if "\0" in value:
            raise InvalidError(f"{name}: expected text without NUL, found one; encode it in base64")
    if sum(len(value.encode()) for value in fields.values()) > MOST_VALUE_BYTES:
        raise TooLargeError(
            f"expected a secret of at most {MOST_VALUE_BYTES >> 10} KiB, found a larger one; keep large files"
            " elsewhere, encrypted, and their key here"
        )
    return fields


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InvalidError("expected base64, found something else") from error
