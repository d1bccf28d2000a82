"""The trait set `sysctl`."""

from datetime import timedelta
from typing import Annotated

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.sysctl_settings import live_path
from vigo.core.errors import UnavailableError

_LONGEST = 200
_OF_INTERFACES_4 = (
    *("accept_redirects", "accept_source_route", "log_martians", "rp_filter", "secure_redirects", "send_redirects"),
)
_OF_INTERFACES_6 = ("accept_ra", "accept_redirects", "accept_source_route", "disable_ipv6", "forwarding")
_SCOPES = ("all", "default")
KEYS = (
    *("fs.aio-max-nr", "fs.file-max", "fs.inotify.max_user_instances", "fs.inotify.max_user_watches", "fs.nr_open"),
    *("fs.protected_fifos", "fs.protected_hardlinks", "fs.protected_regular", "fs.protected_symlinks"),
    *("fs.suid_dumpable", "kernel.apparmor_restrict_unprivileged_userns", "kernel.core_pattern"),
    *("kernel.dmesg_restrict", "kernel.io_uring_disabled", "kernel.kexec_load_disabled", "kernel.kptr_restrict"),
    *("kernel.modules_disabled", "kernel.panic", "kernel.panic_on_oops", "kernel.perf_event_paranoid"),
    *("kernel.pid_max", "kernel.randomize_va_space", "kernel.sysrq", "kernel.threads-max"),
    *("kernel.unprivileged_bpf_disabled", "kernel.unprivileged_userns_clone", "kernel.yama.ptrace_scope"),
    *("net.bridge.bridge-nf-call-ip6tables", "net.bridge.bridge-nf-call-iptables", "net.core.bpf_jit_harden"),
    *("net.core.default_qdisc", "net.core.netdev_max_backlog", "net.core.rmem_max", "net.core.somaxconn"),
    *("net.core.wmem_max", "net.ipv4.icmp_echo_ignore_broadcasts", "net.ipv4.icmp_ignore_bogus_error_responses"),
    *("net.ipv4.ip_forward", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"),
    *("net.ipv4.tcp_congestion_control", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_time"),
    *("net.ipv4.tcp_max_syn_backlog", "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_timestamps"),
    *("net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_wmem", "net.netfilter.nf_conntrack_max", "user.max_user_namespaces"),
    *("vm.dirty_background_ratio", "vm.dirty_ratio", "vm.max_map_count", "vm.mmap_min_addr", "vm.overcommit_memory"),
    *("vm.overcommit_ratio", "vm.panic_on_oom", "vm.swappiness", "vm.unprivileged_userfaultfd"),
    *(f"net.ipv4.conf.{scope}.{name}" for scope in _SCOPES for name in _OF_INTERFACES_4),
    *(f"net.ipv6.conf.{scope}.{name}" for scope in _SCOPES for name in _OF_INTERFACES_6),
)
"""What guides for hardening and for servers under load ask for. No key here holds a secret or a moving value."""


class SysctlTraits(TraitSet, frozen=True, kw_only=True):
    """Kernel parameters that matter to security, networking and limits, as the kernel has them now."""

    values: Annotated[
        dict[str, str],
        field(
            "Values by the dotted name of the parameter, columns with one blank between; without those that the kernel"
            " does not have.",
            example={"net.ipv4.ip_forward": "0"},
        ),
    ]
    unreadable: Annotated[
        tuple[str, ...],
        field("Parameters that are there and that this agent may not read, as in some containers, sorted."),
    ]


@collector("sysctl", every=timedelta(hours=1), timeout=timedelta(seconds=5))
def collect_sysctl(host: ReadHost) -> SysctlTraits:
    """Report the parameters. Source: sysctl(8), the kernel's admin-guide/sysctl.

    Raises:
        UnavailableError: this is an image.
    """
    if host.is_image():
        raise UnavailableError("an image runs no kernel; its parameters show on the machine that boots it")
    values: dict[str, str] = {}
    unreadable: list[str] = []
    for key in sorted(KEYS):
        try:
            text = host.read_text(live_path(key))
        except UnavailableError:
            unreadable.append(key)
            continue
        if text is not None:
            values[key] = " ".join(text.split())[:_LONGEST]
    return SysctlTraits(values=values, unreadable=tuple(unreadable))
