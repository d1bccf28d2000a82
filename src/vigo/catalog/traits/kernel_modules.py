"""The trait set `kernel_modules`."""

from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.module_table import parse_module_table
from vigo.catalog.formats.numbers import whole_number
from vigo.catalog.formats.taints import kernel_taints, module_taints
from vigo.core.errors import UnavailableError

_ENFORCED = "/sys/module/module/parameters/sig_enforce"
_MOST, _MOST_USERS = 500, 100
_UNSIGNED = "E"


class LoadedModule(msgspec.Struct, frozen=True, kw_only=True):
    """A module in the kernel."""

    size_bytes: Annotated[int, field("Memory that it takes, in bytes.", example=176_128)]
    used_by: Annotated[tuple[str, ...], field("Modules that use it, sorted, at most 100.", example=["nf_nat"])]
    signed: Annotated[
        bool | None,
        field("Whether the kernel found a signature by a key that it trusts; none where it checks no signatures."),
    ]
    taints: Annotated[
        tuple[str, ...],
        field("How it taints the kernel, sorted.", example=["out_of_tree_module", "proprietary_module"]),
    ]


class KernelModulesTraits(TraitSet, frozen=True, kw_only=True):
    """The modules that the kernel has loaded, and whether it takes others."""

    modules: Annotated[dict[str, LoadedModule], field("Modules by name, with `_` for `-`, the first 500.")]
    count: Annotated[int, field("Number of all of them.", example=92)]
    unsigned: Annotated[
        tuple[str, ...], field("Names of those without a good signature, sorted, at most 100.", example=["vboxdrv"])
    ]
    signatures_enforced: Annotated[
        bool | None,
        field("Whether the kernel refuses modules without a good signature; none where it checks no signatures."),
    ]
    locked: Annotated[bool, field("Whether no module can be loaded any more until a reboot (kernel.modules_disabled).")]
    taints: Annotated[
        tuple[str, ...],
        field("What has tainted the kernel since its boot, modules or not, by its bits.", example=["warning"]),
    ]


@collector("kernel_modules", every=timedelta(hours=1), timeout=timedelta(seconds=5))
def collect_kernel_modules(host: ReadHost) -> KernelModulesTraits:
    """Report the modules. Source: proc_modules(5), the kernel's admin-guide/module-signing and tainted-kernels.

    The table has the taints that /sys/module/NAME/taint has too, so one file tells all. A kernel that was built without
    modules has no table.

    Raises:
        UnavailableError: this is an image, or a file cannot be read.
    """
    if host.is_image():
        raise UnavailableError("an image runs no kernel; its modules show on the machine that boots it")
    rows = dict(sorted(parse_module_table(host.read_text("/proc/modules") or "").items()))
    enforced = host.read_text(_ENFORCED)
    unsigned = [name for name, row in rows.items() if _UNSIGNED in row.taints]
    modules = {
        name: LoadedModule(
            size_bytes=row.size_bytes,
            used_by=row.used_by[:_MOST_USERS],
            signed=None if enforced is None else _UNSIGNED not in row.taints,
            taints=module_taints(row.taints),
        )
        for name, row in list(rows.items())[:_MOST]
    }
    return KernelModulesTraits(
        modules=modules,
        count=len(rows),
        unsigned=tuple(unsigned[:_MOST_USERS]),
        signatures_enforced=None if enforced is None else enforced.strip() == "Y",
        locked=(host.read_text("/proc/sys/kernel/modules_disabled") or "").strip() == "1",
        taints=kernel_taints(whole_number(host.read_text("/proc/sys/kernel/tainted") or "") or 0),
    )
