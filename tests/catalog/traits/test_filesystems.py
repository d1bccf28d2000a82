import pytest

from tests.catalog.traits.hosts import KERNEL, alpine, debian, image, redhat
from vigo.catalog.api import CommandResult
from vigo.catalog.traits.filesystems import Filesystem, FilesystemsTraits, collect_filesystems
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost

EXPECTED = FilesystemsTraits(
    mounted={
        "/": Filesystem(device="/dev/vda1", type="ext4", read_only=False, size_bytes=1_024_000, used_percent=75),
        "/srv/a b": Filesystem(device="/dev/vdb", type="xfs", read_only=True, size_bytes=2_048_000, used_percent=0),
    }
)


@pytest.mark.parametrize("host", [debian(), redhat(), alpine()], ids=["gnu", "one-denied", "busybox"])
def test_what_lasts_is_told_and_memory_is_not(host: FakeHost) -> None:
    assert collect_filesystems.collect(host) == EXPECTED


def test_without_df_it_is_unavailable() -> None:
    with pytest.raises(UnavailableError, match="there is no such program"):
        collect_filesystems.collect(FakeHost(KERNEL))


def test_a_df_that_tells_nothing_is_quoted() -> None:
    answers = dict.fromkeys(("df -P -k -l", "df -P -k"), CommandResult(1, stderr="df: no file systems processed"))
    with pytest.raises(UnavailableError, match="no file systems processed"):
        collect_filesystems.collect(FakeHost(KERNEL, answers=answers))


def test_an_image_has_none() -> None:
    with pytest.raises(UnavailableError, match="an image has no filesystems"):
        collect_filesystems.collect(image(KERNEL))
