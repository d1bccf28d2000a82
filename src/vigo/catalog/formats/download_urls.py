"""What a URL may be from which a file is fetched: refused here, it never reaches the agent's connections."""

import re

from vigo.catalog.formats.names import shown
from vigo.core.errors import InvalidError

_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_URL = re.compile(r"https?://([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?(/[!-~]*)?")
_MAX_CHARACTERS = 4000
_MAX_PORT = 65_535


def is_url(text: str) -> bool:
    """Return whether a text is meant as a URL rather than as a path."""
    return "://" in text


def check_url(field: str, url: str) -> None:
    """Accept an http or https URL without user and password. Source: RFC 3986, 3.2.

    Nothing of a URL that is refused is shown but its beginning: a password or a token may stand in it.

    Raises:
        InvalidError: it is no such URL.
    """
    found = _URL.fullmatch(url) if len(url) <= _MAX_CHARACTERS else None
    if found is not None and int((found[2] or ":1")[1:]) in range(1, _MAX_PORT + 1):
        return
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise InvalidError(
            f"{field}: expected a URL without a user and password, found them in it: they would stand in logs; offer"
            " the file without, or by a signed URL"
        )
    raise InvalidError(
        f"{field}: expected https://HOST/PATH of at most {_MAX_CHARACTERS} visible ASCII characters (others as"
        f" %-escapes), found one that begins with {shown(url[:12])}; write the whole URL"
    )


def host_of(url: str) -> str:
    """Return the host and port of a URL; what stands behind them may be secret."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def check_sha256(field: str, text: str) -> None:
    """Accept a SHA-256 in hexadecimal digits.

    Raises:
        InvalidError: it is none.
    """
    if not _SHA256.fullmatch(text):
        raise InvalidError(f"{field}: expected 64 hexadecimal digits, as sha256sum prints them, found {shown(text)}")
