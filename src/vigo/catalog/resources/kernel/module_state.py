"""The modules of the running kernel."""

from collections.abc import Mapping

import msgspec

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.kernel_modules import LoadedModule, parse_built_in, parse_modules
from vigo.core.errors import BlockedError


class RunningKernel(msgspec.Struct, frozen=True, kw_only=True):
    """What is loaded and what is built in. `has_modules` says that there are files of modules for this release."""

    release: str
    loaded: Mapping[str, LoadedModule]
    built_in: frozenset[str]
    has_modules: bool


def running_kernel(host: ReadHost) -> RunningKernel:
    """Return the modules of the running kernel.

    Raises:
        BlockedError: it is one without modules, or does not tell of them.
        UnavailableError: its files cannot be read.
    """
    release = (host.read_text("/proc/sys/kernel/osrelease") or "").strip()
    modules = host.read_text("/proc/modules")
    if modules is None or not release:
        raise BlockedError(
            "module: expected a kernel that tells of its modules in /proc/modules, found none: this one takes no"
            " modules; leave it out here"
        )
    folder = f"/lib/modules/{release}"
    return RunningKernel(
        release=release,
        loaded=parse_modules(modules),
        built_in=parse_built_in(host.read_text(f"{folder}/modules.builtin") or ""),
        has_modules=host.stat(folder) is not None,
    )
