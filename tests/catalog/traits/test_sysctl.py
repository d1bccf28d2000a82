from collections.abc import Callable

import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.formats.sysctl_settings import check_key
from vigo.catalog.traits.sysctl import KEYS, SysctlTraits, collect_sysctl
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

FILES: Files = {
    "/proc/sys/net/ipv4/ip_forward": "0\n",
    "/proc/sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
    "/proc/sys/net/ipv4/conf/all/rp_filter": "2\n",
    "/proc/sys/net/bridge/bridge-nf-call-iptables": "1\n",
    "/proc/sys/kernel/core_pattern": "|/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h\n",
    "/proc/sys/kernel/hostname": "web-1\n",
}

# What each distribution's kernel has of the list, some with a value that its own settings gave, on a fresh machine.
UBUNTU_24: Files = {
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n",
    "/proc/sys/kernel/core_pattern": "|/usr/share/apport/apport -p%p -s%s -c%c -d%d -P%P -u%u -g%g -- %E\n",
    "/proc/sys/kernel/io_uring_disabled": "0\n",
    "/proc/sys/kernel/kptr_restrict": "1\n",
    "/proc/sys/kernel/pid_max": "4194304\n",
    "/proc/sys/kernel/sysrq": "176\n",
    "/proc/sys/kernel/unprivileged_userns_clone": "1\n",
    "/proc/sys/kernel/yama/ptrace_scope": "1\n",
    "/proc/sys/net/core/default_qdisc": "fq_codel\n",
    "/proc/sys/net/ipv4/tcp_rmem": "4096\t131072\t6291456\n",
    "/proc/sys/fs/nr_open": "1048576\n",
    "/proc/sys/vm/max_map_count": "1048576\n",
}
RED_HAT_9: Files = {
    "/proc/sys/fs/file-max": "9223372036854775807\n",
    "/proc/sys/kernel/core_pattern": "|/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h\n",
    "/proc/sys/kernel/kexec_load_disabled": "0\n",
    "/proc/sys/kernel/unprivileged_bpf_disabled": "2\n",
    "/proc/sys/kernel/yama/ptrace_scope": "0\n",
    "/proc/sys/net/ipv4/conf/all/rp_filter": "0\n",
    "/proc/sys/net/ipv4/conf/default/rp_filter": "1\n",
    "/proc/sys/user/max_user_namespaces": "14512\n",
}
RED_HAT_7: Files = {
    "/proc/sys/fs/file-max": "96605\n",
    "/proc/sys/fs/protected_hardlinks": "1\n",
    "/proc/sys/kernel/core_pattern": "core\n",
    "/proc/sys/kernel/pid_max": "32768\n",
    "/proc/sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
    "/proc/sys/vm/overcommit_ratio": "50\n",
}
SUSE_15: Files = {
    "/proc/sys/kernel/core_pattern": "|/bin/false\n",
    "/proc/sys/kernel/sysrq": "184\n",
    "/proc/sys/net/ipv4/conf/all/log_martians": "0\n",
    "/proc/sys/net/ipv6/conf/default/accept_ra": "1\n",
}
# Without Yama, with a value that nobody has set, and in a container that has but its own part of the network.
ALPINE: Files = {
    "/proc/sys/kernel/core_pattern": "\n",
    "/proc/sys/kernel/unprivileged_bpf_disabled": "2\n",
    "/proc/sys/net/ipv4/tcp_congestion_control": "cubic\n",
    "/proc/sys/net/ipv4/ip_unprivileged_port_start": "0\n",
}


@pytest.mark.parametrize("build", [debian, redhat, alpine])
def test_chosen_parameters_are_told_as_the_kernel_has_them(build: Callable[[Files], FakeHost]) -> None:
    assert collect_sysctl.collect(build(FILES)) == SysctlTraits(
        values={
            "kernel.core_pattern": "|/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h",
            "net.bridge.bridge-nf-call-iptables": "1",
            "net.ipv4.conf.all.rp_filter": "2",
            "net.ipv4.ip_forward": "0",
            "net.ipv4.ip_local_port_range": "32768 60999",
        },
        unreadable=(),
    )


def test_the_list_names_each_parameter_once_and_as_resources_name_them() -> None:
    assert len(set(KEYS)) == len(KEYS)
    for key in KEYS:
        check_key("key", key)


def test_what_may_not_be_read_is_named_and_the_rest_is_told() -> None:
    files: Files = {**FILES, **unreadable("/proc/sys/fs/protected_symlinks")}
    found = collect_sysctl.collect(debian(files))
    assert isinstance(found, SysctlTraits)
    assert found.unreadable == ("fs.protected_symlinks",)
    assert found.values["net.ipv4.ip_forward"] == "0"


def test_a_long_value_is_cut() -> None:
    found = collect_sysctl.collect(debian({"/proc/sys/kernel/core_pattern": "x" * 5000}))
    assert isinstance(found, SysctlTraits)
    assert len(found.values["kernel.core_pattern"]) == 200


def test_a_host_without_the_folder_has_none() -> None:
    assert collect_sysctl.collect(FakeHost()) == SysctlTraits(values={}, unreadable=())


def test_an_image_runs_no_kernel() -> None:
    with pytest.raises(UnavailableError, match="an image runs no kernel"):
        collect_sysctl.collect(image({**KERNEL, **FILES}))


@pytest.mark.parametrize(
    "files",
    [UBUNTU_24, RED_HAT_9, RED_HAT_7, SUSE_15, ALPINE],
    ids=["ubuntu-24", "redhat-9", "redhat-7", "suse-15", "alpine"],
)
def test_each_distribution_has_its_own_parameters_and_none_is_missed(files: Files) -> None:
    found = collect_sysctl.collect(FakeHost(files))
    wanted = {
        path.removeprefix("/proc/sys/").replace("/", "."): " ".join(str(text).split()) for path, text in files.items()
    }
    assert found == SysctlTraits(values=dict(sorted(wanted.items())), unreadable=())
