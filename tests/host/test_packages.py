from collections.abc import Callable

import pytest

from tests.host.booted_debian import BootedDebian, declared
from tests.host.probe_packages import SETTINGS, publish, withdraw, withdraw_files
from vigo.core.plan import PlannedResource

NAME = "vigo-probe"


def probe(**fields: object) -> PlannedResource:
    return declared("package", "probe", package=NAME, **fields)


def status(debian: BootedDebian, name: str = NAME) -> str:
    """Return what dpkg says of a package: `WANTED ERROR STATE VERSION`, or an empty text."""
    return debian.run("dpkg-query", "--show", "--showformat=${Status} ${Version}", name, check=False).stdout


def test_a_package_is_installed_and_comes_back_after_it_was_removed_by_hand(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"))
    debian.changes(probe())
    assert status(debian) == "install ok installed 1.0"
    assert debian.tell(NAME) == "1.0"
    debian.run("dpkg", "--remove", NAME)
    debian.changes(probe())
    assert status(debian) == "install ok installed 1.0"


def test_several_packages_are_one_call(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"), ("vigo-other", "3"))
    debian.run("apt-get", "update")
    result = debian.changes(declared("package", "both", package=[NAME, "vigo-other"]))["both"]
    assert len(result.ops) == 1
    assert status(debian, "vigo-other") == "install ok installed 3"


def test_a_declared_version_goes_up_and_back_only_where_that_is_allowed(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"), (NAME, "2.0"))
    debian.changes(probe(version="1.0"))
    assert status(debian) == "install ok installed 1.0"
    debian.changes(probe(version="2.*"))
    assert status(debian) == "install ok installed 2.0"
    refused = debian.apply(probe(version="1.0"))["probe"]
    assert refused.outcome == "failed"
    assert "downgrade" in refused.reason.lower()
    assert status(debian) == "install ok installed 2.0"
    debian.changes(probe(version="1.0", allow_downgrade=True))
    assert status(debian) == "install ok installed 1.0"


def test_a_held_package_stays_until_it_is_let_go(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"))
    debian.changes(probe(hold=True))
    assert debian.tell("apt-mark", "showhold") == NAME
    debian.run("apt-mark", "unhold", NAME)
    debian.changes(probe(hold=True))
    publish(debian, (NAME, "2.0"))
    debian.run("apt-get", "update")
    debian.run("apt-get", "--yes", "upgrade")
    assert status(debian) == "hold ok installed 1.0"
    debian.changes(probe(hold=False))
    assert not debian.tell("apt-mark", "showhold")


def test_a_held_package_goes_to_another_declared_version_and_stays_held(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"), (NAME, "2.0"))
    debian.changes(probe(version="1.0", hold=True))
    debian.changes(probe(version="2.0", hold=True))
    assert status(debian) == "hold ok installed 2.0"


def test_latest_follows_what_the_index_offers(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"))
    debian.changes(probe(state="latest"))
    publish(debian, (NAME, "2.0"))
    debian.keeps(probe(state="present"))
    debian.run("apt-get", "update")
    debian.changes(probe(state="latest"))
    assert status(debian) == "install ok installed 2.0"


def test_absent_keeps_the_settings_and_purge_takes_them_too(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"))
    debian.changes(probe())
    debian.changes(probe(state="absent"))
    assert status(debian) == "deinstall ok config-files 1.0"
    assert debian.tell("cat", SETTINGS) == "version = 1.0"
    debian.changes(probe(state="absent", purge=True))
    assert "installed" not in status(debian)
    assert "config-files" not in status(debian)
    assert debian.run("test", "-e", SETTINGS, check=False).returncode == 1
    debian.keeps(probe(state="absent"))


def test_settings_that_somebody_changed_survive_an_upgrade(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"), (NAME, "2.0"))
    debian.changes(probe(version="1.0"))
    debian.write(SETTINGS, "mine\n")
    debian.changes(probe(version="2.0"))
    assert debian.tell("cat", SETTINGS) == "mine"


def test_a_package_that_nobody_offers_fails_and_is_named(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"))
    result = debian.apply(declared("package", "unknown", package="vigo-unknown"))["unknown"]
    assert result.outcome == "failed"
    assert "Unable to locate package vigo-unknown" in result.reason


def test_a_lock_that_stays_held_is_an_obstacle_and_its_holder_is_named(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"))
    debian.run("apt-get", "update")
    for lock in ("/var/lib/dpkg/lock-frontend", "/var/cache/apt/archives/lock"):
        with debian.holding_lock(lock):
            result = debian.apply(probe(timeout_seconds=4))["probe"]
        assert result.outcome == "blocked", result
        assert "another package tool holds the lock" in result.reason
        assert "held by python3" in result.reason
        assert not status(debian)
    debian.changes(probe())


def test_a_lock_that_is_let_go_in_time_is_waited_for(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"))
    # It lets go as soon as apt has been refused once.
    holder = (
        "import fcntl, os, pathlib, sys\n"
        "lock = open('/var/lib/apt/lists/lock', 'w')\n"
        "fcntl.lockf(lock, fcntl.LOCK_EX)\n"
        "os.mkfifo('/srv/refused')\n"
        "print(flush=True)\n"
        "open('/srv/refused').read()\n"
    )
    debian.write("/srv/hold.py", holder)
    # A wrapper in front of apt-get tells the holder when the real one has failed.
    wrapper = (
        '#!/bin/sh\n/usr/bin/apt-get "$@"; status=$?\n'
        "[ -p /srv/refused ] && echo > /srv/refused; rm -f /srv/refused\nexit $status\n"
    )
    debian.write("/usr/local/bin/apt-get", wrapper, mode="0755")
    debian.run("systemd-run", "--quiet", "--property=StandardOutput=file:/srv/held", "python3", "/srv/hold.py")
    debian.run("sh", "-c", "until test -s /srv/held; do :; done")
    debian.changes(probe())
    assert status(debian) == "install ok installed 1.0"


def test_an_interrupted_dpkg_is_an_obstacle_with_the_way_out_of_it(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"))
    debian.run("apt-get", "update")
    # The journal that dpkg leaves behind when it is killed. Source: dpkg's lib/dpkg/dbmodify.c.
    debian.write("/var/lib/dpkg/updates/0000", debian.tell("dpkg-query", "--status", "cron") + "\n")
    result = debian.apply(probe())["probe"]
    assert result.outcome == "blocked", result
    assert "run `dpkg --configure -a`" in result.reason
    debian.run("dpkg", "--configure", "-a")
    debian.changes(probe())


def test_a_full_disk_is_an_obstacle(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"))
    debian.run("apt-get", "update")
    debian.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "/var/cache/apt/archives")
    debian.run("mkdir", "/var/cache/apt/archives/partial")
    debian.run("sh", "-c", "head -c 1M /dev/zero > /var/cache/apt/archives/fill || true")
    debian.run("sed", "-i", "s|file:|copy:|", "/etc/apt/sources.list.d/probe.list")
    debian.run("apt-get", "update")
    result = debian.apply(probe())["probe"]
    assert result.outcome == "blocked", result
    assert "the disk is full" in result.reason


@pytest.mark.parametrize("take_away", [withdraw, withdraw_files])
def test_a_broken_repository_is_an_obstacle_that_is_named(
    debian: BootedDebian, take_away: Callable[[BootedDebian], None]
) -> None:
    publish(debian, (NAME, "1.0"))
    take_away(debian)
    result = debian.apply(probe())["probe"]
    assert result.outcome == "blocked", result
    assert "/srv/probe-packages" in result.reason
    publish(debian, (NAME, "1.0"))
    debian.changes(probe())


def test_a_package_whose_own_script_failed_is_finished_once_that_is_possible(debian: BootedDebian) -> None:
    publish(debian, (NAME, "1.0"), postinst="#!/bin/sh\ntest -e /etc/ready\n")
    failed = debian.apply(probe())["probe"]
    assert failed.outcome == "failed"
    assert "vigo-probe" in failed.reason
    assert status(debian) == "install ok half-configured 1.0"
    assert debian.apply(probe())["probe"].outcome == "failed"
    debian.write("/etc/ready", "")
    debian.changes(probe())
    assert status(debian) == "install ok installed 1.0"
