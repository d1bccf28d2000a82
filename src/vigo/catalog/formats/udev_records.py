"""What udev noted of a device. Pure: text in, values out; a line of another form is passed over."""

import re
from collections.abc import Mapping

_ENCODED = re.compile(r"\\x([0-9A-Fa-f]{2})")


def parse_udev_record(text: str) -> Mapping[str, str]:
    """Return the properties of a file in /run/udev/data: its lines of `E:NAME=VALUE`. Source: udev(7)."""
    rows = (line[2:].partition("=") for line in text.split("\n") if line.startswith("E:"))
    return {name: value for name, equals, value in rows if equals}


def udev_text(value: str) -> str:
    r"""Return a value that udev encoded (`ID_FS_LABEL_ENC`), its `\x20` as the bytes of UTF-8 that they stand for."""
    plain = _ENCODED.sub(lambda code: chr(int(code[1], 16)), value)
    try:
        return plain.encode("latin-1").decode(errors="replace")
    except UnicodeEncodeError:  # udev wrote what it holds for printable as it is
        return plain
