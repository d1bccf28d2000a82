"""The kind `sysctl`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import FileStat, ReadHost, Resource, Spec, field
from vigo.catalog.formats.names import check_one_line
from vigo.catalog.formats.sysctl_settings import boot_text, canonical_key, check_key, live_path, same_value
from vigo.catalog.ops import MakeDirectory, Op, RemoveFile, WriteFile, WriteKernelFile
from vigo.catalog.resources.files.former_entry import EntryFootprint
from vigo.catalog.resources.kernel.boot_settings import FOLDER, boot_path, overruled_by
from vigo.catalog.resources.kernel.former_sysctl import RevertibleSysctl, SysctlFootprint
from vigo.core.errors import BlockedError, InvalidError

_MODE = 0o644
_PERSIST = ("persist",)


class SysctlSpec(Spec, frozen=True, kw_only=True):
    """A kernel parameter and the value it shall have."""

    key: Annotated[
        str,
        field(
            "Parameter in dotted form; with slashes where a name in it has a dot (net/ipv4/conf/eth0.5/forwarding).",
            example="vm.swappiness",
        ),
    ]
    value: Annotated[
        str | None,
        field("Value as the kernel prints it; columns may be apart by any blanks.", example="10"),
    ] = None
    persist: Annotated[bool, field("Set it again at every boot, by a file in /etc/sysctl.d.")] = True
    state: Annotated[
        Literal["present", "absent"],
        field("With absent only the boot file goes: the value stays as it is, since nobody knows a better one."),
    ] = "present"


class SysctlState(msgspec.Struct, frozen=True, kw_only=True):
    """The value now, and Vigo's boot file. `overruled` is a later boot file with another value."""

    live: str | None
    boot: FileStat | None
    boot_text: str | None
    has_folder: bool
    is_image: bool
    overruled: tuple[str, str] | None


class Sysctl(RevertibleSysctl[SysctlSpec], Resource[SysctlSpec, SysctlState]):
    """Values are compared as text, column by column: the kernel prints them in one fixed form.

    A parameter that this kernel does not have (yet: its module is not loaded, its interface not there) is blocked. So
    is one that another file sets to something else later in the boot: the value now is set all the same.
    """

    kind, since, spec = "sysctl", "0.1", SysctlSpec
    name_field = "key"

    def validate(self, spec: SysctlSpec) -> None:
        """Accept a parameter's name and a value of one line."""
        check_key("key", spec.key)
        if spec.state == "absent":
            return
        if spec.value is None or not spec.value.strip():
            raise InvalidError("value: expected what the parameter shall be, found nothing; add it")
        check_one_line("value", spec.value)

    def observe(self, spec: SysctlSpec, host: ReadHost) -> SysctlState:
        """Return the value now and at boot."""
        path = boot_path(spec.key)
        stat = host.stat(path)
        is_set, keeps = spec.state == "present", spec.state == "present" and spec.persist
        return SysctlState(
            live=host.read_text(live_path(spec.key)) if is_set and not host.is_image() else None,
            boot=stat,
            boot_text=host.read_text(path) if stat is not None and stat.kind == "file" else None,
            has_folder=host.stat(FOLDER) is not None,
            is_image=host.is_image(),
            overruled=overruled_by(host, spec.key, spec.value or "") if keeps else None,
        )

    def plan(self, spec: SysctlSpec, state: SysctlState) -> Iterator[Op]:
        """Yield the value now, which the kernel may refuse, and then the boot file."""
        if spec.state == "present" and not state.is_image:
            yield from _live(spec, state)
        yield from _boot(spec, state)
        if spec.state == "present" and state.is_image:
            raise BlockedError(
                f"value: {spec.key} is not set in an image (--root), which has no kernel of its own; what the boot sets"
                " is written, the rest is due once the image has been started"
            )
        if state.overruled is not None:
            path, value = state.overruled
            raise BlockedError(
                f"persist: expected {path} not to set {spec.key}, found that it sets {value} at boot, after"
                f" {boot_path(spec.key)}; remove that line"
            )

    def owns(self, spec: SysctlSpec) -> tuple[str, ...]:
        """Return the parameter, now and at boot; its file's name is Vigo's own choice."""
        return (f"sysctl:{canonical_key(spec.key)}",)

    def footprints(self, spec: SysctlSpec) -> Mapping[str, EntryFootprint]:
        """Return the boot file, and the value where it is set."""
        (owned,) = self.owns(spec)
        footprint = SysctlFootprint(
            owns=(owned,),
            path=boot_path(spec.key),
            makes="file" if spec.state == "present" and spec.persist else None,
            content=True,
            mode=True,
            live_path=live_path(spec.key) if spec.state == "present" else None,
        )
        return {owned: footprint}


def _live(spec: SysctlSpec, state: SysctlState) -> Iterator[Op]:
    if state.live is None:
        raise BlockedError(
            f"key: expected a parameter of this kernel, found no {live_path(spec.key)}; load its module first"
            " (kernel_module, depends_on), or correct the name"
        )
    if not same_value(state.live, spec.value or ""):
        yield WriteKernelFile(path=live_path(spec.key), content=f"{spec.value}\n")


def _boot(spec: SysctlSpec, state: SysctlState) -> Iterator[Op]:
    path, stat = boot_path(spec.key), state.boot
    if stat is not None and stat.kind in ("directory", "other"):
        raise InvalidError(f"persist: expected a file at {path} or nothing, found a {stat.kind}; remove it")
    if spec.state == "absent" or not spec.persist:
        if stat is not None:
            yield RemoveFile(path=path, changes=("state",) if spec.state == "absent" else _PERSIST)
        return
    text = boot_text(spec.key, spec.value or "")
    if state.boot_text != text:
        if not state.has_folder:
            yield MakeDirectory(path=FOLDER, changes=_PERSIST)
        changes = _PERSIST if state.boot_text is None else ("value",)
        yield WriteFile(path=path, content=text.encode(), mode=_MODE, changes=changes)
