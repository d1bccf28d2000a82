"""Canary secrets, and the search for anything of them in whatever a part of Vigo wrote."""

import base64
import hashlib
import html
import json
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

import zstandard

_PART = 10
_AT_ONCE = 256 * 1024
_ZSTD = b"\x28\xb5\x2f\xfd"


def canary(name: str) -> str:
    """Return a value that occurs nowhere by chance, with characters that every form writes in another way.

    No ten characters in a row of two canaries are alike.
    """
    letters = hashlib.sha256(name.encode()).hexdigest()
    pieces = [letters[start : start + 4] for start in range(0, 40, 4)]
    return "".join(piece + mark for piece, mark in zip(pieces, "'\"\\&</+ ü%", strict=True))


def forms(value: str) -> dict[str, bytes]:
    """Return the forms in which a value could get out."""
    data = value.encode()
    found = {
        "plain": data,
        "base64": base64.b64encode(data),
        "base64 shifted by one": base64.b64encode(b"x" + data)[2:],
        "base64 shifted by two": base64.b64encode(b"xx" + data)[3:],
        "base64 for URLs": base64.urlsafe_b64encode(data),
        "hexadecimal": data.hex().encode(),
        "hexadecimal in capitals": data.hex().upper().encode(),
        "URL": urllib.parse.quote(value, safe="").encode(),
        "form": urllib.parse.quote_plus(value).encode(),
        "JSON": json.dumps(value)[1:-1].encode(),
        "JSON with letters": json.dumps(value, ensure_ascii=False)[1:-1].encode(),
        "HTML": html.escape(value).encode(),
        "UTF-16": value.encode("utf-16-le"),
        "reversed": value[::-1].encode(),
        "capitals": value.upper().encode(),
    }
    return {name: form.rstrip(b"=") for name, form in found.items()}


def parts_of(values: Mapping[str, str]) -> dict[bytes, str]:
    """Return any ten bytes in a row of each form of some values, with what they are."""
    found = {}
    for name, value in values.items():
        for form, written in forms(value).items():
            for start in range(len(written) - _PART + 1):
                found[written[start : start + _PART]] = f"{name} as {form}"
    return found


def found_in(data: bytes, values: Mapping[str, str]) -> list[str]:
    """Return where something of a value is in some bytes; what is packed in them is unpacked."""
    return _found(data, parts_of(values))


def _found(data: bytes, parts: Mapping[bytes, str]) -> list[str]:
    found: set[str] = set()
    for begin in range(0, len(data), _AT_ONCE):
        end = min(begin + _AT_ONCE, len(data) - _PART + 1)
        windows = {data[start : start + _PART] for start in range(begin, end)}
        found |= {f"{parts[one]}: {one!r}" for one in windows & parts.keys()}
    start = data.find(_ZSTD)
    while start >= 0:
        try:
            unpacked = zstandard.ZstdDecompressor().decompressobj().decompress(data[start:])
        except zstandard.ZstdError:
            unpacked = b""
        found |= {f"packed: {one}" for one in _found(unpacked, parts)}
        start = data.find(_ZSTD, start + 1)
    return sorted(found)


def found_below(folder: Path, values: Mapping[str, str]) -> list[str]:
    """Return where a value is in the files of a folder, in their names too."""
    found, parts = [], parts_of(values)
    for path in sorted(folder.rglob("*")):
        found += [f"name of {path}: {one}" for one in _found(path.name.encode(), parts)]
        if path.is_file():
            found += [f"{path}: {one}" for one in _found(path.read_bytes(), parts)]
    return found


def packed(data: bytes) -> bytes:
    """Return some bytes as traits and bundles are packed, for the test of the search itself."""
    return zstandard.ZstdCompressor().compress(data)
