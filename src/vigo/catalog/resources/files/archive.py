"""The kind `archive`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, Footprint, Past, ReadHost, Resource, Revertible, Spec, Trace, field
from vigo.catalog.formats.accounts import parse_passwd
from vigo.catalog.formats.archive_record import RECORD, ArchiveRecord, parse_record
from vigo.catalog.formats.download_urls import check_sha256, check_url, is_url
from vigo.catalog.formats.mount_info import parse_mount_info
from vigo.catalog.formats.names import SYSTEM_DIRECTORIES, check_path
from vigo.catalog.ops import Op
from vigo.catalog.ops.unpack_archive import RemoveUnpacked, UnpackArchive
from vigo.catalog.protected import is_protected
from vigo.catalog.resources.files.attributes import (
    Attributes,
    check_owner_fields,
    parent_of,
    require_parent,
    wanted_attributes,
)
from vigo.core.errors import BlockedError, InvalidError

MOST_STRIPPED = 20


class ArchiveSpec(Spec, frozen=True, kw_only=True):
    """A folder into which an archive is unpacked: tar (plain, gz, bz2, xz, zst) or zip."""

    path: Annotated[str, field("The folder; it is made where it is missing.", example="/opt/tool", is_path=True)]
    source: Annotated[
        str | None,
        field(
            "Where the archive is: a path on the host, or an https or http URL without a user and password.",
            example="https://downloads.example.com/tool-1.4.tar.gz",
        ),
    ] = None
    sha256: Annotated[
        str | None,
        field(
            "SHA-256 that the archive has, 64 hexadecimal digits; needed for a URL.",
            example="8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92",
        ),
    ] = None
    strip: Annotated[
        int,
        field("How many leading names of each member are left out; members with no more names are too.", example=1,
              ge=0, le=MOST_STRIPPED),
    ] = 0  # fmt: skip
    creates: Annotated[
        str | None, field("A path; nothing is unpacked, whatever the archive, as long as it is there.", is_path=True)
    ] = None
    owner: Annotated[str | None, field("Owner of what is unpacked; the agent's user where left out.")] = None
    group: Annotated[str | None, field("Group of what is unpacked; the agent's where left out.")] = None
    state: Annotated[
        Literal["present", "absent"], field("Whether what archives brought into the folder shall be there.")
    ] = "present"


class ArchiveState(msgspec.Struct, frozen=True, kw_only=True):
    """What is at the path, what the record in it says, and what is known of the archive.

    `digest` is the SHA-256 of a source on the host, where it had to be asked for and is there. `keeps` says why the
    folder is no archive's to remove.
    """

    stat: FileStat | None
    record: ArchiveRecord | None = None
    is_created: bool = False
    wanted: Attributes = Attributes()
    digest: str | None = None
    keeps: str = ""


class ArchiveFootprint(Footprint, frozen=True, kw_only=True):
    """A folder with unpacked archives."""

    path: str


class ArchiveTrace(Trace, frozen=True, kw_only=True):
    """Which archive is unpacked: `content` is its SHA-256, and `absent` that there is none."""


ArchivePast = Past[ArchiveFootprint, ArchiveTrace]


class Archive(Resource[ArchiveSpec, ArchiveState], Revertible[ArchiveSpec, ArchiveFootprint, ArchiveTrace]):
    """It is as declared where the record in the folder, `.vigo-archive`, has the archive's SHA-256.

    What becomes of single files afterwards is not looked at: programs and other resources may change and remove them.
    Another archive replaces and removes what the one before it brought. Files that no archive brought are never
    replaced or removed; where one is in the way nothing is changed. Without `sha256` a source on the host is compared
    with what was unpacked. Refused are members that lead out of the folder, devices, and archives that give more than
    8 GiB, 100000 members or 200 times their size. Owners and set-user-id bits in the archive are left out.
    """

    kind, since, spec = "archive", "0.1", ArchiveSpec
    footprint, trace = ArchiveFootprint, ArchiveTrace

    def validate(self, spec: ArchiveSpec) -> None:
        """Accept a folder of its own, and a source that is known."""
        check_path("path", spec.path)
        check_owner_fields(spec.owner, spec.group)
        if spec.path in SYSTEM_DIRECTORIES:
            raise InvalidError(
                f"path: expected a folder for the archive, found the system directory {spec.path}; name one in it"
            )
        if is_protected(spec.path):
            raise InvalidError(f"path: refused: {spec.path} is Vigo's own; choose another path")
        if spec.creates is not None:
            check_path("creates", spec.creates)
        if spec.sha256 is not None:
            check_sha256("sha256", spec.sha256)
        if spec.source is None:
            if spec.state == "present":
                raise InvalidError("source: expected the path or URL of the archive, found nothing; add it")
            return
        if not is_url(spec.source):
            check_path("source", spec.source)
            return
        check_url("source", spec.source)
        if spec.sha256 is None and spec.state == "present":
            raise InvalidError(
                "sha256: expected the SHA-256 of what the URL gives, without which nobody knows what is unpacked, found"
                " none; take it from who publishes the archive, or from `sha256sum FILE` on one that you trust"
            )

    def observe(self, spec: ArchiveSpec, host: ReadHost) -> ArchiveState:
        """Return what is at the path and what the record says; of a URL nothing is asked."""
        stat = host.stat(spec.path)
        if spec.state == "absent":
            record = _record(spec.path, host, stat)
            keeps = "" if record is None else _keeps(spec.path, host)
            return ArchiveState(stat=stat, record=record, keeps=keeps)
        if spec.creates is not None and host.stat(spec.creates) is not None:
            return ArchiveState(stat=stat, is_created=True)
        if stat is None:
            require_parent(host, spec.path)
        record = _record(spec.path, host, stat)
        wanted = wanted_attributes(host, None, spec.owner, spec.group)
        source = spec.source or ""
        is_asked = not is_url(source) and (spec.sha256 is None or record is None or record.sha256 != _declared(spec))
        digest = host.read_digest(source) if is_asked else None
        return ArchiveState(stat=stat, record=record, wanted=wanted, digest=digest)

    def plan(self, spec: ArchiveSpec, state: ArchiveState) -> Iterator[Op]:
        """Yield the unpacking, or the removal of what was unpacked."""
        record = state.record
        if spec.state == "absent":
            if record is not None and state.keeps:
                raise InvalidError(
                    f"path: expected a folder of the archive's own to take away, found that {spec.path} is"
                    f" {state.keeps}; nothing was removed: remove single files by file or directory resources"
                )
            if record is not None:
                yield RemoveUnpacked(path=spec.path)
            return
        if state.is_created:
            return
        if state.stat is not None and state.stat.kind != "directory":
            raise InvalidError(
                f"path: expected a folder at {spec.path} or nothing, found a {state.stat.kind}; it is not replaced:"
                " remove it, or choose another path"
            )
        wanted = _wanted(spec, state)
        if record is None:
            changes: tuple[str, ...] = ("state",)
        else:
            pairs = (
                ("sha256", record.sha256, wanted.sha256),
                ("strip", record.strip, wanted.strip),
                ("owner", record.uid, wanted.uid),
                ("group", record.gid, wanted.gid),
            )
            changes = tuple(name for name, found, declared in pairs if found != declared)
        if changes:
            _require_source(spec, state, wanted.sha256)
            yield msgspec.structs.replace(wanted, changes=changes)

    def owns(self, spec: ArchiveSpec) -> tuple[str, ...]:
        """Return what is unpacked into the path; the folder itself may be a directory resource's."""
        return (f"archive:{spec.path}",)

    def watches(self, spec: ArchiveSpec) -> tuple[str, ...]:
        """Return the record, the path that it creates, and a source on the host."""
        source = spec.source if spec.source is not None and not is_url(spec.source) else None
        paths = (f"{spec.path}/{RECORD}", spec.creates, source)
        return tuple(path for path in paths if path is not None)

    def cannot_undo(self, spec: ArchiveSpec) -> str:
        """Say that archives are not kept."""
        if spec.state == "absent":
            return "what it takes away is not brought back"
        return "an archive that was unpacked there before, and that this one replaced, is not brought back"

    def footprints(self, spec: ArchiveSpec) -> Mapping[str, ArchiveFootprint]:
        """Return the folder."""
        owned = f"archive:{spec.path}"
        return {owned: ArchiveFootprint(owns=(owned,), path=spec.path)}

    def look(self, footprint: ArchiveFootprint, host: ReadHost, *, keep: bool = False) -> ArchiveTrace:
        """Return which archive is unpacked there."""
        record = _record(footprint.path, host, host.stat(footprint.path))
        if record is None:
            return ArchiveTrace(absent=True)
        unkept = "the archive that was unpacked there before was not kept" if keep else None
        return ArchiveTrace(absent=False, content=record.sha256, unkept=unkept)

    def undo(self, pasts: Sequence[ArchivePast]) -> Iterator[Op]:
        """Yield the removal of what was unpacked where nothing was before."""
        for footprint, before, now in pasts:
            if not before.absent and before.content != now.content:
                raise BlockedError(
                    f"{footprint.path}: the archive that was unpacked there before was not kept; declare it again, or"
                    " leave on_remove out"
                )
            if before.absent and not now.absent:
                yield RemoveUnpacked(path=footprint.path)


def _declared(spec: ArchiveSpec) -> str:
    return (spec.sha256 or "").lower()


def _wanted(spec: ArchiveSpec, state: ArchiveState) -> UnpackArchive:
    digest = _declared(spec) or state.digest
    if digest is None:
        raise _no_source(spec)
    return UnpackArchive(
        path=spec.path,
        source=spec.source or "",
        sha256=digest,
        strip=spec.strip,
        uid=state.wanted.uid,
        gid=state.wanted.gid,
    )


def _require_source(spec: ArchiveSpec, state: ArchiveState, digest: str) -> None:
    """Accept an archive that is there and the declared one; what a URL gives only the agent finds out."""
    source = spec.source or ""
    is_known = state.record is not None and state.record.sha256 == digest
    if is_url(source) or (state.digest is None and is_known):
        return
    if state.digest is None:
        raise _no_source(spec)
    if state.digest != digest:
        raise InvalidError(
            f"sha256: expected {digest} of {source}, found {state.digest}; correct sha256, or find out who changed the"
            " file"
        )


def _no_source(spec: ArchiveSpec) -> BlockedError:
    return BlockedError(
        f"source: expected the archive {spec.source}, found none; add a download or file resource for it and put it in"
        " depends_on"
    )


def _record(path: str, host: ReadHost, stat: FileStat | None) -> ArchiveRecord | None:
    """Return the record in the folder, if there is one.

    Raises:
        InvalidError: it is damaged.
    """
    place = f"{path}/{RECORD}"
    if stat is None or stat.kind != "directory" or host.stat(place) is None:
        return None
    try:
        return parse_record(host.read_bytes(place) or b"")
    except InvalidError as error:
        raise InvalidError(
            f"path: {place}: {error}; what the archive brought is not known any more: remove it and the record"
        ) from error


def _keeps(path: str, host: ReadHost) -> str:
    """Return why a folder is not an archive's own; empty where it is."""
    accounts = parse_passwd(host.read_text("/etc/passwd") or "")
    living = next((name for name, entry in accounts.items() if entry.home.rstrip("/") == path), None)
    if living is not None:
        return f"the home of user {living}"
    here, above = host.stat(path), host.stat(parent_of(path))
    mounts = () if host.is_image() else parse_mount_info(host.read_text("/proc/self/mountinfo") or "")
    is_other = here is not None and above is not None and above.kind == "directory" and here.device != above.device
    return "a mounted file system" if is_other or any(mount.path == path for mount in mounts) else ""
