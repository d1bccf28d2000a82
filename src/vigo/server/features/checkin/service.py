"""The hot path: an envoy says in a few digests how it is, and hears what is new."""

import contextlib
from collections.abc import Callable
from typing import Final

from vigo.core.clock import Clock
from vigo.core.errors import InvalidError, UnavailableError
from vigo.core.ids import EnvoyId
from vigo.core.traits import unpacked_bytes
from vigo.core.wire.messages import CheckIn, CheckInAnswer
from vigo.server.features.envoys.models import EnvoyRecord
from vigo.server.features.envoys.service import EnvoyService
from vigo.server.features.generations.service import GenerationService
from vigo.server.platform.auth.gate import MOST_SEQUENCE, Envoy
from vigo.server.platform.auth.pace import UNIT_BYTES, Pace
from vigo.server.platform.pki.keyring import Keyring
from vigo.server.platform.settings.model import CurrentSettings

NOTHING_NEW: Final = CheckInAnswer()
_MOST_VERSION: Final = 100
_DIGEST_CHARACTERS: Final = 64
# A few bytes can become 4 MiB of traits: a dozen of the largest in a minute, or hundreds of the usual size.
_TRAITS_UNITS: Final = 3072


Epoch = Callable[[frozenset[str]], int | None]
"""Returns what stands for the present versions of some secrets, or None where nobody knows; from memory."""


class CheckInService:
    """Answers check-ins. One with nothing new is answered from memory alone."""

    def __init__(
        self,
        envoys: EnvoyService,
        generations: GenerationService,
        settings: CurrentSettings,
        clock: Clock,
        keyring: Keyring,
        epoch: Epoch = lambda _names: 0,
    ) -> None:
        self._envoys = envoys
        self._generations = generations
        self._settings = settings
        self._clock = clock
        self._keyring = keyring
        self._epoch = epoch
        self._pace = Pace(clock, _TRAITS_UNITS)

    async def greeted(self, envoy: Envoy, mark: str, source: str) -> None:
        """Take a greeting. An alarm that cannot be stored now keeps nobody out: it is raised again."""
        with contextlib.suppress(UnavailableError):
            await self._envoys.note_mark(envoy, mark, source)

    async def check_in(self, envoy_id: EnvoyId, message: CheckIn) -> CheckInAnswer:
        """Return what is new for an envoy that the gate let in.

        Raises:
            DamagedError, TooLargeError: its traits cannot be unpacked.
            InvalidError: it holds what no agent sends.
            UnavailableError: it sends traits too often, or they cannot be stored now.
        """
        record = self._envoys.find(envoy_id)
        if record is None:
            return NOTHING_NEW
        said = message.fingerprint
        if max(map(len, (said.bundle_digest, said.outcome_digest, said.traits_digest))) > _DIGEST_CHARACTERS:
            raise InvalidError(f"expected digests of {_DIGEST_CHARACTERS} characters or none, found a longer one")
        now = self._clock.now()
        self._envoys.note_seen(record, now)
        if message.now_unix_ms:
            record.clock_skew_seconds = round(message.now_unix_ms / 1000 - now.timestamp(), 1)
        record.bundle_digest = said.bundle_digest
        record.outcome_digest = said.outcome_digest
        record.trust_version = min(said.trust_version, MOST_SEQUENCE)
        if message.agent_version and message.agent_version != record.agent_version:
            record.agent_version = message.agent_version[:_MOST_VERSION]
        self._envoys.index.touch(record)
        if message.traits:
            self._pace.take(envoy_id, 1 + unpacked_bytes(message.traits) // UNIT_BYTES)
            await self._envoys.keep_traits(record, said.traits_digest, message.traits)
        return self._answer(record, message)

    def _answer(self, record: EnvoyRecord, message: CheckIn) -> CheckInAnswer:
        said = message.fingerprint
        # The hostname is the one that was bound at enrolment, never one that the request names.
        assigned = self._generations.assignment(record.hostname)
        bundle = None if assigned is None or assigned.bundle.digest == said.bundle_digest else assigned.bundle
        if assigned is not None and bundle is None:
            record.generation = self._generations.live_number
        # Where no generation can be served, an envoy keeps what it has; one that asks for a fresh bundle names none.
        is_known = self._generations.live_number is not None
        is_without_policy = assigned is None and (
            is_known or (self._generations.problem is None and not said.bundle_digest)
        )
        want_traits = record.traits_digest != said.traits_digest
        interval = self._settings.value.check_in_interval
        interval_seconds = int(interval.total_seconds())
        is_told = record.told_interval_seconds == interval_seconds
        # Most have no secrets: then this costs nothing.
        epoch = self._epoch(assigned.secret_names) if assigned is not None and assigned.secret_names else 0
        is_other_epoch = epoch is not None and epoch != said.secrets_epoch
        trust = self._keyring.documents_after(said.trust_version)
        is_renewal_due = self._keyring.is_replacing_ca and record.certificate_ca != self._keyring.issuing.sha256
        is_quiet = is_told and not want_traits and not is_without_policy and not is_other_epoch
        if is_quiet and bundle is None and not trust and not is_renewal_due:
            return NOTHING_NEW
        record.told_interval_seconds = interval_seconds
        return CheckInAnswer(
            want_traits=want_traits,
            bundle=bundle,
            interval=None if is_told else interval,
            without_policy=is_without_policy,
            secrets_epoch=epoch if is_other_epoch else None,
            trust=trust,
            renew_certificate=is_renewal_due,
        )
