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
