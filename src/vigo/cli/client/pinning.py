"""Getting a server's CA, which is trusted by its fingerprint alone and never because it was met first."""

import re
import ssl
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from vigo.cli.client.faults import explained
from vigo.cli.client.quick_httpx import httpx
from vigo.cli.client.target import Target
from vigo.core.clock import Clock
from vigo.core.encoding import digest
from vigo.core.enrolment import CA_PATH
from vigo.core.errors import UnauthenticatedError, UnavailableError, UsageError

_DEFAULT_PORT: Final = 8443


def server_url(text: str) -> str:
    """Return `https://HOST:PORT`; the scheme and the port may be left out.

    Raises:
        UsageError: that is no such address.
    """
    full = text.strip() if "://" in text else f"https://{text.strip()}"
    try:
        parts = urlsplit(full)
        host, port = parts.hostname, parts.port or _DEFAULT_PORT
    except ValueError:
        parts, host, port = urlsplit(""), None, 0
    extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username or re.search(r"[\s\\]", full)
    if parts.scheme != "https" or not host or extra:
        raise UsageError(f"--server: expected https://HOST:PORT, found {text[:100]!r}")
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


def fingerprint_of(ca_pem: str) -> str:
    """Return the fingerprint of a CA's certificate."""
    return digest(ssl.PEM_cert_to_DER_cert(ca_pem.strip() + "\n"))


def pinned_ca(url: str, pinned: str, timeout: timedelta, clock: Clock) -> str:
    """Return the server's CA as PEM once its fingerprint is the pinned one; nothing secret was sent until then.

    Raises:
        UnauthenticatedError: it is another CA.
        UnavailableError: the server cannot be reached, or answers something else.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # what comes over this connection is compared with the pin before it is used
    try:
        with httpx.Client(verify=context, trust_env=False, timeout=timeout.total_seconds()) as client:
            text = client.get(f"{url}{CA_PATH}").text
    except httpx.HTTPError as error:
        raise explained(error, Target(url, "", ""), timeout, clock.now()) from error
    try:
        found = fingerprint_of(text)
    except ValueError as error:
        raise UnavailableError(
            f"{url}: expected one CA certificate as PEM, found something else; is it a vigosrv?"
        ) from error
    if found != pinned:
        raise UnauthenticatedError(
            f"{url}: expected a CA with the SHA-256 fingerprint {pinned}, found {found}; the token was not sent and"
            " nothing was stored. Check --ca-sha256; if it is right, this is another server"
        )
    return text
