"""Servers that a fake host downloads from, and what is in archives."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import ClassVar

from vigo.catalog.formats.archive_record import RECORD, ArchiveRecord, parse_record, record_text
from vigo.catalog.ops import MakeDirectory, Op, RemoveDirectory, RemoveFile, WriteFile
from vigo.catalog.ops.fetch_file import FetchFile
from vigo.catalog.ops.unpack_archive import RemoveUnpacked, UnpackArchive
from vigo.core.errors import InvalidError
from vigo.testing.fake_host import FakeHost, FakeTool


class FakeWebFiles(FakeTool):
    """`served` is what URLs give. `members` are the files in each archive, by its content or SHA-256."""

    name: ClassVar[str] = "web_files"
    ops: ClassVar[tuple[type[Op], ...]] = (FetchFile, UnpackArchive, RemoveUnpacked)

    def __init__(self, served: Mapping[str, str] = {}, members: Mapping[str, Sequence[str]] = {}) -> None:
        self._served = {url: content.encode() for url, content in served.items()}
        self._members = {archive: tuple(names) for archive, names in members.items()}

    def apply(self, op: Op, host: FakeHost) -> None:
        """Download a file, unpack an archive, or remove what one brought."""
        match op:
            case FetchFile():
                content = self._known(self._served[op.url], op.sha256)
                written = WriteFile(path=op.path, content=content, mode=op.mode, uid=op.uid, gid=op.gid)
                host.tree.apply(written, lambda _: True)
            case UnpackArchive():
                self._unpack(op, host)
            case RemoveUnpacked():
                self._remove(op.path, host)

    def _known(self, content: bytes, sha256: str) -> bytes:
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            raise InvalidError(f"sha256: expected {sha256}, found {found}; nothing was kept")
        return content

    def _unpack(self, op: UnpackArchive, host: FakeHost) -> None:
        content = self._served.get(op.source) or host.read_bytes(op.source) or b""
        archive = op.sha256 if op.sha256 in self._members else self._known(content, op.sha256).decode()
        files = self._members[archive]
        made = host.stat(op.path) is None
        if made:
            host.tree.apply(MakeDirectory(path=op.path, uid=op.uid, gid=op.gid), lambda _: True)
        former = host.read_bytes(f"{op.path}/{RECORD}")
        for name in () if former is None else parse_record(former).files:
            if name not in files:
                host.tree.apply(RemoveFile(path=f"{op.path}/{name}"), lambda _: True)
        record = ArchiveRecord(
            sha256=op.sha256,
            strip=op.strip,
            uid=op.uid,
            gid=op.gid,
            made=made or (former is not None and parse_record(former).made),
            files=files,
        )
        for name in files:
            written = WriteFile(path=f"{op.path}/{name}", content=b"unpacked", mode=0o644, uid=op.uid, gid=op.gid)
            host.tree.apply(written, lambda _: True)
        host.tree.apply(WriteFile(path=f"{op.path}/{RECORD}", content=record_text(record), mode=0o600), lambda _: True)

    def _remove(self, path: str, host: FakeHost) -> None:
        record = parse_record(host.read_bytes(f"{path}/{RECORD}") or b"")
        for name in (*record.files, RECORD):
            if host.stat(f"{path}/{name}") is not None:
                host.tree.apply(RemoveFile(path=f"{path}/{name}"), lambda _: True)
        if record.made and not host.list_directory(path):
            host.tree.apply(RemoveDirectory(path=path), lambda _: True)
