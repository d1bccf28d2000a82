"""The kind `kernel_module`."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import ReadHost, Resource, Spec, field
from vigo.catalog.formats.kernel_modules import LoadedModule, module_name
from vigo.catalog.formats.names import shown
from vigo.catalog.ops import Op, Run
from vigo.catalog.resources.kernel.module_files import BootFile, boot_files_of, private_paths, settle_boot_file
from vigo.catalog.resources.kernel.module_state import RunningKernel, running_kernel
from vigo.core.errors import BlockedError, InvalidError

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,55}")
_OPTION = re.compile(r"[A-Za-z0-9_.-]+(=[^\s\"'#\\]*)?")


class KernelModuleSpec(Spec, frozen=True, kw_only=True):
    """A module of the kernel: whether it is loaded, now and at every boot."""

    module: Annotated[str, field("Name of the module, as lsmod prints it.", example="br_netfilter")]
    options: Annotated[
        str | None,
        field("Options for each time that it is loaded, as `name=value` words.", example="nested=1"),
    ] = None
    blacklist: Annotated[
        bool,
        field("With absent: keep everybody from loading it, hardware detection and modprobe by hand too."),
    ] = False
    state: Annotated[Literal["loaded", "absent"], field("Whether it shall be loaded, now and after a boot.")] = "loaded"


class KernelModuleState(msgspec.Struct, frozen=True, kw_only=True):
    """The running kernel (None in an image), and the files that the boot goes by, as they are and shall be."""

    kernel: RunningKernel | None
    files: tuple[BootFile, ...]
    has_modprobe: bool


class KernelModule(Resource[KernelModuleSpec, KernelModuleState]):
    """Options are for the next load: a module that is loaded already is not taken out to give it others.

    A module that is built into the kernel counts as loaded. One that is in use is not unloaded, and said to be blocked.
    The boot goes by files in /etc/modprobe.d and /etc/modules-load.d; with OpenRC by a line in /etc/modules. What an
    initramfs loads before that is decided by the files in it.
    """

    kind, since, spec = "kernel_module", "0.1", KernelModuleSpec
    name_field = "module"

    def validate(self, spec: KernelModuleSpec) -> None:
        """Accept a module's name, and options that modprobe.d(5) can hold."""
        if not _NAME.fullmatch(spec.module):
            raise InvalidError(
                f"module: expected a name of letters, digits, `_` and `-`, found {shown(spec.module)};"
                " write it as lsmod prints it"
            )
        if spec.options is not None:
            words = spec.options.split(" ")
            if not all(_OPTION.fullmatch(word) for word in words):
                raise InvalidError(
                    f"options: expected words such as nested=1 with one blank between them, found {shown(spec.options)}"
                )
        if spec.blacklist and spec.state == "loaded":
            raise InvalidError("blacklist: expected state: absent beside it, found loaded; remove one")
        if spec.options is not None and spec.state == "absent":
            raise InvalidError("options: expected none for a module that shall be absent, found some; remove one")

    def observe(self, spec: KernelModuleSpec, host: ReadHost) -> KernelModuleState:
        """Return whether it is loaded, and the boot's files."""
        return KernelModuleState(
            kernel=None if host.is_image() else running_kernel(host),
            files=boot_files_of(
                host, spec.module, loads=spec.state == "loaded", options=spec.options, blacklist=spec.blacklist
            ),
            has_modprobe=host.has_program("modprobe"),
        )

    def plan(self, spec: KernelModuleSpec, state: KernelModuleState) -> Iterator[Op]:
        """Yield the options, then what loads or unloads it, then the rest of the boot's files."""
        settings, *rest = state.files
        if state.kernel is not None:
            _require_possible(spec, state.kernel, has_modprobe=state.has_modprobe)
        yield from settle_boot_file(settings)
        if state.kernel is not None:
            yield from _now(spec, state.kernel)
        for file in rest:
            yield from settle_boot_file(file)
        if state.kernel is None and spec.state == "loaded":
            raise BlockedError(
                f"module: {spec.module} is not loaded in an image (--root), which has no kernel of its own; what the"
                " boot loads is written, the rest is due once the image has been started"
            )

    def owns(self, spec: KernelModuleSpec) -> tuple[str, ...]:
        """Return the module, and the files that are Vigo's alone."""
        return f"kernel_module:{module_name(spec.module)}", *(f"path:{path}" for path in private_paths(spec.module))


def _require_possible(spec: KernelModuleSpec, kernel: RunningKernel, *, has_modprobe: bool) -> None:
    name = module_name(spec.module)
    loaded = kernel.loaded.get(name)
    if spec.state == "absent":
        if name in kernel.built_in:
            raise InvalidError(
                f"module: {spec.module} is built into the kernel {kernel.release} and cannot be taken out of it;"
                " leave it out, or boot another kernel"
            )
        if loaded is not None and loaded.uses:
            raise BlockedError(
                f"module: expected {spec.module} to be in no use, found it in use by {_users(loaded)}; nothing is"
                " unloaded by force: end what uses it first"
            )
    due = (name not in kernel.built_in and loaded is None) if spec.state == "loaded" else loaded is not None
    if due and not has_modprobe:
        raise BlockedError("module: expected the program modprobe, found none; install kmod")
    if due and spec.state == "loaded" and not kernel.has_modules:
        raise BlockedError(
            f"module: expected /lib/modules/{kernel.release}, the modules of the running kernel, found none; after an"
            " update of the kernel boot the new one, and in a container load it on the host"
        )


def _now(spec: KernelModuleSpec, kernel: RunningKernel) -> Iterator[Op]:
    name = module_name(spec.module)
    if spec.state == "loaded" and name not in kernel.loaded and name not in kernel.built_in:
        yield Run(argv=("modprobe", "--", spec.module))
    if spec.state == "absent" and name in kernel.loaded:
        yield Run(argv=("modprobe", "-r", "--", spec.module))


def _users(loaded: LoadedModule) -> str:
    return ", ".join(loaded.used_by) or f"{loaded.uses} of its users"
