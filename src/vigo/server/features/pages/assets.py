"""Style sheet, scripts and pictures: all from this server, named by their content so that browsers may keep them."""

import hashlib
from pathlib import Path
from typing import Final, NamedTuple

from vigo.core.errors import NotFoundError

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Asset(NamedTuple):
    """A file that pages refer to."""

    content: bytes
    media_type: str
    tag: str
    """What stands for its content. Source: RFC 9110 section 8.8.3."""


def assets() -> dict[str, Asset]:
    """Return all files by their names, read once."""
    found = {}
    for path in sorted(_FOLDER.iterdir()):
        if path.suffix in _TYPES:
            content = path.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            found[path.name] = Asset(content, f"{_TYPES[path.suffix]}; charset=utf-8", tag)
    return found


def asset_of(every: dict[str, Asset], name: str) -> Asset:
    """Return one of them.

    Raises:
        NotFoundError: there is none of this name.
    """
    if name not in every:
        raise NotFoundError("expected the name of a file that pages refer to, found another")
    return every[name]
