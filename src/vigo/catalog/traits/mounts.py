"""The trait set `mounts`."""

from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.addresses import without_credentials
from vigo.catalog.formats.boot_mounts import parse_boot_mounts
from vigo.catalog.formats.mounts import MountedFilesystem, parse_mounts
from vigo.core.errors import UnavailableError

_MOST = 200
_PASSING_PATHS = (
    "/run/containerd/",
    "/run/credentials/",
    "/run/docker/",
    "/run/netns/",
    "/run/snapd/ns/",
    "/run/user/",
    "/var/lib/containerd/",
    "/var/lib/containers/",
    "/var/lib/docker/",
    "/var/lib/kubelet/",
    "/var/lib/machines/",
)
"""Where containers, services and log-ins mount what comes and goes with them."""
_LAYERS = ("lowerdir", "upperdir", "workdir")
_SECRETS = ("pass", "password", "password2", "secret", "credentials", "cred")


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """What is mounted at one path; of several on top of each other the last."""

    device: Annotated[str, field("Device or source; credentials in an address are `***`.", example="/dev/vda1")]
    type: Annotated[str, field("Type of the filesystem as the kernel names it.", example="ext4")]
    options: Annotated[
        tuple[str, ...],
        field("Options as the kernel has them, without the folders of an overlay.", example=["rw", "relatime"]),
    ]
    at_boot: Annotated[bool, field("Whether /etc/fstab has a line for this path.")]


class MountsTraits(TraitSet, frozen=True, kw_only=True):
    """What is mounted, the kernel's own filesystems too; without what containers, services and log-ins bring along."""

    mounted: Annotated[dict[str, Mount], field("Mounts by path, the first 200.")]
    count: Annotated[int, field("Number of all such paths.", example=24)]
    missing: Annotated[
        tuple[str, ...], field("Paths that the boot mounts by /etc/fstab and that are not mounted now, sorted.")
    ]


@collector("mounts", every=timedelta(minutes=15), timeout=timedelta(seconds=5))
def collect_mounts(host: ReadHost) -> MountsTraits:
    """Report the mounts. Source: proc_pid_mounts(5), fstab(5).

    Raises:
        UnavailableError: this is an image, or the kernel does not tell.
    """
    if host.is_image():
        raise UnavailableError("an image has no mounts of its own; they show on the machine that boots it")
    text = host.read_text("/proc/mounts")
    if text is None:
        raise UnavailableError("expected /proc/mounts, found none; mount /proc")
    everything = {mount.path: mount for mount in parse_mounts(text)}
    at_boot = parse_boot_mounts(host.read_text("/etc/fstab") or "")
    lasting = sorted(path for path in everything if not path.startswith(_PASSING_PATHS))
    return MountsTraits(
        mounted={path: _mount(everything[path], at_boot=path in at_boot) for path in lasting[:_MOST]},
        count=len(lasting),
        missing=tuple(
            sorted(path for path, mount in at_boot.items() if mount.is_automatic and path not in everything)[:_MOST]
        ),
    )


def _mount(mount: MountedFilesystem, *, at_boot: bool) -> Mount:
    hidden = (*_SECRETS, *_LAYERS)
    return Mount(
        device=without_credentials(mount.device),
        type=mount.type,
        options=tuple(option for option in mount.options if option.partition("=")[0].rstrip("+") not in hidden),
        at_boot=at_boot,
    )
