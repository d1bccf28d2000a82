import shlex

import pytest

from tests.catalog.traits.hosts import Files, alpine, debian, image, redhat, unreadable
from vigo.catalog.api import CommandResult
from vigo.catalog.formats.unit_list import LIST_UNITS
from vigo.catalog.traits.services import Service, ServicesTraits, collect_services
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

QUESTION = shlex.join(LIST_UNITS)
INSTALL = "[Install]\nWantedBy=multi-user.target\n"
DEBIAN: Files = {
    "/lib": FakeNode.symlink("usr/lib"),
    "/usr/lib/systemd/systemd": "",
    "/usr/lib/systemd/system/ssh.service": INSTALL,
    "/usr/lib/systemd/system/nftables.service": INSTALL,
    "/usr/lib/systemd/system/web.service": INSTALL,
    "/usr/lib/systemd/system/dbus.service": "[Service]\n",
    "/usr/lib/systemd/system/idle-static.service": "[Service]\n",
    "/usr/lib/systemd/system/hwclock.service": FakeNode.symlink("/dev/null"),
    "/usr/lib/systemd/system/getty@.service": "[Install]\nWantedBy=getty.target\n",
    "/usr/lib/systemd/system/user@.service": "[Service]\n",
    "/usr/lib/systemd/system/sshd@.service": "[Service]\n",
    "/usr/lib/systemd/system/autovt@.service": FakeNode.symlink("getty@.service"),
    "/usr/lib/systemd/system/gdm.service": "[Install]\nAlias=display-manager.service\n",
    "/usr/lib/systemd/system/console-getty.service": "[Install]\nWantedBy=getty.target\n",
    "/usr/lib/systemd/system/display-manager.service": INSTALL,
    "/etc/systemd/system/display-manager.service": FakeNode.symlink("/lib/systemd/system/gdm.service"),
    "/etc/systemd/system/multi-user.target.wants/ssh.service": FakeNode.symlink("/lib/systemd/system/ssh.service"),
    "/etc/systemd/system/multi-user.target.wants/gone.service": FakeNode.symlink("/lib/systemd/system/gone.service"),
    "/etc/systemd/system/getty.target.wants/getty@tty1.service": FakeNode.symlink("/lib/systemd/system/getty@.service"),
    "/run/systemd/generator/getty.target.wants/console-getty.service": FakeNode.symlink("/lib/x/console-getty.service"),
    "/run/systemd/generator.late/old.service": "[Unit]\nSourcePath=/etc/init.d/old\n",
    "/run/systemd/generator.late/older.service": "[Unit]\nSourcePath=/etc/init.d/older\n",
    "/run/systemd/generator.late/multi-user.target.wants/old.service": FakeNode.symlink("../old.service"),
}
UNITS = (
    "ssh.service loaded active running SSH\ndbus.service loaded active running D-Bus\n"
    "web.service loaded failed failed W\n"
    "gone.service not-found inactive dead gone\nuser@0.service loaded active running User\n"
    "sshd@1.service loaded failed failed a connection\n"
    "getty@tty1.service loaded inactive dead Getty\n-.mount loaded active mounted /\n"
)


def service(**fields: object) -> Service:
    return Service(**{"enabled": True, "running": False, "failed": False, "masked": False, **fields})  # type: ignore[arg-type]


def collected(host: FakeHost) -> ServicesTraits:
    found = collect_services.collect(host)
    assert isinstance(found, ServicesTraits)
    return found


def test_services_of_debian_that_start_could_start_run_failed_or_are_masked_are_told() -> None:
    assert collected(debian(DEBIAN, answers={QUESTION: UNITS})) == ServicesTraits(
        init="systemd",
        services={
            "console-getty": service(),
            "dbus": service(enabled=None, running=True),
            "gdm": service(),
            "getty@tty1": service(),
            "hwclock": service(enabled=False, masked=True),
            "nftables": service(enabled=False),
            "old": service(),
            "older": service(enabled=False),
            "ssh": service(running=True),
            "sshd@1": service(enabled=None, failed=True),
            "web": service(enabled=False, failed=True),
        },
        count=11,
    )


def test_a_unit_of_the_operator_on_red_hat_hides_that_of_the_package() -> None:
    files: Files = {
        "/usr/lib/systemd/system/httpd.service": INSTALL,
        "/etc/systemd/system/httpd.service": FakeNode.symlink("/dev/null"),
        "/usr/lib/systemd/system/crond.service": INSTALL,
        "/etc/systemd/system/crond.service": "[Service]\nExecStart=/usr/sbin/crond\n",
    }
    # Without systemctl nobody tells what runs.
    assert collected(redhat(files)).services == {
        "httpd": service(enabled=False, masked=True, running=None, failed=None)
    }


def test_services_of_alpine_are_those_of_openrc() -> None:
    files: Files = {
        "/etc/init.d/sshd": "",
        "/etc/init.d/crond": "",
        "/etc/init.d/nginx": "",
        "/etc/init.d/functions.sh": "",
        "/etc/runlevels/default/sshd": FakeNode.symlink("/etc/init.d/sshd"),
        "/etc/runlevels/boot/crond": FakeNode.symlink("/etc/init.d/crond"),
        "/run/openrc/started/sshd": FakeNode.symlink("/etc/init.d/sshd"),
        "/run/openrc/failed/crond": FakeNode.symlink("/etc/init.d/crond"),
    }
    assert collected(alpine(files)) == ServicesTraits(
        init="openrc",
        services={"crond": service(failed=True), "nginx": service(enabled=False), "sshd": service(running=True)},
        count=3,
    )


def test_init_scripts_run_as_far_as_their_marks_tell() -> None:
    files: Files = {
        **{f"/etc/init.d/{name}": "" for name in ("README", "ssh", "cron", "stale", "silent")},
        "/etc/rc3.d/S01ssh": FakeNode.symlink("../init.d/ssh"),
        "/etc/rc3.d/K01cron": FakeNode.symlink("../init.d/cron"),
        "/var/lock/subsys/ssh": "",
        "/run/cron.pid": "40\n",
        "/proc/40/stat": "",
        "/run/stale.pid": "41\n",
    }
    assert collected(FakeHost(files)) == ServicesTraits(
        init="sysv",
        services={
            "cron": service(enabled=False, running=True, failed=None),
            "silent": service(enabled=False, running=None, failed=None),
            "ssh": service(running=True, failed=None),
            "stale": service(enabled=False, running=False, failed=None),
        },
        count=4,
    )


@pytest.mark.parametrize("host", [FakeHost(), image()])
def test_a_host_without_an_init_system_has_none(host: FakeHost) -> None:
    assert collected(host) == ServicesTraits(init="", services={}, count=0)


def test_an_image_tells_what_will_start_and_asks_nobody() -> None:
    host = image(DEBIAN)
    found = collected(host)
    assert found.services["ssh"] == service(running=None, failed=None)
    assert found.services["nftables"] == service(enabled=False, running=None, failed=None)
    assert not host.questions
    openrc = collected(image({"/sbin/openrc": "", "/etc/init.d/sshd": "", "/etc/runlevels/default/sshd": ""}))
    assert openrc.services == {"sshd": service(running=None, failed=None)}


def test_of_many_the_first_are_told_and_all_are_counted() -> None:
    files: Files = {f"/etc/init.d/s{number}": "" for number in range(600)}
    found = collected(alpine(files))
    assert (len(found.services), found.count) == (500, 600)


def test_a_systemd_that_does_not_answer_is_told_in_its_own_words() -> None:
    host = debian(answers={QUESTION: CommandResult(1, stderr="Failed to connect to bus: Connection refused")})
    with pytest.raises(UnavailableError, match="Connection refused"):
        collect_services.collect(host)


def test_an_unreadable_unit_is_told() -> None:
    with pytest.raises(UnavailableError, match="permission denied"):
        collect_services.collect(debian(unreadable("/etc/systemd/system/x.service")))
