"""What archives brought goes again, and nothing else."""

import os
from pathlib import Path

import pytest

from tests.agent.host.archives import OF_ONE, ONE, TWO, seen, unpacking
from tests.agent.host.conftest import NOBODY, World, needs_root
from vigo.catalog.formats.archive_record import RECORD, ArchiveRecord, record_text
from vigo.catalog.ops.unpack_archive import RemoveUnpacked
from vigo.core.errors import InvalidError, UnavailableError


@pytest.fixture
def opt(world: World) -> Path:
    (world.root / "opt").mkdir()
    return world.root / "opt"


def test_what_became_something_else_since_stays_at_the_removal(world: World, opt: Path) -> None:
    world.execute(unpacking(world, ONE))
    (opt / "tool/README").unlink()
    (opt / "tool/README").mkdir()
    (opt / "tool/README/mine").write_text("mine")
    for one in (opt / "tool/lib").iterdir():
        one.unlink()
    (opt / "tool/lib").rmdir()
    (opt / "tool/lib").symlink_to(world.outside)
    (world.outside / "real").write_text("another's")
    world.execute(RemoveUnpacked(path="/opt/tool"))
    assert seen(opt / "tool") == {"README": "755", "README/mine": "mine", "lib": f"-> {world.outside}"}
    assert (world.outside / "real").read_text() == "another's"


@pytest.mark.parametrize("forged", ["mode", "link", "symlink", "owner"])
def test_a_record_that_others_may_have_written_is_not_believed(forged: str, world: World, opt: Path) -> None:
    world.execute(unpacking(world, ONE))
    record = opt / "tool" / RECORD
    if forged == "mode":
        record.chmod(0o622)
    elif forged == "link":
        (opt / "second").hardlink_to(record)
    elif forged == "symlink":
        record.rename(opt / "else")
        record.symlink_to("../else")
    else:
        needs_root("to give files away")
        os.chown(record, NOBODY, NOBODY)
    for op in (RemoveUnpacked(path="/opt/tool"), unpacking(world, TWO)):
        with pytest.raises(UnavailableError):
            world.execute(op)
    assert seen(opt / "tool") == OF_ONE


def test_a_record_that_leads_out_is_refused(world: World, opt: Path) -> None:
    world.execute(unpacking(world, ONE))
    text = record_text(ArchiveRecord(sha256="", files=("../../outside/canary",)))
    (opt / "tool" / RECORD).write_bytes(text)
    with pytest.raises(InvalidError, match="inside of the folder"):
        world.execute(RemoveUnpacked(path="/opt/tool"))
    assert (world.outside / "canary").exists()


def test_where_nothing_was_unpacked_nothing_is_removed(world: World, opt: Path) -> None:
    (opt / "tool").mkdir()
    (opt / "tool/mine").write_text("mine")
    with pytest.raises(UnavailableError, match="nothing is known to remove"):
        world.execute(RemoveUnpacked(path="/opt/tool"))
    assert seen(opt / "tool") == {"mine": "mine"}


def test_a_folder_that_was_made_for_it_goes_with_what_is_in_it(world: World, opt: Path) -> None:
    world.execute(unpacking(world, ONE))
    world.execute(RemoveUnpacked(path="/opt/tool"))
    assert list(opt.iterdir()) == []


def test_a_folder_that_was_there_keeps_its_mode_and_stays(world: World, opt: Path) -> None:
    (opt / "tool/lib").mkdir(parents=True)
    (opt / "tool").chmod(0o700)
    (opt / "tool/lib").chmod(0o711)
    world.execute(unpacking(world, ONE))
    assert seen(opt / "tool") == {**OF_ONE, "lib": "711"}
    assert (opt / "tool").stat().st_mode & 0o7777 == 0o700
    world.execute(RemoveUnpacked(path="/opt/tool"))
    assert seen(opt / "tool") == {"lib": "711"}
