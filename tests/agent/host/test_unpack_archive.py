"""Unpacking real archives into real folders, and what archives brought going again."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.host.archives import (
    OF_ONE,
    OF_TWO,
    ONE,
    TWO,
    record_in,
    seen,
    sha256,
    tar_of,
    unpacking,
    zip_of,
)
from tests.agent.host.conftest import NOBODY, World, as_nobody, needs_root, open_to_all
from tests.agent.host.file_server import FileServer, serving
from vigo.agent.host import unpack_archive as module
from vigo.agent.host import unpacked_tree
from vigo.catalog.formats.archive_record import RECORD, ArchiveRecord, record_text
from vigo.catalog.ops.unpack_archive import RemoveUnpacked, UnpackArchive
from vigo.core.errors import BlockedError, InvalidError, UnavailableError

FORKING = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


@pytest.fixture
def opt(world: World) -> Path:
    (world.root / "opt").mkdir()
    return world.root / "opt"


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as one:
        yield one


def test_a_missing_folder_appears_with_all_that_is_in_the_archive(world: World, opt: Path) -> None:
    world.execute(unpacking(world, ONE))
    assert seen(opt / "tool") == OF_ONE
    assert (opt / "tool").stat().st_mode & 0o7777 == 0o755
    assert (opt / "tool/bin/run").stat().st_mode & 0o7777 == 0o755, "nothing runs as its owner"
    assert (opt / "tool/lib/again").samefile(opt / "tool/lib/real")
    assert stat.S_IMODE((opt / "tool" / RECORD).stat().st_mode) == 0o600
    assert record_in(opt / "tool").made
    assert [one.name for one in opt.iterdir()] == ["tool"]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_each_compression_is_known_by_its_content(mode: str, world: World, opt: Path) -> None:
    world.execute(unpacking(world, tar_of(("a/x", b"content" * 1000), mode=mode)))
    assert (opt / "tool/x").read_bytes() == b"content" * 1000


def test_a_zip_is_unpacked_with_its_modes_and_symlinks(world: World, opt: Path) -> None:
    archive = zip_of(
        ("a/", b"", stat.S_IFDIR | 0o700),
        ("a/x", b"content" * 1000, stat.S_IFREG | 0o4755),
        ("a/link", b"x", stat.S_IFLNK | 0o777),
        ("a/plain", b"p", 0),
    )
    world.execute(unpacking(world, archive))
    assert seen(opt / "tool") == {"link": "-> x", "plain": "p", "x": "content" * 1000}
    assert (opt / "tool/x").stat().st_mode & 0o7777 == 0o755
    assert (opt / "tool/plain").stat().st_mode & 0o7777 == 0o644


def test_an_archive_comes_from_a_server_too(world: World, opt: Path, server: FileServer) -> None:
    world.execute(unpacking(world, ONE, source=server.serve("/a.tgz", ONE)))
    assert seen(opt / "tool") == OF_ONE
    server.serve("/a.tgz", ONE[:-1])
    with pytest.raises(InvalidError, match="nothing was kept"):
        world.execute(unpacking(world, ONE, source=f"{server.origin}/a.tgz", path="/opt/other"))
    with pytest.raises(BlockedError):
        world.execute(unpacking(world, ONE, source=f"{server.origin}/missing", path="/opt/other"))
    assert [one.name for one in opt.iterdir()] == ["tool"]


def test_another_archive_takes_the_place_of_the_one_before_and_leaves_what_others_put_there(
    world: World, opt: Path
) -> None:
    world.execute(unpacking(world, ONE))
    (opt / "tool/mine").write_text("mine")
    (opt / "tool/bin/mine").write_text("mine")
    world.execute(unpacking(world, TWO))
    assert seen(opt / "tool") == {**OF_TWO, "mine": "mine", "bin": "755", "bin/mine": "mine"}
    assert record_in(opt / "tool").sha256 == sha256(TWO)
    assert record_in(opt / "tool").made
    world.execute(RemoveUnpacked(path="/opt/tool"))
    assert seen(opt / "tool") == {"mine": "mine", "bin": "755", "bin/mine": "mine"}


def test_a_directory_that_becomes_something_else_goes_only_with_what_archives_brought(world: World, opt: Path) -> None:
    world.execute(unpacking(world, ONE))
    (opt / "tool/lib/mine").write_text("mine")
    with pytest.raises(InvalidError, match="expected nothing at lib/mine in the folder"):
        world.execute(unpacking(world, TWO))
    assert seen(opt / "tool") == {**OF_ONE, "lib/mine": "mine"}
    assert record_in(opt / "tool").sha256 == sha256(ONE)
    (opt / "tool/lib/mine").unlink()
    world.execute(unpacking(world, TWO))
    world.execute(unpacking(world, ONE))
    assert seen(opt / "tool") == OF_ONE


@pytest.mark.parametrize("foreign", ["README", "lib", "bin/run", "lib/link"])
@pytest.mark.parametrize("kind", ["file", "symlink", "directory"])
def test_a_foreign_entry_in_the_way_is_kept_and_nothing_is_changed(
    foreign: str, kind: str, world: World, opt: Path
) -> None:
    if (foreign, kind) == ("lib", "directory"):
        return
    place = opt / "tool" / foreign
    place.parent.mkdir(parents=True)
    if kind == "file":
        place.write_text("mine")
    elif kind == "symlink":
        place.symlink_to(world.outside)
    else:
        place.mkdir()
    before = seen(opt)
    with pytest.raises(InvalidError, match=f"expected nothing at {foreign} in the folder"):
        world.execute(unpacking(world, ONE))
    assert seen(opt) == before
    assert not (opt / "tool" / RECORD).exists()
    assert [one.name for one in world.outside.iterdir()] == ["canary"]


def test_another_archive_on_the_host_is_not_unpacked(world: World, opt: Path) -> None:
    with pytest.raises(InvalidError, match=f"expected {'0' * 64} of /archive, found {sha256(ONE)}"):
        world.execute(unpacking(world, ONE, sha256="0" * 64))
    assert list(opt.iterdir()) == []


@pytest.mark.parametrize("what", ["nothing", "directory", "pipe"])
def test_a_source_that_is_no_file_says_so(what: str, world: World, opt: Path) -> None:
    op = unpacking(world, ONE)
    (world.root / "archive").unlink()
    if what == "directory":
        (world.root / "archive").mkdir()
    elif what == "pipe":
        os.mkfifo(world.root / "archive")
    with pytest.raises(UnavailableError, match="source: expected"):
        world.execute(op)
    assert list(opt.iterdir()) == []


def test_a_source_is_looked_for_beneath_the_root(world: World, opt: Path) -> None:
    op = unpacking(world, ONE)
    (world.root / "archive").unlink()
    (world.outside / "archive").write_bytes(ONE)
    (world.root / "archive").symlink_to(world.outside / "archive")
    with pytest.raises(UnavailableError, match="found none"):
        world.execute(op)
    assert list(opt.iterdir()) == []


def test_all_that_is_unpacked_belongs_to_the_declared_owner(world: World, opt: Path) -> None:
    needs_root("to give files away")
    world.execute(unpacking(world, ONE, uid=7, gid=8))
    entries = [opt / "tool", *(one for one in (opt / "tool").rglob("*") if one.name != RECORD)]
    assert {(one.lstat().st_uid, one.lstat().st_gid) for one in entries} == {(7, 8)}
    assert (opt / "tool" / RECORD).stat().st_uid == 0
    world.execute(unpacking(world, ONE, uid=9, gid=8))
    assert {(one.lstat().st_uid, one.lstat().st_gid) for one in entries} == {(9, 8)}


def test_too_many_leading_names_leave_nothing_and_say_so(world: World, opt: Path) -> None:
    with pytest.raises(InvalidError, match="strip: expected something in the archive below 4 leading names"):
        world.execute(unpacking(world, ONE, strip=4))
    assert list(opt.iterdir()) == []


@pytest.mark.parametrize("what", ["file", "symlink"])
def test_a_file_and_a_symlink_are_not_taken_for_the_folder(what: str, world: World, opt: Path) -> None:
    if what == "file":
        (opt / "tool").write_text("mine")
    else:
        (opt / "tool").symlink_to(world.outside)
    with pytest.raises(UnavailableError, match=f"expected a folder or nothing, found a {what}"):
        world.execute(unpacking(world, ONE))
    with pytest.raises(UnavailableError, match="expected a folder into which"):
        world.execute(RemoveUnpacked(path="/opt/tool"))
    assert [one.name for one in world.outside.iterdir()] == ["canary"]


def test_the_root_itself_is_no_folder_to_unpack_into(world: World, opt: Path) -> None:
    with pytest.raises(UnavailableError, match="found the root itself"):
        world.execute(unpacking(world, ONE, path="/"))
    (world.root / RECORD).write_bytes(record_text(ArchiveRecord(sha256="", files=("archive",))))
    with pytest.raises(UnavailableError):
        world.execute(RemoveUnpacked(path="/"))
    assert (world.root / "archive").exists()
    assert list(opt.iterdir()) == []


def test_a_file_system_without_nameless_files_gets_one_that_goes_too(
    world: World, opt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_NAMELESS", os.O_RDWR)  # of a directory that is EISDIR, as older kernels say
    (opt / ".vigo-new-archive").write_text("left by a killed run")
    world.execute(unpacking(world, ONE))
    assert [one.name for one in opt.iterdir()] == ["tool"]


def test_a_folder_that_is_swapped_for_a_link_while_files_move_in_leads_nowhere(
    world: World, opt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (opt / "tool/lib").mkdir(parents=True)
    real = unpacked_tree.move_in

    def swapped(*given: Any) -> None:
        (opt / "tool/lib").rename(opt / "moved")
        (opt / "tool/lib").symlink_to(world.outside)
        real(*given)

    monkeypatch.setattr(module, "move_in", swapped)
    with pytest.raises(UnavailableError):
        world.execute(unpacking(world, ONE))
    assert [one.name for one in world.outside.iterdir()] == ["canary"]
    assert not record_in(opt / "tool").is_whole
    monkeypatch.undo()
    with pytest.raises(InvalidError, match="expected nothing at lib in the folder"):
        world.execute(unpacking(world, ONE))


@FORKING
def test_an_agent_without_rights_unpacks_into_what_is_its_own(world: World, opt: Path) -> None:
    needs_root("to become another user")
    op = unpacking(world, ONE)
    open_to_all(world.root.parent)
    world.root.chmod(0o755)
    (opt / "tool").mkdir()
    os.chown(opt / "tool", NOBODY, NOBODY)
    assert as_nobody(lambda: world.execute(op)) is None
    assert seen(opt / "tool") == OF_ONE
    refused = as_nobody(lambda: world.execute(unpacking_at(op, "/opt/other")))
    assert isinstance(refused, UnavailableError)
    assert as_nobody(lambda: world.execute(RemoveUnpacked(path="/opt/tool"))) is None
    assert seen(opt / "tool") == {}


def unpacking_at(op: UnpackArchive, path: str) -> UnpackArchive:
    return UnpackArchive(path=path, source=op.source, sha256=op.sha256, strip=op.strip)


def test_the_summary_shows_no_secret_of_a_url() -> None:
    op = UnpackArchive(path="/opt/x", source="https://u:p@a.example/x?token=s", sha256="")
    assert op.summary() == "unpack an archive from a.example into /opt/x"
    assert op.takes_away()
    assert RemoveUnpacked(path="/opt/x").takes_away()
