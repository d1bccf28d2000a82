"""Following a server that replaced its CA or its policy key, by documents signed with keys that are trusted already."""

import msgspec

from vigo.agent.identity.identity import Identity, IdentityFolder
from vigo.agent.link.address import parse_server_url
from vigo.agent.link.bootstrap import exchanged, unverified_context
from vigo.core.clock import Clock
from vigo.core.encoding import NOT_DECODED
from vigo.core.enrolment import TRUST_PATH, TrustDocument
from vigo.core.errors import UnavailableError
from vigo.core.trust import SignedTrust, followed


def asked_for_trust(identity: Identity, clock: Clock) -> tuple[SignedTrust, ...]:
    """Return the documents of whom to trust behind the one that is held, as whoever answers tells them.

    The connection proves nothing, and need not: nothing is sent but a number, and each document is signed.

    Raises:
        UnavailableError: nobody answers, or not with such documents.
    """
    address = parse_server_url(identity.server_url)
    path = f"{TRUST_PATH}?after={identity.trust_version}"
    content = exchanged(address, unverified_context(), "GET", path, None, clock).content
    try:
        documents = msgspec.json.decode(content, type=tuple[TrustDocument, ...])
        return tuple(SignedTrust(one.content.encode(), bytes.fromhex(one.signature)) for one in documents)
    except (*NOT_DECODED, ValueError) as error:
        raise UnavailableError(
            f"{address}: expected documents of whom to trust, found something else ({error}); is it a vigosrv?"
        ) from error


def follow(identity: Identity, folder: IdentityFolder, documents: tuple[SignedTrust, ...], clock: Clock) -> Identity:
    """Store whom to trust after some documents; return the identity that says so, the same where none is new.

    Raises:
        UnauthenticatedError: one is not signed with a key that is trusted by then.
        ConflictError: one is missing in between.
        DamagedError: one is none.
    """
    present = folder.trust(identity)
    following = followed(present, documents)
    if following.version == present.version:
        return identity
    return folder.keep_trust(identity, following, clock.now())
