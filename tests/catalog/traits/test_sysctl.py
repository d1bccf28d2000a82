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
