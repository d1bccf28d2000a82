import json

from tests.host.booted_debian import BootedDebian, declared
from vigo.core.plan import PlannedResource

FAST = "/srv/fast"


def fast(**fields: object) -> PlannedResource:
    fields = {"device": "tmpfs", "fstype": "tmpfs", "options": "size=1M,nodev", **fields}
    return declared("mount", "fast", path=FAST, **fields)


def found(debian: BootedDebian, path: str, *more: str) -> list[dict[str, str]]:
    """Return what findmnt tells of a path."""
    told = debian.run(
        "findmnt", "--json", "--output=TARGET,SOURCE,FSTYPE,OPTIONS", *more, "--mountpoint", path, check=False
    )
    return list(json.loads(told.stdout)["filesystems"]) if told.stdout else []


def options(debian: BootedDebian, path: str) -> set[str]:
    return set(found(debian, path)[-1]["options"].split(","))


def test_a_file_system_is_mounted_now_and_known_to_the_boot(debian: BootedDebian) -> None:
    before = debian.tell("cat", "/etc/fstab")
    debian.changes(fast())
    assert {"size=1024k", "nodev"} <= options(debian, FAST)
    assert debian.tell("cat", "/etc/fstab") == f"{before}\ntmpfs {FAST} tmpfs size=1M,nodev 0 0"
    assert debian.tell("systemctl", "show", "--value", "--property=SourcePath", "srv-fast.mount") == "/etc/fstab"
    debian.run("umount", FAST)
    debian.run("mount", "--all")
    debian.keeps(fast())


def test_options_are_changed_by_a_remount_that_keeps_what_is_in_it(debian: BootedDebian) -> None:
    debian.changes(fast())
    debian.write(f"{FAST}/kept", "kept\n")
    debian.changes(fast(options="size=2M,nodev,noexec,ro"))
    assert {"size=2048k", "nodev", "noexec", "ro"} <= options(debian, FAST)
    assert debian.tell("cat", f"{FAST}/kept") == "kept"
    debian.changes(fast(options="size=2M,exec,rw"))
    assert not {"noexec", "ro"} & options(debian, FAST)
    debian.run("mount", "-o", "remount,nosuid", FAST)
    debian.keeps(fast(options="size=2M,exec,rw"))


def test_a_bind_mount_shows_a_folder_and_only_itself_becomes_read_only(debian: BootedDebian) -> None:
    debian.write("/srv/data/file", "x\n")
    bind = declared("mount", "bind", path="/srv/other place", device="/srv/data", options="bind")
    debian.changes(bind)
    assert debian.tell("cat", "/srv/other place/file") == "x"
    debian.changes(declared("mount", "bind", path="/srv/other place", device="/srv/data", options="bind,ro"))
    assert "ro" in options(debian, "/srv/other place")
    debian.write("/srv/data/file", "still written\n")
    assert debian.run("findmnt", "--verify", check=False).stdout.count("[E]") == 0


def test_another_source_takes_the_place_of_what_is_mounted(debian: BootedDebian) -> None:
    debian.write("/srv/data/file", "x\n")
    debian.changes(fast())
    debian.changes(declared("mount", "fast", path=FAST, device="/srv/data", fstype="none", options="bind"))
    assert debian.tell("cat", f"{FAST}/file") == "x"
    assert len(found(debian, FAST)) == 1


def test_what_is_unmounted_stays_in_fstab_and_what_is_absent_is_in_neither(debian: BootedDebian) -> None:
    debian.changes(fast())
    debian.changes(declared("mount", "fast", path=FAST, state="unmounted"))
    assert found(debian, FAST) == []
    assert found(debian, FAST, "--fstab") != []
    debian.changes(fast())
    debian.changes(declared("mount", "fast", path=FAST, state="absent"))
    assert found(debian, FAST) == []
    assert FAST not in debian.tell("cat", "/etc/fstab")


def test_what_is_only_present_is_not_mounted(debian: BootedDebian) -> None:
    debian.changes(fast(state="present"))
    assert found(debian, FAST) == []
    assert found(debian, FAST, "--fstab")[0]["source"] == "tmpfs"


def test_nothing_is_unmounted_while_it_is_in_use(debian: BootedDebian) -> None:
    debian.changes(fast())
    debian.run("systemd-run", "--unit=holder", f"--working-directory={FAST}", "sleep", "infinity")
    result = debian.apply(declared("mount", "fast", path=FAST, state="absent"))["fast"]
    assert result.outcome == "blocked"
    assert f"{FAST} is in use, and nothing is unmounted by force" in result.reason
    assert found(debian, FAST) != []
    assert FAST in debian.tell("cat", "/etc/fstab")
    debian.run("systemctl", "stop", "holder")
    debian.changes(declared("mount", "fast", path=FAST, state="absent"))


def test_a_device_that_is_not_there_never_gets_into_fstab(debian: BootedDebian) -> None:
    before = debian.tell("cat", "/etc/fstab")
    result = debian.apply(declared("mount", "lost", path="/srv/lost", device="UUID=0a34", fstype="ext4"))["lost"]
    assert result.outcome == "blocked"
    assert debian.tell("cat", "/etc/fstab") == before


def test_a_swap_file_is_made_and_comes_with_the_boot_though_a_container_may_not_use_it(debian: BootedDebian) -> None:
    result = debian.apply(declared("swap", "swap", path="/srv/swap", size="2M", priority=5))["swap"]
    assert debian.tell("stat", "--format=%a %u %s", "/srv/swap") == "600 0 2097152"
    assert debian.tell("blkid", "-p", "-s", "TYPE", "-o", "value", "/srv/swap") == "swap"
    assert "/srv/swap none swap defaults,pri=5 0 0" in debian.tell("cat", "/etc/fstab").splitlines()
    assert result.outcome == "failed"
    assert "swapon" in result.reason
    debian.changes(declared("swap", "swap", path="/srv/swap", state="absent"))
    assert debian.run("test", "-e", "/srv/swap", check=False).returncode == 1
    assert "/srv/swap" not in debian.tell("cat", "/etc/fstab")


def test_a_file_that_is_no_swap_area_is_never_made_one_or_removed(debian: BootedDebian) -> None:
    debian.write("/srv/data", "precious\n")
    for fields in ({"size": "2M"}, {"state": "absent"}):
        result = debian.apply(declared("swap", "swap", path="/srv/data", **fields))["swap"]
        assert result.outcome == "blocked"
    assert debian.tell("cat", "/srv/data") == "precious"
