"""The executor of `ObtainCertificate`."""

import re
import ssl
import time
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Final

from vigo.agent.host.acme_session import library, obtained
from vigo.agent.host.key_pair_files import key_for, place_pair, require_own, require_places
from vigo.agent.host.real_host import RealHost
from vigo.agent.host.remove_file import remove_file
from vigo.agent.host.write_file import write_file
from vigo.catalog.formats.certificates import certificate_blocks
from vigo.catalog.formats.key_pairs import read_key
from vigo.catalog.formats.self_signed import new_key, signing_request
from vigo.catalog.ops import RemoveFile, WriteFile
from vigo.catalog.ops.obtain_certificate import CHALLENGES, ObtainCertificate
from vigo.core.encoding import digest
from vigo.core.errors import BlockedError, InvalidError, UnavailableError, VigoError

_ACCOUNT_KEY: Final = "ecdsa-p256"
PAUSE = timedelta(minutes=15)
"""How long names that were refused are not asked for again. Let's Encrypt looks five times an hour in vain."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,200}")
"""At least 128 bits in base64url. Source: RFC 8555 section 8.1."""


def obtain_certificate(op: ObtainCertificate, host: RealHost) -> None:
    """Have the authority sign, then put the certificate and a new key in their places; before that nothing is replaced.

    Raises:
        OSError: the kernel refuses a step.
        BlockedError: this is an image, the library is missing, or the authority does not sign now.
        InvalidError: the key that is there cannot be used, or the directory's URL leads to this machine itself.
        TimedOutError: the authority took too long.
        UnavailableError: something else is in the way, or the authority gave another certificate.
    """
    key = key_for(op, host)
    library()
    _require_patience(op, host)
    require_places(op, host)  # an authority signs a few times a week for the same names, and may say no after that
    request = signing_request(key, op.names)

    def serve(token: str, text: str, stack: ExitStack) -> None:
        if not _TOKEN.fullmatch(token):
            raise UnavailableError("expected a token of the authority in base64url, found another text")
        path = f"{op.webroot.rstrip('/')}/{CHALLENGES}/{token}"
        stack.callback(_removed, path, host)
        write_file(WriteFile(path=path, content=text.encode(), mode=0o644), host)

    account, tls, refusal = _account_key(op, host), _tls(op, host), _refusal_path(op)
    try:
        chain = obtained(op.directory_url, account, request, tls, serve)
        require_own(chain, key, op)
        place_pair(op, host, key, b"".join(certificate_blocks(chain)))
    except (VigoError, OSError) as error:
        with suppress(VigoError, OSError):  # what went wrong first is what counts
            write_file(WriteFile(path=refusal, content=str(error).encode(errors="replace"), mode=0o600), host)
        raise
    _removed(refusal, host)


def _refusal_path(op: ObtainCertificate) -> str:
    """Return where it is kept beside the account's key that these names were refused, and when."""
    return f"{op.account_path.removesuffix('.key')}-{digest(' '.join(op.names).encode())[:16]}.refused"


def _require_patience(op: ObtainCertificate, host: RealHost) -> None:
    """Accept a request that the authority did not refuse a moment ago: after some in an hour it listens to none.

    Raises:
        BlockedError: it did.
    """
    path = _refusal_path(op)
    stat = host.stat(path)
    if stat is None:
        return
    age = timedelta(seconds=time.time() - stat.mtime_ns / 1e9)
    if timedelta(0) <= age < PAUSE:
        minutes = int((PAUSE - age) / timedelta(minutes=1)) + 1
        raise BlockedError(
            f"{host.read_text(path) or 'it was refused'}; the authority is asked again in {minutes} min (or once {path}"
            " is removed), since it listens to few such requests an hour"
        )


def _removed(path: str, host: RealHost) -> None:
    with suppress(OSError, VigoError):  # it is of no use to anybody any more
        remove_file(RemoveFile(path=path), host)


def _account_key(op: ObtainCertificate, host: RealHost) -> bytes:
    """Return the key of the account, made where none is."""
    content = host.files.read_bytes(op.account_path)
    if content is None:
        content = new_key(_ACCOUNT_KEY)
        write_file(WriteFile(path=op.account_path, content=content, mode=0o600), host)
    found = read_key(content)
    if found.key_type != _ACCOUNT_KEY:
        raise InvalidError(f"expected a key of {_ACCOUNT_KEY} at {op.account_path}, found {found.key_type}; remove it")
    return content


def _tls(op: ObtainCertificate, host: RealHost) -> ssl.SSLContext:
    """Return how the directory's certificate is checked: by the machine's authorities, or by those declared."""
    if op.ca_path is None:
        return ssl.create_default_context()
    content = host.read_text(op.ca_path)
    if content is None:
        raise BlockedError(f"ca_path: expected the file {op.ca_path}, found none; make it first")
    try:
        return ssl.create_default_context(cadata=content)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidError(f"ca_path: expected certificates in PEM in {op.ca_path}, found other text") from error
