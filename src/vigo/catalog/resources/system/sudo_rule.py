"""The kind `sudo_rule`."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import shown
from vigo.catalog.ops import Op, RemoveFile, WriteFile
from vigo.catalog.resources.files.attributes import Attributes
from vigo.catalog.resources.files.former_entry import EntryFootprint, RevertiblePath
from vigo.core.errors import BlockedError, InvalidError

_FOLDER = "/etc/sudoers.d"
_MODE = 0o440
_ROOT = 0
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_VALIDATE = ("visudo", "-cf", "%")


class SudoRuleSpec(Spec, frozen=True, kw_only=True):
    """Rules of sudo, in a file of their own below /etc/sudoers.d."""

    sudo_rule: Annotated[str, field("Name of the file: letters, digits, `_`, `-`.", example="deploy")]
    content: Annotated[
        str | None,
        field("What the file says; visudo accepts it before it takes its place.", example="deploy ALL=(root) /bin/x\n"),
    ] = None
    state: Annotated[Literal["present", "absent"], field("Whether the rules shall be there.")] = "present"


class SudoRuleState(msgspec.Struct, frozen=True, kw_only=True):
    """The file, and whether this host can tell good rules from bad ones."""

    has_folder: bool
    stat: FileStat | None
    content: bytes | None
    has_visudo: bool
    is_image: bool


class SudoRule(RevertiblePath[SudoRuleSpec], Resource[SudoRuleSpec, SudoRuleState]):
    """One wrong line would keep everybody from using sudo: nothing is placed that `visudo -cf` did not accept.

    The file is root's, mode 0440. In an image visudo cannot be asked, so rules are only removed from one.
    """

    kind, since, spec = "sudo_rule", "0.1", SudoRuleSpec
    name_field = "sudo_rule"

    def validate(self, spec: SudoRuleSpec) -> None:
        """Accept a name that sudo does not pass over, and text. Source: sudoers(5), including other files."""
        if not _NAME.fullmatch(spec.sudo_rule):
            raise InvalidError(
                f"sudo_rule: expected a name of letters, digits, `_` and `-` (sudo passes over files with a dot or a"
                f" `~` at the end), found {shown(spec.sudo_rule)}; write `-` for a dot"
            )
        if spec.state == "absent":
            if spec.content is not None:
                raise InvalidError("content: expected none for rules that shall be absent; remove it, or the state")
            return
        if not (spec.content or "").strip():
            raise InvalidError("content: expected the rules, found none; add them, or declare state: absent")
        if _CONTROL.search(spec.content or ""):
            raise InvalidError("content: expected lines of text, found control characters in them; remove them")

    def observe(self, spec: SudoRuleSpec, host: ReadHost) -> SudoRuleState:
        """Return the file, and whether visudo is there."""
        path = _path(spec)
        stat = host.stat(path)
        return SudoRuleState(
            has_folder=host.stat(_FOLDER) is not None,
            stat=stat,
            content=host.read_bytes(path) if stat is not None and stat.kind == "file" else None,
            has_visudo=host.has_program("visudo"),
            is_image=host.is_image(),
        )

    def plan(self, spec: SudoRuleSpec, state: SudoRuleState) -> Iterator[Op]:
        """Yield the file, its owner and mode, or its removal."""
        path, stat = _path(spec), state.stat
        if stat is not None and stat.kind in ("directory", "other"):
            raise InvalidError(f"sudo_rule: expected a file at {path} or nothing, found a {stat.kind}; remove it")
        if spec.state == "absent":
            if stat is not None:
                yield RemoveFile(path=path)
            return
        wanted, content = Attributes(_MODE, _ROOT, _ROOT), _content(spec)
        if stat is not None and state.content == content:
            for op in wanted.settle(path, stat):
                yield msgspec.structs.replace(op, changes=("state",))
            return
        _require_visudo(state)
        yield WriteFile(
            path=path,
            content=content,
            mode=_MODE,
            uid=_ROOT if stat is None or stat.uid != _ROOT else None,
            gid=_ROOT if stat is None or stat.gid != _ROOT else None,
            validate=_VALIDATE,
            changes=("state", "content") if state.content is None else ("content",),
        )

    def owns(self, spec: SudoRuleSpec) -> tuple[str, ...]:
        """Return the file."""
        return (f"path:{_path(spec)}",)

    def footprints(self, spec: SudoRuleSpec) -> Mapping[str, EntryFootprint]:
        """Return the file, all of it."""
        owned = f"path:{_path(spec)}"
        footprint = EntryFootprint(
            owns=(owned,),
            path=_path(spec),
            makes="file" if spec.state == "present" else None,
            content=True,
            mode=True,
            owner=True,
            group=True,
        )
        return {owned: footprint}


def _path(spec: SudoRuleSpec) -> str:
    return f"{_FOLDER}/{spec.sudo_rule}"


def _content(spec: SudoRuleSpec) -> bytes:
    text = spec.content or ""
    return (text if text.endswith("\n") else f"{text}\n").encode()


def _require_visudo(state: SudoRuleState) -> None:
    if state.is_image:
        raise BlockedError(
            "content: not checked in an image (--root), in which visudo is not run; nothing is placed unchecked: it is"
            " due once the image has been started"
        )
    if not state.has_visudo or not state.has_folder:
        missing = "the program visudo" if not state.has_visudo else f"the folder {_FOLDER}"
        raise BlockedError(f"content: expected {missing}, found none; install sudo and put it in depends_on")
