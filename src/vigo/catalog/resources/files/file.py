"""The kind `file`."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import Mode, check_command, check_path
from vigo.catalog.formats.selinux import check_context
from vigo.catalog.ops import Op, RemoveFile, WriteFile
from vigo.catalog.ops.label import SetLabel
from vigo.catalog.resources.files.attributes import (
    Attributes,
    check_owner_fields,
    require_one_name,
    require_parent,
    wanted_attributes,
)
from vigo.catalog.resources.files.former_entry import EntryFootprint, RevertiblePath
from vigo.core.errors import BlockedError, InvalidError

NEW_FILE_MODE = 0o644
_SELINUX = "/sys/fs/selinux/enforce"


class FileSpec(Spec, frozen=True, kw_only=True):
    """A regular file, its content and its metadata. Without content an existing file's content is left alone."""

    path: Annotated[str, field("Where the file is.", example="/etc/motd", is_path=True)]
    content: Annotated[str | None, field("The whole content, as text.", example="Welcome.\n", may_be_secret=True)] = (
        None
    )
    content_base64: Annotated[
        str | None, field("The whole content, in base64, for what is no text.", may_be_secret=True)
    ] = None
    source: Annotated[
        str | None,
        field("A file in the stacks that holds the content.", example="files/motd", stacks_file="content"),
    ] = None
    mode: Annotated[Mode | None, field("Permission bits, octal.", example="0644")] = None
    owner: Annotated[str | None, field("Owner, by name or number.", example="root")] = None
    group: Annotated[str | None, field("Group, by name or number.", example="root")] = None
    secontext: Annotated[
        str | None,
        field(
            "SELinux context, whole: user, role, type and, where the policy has levels, the level.",
            example="system_u:object_r:httpd_sys_content_t:s0",
        ),
    ] = None
    backup: Annotated[bool, field("Keep the former file as PATH.vigo-backup when content changes.")] = False
    break_links: Annotated[
        bool,
        field("Give the path a file of its own where it has other names (hard links); they keep the former content."),
    ] = False
    validate: Annotated[
        tuple[str, ...],
        field("A command that accepts new content before it takes its place; `%` stands for its file."),
    ] = ()
    state: Annotated[Literal["present", "absent"], field("Whether the file shall be there.")] = "present"


class FileState(msgspec.Struct, frozen=True):
    """What is at the path. `same_content` is None where no content is declared or nothing is there to compare.

    `label` is its SELinux context, where one is declared; `has_labels` says that this host goes by them.
    """

    stat: FileStat | None
    same_content: bool | None
    wanted: Attributes
    link_target: str | None = None
    label: str | None = None
    has_labels: bool = True


class File(RevertiblePath[FileSpec], Resource[FileSpec, FileState]):
    """Content is compared byte by byte, and only read when the size agrees: a huge stray file costs nothing.

    A symlink at the path is replaced by the file when content is declared; metadata alone is refused, since it would
    be the target's.
    """

    kind, since, spec = "file", "0.1", FileSpec

    def validate(self, spec: FileSpec) -> None:
        """Accept one source of content, an absolute path and a command that has a `%`."""
        check_path("path", spec.path)
        check_owner_fields(spec.owner, spec.group)
        if spec.path == "/":
            raise InvalidError("path: expected a file, found the root directory; use a directory resource")
        given = [name for name in ("content", "content_base64", "source") if getattr(spec, name) is not None]
        if len(given) > 1:
            raise InvalidError(
                f"expected at most one of content, content_base64 and source, found {' and '.join(given)}"
            )
        if spec.state == "absent" and given:
            raise InvalidError(f"{given[0]}: expected none for a file that shall be absent; remove it, or the state")
        if spec.validate:
            check_command("validate", spec.validate)
            if not any("%" in word for word in spec.validate):
                raise InvalidError("validate: expected `%` where the new file's path goes, found none; add it")
        if spec.secontext is not None:
            check_context("secontext", spec.secontext)
            if spec.state == "absent":
                raise InvalidError("secontext: expected none for a file that shall be absent; remove it, or the state")
        _content(spec)

    def observe(self, spec: FileSpec, host: ReadHost) -> FileState:
        """Return what is at the path, and whether it has the declared content."""
        stat = host.stat(spec.path)
        if spec.state == "absent":
            return FileState(stat, None, Attributes())
        if stat is None:
            require_parent(host, spec.path)
        content = _content(spec)
        same = None
        if stat is not None and stat.kind == "file" and content is not None:
            same = stat.size_bytes == len(content) and host.read_bytes(spec.path) == content
        link = host.read_link(spec.path) if stat is not None and stat.kind == "symlink" else None
        wanted = wanted_attributes(host, spec.mode, spec.owner, spec.group)
        if spec.secontext is None:
            return FileState(stat, same, wanted, link)
        label = host.read_label(spec.path) if stat is not None and stat.kind == "file" else None
        # An image is labelled for the machine that will be started from it.
        has_labels = host.is_image() or host.stat(_SELINUX) is not None
        return FileState(stat, same, wanted, link, label, has_labels)

    def plan(self, spec: FileSpec, state: FileState) -> Iterator[Op]:
        """Yield a removal, or a write, or the metadata alone."""
        stat = state.stat
        if stat is not None and stat.kind in ("directory", "other"):
            raise InvalidError(
                f"path: expected a file at {spec.path} or nothing, found {_called(stat)}; it is not replaced:"
                " remove it, or choose another path"
            )
        if spec.state == "absent":
            if stat is not None:
                yield RemoveFile(path=spec.path)
            return
        content = _content(spec)
        if stat is not None and stat.kind == "symlink":
            if content is None:
                raise InvalidError(
                    f"path: expected a file at {spec.path}, found a symlink to {state.link_target}; name that path"
                )
            yield _write(spec, state.wanted, content, ("state", "content"), new=True)
        elif stat is None:
            yield _write(spec, state.wanted, content or b"", ("state", *(("content",) if content else ())), new=True)
        elif content is not None and not state.same_content:
            if not spec.break_links:
                require_one_name(spec.path, stat)
            yield _write(spec, state.wanted, content, ("content", *state.wanted.drift(stat)), new=False)
        else:
            yield from state.wanted.settle(spec.path, stat)
        yield from _labelled(spec, state)

    def cannot_undo(self, spec: FileSpec) -> str:
        """Return that a context is not brought back."""
        return "" if spec.secontext is None else "the SELinux context that was there before is not brought back"

    def owns(self, spec: FileSpec) -> tuple[str, ...]:
        """Return the path."""
        return (f"path:{spec.path}",)

    def footprints(self, spec: FileSpec) -> Mapping[str, EntryFootprint]:
        """Return the path and what is declared of it; a removal takes all of it."""
        owned, gone = f"path:{spec.path}", spec.state == "absent"
        footprint = EntryFootprint(
            owns=(owned,),
            path=spec.path,
            makes=None if gone else "file",
            content=gone or _content(spec) is not None,
            mode=gone or spec.mode is not None,
            owner=gone or spec.owner is not None,
            group=gone or spec.group is not None,
        )
        return {owned: footprint}


def _write(spec: FileSpec, wanted: Attributes, content: bytes, changes: tuple[str, ...], *, new: bool) -> WriteFile:
    return WriteFile(
        path=spec.path,
        content=content,
        # A symlink that is replaced must not hand its 0777 on, so a new file's mode is always said.
        mode=NEW_FILE_MODE if new and wanted.mode is None else wanted.mode,
        uid=wanted.uid,
        gid=wanted.gid,
        backup=spec.backup,
        break_links=spec.break_links,
        validate=spec.validate,
        changes=changes,
    )


def _labelled(spec: FileSpec, state: FileState) -> Iterator[SetLabel]:
    if spec.secontext is None or spec.secontext == state.label:
        return
    if not state.has_labels:
        raise BlockedError(
            "secontext: expected a machine with SELinux, found one without; leave it out, or give the resource a"
            " condition (when)"
        )
    yield SetLabel(path=spec.path, label=spec.secontext)


def _content(spec: FileSpec) -> bytes | None:
    if spec.content is not None:
        return spec.content.encode()
    if spec.content_base64 is None:
        return None
    try:
        return base64.b64decode(spec.content_base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidError(
            f"content_base64: expected base64, found something else ({error}); encode it anew"
        ) from error


def _called(stat: FileStat) -> str:
    return "a directory" if stat.kind == "directory" else "a device, socket or pipe"
