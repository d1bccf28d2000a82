"""Public keys of SSH in files of one line. Pure: text in, the type and the fingerprint out."""

import base64
import binascii
import hashlib

import msgspec

_LENGTH_BYTES = 4
_LONGEST_TYPE = 64


class HostKey(msgspec.Struct, frozen=True):
    """What a public key is: its type as the protocol names it, and the fingerprint that `ssh-keygen -l` prints."""

    type: str
    fingerprint: str


def parse_public_key(text: str) -> HostKey | None:
    """Return the key of a `.pub` file, or None where its first line holds none.

    Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT; RFC 4253 section 6.6: the key repeats its type in itself.
    """
    words = text.partition("\n")[0].split()[:2]
    if len(words) < 2:  # noqa: PLR2004 - the type and the key
        return None
    name, encoded = words
    try:
        content = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    length = int.from_bytes(content[:_LENGTH_BYTES], "big")
    if len(name) > _LONGEST_TYPE or content[_LENGTH_BYTES : _LENGTH_BYTES + length] != name.encode():
        return None
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return HostKey(name, f"SHA256:{digest}")
