"""The files of keys that SSH reads, a key a line: authorized_keys and known_hosts. Pure: text in, text out.

Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT and SSH_KNOWN_HOSTS FILE FORMAT.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from vigo.catalog.formats.names import shown
from vigo.core.errors import InvalidError

# Blanks within double quotes belong to an option; a quote may be escaped.
_WORD = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*")+')
_TYPE = re.compile(r"(?:ssh-(?:rsa|dss|ed25519|ed448)|ecdsa-sha2-nistp(?:256|384|521)|sk-[a-z0-9-]+)(?:@openssh\.com)?")
_LENGTH_BYTES = 4


class PublicKey(NamedTuple):
    """A key: its type, its bytes in base64, and what stands behind them."""

    type: str
    blob: str
    comment: str = ""

    @property
    def text(self) -> str:
        """The key as it stands in a file."""
        return " ".join(part for part in self if part)


class AuthorizedKey(NamedTuple):
    """A line of authorized_keys."""

    options: str
    key: PublicKey

    @property
    def text(self) -> str:
        """The line as it stands in the file."""
        return f"{self.options} {self.key.text}" if self.options else self.key.text


class KnownHost(NamedTuple):
    """A line of known_hosts without a marker."""

    names: tuple[str, ...]
    key: PublicKey

    def names_host(self, host: str) -> bool:
        """Return whether the line is about a host; patterns are not, hashed names are."""
        return any(name.lower() == host.lower() or _is_hash_of(name, host) for name in self.names)


def parse_key(field: str, text: str) -> PublicKey:
    """Return a public key as ssh-keygen(1) writes it: `TYPE BASE64 [COMMENT]`.

    Raises:
        InvalidError: it is none; a private key is told as such, and its text is not shown.
    """
    if "PRIVATE KEY" in text:
        raise InvalidError(f"{field}: expected a public key, found a private one; give the text of its .pub file")
    words = text.split(None, 2)
    key = _key(words)
    if key is None or "\n" in text.strip():
        raise InvalidError(
            f"{field}: expected a public key such as `ssh-ed25519 AAAA... name`, found {shown(text)}; give the one line"
            " of its .pub file"
        )
    return key


def check_options(text: str) -> None:
    """Accept options of authorized_keys: without blanks outside of quotes, quotes closed.

    Raises:
        InvalidError: they would be taken for the key, or end the line.
    """
    if (text and not _WORD.fullmatch(text)) or "\n" in text or "\r" in text:
        raise InvalidError(
            f'options: expected them without blanks outside of quotes, such as no-pty,command="backup", found'
            f" {shown(text)}; correct them"
        )
    if _TYPE.fullmatch(text):
        raise InvalidError(f"options: expected options, found the type of a key, {text}; it belongs to key")


def parse_authorized(line: str) -> AuthorizedKey | None:
    """Return the key of a line, or None for comments and what is no key."""
    words = [(found.start(), found[0]) for found in _WORD.finditer(line)]
    if not words or words[0][1].startswith("#"):
        return None
    if _TYPE.fullmatch(words[0][1]):
        key = _key(line.split(None, 2))
        return None if key is None else AuthorizedKey("", key)
    if len(words) < 3:  # noqa: PLR2004 - options, type and key
        return None
    key = _key(line[words[1][0] :].split(None, 2))
    return None if key is None else AuthorizedKey(words[0][1], key)


def parse_known(line: str) -> KnownHost | None:
    """Return the hosts and the key of a line, or None for comments, markers and what is no key."""
    words = line.split(None, 3)
    if len(words) < 3 or words[0][0] in "#@":  # noqa: PLR2004 - names, type and key
        return None
    key = _key(words[1:])
    return None if key is None else KnownHost(tuple(words[0].split(",")), key)


def with_line_instead(text: str, line: str, is_meant: Callable[[str], bool]) -> str:
    """Return the text with this line in the place of the first that is meant, and without the others that are.

    A text that has just that already is returned as it is.
    """
    is_placed = False
    before = _lines(text)
    lines: list[str] = []
    for present in before:
        if not is_meant(present):
            lines.append(present)
        elif not is_placed:
            is_placed = True
            lines.append(line)
    after = lines if is_placed else [*lines, line]
    return text if after == before else _joined(after)


def without_lines_meant(text: str, is_meant: Callable[[str], bool]) -> str:
    """Return the text without the lines that are meant; as it is where none is."""
    lines = _lines(text)
    left = [line for line in lines if not is_meant(line)]
    return text if len(left) == len(lines) else _joined(left)


def _key(words: list[str]) -> PublicKey | None:
    if len(words) < 2 or not _TYPE.fullmatch(words[0]) or not _holds(words[1], words[0]):  # noqa: PLR2004 - type and key
        return None
    return PublicKey(words[0], words[1], words[2].strip() if len(words) > 2 else "")  # noqa: PLR2004 - and a comment


def _holds(blob: str, type_: str) -> bool:
    """Return whether a key repeats its type in itself. Source: RFC 4253 section 6.6."""
    try:
        content = base64.b64decode(blob.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return False
    length = int.from_bytes(content[:_LENGTH_BYTES], "big")
    return content[_LENGTH_BYTES : _LENGTH_BYTES + length] == type_.encode()


def _is_hash_of(name: str, host: str) -> bool:
    """Return whether a name is the hash of a host, as `HashKnownHosts` writes it: |1|SALT|HASH, HMAC-SHA1."""
    parts = name.split("|")
    if len(parts) != 4 or parts[:2] != ["", "1"]:  # noqa: PLR2004 - see above
        return False
    try:
        salt, digest = (base64.b64decode(part.encode("ascii"), validate=True) for part in parts[2:])
    except (UnicodeEncodeError, binascii.Error):
        return False
    return hmac.compare_digest(hmac.digest(salt, host.encode(errors="surrogateescape"), hashlib.sha1), digest)


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
