"""OpenPGP keys: from text to packets, and the fingerprints of the keys that are in them.

Nothing is verified here but that the packets are whole: what uses a key checks its signatures. Source: RFC 9580, 4.2
(packets), 5.5.4 (fingerprints), 6 (ASCII armor).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from vigo.core.errors import InvalidError

_SIGNATURE, _SECRET_KEY, _PUBLIC_KEY, _SECRET_SUBKEY = 2, 5, 6, 7
_EXPORTABLE = 4
_CERTIFICATIONS = range(0x10, 0x14)
_BLOCK = re.compile(
    r"-----BEGIN PGP PUBLIC KEY BLOCK-----[ \t\r]*\n(?P<body>.*?)-----END PGP PUBLIC KEY BLOCK-----", re.DOTALL
)
_CRC_INIT, _CRC_POLYNOMIAL = 0xB704CE, 0x1864CFB
_ARMOUR_COLUMNS = 64


class _Packet(NamedTuple):
    tag: int
    body: bytes


def fingerprints_of(key: bytes) -> tuple[str, ...]:
    """Return the fingerprint of each primary key, in capital hexadecimal digits, armoured or not.

    Raises:
        InvalidError: it is no public key, or has one that this does not know.
    """
    packets = tuple(_packets(binary_key(key)))
    if any(packet.tag in (_SECRET_KEY, _SECRET_SUBKEY) for packet in packets):
        raise InvalidError("expected a public OpenPGP key, found a secret one; export the public key")
    found = tuple(_fingerprint(packet.body) for packet in packets if packet.tag == _PUBLIC_KEY)
    if not found or packets[0].tag != _PUBLIC_KEY:
        raise InvalidError("expected a public OpenPGP key, found none in it; export it with `gpg --export`")
    return found


def locally_signed(keyring: bytes) -> frozenset[str]:
    """Return the fingerprints of the keys in a keyring that its owner certified for itself, as `gpg --lsign-key` does.

    Raises:
        InvalidError: it is no keyring, or has a key that this does not know.
    """
    found: set[str] = set()
    primary = ""
    for packet in _packets(keyring):
        if packet.tag == _PUBLIC_KEY:
            primary = _fingerprint(packet.body)
        elif packet.tag == _SIGNATURE and primary and _is_local(packet.body):
            found.add(primary)
    return frozenset(found)


def binary_key(key: bytes) -> bytes:
    """Return a key as packets, out of its armour where it has one; several blocks become one.

    Raises:
        InvalidError: its armour is broken.
    """
    if not key.lstrip().startswith(b"-----"):
        return key
    text = key.decode("latin-1").replace("\r\n", "\n")
    bodies = [match["body"] for match in _BLOCK.finditer(text)]
    if not bodies:
        raise InvalidError(
            "expected a PGP PUBLIC KEY BLOCK, found none that is whole; copy it with its first and last line"
        )
    return b"".join(map(_out_of_armour, bodies))


def armoured_key(key: bytes) -> str:
    """Return packets in ASCII armour, with the checksum that older tools ask for."""
    encoded = base64.b64encode(key).decode()
    lines = [encoded[at : at + _ARMOUR_COLUMNS] for at in range(0, len(encoded), _ARMOUR_COLUMNS)]
    checksum = base64.b64encode(_crc24(key).to_bytes(3, "big")).decode()
    body = "\n".join([*lines, f"={checksum}"])
    return f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{body}\n-----END PGP PUBLIC KEY BLOCK-----\n"


def normalised_fingerprint(text: str) -> str:
    """Return a fingerprint as `fingerprints_of` gives it: without blanks and colons, in capitals."""
    return re.sub(r"[\s:]", "", text).removeprefix("0x").removeprefix("0X").upper()


def _out_of_armour(body: str) -> bytes:
    lines = [line.strip() for line in body.split("\n")]
    # Header lines (`Comment: ...`) come first, up to an empty line.
    start = lines.index("") + 1 if "" in lines else 0
    data = [line for line in lines[start:] if line]
    checksum = data.pop()[1:] if data and data[-1].startswith("=") else None
    try:
        packets = base64.b64decode("".join(data), validate=True)
        given = None if checksum is None else base64.b64decode(checksum, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidError(
            f"expected base64 in the armour of an OpenPGP key, found something else ({error})"
        ) from error
    if given is not None and given != _crc24(packets).to_bytes(3, "big"):
        raise InvalidError(
            "expected the checksum of the key's armour to hold, found that it does not; copy the key anew"
        )
    return packets


def _crc24(data: bytes) -> int:
    crc = _CRC_INIT
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= _CRC_POLYNOMIAL
    return crc & 0xFFFFFF


def _packets(data: bytes) -> Iterator[_Packet]:
    at = 0
    while at < len(data):
        first = data[at]
        if not first & 0x80:
            raise InvalidError(
                "expected packets of an OpenPGP key, found something else; export it with `gpg --export`"
            )
        if first & 0x40:
            tag = first & 0x3F
            size, at = _new_length(data, at + 1)
        else:
            tag = (first >> 2) & 0x0F
            size, at = _old_length(data, at + 1, first & 0x03)
        body = data[at : at + size]
        if len(body) != size:
            raise _cut_off()
        yield _Packet(tag, body)
        at += size


def _new_length(data: bytes, at: int) -> tuple[int, int]:
    first = _number(data, at, 1)
    if first < 192:  # noqa: PLR2004 - the bounds of RFC 9580, 4.2.1
        return first, at + 1
    if first < 224:  # noqa: PLR2004
        return ((first - 192) << 8) + _number(data, at + 1, 1) + 192, at + 2
    if first == 255:  # noqa: PLR2004
        return _number(data, at + 1, 4), at + 5
    raise InvalidError("expected packets of one piece in an OpenPGP key, found one in parts; export it anew")


def _old_length(data: bytes, at: int, kind: int) -> tuple[int, int]:
    if kind == 3:  # noqa: PLR2004 - up to the end
        return len(data) - at, at
    octets = 1 << kind
    return _number(data, at, octets), at + octets


def _number(data: bytes, at: int, octets: int) -> int:
    piece = data[at : at + octets]
    if len(piece) != octets:
        raise _cut_off()
    return int.from_bytes(piece, "big")


def _is_local(body: bytes) -> bool:
    """Return whether a signature certifies a key and says that it is not to be exported. Source: RFC 9580, 5.2.3."""
    if len(body) < 6 or body[0] != 4 or body[1] not in _CERTIFICATIONS:  # noqa: PLR2004 - version 4, as gpg writes them
        return False
    area, at = body[6 : 6 + int.from_bytes(body[4:6], "big")], 0
    while at < len(area):
        size, at = _new_length(area, at)
        subpacket = area[at : at + size]
        if len(subpacket) > 1 and subpacket[0] & 0x7F == _EXPORTABLE:
            return subpacket[1] == 0
        at += max(size, 1)
    return False


def _fingerprint(body: bytes) -> str:
    version = body[0] if body else 0
    if version == 4 and len(body) < 1 << 16:  # noqa: PLR2004 - versions of keys
        return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False).hexdigest().upper()
    if version == 6:  # noqa: PLR2004
        return hashlib.sha256(b"\x9b" + len(body).to_bytes(4, "big") + body).hexdigest().upper()
    raise InvalidError(f"expected an OpenPGP key of version 4 or 6, found version {version}; ask for a newer key")


def _cut_off() -> InvalidError:
    return InvalidError("expected a whole OpenPGP key, found that it is cut off; fetch or copy it anew")
