"""The kind `download`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.download_urls import check_sha256, check_url
from vigo.catalog.formats.names import SYSTEM_DIRECTORIES, Mode, check_path
from vigo.catalog.ops import Op, RemoveFile
from vigo.catalog.ops.fetch_file import FetchFile
from vigo.catalog.resources.files.attributes import (
    Attributes,
    check_owner_fields,
    require_one_name,
    require_parent,
    wanted_attributes,
)
from vigo.catalog.resources.files.former_entry import EntryFootprint, RevertiblePath
from vigo.core.errors import InvalidError

NEW_FILE_MODE = 0o644


class DownloadSpec(Spec, frozen=True, kw_only=True):
    """A file from the web, known by its SHA-256."""

    path: Annotated[str, field("Where the file goes.", example="/usr/local/bin/tool", is_path=True)]
    url: Annotated[
        str | None,
        field(
            "Where it is fetched from, by https or http, without a user and password. Up to 4 GiB.",
            example="https://downloads.example.com/tool-1.4",
        ),
    ] = None
    sha256: Annotated[
        str | None,
        field(
            "SHA-256 that the file has, 64 hexadecimal digits; nothing else gets to the path.",
            example="8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92",
        ),
    ] = None
    mode: Annotated[Mode | None, field("Permission bits, octal.", example="0755")] = None
    owner: Annotated[str | None, field("Owner, by name or number.", example="root")] = None
    group: Annotated[str | None, field("Group, by name or number.", example="root")] = None
    state: Annotated[Literal["present", "absent"], field("Whether the file shall be there.")] = "present"


class DownloadState(msgspec.Struct, frozen=True):
    """What is at the path, and whether it is the declared file; None where nothing is there to compare."""

    stat: FileStat | None
    is_same: bool | None
    wanted: Attributes


class Download(RevertiblePath[DownloadSpec], Resource[DownloadSpec, DownloadState]):
    """A file that has the SHA-256 is not fetched again, so a changed `url` alone changes nothing.

    It is fetched beside its place and checked there; until then only the agent can read it. No proxy is asked, at most
    five redirects are followed, none from https to http, and none to this machine or its link.
    """

    kind, since, spec = "download", "0.1", DownloadSpec

    def validate(self, spec: DownloadSpec) -> None:
        """Accept a path for a file, and a URL with the SHA-256 of what it gives."""
        check_path("path", spec.path)
        check_owner_fields(spec.owner, spec.group)
        if spec.path in SYSTEM_DIRECTORIES:
            raise InvalidError(f"path: expected a file, found the system directory {spec.path}; name a file in it")
        if spec.url is not None:
            check_url("url", spec.url)
        if spec.sha256 is not None:
            check_sha256("sha256", spec.sha256)
        if spec.state == "absent":
            return
        if spec.url is None:
            raise InvalidError("url: expected where the file is fetched from, found nothing; add it")
        if spec.sha256 is None:
            raise InvalidError(
                "sha256: expected the SHA-256 of the file, without which nobody knows what is fetched, found none; take"
                " it from who publishes the file, or from `sha256sum FILE` on one that you trust"
            )

    def observe(self, spec: DownloadSpec, host: ReadHost) -> DownloadState:
        """Return what is at the path, and whether it has the declared SHA-256. Nothing is asked of the server."""
        stat = host.stat(spec.path)
        if spec.state == "absent":
            return DownloadState(stat, None, Attributes())
        if stat is None:
            require_parent(host, spec.path)
        is_file = stat is not None and stat.kind == "file"
        same = host.read_digest(spec.path) == _digest(spec) if is_file else None
        return DownloadState(stat, same, wanted_attributes(host, spec.mode, spec.owner, spec.group))

    def plan(self, spec: DownloadSpec, state: DownloadState) -> Iterator[Op]:
        """Yield a removal, or a download, or the metadata alone."""
        stat = state.stat
        if stat is not None and stat.kind in ("directory", "other"):
            found = "a directory" if stat.kind == "directory" else "a device, socket or pipe"
            raise InvalidError(
                f"path: expected a file at {spec.path} or nothing, found {found}; it is not replaced: remove it, or"
                " choose another path"
            )
        if spec.state == "absent":
            if stat is not None:
                yield RemoveFile(path=spec.path)
        elif stat is None or stat.kind == "symlink":
            yield _fetch(spec, state.wanted, ("state", "sha256"), new=True)
        elif not state.is_same:
            require_one_name(spec.path, stat)
            yield _fetch(spec, state.wanted, ("sha256", *state.wanted.drift(stat)), new=False)
        else:
            yield from state.wanted.settle(spec.path, stat)

    def owns(self, spec: DownloadSpec) -> tuple[str, ...]:
        """Return the path."""
        return (f"path:{spec.path}",)

    def footprints(self, spec: DownloadSpec) -> Mapping[str, EntryFootprint]:
        """Return the path and what is declared of it; a removal takes all of it."""
        owned, gone = f"path:{spec.path}", spec.state == "absent"
        footprint = EntryFootprint(
            owns=(owned,),
            path=spec.path,
            makes=None if gone else "file",
            content=True,
            mode=gone or spec.mode is not None,
            owner=gone or spec.owner is not None,
            group=gone or spec.group is not None,
        )
        return {owned: footprint}


def _fetch(spec: DownloadSpec, wanted: Attributes, changes: tuple[str, ...], *, new: bool) -> FetchFile:
    return FetchFile(
        url=spec.url or "",
        path=spec.path,
        sha256=_digest(spec),
        # A symlink that is replaced must not hand its 0777 on, so a new file's mode is always said.
        mode=NEW_FILE_MODE if new and wanted.mode is None else wanted.mode,
        uid=wanted.uid,
        gid=wanted.gid,
        changes=changes,
    )


def _digest(spec: DownloadSpec) -> str:
    return (spec.sha256 or "").lower()
