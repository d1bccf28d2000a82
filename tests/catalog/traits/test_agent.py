import pytest

import vigo
from tests.catalog.traits.hosts import debian, image
from vigo.catalog.traits.agent import AgentTraits, collect_agent
from vigo.testing.fake_host import FakeHost

# /proc/self/status and /proc/self/stat of Linux 3.10 (Red Hat 7), 5.14 (Red Hat 9), 6.1 (Debian 12), 6.4 (SUSE 15.6)
# and 6.6 in a container (Alpine 3.19): each has lines that the others have not.
RED_HAT_7 = (
    (
        "Name:\tvigo\nState:\tR (running)\nTgid:\t1211\nNgid:\t0\nPid:\t1211\nPPid:\t1\nTracerPid:\t0\n"
        "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t64\nGroups:\t\nVmPeak:\t  250112 kB\nVmSize:\t  250112 kB\n"
        "VmLck:\t       0 kB\nVmPin:\t       0 kB\nVmHWM:\t   41000 kB\nVmRSS:\t   40004 kB\nRssAnon:\t   30000 kB\n"
        "RssFile:\t   10004 kB\nRssShmem:\t       0 kB\nVmData:\t   60000 kB\nThreads:\t3\nSigQ:\t0/7183\n"
    ),
    (
        "1211 (vigo) R 1 1211 1211 0 -1 4202752 11203 0 12 0 6123 1207 0 0 20 0 3 0 1571 256114688 10001"
        " 18446744073709551615 4194304 4196604 140731300118352 140731300117272 140183187417395 0 0 16781312 16386 0 0 0"
        " 17 1 0 0 4 0 0 6294000 6294632 24768512 140731300122343 140731300122382 140731300122382 140731300122604 0\n"
    ),
)
RED_HAT_9 = (
    (
        "Name:\tvigo\nUmask:\t0022\nState:\tR (running)\nTgid:\t890\nVmPeak:\t  300100 kB\nVmRSS:\t   51200 kB\n"
        "RssAnon:\t   40000 kB\nHugetlbPages:\t       0 kB\nCoreDumping:\t0\nTHP_enabled:\t1\nThreads:\t2\n"
        "Seccomp:\t0\nSeccomp_filters:\t0\nSpeculation_Store_Bypass:\tthread vulnerable\n"
    ),
    (
        "890 (vigo) R 1 890 890 0 -1 4194560 20120 311 0 0 199 50 1 0 20 0 2 0 812 307302400 12800 18446744073709551615"
        " 1 1 0 0 0 0 0 16781312 16386 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
    ),
)
DEBIAN_12 = (
    (
        "Name:\tvigo\nUmask:\t0022\nState:\tS (sleeping)\nVmRSS:\t   38912 kB\nRssShmem:\t       0 kB\n"
        "untag_mask:\t0xffffffffffffffff\nx86_Thread_features:\t\nMems_allowed_list:\t0\n"
    ),
    "441 (vigo) S 1 441 441 0 -1 4194560 9050 0 0 0 59 12 0 0 20 0 4 0 250 102400000 9728 18446744073709551615\n",
)
SUSE_15 = (
    "Name:\tvigo\nNSpid:\t700\nVmRSS:\t   39000 kB\nNoNewPrivs:\t0\n",
    "700 (vigo) S 1 700 700 0 -1 4194560 1 0 0 0 99 1 0 0\n",
)
ALPINE = ("Name:\tpython3\nNStgid:\t1\nVmRSS:\t   29440 kB\n", "1 (python3) R 0 1 1 34816 1 4194560 1 0 0 0 20 9 0 0\n")


def test_the_agent_tells_its_version_and_what_it_uses() -> None:
    assert collect_agent.collect(debian()) == AgentTraits(
        version=vigo.__version__, memory_bytes=30_720_000, cpu_seconds=2
    )


def test_in_an_image_its_use_is_not_known() -> None:
    assert collect_agent.collect(image()) == AgentTraits(version=vigo.__version__, memory_bytes=None, cpu_seconds=None)


@pytest.mark.parametrize(
    ("files", "memory_kilobytes", "cpu_seconds"),
    [
        (RED_HAT_7, 40_004, 73),
        (RED_HAT_9, 51_200, 2),
        (DEBIAN_12, 38_912, 0),
        (SUSE_15, 39_000, 1),
        (ALPINE, 29_440, 0),
    ],
    ids=["redhat-7", "redhat-9", "debian-12", "suse-15", "alpine"],
)
def test_the_kernels_of_all_distributions_tell_its_use(
    files: tuple[str, str], memory_kilobytes: int, cpu_seconds: int
) -> None:
    status, stat = files
    host = FakeHost({"/proc/self/status": status, "/proc/self/stat": stat})
    assert collect_agent.collect(host) == AgentTraits(
        version=vigo.__version__, memory_bytes=memory_kilobytes * 1024, cpu_seconds=cpu_seconds
    )


@pytest.mark.parametrize("files", [("", ""), ("Name:\tvigo\n", "1 (vigo"), ("VmRSS:\t x kB\n", "nothing\n")])
def test_what_a_kernel_does_not_tell_is_not_known(files: tuple[str, str]) -> None:
    host = FakeHost({"/proc/self/status": files[0], "/proc/self/stat": files[1]})
    found = collect_agent.collect(host)
    assert found == AgentTraits(version=vigo.__version__, memory_bytes=None, cpu_seconds=None)
