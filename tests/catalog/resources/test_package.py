"""What the kind `package` does that no case can say: what comes after something else."""

import pytest

from vigo.catalog.ops import Op, WriteFile
from vigo.catalog.resources.packages.package import Package, PackageSpec
from vigo.core.errors import BlockedError
from vigo.testing.fake_host import FakeHost
from vigo.testing.fake_packages import FakePackages

KIND = Package()
LISTS = {"/var/lib/apt/lists/index": "x", "/etc/apt/sources.list.d/a.sources": "", "/etc/apt/keyrings/a.gpg": ""}


def planned(spec: PackageSpec, host: FakeHost) -> list[Op]:
    return list(KIND.plan(spec, KIND.observe(spec, host)))


@pytest.mark.parametrize("path", ["/etc/apt/sources.list.d/a.sources", "/etc/apt/sources.list.d/b.list"])
def test_a_repository_that_changed_since_has_the_index_fetched_before_the_next_installation(path: str) -> None:
    host = FakeHost(LISTS, tools=[FakePackages("apt", {"curl": "1"}, {"nginx": "1"})])
    spec = PackageSpec(package="nginx")
    assert len(planned(spec, host)) == 1
    host.apply(WriteFile(path=path, content=b"URIs: x\n"))
    refresh, install = planned(spec, host)
    assert refresh.only_checks
    assert refresh.changes == ()
    assert install.changes == ("state",)
    host.apply(refresh)
    assert planned(spec, host) == [install]


def test_no_index_is_fetched_for_what_is_there_or_shall_go() -> None:
    host = FakeHost({}, tools=[FakePackages("apt", {"curl": "1"}, {})])
    assert planned(PackageSpec(package="curl"), host) == []
    assert [op.only_checks for op in planned(PackageSpec(package="curl", state="absent"), host)] == [False]


def test_apk_installs_first_and_says_that_it_holds_once_the_version_is_known() -> None:
    database = "P:curl\nV:8.1-r0\n\n"
    tool = FakePackages("apk", {"curl": "8.1-r0"}, {"nginx": "1.24-r1"})
    host = FakeHost({"/lib/apk/db/installed": database, "/etc/apk/world": "curl\n"}, tools=[tool])
    spec = PackageSpec(package="nginx", hold=True)
    ops: list[Op] = []
    with pytest.raises(BlockedError, match="the next run holds it"):
        ops.extend(KIND.plan(spec, KIND.observe(spec, host)))
    for op in ops:
        host.apply(op)
    for op in planned(spec, host):
        host.apply(op)
    assert planned(spec, host) == []
    assert host.read_text("/etc/apk/world") == "curl\nnginx=1.24-r1\n"
