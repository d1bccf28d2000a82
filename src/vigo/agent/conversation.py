"""What an agent says to its server in one cycle: check in, renew the certificate, deliver the results."""

import asyncio
import logging
from typing import Any, NamedTuple

import msgspec

import vigo
from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.journal.journal import Journal
from vigo.agent.journal.records import Contact
from vigo.agent.link.acceptance import accepted
from vigo.agent.link.faults import UntrustedServerError
from vigo.agent.link.link import Link
from vigo.core.bundle import SignedBundle, is_signed
from vigo.core.clock import Clock
from vigo.core.encoding import digest_of, encode
from vigo.core.errors import (
    ForbiddenError,
    InvalidError,
    LapsedError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
    VigoError,
)
from vigo.core.ids import Digest
from vigo.core.traits import MAX_TRAITS_BYTES, Traits, pack_traits
from vigo.core.trust import SignedTrust
from vigo.core.wire.messages import CheckIn, CheckInAnswer, Fingerprint

_log = logging.getLogger(__name__)


class Spoken(NamedTuple):
    """How a check-in went. `problem` is empty where the server answered and all it sent was accepted."""

    reached: bool
    refused: bool = False
    problem: str = ""


class Conversation:
    """The agent's side in one cycle, over a link that may be older."""

    def __init__(self, identity: Identity, folder: IdentityFolder, journal: Journal, link: Link, clock: Clock) -> None:
        self._identity = identity
        self._folder = folder
        self._journal = journal
        self._link = link
        self._clock = clock

    @property
    def identity(self) -> Identity:
        """The identity as it is by now: with another certificate, or another trust."""
        return self._identity

    async def check_in(self, traits: Traits) -> Spoken:
        """Tell the server the present state and take what is new. No error leaves this: an agent works without."""
        try:
            answer = await self._told(traits)
            if answer.trust and await self._has_taken(answer.trust):
                # What the answer holds beside may be for other keys than those that are trusted now.
                answer = await self._told(traits)
        except VigoError as error:
            is_refused = isinstance(error, UnauthenticatedError | ForbiddenError)
            _log.warning("check-in failed refused=%s reason=%s", is_refused, error)
            self._note(str(error), refused=is_refused or was_refused(self._journal))
            return Spoken(reached=False, refused=is_refused, problem=str(error))
        self._note("")
        seconds = int(answer.interval.total_seconds()) if answer.interval is not None else 0
        epoch = {} if answer.secrets_epoch is None else {"secrets_epoch": answer.secrets_epoch}
        interval = {"interval_seconds": seconds} if seconds else {}
        self._remember(without_policy=answer.without_policy, **interval, **epoch)
        problem = "" if answer.bundle is None else self._take(answer.bundle)
        await self._renew_if_due(is_asked=answer.renew_certificate)
        return Spoken(reached=True, problem=problem)

    async def deliver(self) -> bool:
        """Deliver the waiting runs in their order; return whether none is left.

        Each is removed only when the server has acknowledged it. One that the server will never accept is dropped and
        counted, so that it cannot hold up the others.
        """
        while (waiting := self._journal.results.oldest()) is not None:
            number, run = waiting
            try:
                await self._link.report(run)
            except (InvalidError, TooLargeError) as error:
                _log.warning("the server does not accept a run run=%s reason=%s", run.id, error)
                done = self._journal.results.lose
            except VigoError as error:
                _log.warning("results wait run=%s reason=%s", run.id, error)
                return False
            else:
                done = self._journal.results.remove
            try:
                done(number)
            except UnavailableError as error:
                # It is told again once the disk has room; the server knows a run that it has.
                _log.warning("results stay in the journal run=%s reason=%s", run.id, error)
                return False
        return True

    async def connect(self) -> None:
        """Have an open connection, with another certificate or another trust where it takes that.

        Raises:
            VigoError: there is none to be had, with the reason.
        """
        try:
            await self._connect_certified()
        except UntrustedServerError as error:
            # It may have replaced its CA while this machine was off.
            if not await self._has_followed(error):
                raise
            await self._connect_certified()

    async def _connect_certified(self) -> None:
        if self._clock.now() >= self._identity.certificate_expires_at:
            await self._come_back()
        try:
            await self._link.connect()
        except LapsedError:
            _log.info("the server takes this certificate for one that has ended")
            await self._come_back()
            await self._link.connect()

    async def _come_back(self) -> None:
        from vigo.agent.link.coming_back import come_back  # noqa: PLC0415 - imports cryptography, for this alone

        (sequence,) = self._journal.reserve_sequence(1)
        self._identity = await asyncio.to_thread(come_back, self._identity, self._folder, self._clock, sequence)
        _log.info("back with another certificate expires=%s", self._identity.certificate_expires_at.isoformat())
        await self._link.renewed(self._identity)

    async def _told(self, traits: Traits) -> CheckInAnswer:
        await self.connect()
        try:
            return await self._exchanged(traits)
        except (LapsedError, UntrustedServerError):
            # The connection was an older one.
            await self._link.close()
            await self.connect()
            return await self._exchanged(traits)

    async def _has_followed(self, error: UntrustedServerError) -> bool:
        """Return whether whoever is there proved, by keys that are trusted, that others are to be trusted now."""
        from vigo.agent.link.following import asked_for_trust  # noqa: PLC0415 - for this alone

        try:
            documents = await asyncio.to_thread(asked_for_trust, self._identity, self._clock)
            return await self._follow(documents)
        except VigoError as reason:
            _log.warning("%s; and it proves no other trust: %s", error, reason)
            return False

    async def _has_taken(self, documents: tuple[SignedTrust, ...]) -> bool:
        """Return whether documents of an answer say anything new; those that prove nothing change nothing."""
        try:
            return await self._follow(documents)
        except VigoError as error:
            _log.warning("trust not changed version=%d reason=%s", self._identity.trust_version, error)
            return False

    async def _follow(self, documents: tuple[SignedTrust, ...]) -> bool:
        """Return whether the documents say anything new; then they are stored."""
        from vigo.agent.link.following import follow  # noqa: PLC0415 - for this alone

        former = self._identity
        self._identity = follow(former, self._folder, documents, self._clock)
        if self._identity == former:
            return False
        _log.info("trust changed version=%d", self._identity.trust_version)
        await self._link.renewed(self._identity)
        return True

    async def _exchanged(self, traits: Traits) -> CheckInAnswer:
        traits = fitting(traits)
        current = digest_of(traits)
        is_known = current == self._journal.state().traits_acknowledged
        message = self._check_in_message(current)
        if not is_known:
            message = msgspec.structs.replace(message, traits=pack_traits(traits))
        answer = await self._link.check_in(message)
        if answer.want_traits and is_known:
            answer = await self._link.check_in(msgspec.structs.replace(message, traits=pack_traits(traits)))
        self._remember(traits_acknowledged=current)
        return answer

    def _check_in_message(self, traits_digest: Digest) -> CheckIn:
        held, last = self._journal.bundle(), self._journal.state().last_run
        # A bundle past half of its life is asked for anew, long before it would expire.
        is_good = held is not None and not held.is_stale(self._clock.now()) and self._is_trusted(held.bundle)
        return CheckIn(
            fingerprint=Fingerprint(
                bundle_digest=held.bundle.digest if held is not None and is_good else Digest(""),
                traits_digest=traits_digest,
                outcome_digest=Digest("") if last is None else last.outcome_digest,
                secrets_epoch=self._journal.state().secrets_epoch,
                trust_version=self._identity.trust_version,
            ),
            agent_version=vigo.__version__,
            now_unix_ms=int(self._clock.now().timestamp() * 1000),
        )

    def _is_trusted(self, bundle: SignedBundle) -> bool:
        """Return whether a key that is trusted still signed a bundle."""
        return not self._identity.trust_version or is_signed(bundle, self._identity.verify_keys())

    def _take(self, bundle: SignedBundle) -> str:
        """Hold a bundle that is good; return why one is not."""
        now = self._clock.now()
        try:
            accepted(
                bundle,
                keys=self._identity.verify_keys(),
                hostname=self._identity.hostname,
                now=now,
                highest_generation=self._journal.state().highest_generation,
            )
            self._journal.hold(bundle, now)
        except VigoError as error:
            _log.warning("bundle refused generation=%d reason=%s", bundle.generation, error)
            return f"the server sent a bundle that is not accepted: {error}"
        _log.info("bundle received generation=%d digest=%s", bundle.generation, bundle.digest[:12])
        return ""

    async def _renew_if_due(self, *, is_asked: bool) -> None:
        if self._clock.now() < self._identity.certificate_renew_at and not is_asked:
            return
        from vigo.agent.identity import tls  # noqa: PLC0415 - imports cryptography, which a run need not pay for

        try:
            key_pem = tls.new_key()
            certificate = await self._link.renew(tls.signing_request(key_pem, self._identity.hostname))
            life = tls.check_certificate(certificate, key_pem, self._folder.ca_pem())
            self._identity = msgspec.structs.replace(
                self._identity, certificate_expires_at=life.expires_at, certificate_renew_at=life.renew_at
            )
            self._folder.replace_certificate(self._identity, certificate, key_pem)
        except VigoError as error:
            _log.warning("certificate not renewed expires=%s reason=%s", self._identity.certificate_expires_at, error)
            return
        await self._link.renewed(self._identity)
        _log.info("certificate renewed expires=%s", life.expires_at.isoformat())

    def _note(self, problem: str, *, refused: bool = False) -> None:
        now, former = self._clock.now(), self._journal.state().contact
        succeeded = now if not problem else (None if former is None else former.succeeded_at)
        contact = Contact(tried_at=now, succeeded_at=succeeded, problem=problem, refused=refused)
        self._remember(contact=contact)

    def _remember(self, **changes: Any) -> None:
        """Remember what only saves work later: a full disk must not keep the machine from its policy."""
        try:
            self._journal.remember(**changes)
        except UnavailableError as error:
            _log.warning("the journal cannot be written reason=%s", error)


def was_refused(journal: Journal) -> bool:
    """Return whether the server refused this envoy when it last answered; its silence since then changes nothing."""
    contact = journal.state().contact
    return contact is not None and contact.refused


def fitting(traits: Traits) -> Traits:
    """Return the traits less the largest sets where all together are over the limit of a check-in."""
    sizes = {name: len(encode(fields)) for name, fields in traits.items()}
    left = dict(traits)
    while len(encode(left)) > MAX_TRAITS_BYTES:
        largest = max(left, key=lambda name: sizes[name])
        _log.warning("trait set too large to send set=%s size_bytes=%d", largest, sizes[largest])
        del left[largest]
    return left
