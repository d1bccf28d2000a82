import pytest

from tests.host.booted_debian import BootedDebian, declared
from vigo.core.plan import PlannedResource

PATH = "/etc/probe.conf"


def probe(**fields: object) -> PlannedResource:
    return declared("file", "probe", path=PATH, **fields)


def shape(debian: BootedDebian, path: str = PATH) -> str:
    return debian.tell("stat", "--format=%F %a %U %G", path)


def test_a_file_has_its_content_owner_and_mode_and_is_healed(debian: BootedDebian) -> None:
    wanted = probe(content="one\n", mode="0640", owner="games", group="adm")
    debian.changes(wanted)
    assert debian.tell("cat", PATH) == "one"
    assert shape(debian) == "regular file 640 games adm"
    for drift in (
        ("chmod", "0777", PATH),
        ("chown", "root:root", PATH),
        ("truncate", "--size=0", PATH),
        ("ln", "--symbolic", "--force", "/etc/passwd", PATH),
        ("rm", PATH),
    ):
        debian.run(*drift)
        debian.changes(wanted)
        assert debian.tell("cat", PATH) == "one"
        assert shape(debian) == "regular file 640 games adm"
    assert debian.tell("head", "--lines=1", "/etc/passwd").startswith("root:x:0:0:")


def test_a_mode_with_special_bits_survives_a_new_owner(debian: BootedDebian) -> None:
    debian.changes(probe(content="x\n", mode="4755", owner="games"))
    assert shape(debian) == "regular file 4755 games root"
    debian.changes(probe(mode="4755", owner="daemon"))
    assert shape(debian) == "regular file 4755 daemon root"


def test_a_change_of_content_keeps_what_is_not_declared(debian: BootedDebian) -> None:
    debian.write(PATH, "old\n", mode="0600")
    debian.run("chown", "games:adm", PATH)
    debian.changes(probe(content="new\n", backup=True))
    assert shape(debian) == "regular file 600 games adm"
    assert debian.tell("cat", f"{PATH}.vigo-backup") == "old"
    assert shape(debian, f"{PATH}.vigo-backup") == "regular file 600 games adm"


def test_content_that_its_check_refuses_never_takes_its_place(debian: BootedDebian) -> None:
    check = ["sh", "-n", "%"]
    debian.changes(probe(content="echo one\n", validate=check))
    result = debian.apply(probe(content="if then\n", validate=check))["probe"]
    assert result.outcome == "failed"
    assert "Syntax error" in result.reason
    assert debian.tell("cat", PATH) == "echo one"
    assert not [name for name in debian.tell("ls", "-A", "/etc").splitlines() if "vigo" in name]


def test_an_owner_that_is_not_there_is_an_obstacle_that_is_named(debian: BootedDebian) -> None:
    result = debian.apply(probe(content="x\n", owner="nobody-here"))["probe"]
    assert result.outcome == "blocked"
    assert "nobody-here" in result.reason
    assert debian.run("test", "-e", PATH, check=False).returncode == 1


def test_an_absent_file_is_gone(debian: BootedDebian) -> None:
    debian.write(PATH, "x\n")
    debian.changes(probe(state="absent"))
    assert debian.run("test", "-e", PATH, check=False).returncode == 1
    debian.keeps(probe(state="absent"))


@pytest.mark.parametrize(
    ("obstacle", "word"),
    [
        ("mount --bind /srv /srv && mount -o remount,bind,ro /srv", "Read-only"),
        ("mount -t tmpfs -o size=4k tmpfs /srv", "space"),
    ],
    ids=["read-only", "full"],
)
def test_a_file_system_that_takes_nothing_is_an_obstacle_that_is_named(
    debian: BootedDebian, obstacle: str, word: str
) -> None:
    debian.run("sh", "-c", obstacle)
    wanted = declared("file", "probe", path="/srv/probe", content="x" * 100_000)
    result = debian.apply(wanted)["probe"]
    assert result.outcome == "blocked"
    assert word in result.reason
    assert not debian.tell("ls", "-A", "/srv")
    debian.run("umount", "/srv")
    debian.changes(wanted)


def test_the_other_kinds_of_files_converge_too(debian: BootedDebian) -> None:
    debian.changes(
        declared("directory", "folder", path="/srv/folder", mode="2750", owner="games", group="adm"),
        declared("symlink", "link", path="/srv/link", to="folder", depends_on=["folder"]),
        declared("file_line", "line", path="/srv/folder/config", line="b = 2", create=True, depends_on=["folder"]),
    )
    assert debian.tell("cat", "/srv/link/config") == "b = 2"
    assert shape(debian, "/srv/folder") == "directory 2750 games adm"
