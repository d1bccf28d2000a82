from collections.abc import Iterator
from pathlib import Path

import pytest

from vigo.agent.watching.inotify_folders import InotifyFolders

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[InotifyFolders]:
    (tmp_path / "etc").mkdir()
    made = InotifyFolders(str(tmp_path))
    yield made
    made.close()


def names(folders: InotifyFolders) -> set[str]:
    return {event.name for event in folders.read()}


def test_what_comes_goes_and_is_written_is_told_by_name(folders: InotifyFolders, tmp_path: Path) -> None:
    handle = folders.add("/etc")
    (tmp_path / "etc/written").write_text("x")
    (tmp_path / "etc/written").chmod(0o600)
    (tmp_path / "etc/written").rename(tmp_path / "etc/renamed")
    assert {(event.handle, event.name) for event in folders.read()} == {(handle, "written"), (handle, "renamed")}
    (tmp_path / "etc/renamed").unlink()
    assert names(folders) == {"renamed"}
    assert names(folders) == set()


def test_reading_is_no_change(folders: InotifyFolders, tmp_path: Path) -> None:
    (tmp_path / "etc/conf").write_text("x")
    folders.add("/etc")
    (tmp_path / "etc/conf").read_text()
    (tmp_path / "etc/conf").stat()
    assert names(folders) == set()


def test_a_folder_that_is_watched_keeps_its_handle_and_another_in_its_place_has_another(
    folders: InotifyFolders, tmp_path: Path
) -> None:
    handle = folders.add("/etc")
    assert folders.add("/etc") == handle
    (tmp_path / "etc").rename(tmp_path / "gone")
    assert any(event.is_lost and event.handle == handle for event in folders.read())
    assert folders.add("/etc") is None
    (tmp_path / "etc").mkdir()
    assert folders.add("/etc") not in (None, handle)


def test_no_link_leads_out_of_the_root(folders: InotifyFolders, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (tmp_path / "link").symlink_to(outside)
    assert folders.add("/link") is None
    assert folders.add("/etc/../../..") is not None  # the root itself, as in a chroot
    (outside / "x").write_text("x")
    (tmp_path.parent / "beside").write_text("x")
    assert names(folders) == set()


def test_more_than_the_kernel_keeps_is_told_as_an_overflow(folders: InotifyFolders, tmp_path: Path) -> None:
    most = int(QUEUE.read_text())
    if most > 50_000:
        pytest.skip(f"this kernel keeps {most} events")
    folders.add("/etc")
    for index in range(most // 2):
        (tmp_path / f"etc/{index}").symlink_to("x")
        (tmp_path / f"etc/{index}").unlink()
    (tmp_path / "etc/one-more").write_text("x")
    found = folders.read()
    assert found[-1].is_overflow
    assert len(found) >= most
