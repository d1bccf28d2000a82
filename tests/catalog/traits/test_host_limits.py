from collections.abc import Callable

import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.host_limits import HostLimitsTraits, collect_host_limits
from vigo.catalog.traits.measured import settled
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

FILES: Files = {
    "/proc/sys/fs/file-nr": "20000\t0\t80000\n",
    "/proc/sys/kernel/pid_max": "32768\n",
    "/proc/sys/kernel/threads-max": "16384\n",
    "/proc/loadavg": "0.03 0.60 0.71 1/4096 27747\n",
    "/proc/vmstat": "pgfault 12345\noom_kill 3\nunevictable_pgs_culled 0\n",
    "/proc/sys/net/netfilter/nf_conntrack_count": "60000\n",
    "/proc/sys/net/netfilter/nf_conntrack_max": "65536\n",
}
# Linux 3.10 (Red Hat 7) counts no kills; 6.8 (Ubuntu 24) and 6.4 (SUSE 15.6) do, among many counters of like names;
# where the packet filter is not loaded (Alpine) no connections are followed.
RED_HAT_7: Files = {
    "/proc/sys/fs/file-nr": "1184\t0\t96605\n",
    "/proc/sys/kernel/pid_max": "131072\n",
    "/proc/sys/kernel/threads-max": "7183\n",
    "/proc/loadavg": "0.00 0.01 0.05 1/142 2153\n",
    "/proc/vmstat": "nr_free_pages 25327\nnr_alloc_batch 3123\npgfault 1990473\ncompact_stall 0\n",
    "/proc/sys/net/netfilter/nf_conntrack_count": "34\n",
    "/proc/sys/net/netfilter/nf_conntrack_max": "65536\n",
}
UBUNTU_24: Files = {
    "/proc/sys/fs/file-nr": "2976\t0\t9223372036854775807\n",
    "/proc/sys/kernel/pid_max": "4194304\n",
    "/proc/sys/kernel/threads-max": "63704\n",
    "/proc/loadavg": "12.23 9.60 6.03 5/31852 88731\n",
    "/proc/vmstat": "nr_free_pages 9\npgfault 9\noom_kill 2\nnuma_hit 1\ncompact_stall 0\nzswpin 0\n",
    "/proc/sys/net/netfilter/nf_conntrack_count": "262144\n",
    "/proc/sys/net/netfilter/nf_conntrack_max": "262144\n",
}
SUSE_15: Files = {
    "/proc/sys/fs/file-nr": "1600\t0\t3200\n",
    "/proc/sys/kernel/pid_max": "32768\n",
    "/proc/sys/kernel/threads-max": "30812\n",
    "/proc/loadavg": "0.10 0.20 0.30 2/308 1999\n",
    "/proc/vmstat": "pgmajfault 5\noom_kill 0\ndrop_pagecache 0\n",
}
ALPINE: Files = {
    "/proc/sys/fs/file-nr": "256\t0\t44951\n",
    "/proc/sys/kernel/pid_max": "32768\n",
    "/proc/sys/kernel/threads-max": "3541\n",
    "/proc/loadavg": "0.00 0.00 0.00 1/66 2201\n",
    "/proc/vmstat": "nr_free_pages 9\noom_kill 1\nballoon_inflate 0\nswap_ra 0\n",
}
UNTOLD = HostLimitsTraits(
    descriptors_used=None,
    descriptors_max=None,
    descriptors_used_percent=None,
    pids_used=None,
    pids_max=None,
    pids_used_percent=None,
    connections_used_percent=None,
    oom_kills=None,
)


@pytest.mark.parametrize("build", [debian, redhat, alpine])
def test_what_of_the_limits_is_used_is_told(build: Callable[[Files], FakeHost]) -> None:
    assert collect_host_limits.collect(build(FILES)) == HostLimitsTraits(
        descriptors_used=20_000,
        descriptors_max=80_000,
        descriptors_used_percent=25,
        pids_used=4096,
        pids_max=16_384,
        pids_used_percent=25,
        connections_used_percent=92,
        oom_kills=3,
    )


def test_a_limit_that_systemd_lifted_is_none() -> None:
    found = collect_host_limits.collect(debian({"/proc/sys/fs/file-nr": "1312\t0\t9223372036854775807\n"}))
    assert isinstance(found, HostLimitsTraits)
    assert (found.descriptors_used, found.descriptors_max, found.descriptors_used_percent) == (1312, None, None)


def test_a_little_more_or_less_is_no_news_and_a_kill_is() -> None:
    former = collect_host_limits.collect(debian(FILES)).as_values()
    found = {**former, "descriptors_used": 24_999, "pids_used": 4595, "pids_used_percent": 29, "oom_kills": 4}
    assert settled(HostLimitsTraits, found, former) == {**former, "oom_kills": 4}


@pytest.mark.parametrize("host", [FakeHost(), debian()])
def test_a_kernel_that_does_not_tell_is_told_as_such(host: FakeHost) -> None:
    assert collect_host_limits.collect(host) == UNTOLD


@pytest.mark.parametrize("path", ["/proc/sys/fs/file-nr", "/proc/vmstat", "/proc/sys/kernel/pid_max"])
def test_an_unreadable_file_is_told(path: str) -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_host_limits.collect(debian({**FILES, **unreadable(path)}))


def test_an_image_runs_no_kernel() -> None:
    with pytest.raises(UnavailableError, match="an image runs no kernel"):
        collect_host_limits.collect(image({**KERNEL, **FILES}))


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (RED_HAT_7, (1184, 96_605, 1, 142, 7183, 2, 0, None)),
        (UBUNTU_24, (2976, None, None, 31_852, 63_704, 50, 100, 2)),
        (SUSE_15, (1600, 3200, 50, 308, 30_812, 1, None, 0)),
        (ALPINE, (256, 44_951, 1, 66, 3541, 2, None, 1)),
    ],
    ids=["redhat-7", "ubuntu-24", "suse-15", "alpine"],
)
def test_the_kernels_of_all_distributions_tell_their_limits(files: Files, wanted: tuple[int | None, ...]) -> None:
    found = collect_host_limits.collect(FakeHost(files))
    assert isinstance(found, HostLimitsTraits)
    assert tuple(found.as_values().values()) == wanted
