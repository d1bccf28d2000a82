"""The trait set `selinux`."""

from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import EVERY_CYCLE, ReadHost, TraitSet, collector, field
from vigo.catalog.formats.numbers import whole_number
from vigo.catalog.formats.selinux import parse_selinux_config, selinux_kernel_options

_KERNEL = "/sys/fs/selinux"
_CONFIG = "/etc/selinux/config"
_RUNNING_MODES = {"1": "enforcing", "0": "permissive"}


class SelinuxTraits(TraitSet, frozen=True, kw_only=True):
    """The mode of SELinux now and at the next boot."""

    present: Annotated[bool, field("Whether the kernel runs SELinux or the host has its settings.")]
    mode: Annotated[
        str,
        field("Mode now: enforcing, permissive, or disabled where the kernel does not run it; empty in an image."),
    ]
    boot_mode: Annotated[
        str,
        field("Mode that the settings have for a boot; empty where they have none.", example="enforcing"),
    ]
    policy: Annotated[str, field("Policy that a boot loads; empty without settings.", example="targeted")]
    policy_version: Annotated[
        int | None, field("Highest format of policies that the kernel takes; none where it does not run.", example=33)
    ]
    kernel_options: Annotated[
        tuple[str, ...],
        field("Words of this boot's command line that overrule the settings, at most 10.", example=["enforcing=0"]),
    ]


@collector("selinux", every=EVERY_CYCLE, timeout=timedelta(seconds=5))
def collect_selinux(host: ReadHost) -> SelinuxTraits:
    """Report SELinux: the kernel's file system is there exactly while it runs. Source: selinux(8).

    Raises:
        UnavailableError: one of the files cannot be read.
    """
    text = host.read_text(_CONFIG)
    config = parse_selinux_config(text or "")
    told = None if host.is_image() else host.read_text(f"{_KERNEL}/enforce")
    now = "" if host.is_image() else "disabled" if told is None else _RUNNING_MODES.get(told.strip(), "")
    return SelinuxTraits(
        present=text is not None or told is not None,
        mode=now,
        boot_mode=config.mode,
        policy=config.policy,
        policy_version=None if told is None else whole_number(host.read_text(f"{_KERNEL}/policyvers") or ""),
        kernel_options=() if host.is_image() else selinux_kernel_options(host.read_text("/proc/cmdline") or ""),
    )
