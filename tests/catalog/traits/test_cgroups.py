import pytest

from tests.catalog.traits.hosts import KERNEL, Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.traits.cgroups import CgroupLimits, CgroupsTraits, collect_cgroups
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

ROOT = CgroupLimits(path="/", memory_bytes=None, pids=None)
OLD_TABLE = (
    "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t3\t1\t1\nmemory\t4\t16\t1\npids\t8\t1\t1\nrdma\t0\t1\t1\n"
)
NO_LIMIT = "9223372036854771712\n"


def collected(host: FakeHost) -> CgroupsTraits:
    found = collect_cgroups.collect(host)
    assert isinstance(found, CgroupsTraits)
    return found


def test_the_least_limit_around_the_agent_of_debian_holds() -> None:
    files: Files = {
        "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
        "/proc/self/cgroup": "0::/system.slice/vigo.service\n",
        "/sys/fs/cgroup/system.slice/memory.max": "1073741824\n",
        "/sys/fs/cgroup/system.slice/pids.max": "max\n",
        "/sys/fs/cgroup/system.slice/vigo.service/memory.max": "2147483648\n",
        "/sys/fs/cgroup/system.slice/vigo.service/pids.max": "4915\n",
    }
    assert collected(debian(files)) == CgroupsTraits(
        version=2,
        layout="unified",
        controllers=("cpu", "cpuset", "io", "memory", "pids"),
        agent=CgroupLimits(path="/system.slice/vigo.service", memory_bytes=1_073_741_824, pids=4915),
        root=ROOT,
    )


def test_the_former_version_of_red_hat_has_a_folder_for_each_controller() -> None:
    files: Files = {
        "/proc/cgroups": OLD_TABLE,
        "/proc/self/cgroup": "8:pids:/system.slice\n4:memory:/system.slice/vigo.service\n1:name=systemd:/x\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": NO_LIMIT,
        "/sys/fs/cgroup/memory/system.slice/vigo.service/memory.limit_in_bytes": "536870912\n",
        "/sys/fs/cgroup/pids/system.slice/pids.max": "100\n",
        "/sys/fs/cgroup/pids/pids.max": "200\n",
    }
    found = collected(redhat(files))
    assert found == CgroupsTraits(
        version=1,
        layout="legacy",
        controllers=("cpu", "memory", "pids"),
        agent=CgroupLimits(path="/system.slice/vigo.service", memory_bytes=536_870_912, pids=100),
        root=CgroupLimits(path="/", memory_bytes=None, pids=200),
    )
    hybrid: Files = {**files, "/sys/fs/cgroup/unified/cgroup.controllers": "\n"}
    assert collected(redhat(hybrid)).layout == "hybrid"


def test_a_container_of_alpine_has_its_own_limits_at_the_root() -> None:
    files: Files = {
        "/sys/fs/cgroup/cgroup.controllers": "memory pids\n",
        "/proc/self/cgroup": "0::/\n",
        "/sys/fs/cgroup/memory.max": "268435456\n",
        "/sys/fs/cgroup/pids.max": "64\n",
    }
    found = collected(alpine(files))
    assert found.root == found.agent == CgroupLimits(path="/", memory_bytes=268_435_456, pids=64)


@pytest.mark.parametrize(
    "host",
    [FakeHost(), debian(), alpine({"/proc/cgroups": OLD_TABLE, "/sys/fs/cgroup": FakeNode.directory()})],
)
def test_where_nothing_is_mounted_there_are_no_groups(host: FakeHost) -> None:
    nothing = CgroupLimits(path="", memory_bytes=None, pids=None)
    assert collected(host) == CgroupsTraits(version=0, layout="", controllers=(), agent=nothing, root=nothing)


def test_an_unreadable_limit_is_told() -> None:
    files: Files = {"/sys/fs/cgroup/cgroup.controllers": "memory\n", **unreadable("/sys/fs/cgroup/memory.max")}
    with pytest.raises(UnavailableError, match="permission denied"):
        collected(debian(files))


def test_an_image_has_no_groups() -> None:
    with pytest.raises(UnavailableError, match="an image has no control groups"):
        collected(image(KERNEL))
