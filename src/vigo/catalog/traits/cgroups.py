"""The trait set `cgroups`."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.control_groups import (
    UNIFIED,
    levels,
    parse_attached_controllers,
    parse_limit,
    parse_memberships,
)
from vigo.core.errors import UnavailableError

_MOUNT = "/sys/fs/cgroup"
_MEMBERSHIPS = "/proc/self/cgroup"
_CONTROLLERS = "cgroup.controllers"
_MOST_CONTROLLERS = 32


class CgroupLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What limits a control group: the least of its own limits and of those around it. None is no limit."""

    path: Annotated[
        str,
        field("Path of the group as the host sees it, `/` for the root; empty without control groups."),
    ]
    memory_bytes: Annotated[int | None, field("Memory that it may use, in bytes.", example=536_870_912)]
    pids: Annotated[int | None, field("Processes and threads that it may have.", example=4915)]


class CgroupsTraits(TraitSet, frozen=True, kw_only=True):
    """The control groups of the kernel, and how much they leave to the agent."""

    version: Annotated[
        int, field("Version that has the controllers: 2, or 1 for the former one; 0 without control groups.")
    ]
    layout: Annotated[
        str,
        field(
            "unified for version 2 alone, legacy for version 1 alone, hybrid for version 1 with a tree of version 2"
            " beside it; empty without control groups.",
            example="unified",
        ),
    ]
    controllers: Annotated[
        tuple[str, ...], field("Controllers that can be used, sorted.", example=["cpu", "io", "memory", "pids"])
    ]
    agent: Annotated[CgroupLimits, field("The group of the agent.")]
    root: Annotated[
        CgroupLimits, field("The outermost group that the host sees: of a container its own limits, else none.")
    ]


@collector("cgroups", every=timedelta(hours=1), timeout=timedelta(seconds=5))
def collect_cgroups(host: ReadHost) -> CgroupsTraits:
    """Report the control groups where the init systems mount them. Source: cgroups(7), systemd's "cgroup delegation".

    Raises:
        UnavailableError: this is an image, or a file cannot be read.
    """
    if host.is_image():
        raise UnavailableError("an image has no control groups; they show on the machine that boots it")
    unified = host.read_text(f"{_MOUNT}/{_CONTROLLERS}")
    groups = parse_memberships(host.read_text(_MEMBERSHIPS) or "")
    if unified is not None:
        path = groups.get(UNIFIED, "/")
        return _traits(2, "unified", unified.split(), _limits_of_2(host, path), _limits_of_2(host, "/"))
    attached = parse_attached_controllers(host.read_text("/proc/cgroups") or "")
    if not attached or not host.list_directory(_MOUNT):
        nothing = CgroupLimits(path="", memory_bytes=None, pids=None)
        return _traits(0, "", (), nothing, nothing)
    is_hybrid = host.stat(f"{_MOUNT}/unified/{_CONTROLLERS}") is not None
    root = dict.fromkeys(groups, "/")
    return _traits(
        1, "hybrid" if is_hybrid else "legacy", attached, _limits_of_1(host, groups), _limits_of_1(host, root)
    )


def _traits(
    version: int, layout: str, controllers: list[str] | tuple[str, ...], agent: CgroupLimits, root: CgroupLimits
) -> CgroupsTraits:
    names = tuple(sorted(set(controllers)))[:_MOST_CONTROLLERS]
    return CgroupsTraits(version=version, layout=layout, controllers=names, agent=agent, root=root)


def _limits_of_2(host: ReadHost, path: str) -> CgroupLimits:
    return CgroupLimits(
        path=path,
        memory_bytes=_least(host, _MOUNT, path, "memory.max"),
        pids=_least(host, _MOUNT, path, "pids.max"),
    )


def _limits_of_1(host: ReadHost, groups: Mapping[str, str]) -> CgroupLimits:
    memory, pids = groups.get("memory", "/"), groups.get("pids", "/")
    return CgroupLimits(
        path=memory,
        memory_bytes=_least(host, f"{_MOUNT}/memory", memory, "memory.limit_in_bytes"),
        pids=_least(host, f"{_MOUNT}/pids", pids, "pids.max"),
    )


def _least(host: ReadHost, mount: str, path: str, name: str) -> int | None:
    """Return the least limit of a group and all around it; of the root of the whole machine there is no file."""
    return min(_limits(host, [f"{mount}{level}/{name}" for level in levels(path)]), default=None)


def _limits(host: ReadHost, paths: list[str]) -> Iterator[int]:
    for path in paths:
        limit = parse_limit(host.read_text(path) or "")
        if limit is not None:
            yield limit
