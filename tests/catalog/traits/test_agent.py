import pytest

import vigo
from tests.catalog.traits.hosts import debian, image
from vigo.catalog.traits.agent import AgentTraits, collect_agent
from vigo.testing.fake_host import FakeHost


def test_the_agent_tells_its_version_and_what_it_uses() -> None:
    assert collect_agent.collect(debian()) == AgentTraits(
        version=vigo.__version__, memory_bytes=30_720_000, cpu_seconds=2
    )


def test_in_an_image_its_use_is_not_known() -> None:
    assert collect_agent.collect(image()) == AgentTraits(version=vigo.__version__, memory_bytes=None, cpu_seconds=None)


# As Linux 6.1 of Debian 12, 4.18 of Rocky Linux 8 and 6.6 of Alpine 3.19 print them, the first in part.
STATUS = {
    "debian": "Name:\tvigo\nUmask:\t0022\nState:\tS (sleeping)\nVmPeak:\t  101000 kB\nVmHWM:\t   45000 kB\n"
    "VmRSS:\t   40960 kB\nRssAnon:\t   24000 kB\nCoreDumping:\t0\nTHP_enabled:\t1\nSeccomp_filters:\t0\n",
    "rocky": "Name:\tvigo\nState:\tS (sleeping)\nNgid:\t0\nVmRSS:\t    40960 kB\n"
    "Speculation_Store_Bypass:\tthread vulnerable\n",
    "alpine": "Name:\tpython3\nUmask:\t0022\nVmRSS:\t   40960 kB\nVmSwap:\t       0 kB\n"
    "untag_mask:\t0xffffffffffffffff\n",
}
STAT = {
    "debian": "812 (vigo) S 1 812 812 0 -1 4194560 9120 0 12 0 1234 266 3 4 20 0 3 0 1100 1 2 18446744073709551615 1"
    " 1 0 0 0 0 0 16781312 16386 0 0 0 17 1 0 0 0 0 0 1 1 1 1 1 1 1 0\n",
    "rocky": "99 (vi (go)) S 1 99 99 0 -1 4194560 1 0 0 0 1234 266 0 0 20 0 3 0 1 1 2 3 1 1 0 0 0 0 0 1 1 0 0 0 17"
    " 0 0 0 0 0 0 1 1 1 1 1 1 1 0\n",
    "alpine": "7 (python3) R 1 7 7 0 -1 4194304 1 0 0 0 1234 266 0 0 20 0 1 0 1 1 2 3 1 1 0 0 0 0 0 16781312 2 0 0 0"
    " 17 0 0 0 0 0 0 1 1 1 1 1 1 1 0\n",
}


@pytest.mark.parametrize("name", STATUS)
def test_every_kernel_is_read(name: str) -> None:
    found = collect_agent.collect(FakeHost({"/proc/self/status": STATUS[name], "/proc/self/stat": STAT[name]}))
    assert found == AgentTraits(version=vigo.__version__, memory_bytes=40_960 * 1024, cpu_seconds=15)
