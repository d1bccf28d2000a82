"""No archive, whatever its members are called, has anything outside of its folder opened, changed or read."""

import stat
from pathlib import Path

import pytest

from tests.agent.host.archives import directory, hard_link, sha256, symlink, tar_of, zip_of
from tests.agent.host.conftest import World
from vigo.agent.engine.guardrail import Guardrail
from vigo.catalog.ops.fetch_file import FetchFile
from vigo.catalog.ops.unpack_archive import RemoveUnpacked, UnpackArchive
from vigo.catalog.protected import FILES
from vigo.core.errors import InvalidError

LONG = "/".join("x" * 200 for _ in range(20))
NAMES = [
    "../x",
    "/x",
    "a/../../x",
    "..",
    "a/..",
    "é\0/../../x",
    "\u2024\u2024/../x",
    "\u2025/../../x",
    LONG,
    "x" * 4096,
    "a\n/../x",
]
TARS = {
    **{f"name {name[:20]!r}": tar_of((name, b"x"), mode="w:gz") for name in NAMES},
    "symlink": tar_of(("l", symlink("../../outside")), ("l/x", b"x")),
    "absolute symlink": tar_of(("l", symlink("/outside")), ("l/x", b"x")),
    "symlink replaced": tar_of(("l", directory()), ("l", symlink("../..")), ("l/x", b"x")),
    "symlinks in a chain": tar_of(("a", symlink(".")), ("a/b", symlink("..")), ("a/b/x", b"x")),
    "upwards through one": tar_of(("a/b/c", symlink("../..")), ("l", symlink("a/b/c/../../outside"))),
    "hard link": tar_of(("h", hard_link("../../outside/canary")), ("h", b"x")),
    "hard link to a symlink": tar_of(("s", symlink("../../outside/canary")), ("h", hard_link("s"))),
    "hard link to the record": tar_of(("x", b"x"), ("h", hard_link(".vigo-archive"))),
    "the record": tar_of((".vigo-archive", b'{"sha256":"","files":["../../outside/canary"]}')),
}
ZIPS = {
    **{f"zip name {name[:20]!r}": zip_of((name, b"x", 0)) for name in NAMES if "\0" not in name},
    "zip symlink": zip_of(("l", b"../../outside", stat.S_IFLNK | 0o777), ("l/x", b"x", 0)),
    "zip backslash": zip_of(("..\\..\\outside\\x", b"x", 0)),
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def seen(folder: Path) -> dict[str, object]:
    return {
        str(one): (one.lstat().st_ino, one.lstat().st_mtime_ns, one.lstat().st_nlink, one.lstat().st_mode)
        for one in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("is_there", ["new", "there", "link"])
@pytest.mark.parametrize("name", [*TARS, *ZIPS])
def test_02_no_member_leads_out_of_the_folder(name: str, is_there: str, world: World) -> None:
    archive = {**TARS, **ZIPS}[name]
    (world.root / "opt").mkdir()
    (world.root / "outside").mkdir()
    (world.root / "outside/canary").write_text("canary")
    (world.root / "archive").write_bytes(archive)
    if is_there != "new":
        (world.root / "opt/tool").mkdir()
    if is_there == "link":
        (world.root / "opt/tool/l").symlink_to("../../outside")
        (world.root / "opt/tool/a").symlink_to("../../outside")
        (world.root / "opt/tool/h").symlink_to("../../outside/canary")
    before = seen(world.root), seen(world.outside)
    with pytest.raises(InvalidError, match="refused"):
        world.execute(UnpackArchive(path="/opt/tool", source="/archive", sha256=sha256(archive)))
    after = {name: found for name, found in seen(world.root).items() if name not in _folders(world)}
    assert after == {name: found for name, found in before[0].items() if name not in _folders(world)}
    assert seen(world.outside) == before[1]
    assert [one.name for one in (world.root / "opt").iterdir()] == ([] if is_there == "new" else ["tool"])


@pytest.mark.parametrize("path", ["/etc/systemd", "/etc/systemd/system", "/etc/unit", "/var/lib/vigo-agent/x"])
def test_02_no_archive_goes_over_what_is_vigo_s_own(path: str, world: World) -> None:
    (world.root / "etc/systemd/system").mkdir(parents=True)
    (world.root / "etc/unit").symlink_to("systemd/system/vigo.service.d")
    guardrail = Guardrail(world.host, FILES)
    place = f"{path}/x" if path == "/etc/unit" else path
    for op in (UnpackArchive(path=place, source="/archive", sha256=""), RemoveUnpacked(path=place)):
        with pytest.raises(InvalidError, match="is Vigo's own"):
            guardrail.check(op)
    with pytest.raises(InvalidError, match="is Vigo's own"):
        guardrail.check(FetchFile(url="https://a/b", path="/var/lib/vigo-agent/key", sha256=""))
    guardrail.check(UnpackArchive(path="/opt/tool", source="/archive", sha256=""))


def _folders(world: World) -> set[str]:
    """The folders in which the new tree stood for a while: the time of their last change is another one."""
    return {str(world.root / "opt"), str(world.root / "opt/tool")}
