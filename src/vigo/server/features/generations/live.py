"""The live generation in memory: which entry covers whom, and each entry's bundle, sealed once for all its envoys."""

from datetime import datetime
from functools import cached_property
from typing import Final

import msgspec

from vigo.core.bundle import NEVER, SignedBundle, seal
from vigo.core.clock import Clock
from vigo.core.ids import Digest, GenerationNumber
from vigo.core.plan import Plan
from vigo.core.signing import Signer
from vigo.policy.compliance import Compliance
from vigo.server.features.generations.certificate_names import certificate_names
from vigo.server.features.generations.models import Assignment, Generation, Manifest, Policy
from vigo.server.platform.settings.model import CurrentSettings

# A bundle is signed anew when this share of its life is over, so that what is given out always has most of it left.
_RESEALED_AT: Final = 4


class _Sealed(msgspec.Struct):
    plan: Plan
    assignment: Assignment
    sealed_at: datetime
    key: bytes


class Sealer:
    """Signs plans with the policy key."""

    def __init__(self, key: Signer, settings: CurrentSettings, clock: Clock) -> None:
        self._key = key
        self._settings = settings
        self.clock = clock

    def seal(self, plan: Plan, number: GenerationNumber) -> SignedBundle:
        """Return a plan's bundle, which ends when policies are too old to be applied, or never."""
        max_age = self._settings.value.bundle_max_age
        return seal(plan, number, self.clock.now() + max_age if max_age else NEVER, self._key)

    @property
    def key(self) -> bytes:
        """The public key of what signs now."""
        return self._key.public

    def is_due(self, bundle: SignedBundle, sealed_at: datetime, key: bytes) -> bool:
        """Return whether a bundle should be signed anew: after a share of its life, and when another key signs."""
        max_age = self._settings.value.bundle_max_age
        if key != self._key.public or bool(max_age) != (bundle.not_after < NEVER):
            return True
        age = self.clock.now() - sealed_at
        return bool(max_age) and not -age < max_age / _RESEALED_AT > age


class LiveGeneration:
    """One published generation, compiled."""

    def __init__(self, manifest: Manifest, policy: Policy, sealer: Sealer) -> None:
        self.number: GenerationNumber = manifest.number
        self.digest: Digest = manifest.digest
        self.listed = Generation(
            number=manifest.number,
            digest=manifest.digest,
            message=manifest.message,
            author=manifest.author,
            published_at=manifest.published_at,
            live=True,
        )
        self._policy = policy
        self._sealer = sealer
        self._by_entry: dict[int, _Sealed] = {}
        self._by_host: dict[str, _Sealed | None] = {}

    @cached_property
    def compliance(self) -> Compliance:
        """What its stacks claim and waive."""
        return self._policy.compliance()

    @property
    def policy(self) -> Policy:
        """What it was compiled to."""
        return self._policy

    def assignment(self, hostname: str) -> Assignment | None:
        """Return what a hostname gets, or None when no entry covers it.

        A hostname is matched once and an entry sealed once; only hostnames of enrolled envoys are asked for.
        """
        try:
            sealed = self._by_host[hostname]
        except KeyError:
            sealed = self._by_host[hostname] = self._resolve(hostname)
        if sealed is None:
            return None
        if self._sealer.is_due(sealed.assignment.bundle, sealed.sealed_at, sealed.key):
            self._renew(sealed)
        return sealed.assignment

    def _resolve(self, hostname: str) -> _Sealed | None:
        entry = self._policy.match(hostname)
        if entry is None:
            return None
        # The policy keeps its entries, so their identity is theirs for as long as this object lives.
        sealed = self._by_entry.get(id(entry))
        if sealed is None:
            sealed = self._by_entry[id(entry)] = self._seal(self._policy.plan(entry))
        return sealed

    def _seal(self, plan: Plan) -> _Sealed:
        key = self._sealer.key
        assignment = Assignment(
            entry=f"{plan.entry.file}:{plan.entry.line}",
            environment=plan.environment,
            roles=plan.roles,
            configcrates=plan.configcrates,
            bundle=self._sealer.seal(plan, self.number),
            secret_names=plan.secret_names(),
            certificate_names=certificate_names(plan),
        )
        return _Sealed(plan, assignment, self._sealer.clock.now(), key)

    def _renew(self, sealed: _Sealed) -> None:
        sealed.key = self._sealer.key
        bundle = self._sealer.seal(sealed.plan, self.number)
        sealed.assignment = msgspec.structs.replace(sealed.assignment, bundle=bundle)
        sealed.sealed_at = self._sealer.clock.now()
