"""The trait set `containers`."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.container_runtimes import is_container_id, parse_docker_data
from vigo.core.errors import UnavailableError

_DOCKER_SETTINGS = "/etc/docker/daemon.json"
_DOCKER_TASKS = "/run/docker"
_STORAGE = "/var/lib/containers/storage"
_TASKS = ("/run/crun", "/run/runc")
_CONTAINERD_TASKS = (
    "/run/containerd/io.containerd.runtime.v2.task",
    "/run/containerd/io.containerd.runtime.v1.linux",
)
_OF_DOCKER = "moby"
_LXC = "/var/lib/lxc"
_LXC_GROUPS = (
    *("/sys/fs/cgroup/lxc.payload.", "/sys/fs/cgroup/lxc/"),
    *("/sys/fs/cgroup/pids/lxc.payload.", "/sys/fs/cgroup/pids/lxc/"),
)
_MOST_LOOKED_AT = 2000


class ContainerRuntime(msgspec.Struct, frozen=True, kw_only=True):
    """A program that runs containers, and what its files tell of them. None is what they do not tell."""

    containers: Annotated[
        int | None, field("Number of containers that it has, running or not; containerd's files do not tell.")
    ]
    running: Annotated[int | None, field("Number of those that run; none in an image.", example=3)]


class ContainersTraits(TraitSet, frozen=True, kw_only=True):
    """The runtimes of containers on the host. Containers of users (rootless ones) are not counted.

    Podman and CRI-O keep their containers in one place: where a host has both, each is told with the sum.
    """

    runtimes: Annotated[
        dict[str, ContainerRuntime],
        field("Runtimes whose program is there: containerd, cri-o, docker, lxc, podman.", example={}),
    ]


@collector("containers", every=timedelta(minutes=30), timeout=timedelta(seconds=5))
def collect_containers(host: ReadHost) -> ContainersTraits:
    """Report the runtimes by their programs and the folders in which each keeps its containers; no socket is asked.

    Raises:
        UnavailableError: a folder is there and cannot be read, or Docker's settings are damaged.
    """
    found = {name: count(host) for name, (program, count) in _RUNTIMES.items() if host.has_program(program)}
    return ContainersTraits(runtimes=found)


def _docker(host: ReadHost) -> ContainerRuntime:
    data = parse_docker_data(host.read_text(_DOCKER_SETTINGS) or "")
    if data is None:
        raise UnavailableError(f"{_DOCKER_SETTINGS}: expected JSON with an absolute data-root or none; correct it")
    tasks = [name for name in _names(host, _DOCKER_TASKS) if name.startswith("runtime-")]
    return ContainerRuntime(
        containers=_ids(host, f"{data}/containers"),
        running=_running(host, *(f"{_DOCKER_TASKS}/{name}/{_OF_DOCKER}" for name in tasks)),
    )


def _containers_storage(host: ReadHost) -> ContainerRuntime:
    """Return the counts of what Podman and CRI-O keep. Source: containers-storage.conf(5)."""
    kept = [name for name in _names(host, _STORAGE) if name.endswith("-containers")]
    return ContainerRuntime(
        containers=sum(_ids(host, f"{_STORAGE}/{name}") for name in kept), running=_running(host, *_TASKS)
    )


def _containerd(host: ReadHost) -> ContainerRuntime:
    if host.is_image():
        return ContainerRuntime(containers=None, running=None)
    spaces = [(folder, name) for folder in _CONTAINERD_TASKS for name in _names(host, folder) if name != _OF_DOCKER]
    return ContainerRuntime(
        containers=None, running=sum(len(_names(host, f"{folder}/{name}")) for folder, name in spaces)
    )


def _lxc(host: ReadHost) -> ContainerRuntime:
    names = [name for name in _names(host, _LXC)[:_MOST_LOOKED_AT] if host.stat(f"{_LXC}/{name}/config") is not None]
    running = None if host.is_image() else sum(_has_group(host, name) for name in names)
    return ContainerRuntime(containers=len(names), running=running)


_RUNTIMES: dict[str, tuple[str, Callable[[ReadHost], ContainerRuntime]]] = {
    "containerd": ("containerd", _containerd),
    "cri-o": ("crio", _containers_storage),
    # Red Hat's package podman-docker brings a program `docker` too.
    "docker": ("dockerd", _docker),
    "lxc": ("lxc-start", _lxc),
    "podman": ("podman", _containers_storage),
}


def _running(host: ReadHost, *folders: str) -> int | None:
    return None if host.is_image() else sum(_ids(host, folder) for folder in folders)


def _ids(host: ReadHost, folder: str) -> int:
    return sum(map(is_container_id, _names(host, folder)))


def _names(host: ReadHost, folder: str) -> tuple[str, ...]:
    return host.list_directory(folder) or ()


def _has_group(host: ReadHost, name: str) -> bool:
    """Return whether a container has a control group, which LXC makes at its start and takes away at its end."""
    return any(host.stat(f"{folder}{name}") is not None for folder in _LXC_GROUPS)
