"""Putting a certificate and its private key in their places together."""

import os
from contextlib import ExitStack
from datetime import UTC, datetime

from vigo.agent.host.entry import entry_at
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.replacement import take_place
from vigo.agent.host.root import Place
from vigo.agent.host.write_file import staged
from vigo.catalog.formats.key_pairs import MAX_KEY_BYTES, described_key, load_key, read_pair
from vigo.catalog.formats.self_signed import new_key
from vigo.catalog.ops import WriteFile
from vigo.catalog.ops.key_pair import KeyPairOp
from vigo.core.errors import BlockedError, InvalidError, UnavailableError, VigoError

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def key_for(op: KeyPairOp, host: RealHost) -> bytes:
    """Return the private key that the certificate is for: a new one, which is nowhere yet, or the one that is there.

    Raises:
        BlockedError: this is an image, whose key every machine made from it would share.
        OSError: the kernel refuses a step.
        UnavailableError: none is there, or no file.
    """
    if host.is_image():
        raise BlockedError("no private key is made in an image (--root); it is due once the image has been started")
    return new_key(op.key_type) if op.key_type else _kept_key(op, host)


def place_pair(op: KeyPairOp, host: RealHost, key: bytes, certificate: bytes) -> None:
    """Put the certificate, and right before it a new key, in their places; both are whole before either does.

    Raises:
        OSError: the kernel refuses a step.
        InvalidError: both paths lead to one place.
        UnavailableError: something else is in the way, or may not be replaced.
    """
    with ExitStack() as stack:
        for place, temporary in _staged_pair(op, host, key, certificate, stack):
            take_place(place, temporary)


def require_places(op: KeyPairOp, host: RealHost) -> None:
    """Accept paths at which `place_pair` can do its work, as far as that can be told before; nothing stays there.

    Raises:
        OSError, InvalidError, UnavailableError: as `place_pair`.
    """
    with ExitStack() as stack:
        _staged_pair(op, host, b"", b"", stack)


def require_own(chain: bytes, key: bytes, op: KeyPairOp) -> None:
    """Accept a certificate for the key and the names: nothing else may replace what is there.

    Raises:
        UnavailableError: it is another.
    """
    try:
        found = read_pair(chain)
    except InvalidError:
        found = None
    own = described_key(load_key(key)).public
    if found is None or found.public != own or found.names != frozenset(op.names) or found.is_self_signed:
        raise UnavailableError(
            "expected a certificate for this key and these names, found another; nothing was replaced"
        )
    if found.ends - datetime.now(UTC) < (found.ends - found.begins) / 3:
        raise UnavailableError(
            f"expected a certificate that lasts, found one that ends {found.ends:%Y-%m-%d %H:%M} UTC; nothing was"
            " replaced: see that the clock of this machine is right"
        )


def _staged_pair(
    op: KeyPairOp, host: RealHost, key: bytes, certificate: bytes, stack: ExitStack
) -> list[tuple[Place, str]]:
    writes = [WriteFile(path=op.path, content=certificate, uid=op.uid, gid=op.gid)]
    if op.key_type:
        writes.insert(0, WriteFile(path=op.key_path, content=key, mode=op.key_mode, uid=op.uid, gid=op.gid))
    places = [_staged(write, host, stack) for write in writes]
    found = {(os.fstat(place.directory).st_dev, os.fstat(place.directory).st_ino, place.name) for place, _ in places}
    if len(found) < len(places):
        raise InvalidError(f"expected two files, found that {op.key_path} leads to the same one; choose another")
    return places


def _staged(write: WriteFile, host: RealHost, stack: ExitStack) -> tuple[Place, str]:
    try:
        return stack.enter_context(staged(write, host))
    except VigoError as error:
        raise type(error)(f"{write.path}: {error}") from error


def _kept_key(op: KeyPairOp, host: RealHost) -> bytes:
    """Return the content of the key that is there; no symlink in its place is followed."""
    with host.root.place_to_change(op.key_path) as place, entry_at(place) as entry:
        if entry is None or entry.kind != "file":
            raise UnavailableError(f"expected a private key at {op.key_path}, found none; the next run makes one")
        descriptor = os.open(entry.handle, _READ)
        try:
            return os.read(descriptor, MAX_KEY_BYTES + 1)
        finally:
            os.close(descriptor)
