"""Which of its caches apt-cache is told to do without, since as root it would write them anew."""

import pytest

from vigo.catalog.resources.packages.apt import policy_of
from vigo.testing.fake_host import FakeHost

LISTS, STATUS = "/var/lib/apt/lists/x_Packages", "/var/lib/dpkg/status"
LISTED, ALL = "/var/cache/apt/srcpkgcache.bin", "/var/cache/apt/pkgcache.bin"
NEITHER = "-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "
LISTED_ALONE = "-o Dir::Cache::pkgcache= "


@pytest.mark.parametrize(
    ("written", "without"),
    [
        ((LISTS, STATUS, LISTED, ALL), ""),
        ((LISTS, STATUS), NEITHER),
        ((LISTED, ALL, LISTS, STATUS), NEITHER),
        ((LISTS, LISTED, ALL, STATUS), LISTED_ALONE),
        ((LISTS, STATUS, LISTED), LISTED_ALONE),
        ((LISTS, STATUS, LISTED, ALL, "/etc/apt/sources.list"), NEITHER),
        ((LISTS, STATUS, LISTED, ALL, "/etc/apt/apt.conf.d/90x"), NEITHER),
    ],
)
def test_a_cache_that_is_older_than_what_it_is_made_of_is_left_alone(written: tuple[str, ...], without: str) -> None:
    question = f"apt-cache {without}policy -- vim"
    host = FakeHost(dict.fromkeys(written, ""), answers={question: "vim:\n"})
    for moment, path in enumerate(written):
        host.tree.touch(path, moment + 1)
        host.tree.touch(path.rpartition("/")[0], moment + 1)  # a new file shows in its folder
    assert policy_of(host, ["vim"]) == "vim:\n"
