"""Archives as tests make them, honest and hostile ones."""

import hashlib
import io
import stat
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.agent.host.conftest import World
from vigo.catalog.formats.archive_record import RECORD, ArchiveRecord, parse_record
from vigo.catalog.ops.unpack_archive import UnpackArchive


def tar_of(*members: tuple[str, Any], mode: str = "w", **named: Any) -> bytes:
    """Return a tar; a member is a name with its content, or with the fields of its header."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode, **named) as tar:
        for name, given in members:
            info = tarfile.TarInfo(name)
            info.mode = 0o644
            fields: Mapping[str, Any] = {} if isinstance(given, bytes) else given
            content = given if isinstance(given, bytes) else fields.get("content", b"")
            info.size = len(content)
            for field, value in fields.items():
                if field != "content":
                    setattr(info, field, value)
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


def directory(mode: int = 0o755) -> dict[str, Any]:
    """Return the header of a directory."""
    return {"type": tarfile.DIRTYPE, "mode": mode}


def symlink(to: str) -> dict[str, Any]:
    """Return the header of a symlink."""
    return {"type": tarfile.SYMTYPE, "linkname": to}


def hard_link(to: str) -> dict[str, Any]:
    """Return the header of a hard link."""
    return {"type": tarfile.LNKTYPE, "linkname": to}


def zip_of(*members: tuple[str, bytes, int], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip as Unix makes them; a member is a name, a content and all bits of a mode."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as zipped:
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = (mode or stat.S_IFREG | 0o644) << 16
            zipped.writestr(info, content, method)
    return made.getvalue()


def sha256(content: bytes) -> str:
    """Return the SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


ONE = tar_of(
    ("tool-1", directory()),
    ("tool-1/bin/run", {"content": b"#!/bin/sh\n", "mode": 0o4755}),
    ("tool-1/README", b"one"),
    ("tool-1/lib", directory(0o750)),
    ("tool-1/lib/real", b"lib"),
    ("tool-1/lib/link", symlink("real")),
    ("tool-1/lib/again", hard_link("tool-1/lib/real")),
    mode="w:gz",
)
TWO = tar_of(("tool-2/README", b"two"), ("tool-2/lib", symlink("share")), ("tool-2/share/new", b"new"))
OF_ONE = {
    "README": "one",
    "bin": "755",
    "bin/run": "#!/bin/sh\n",
    "lib": "750",
    "lib/again": "lib",
    "lib/link": "-> real",
    "lib/real": "lib",
}
OF_TWO = {"README": "two", "lib": "-> share", "share": "755", "share/new": "new"}


def unpacking(world: World, content: bytes, **more: Any) -> UnpackArchive:
    """Return the operation for an archive that is put on the host."""
    (world.root / "archive").write_bytes(content)
    fields = {"path": "/opt/tool", "source": "/archive", "sha256": sha256(content), "strip": 1}
    return UnpackArchive(**{**fields, **more})


def seen(folder: Path) -> dict[str, str]:
    """Return all that is in a folder: of files the content, of links the target, of directories the mode."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name == RECORD:
            continue
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[name] = f"{path.stat().st_mode & 0o7777:o}"
        else:
            found[name] = path.read_text()
    return found


def record_in(folder: Path) -> ArchiveRecord:
    """Return the record in a folder."""
    return parse_record((folder / RECORD).read_bytes())
