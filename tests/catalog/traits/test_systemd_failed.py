import shlex

import pytest

from tests.catalog.traits.hosts import alpine, debian, image
from vigo.catalog.api import CommandResult
from vigo.catalog.formats.unit_list import LIST_UNITS
from vigo.catalog.traits.systemd_failed import SystemdFailedTraits, collect_systemd_failed
from vigo.core.errors import UnavailableError
from vigo.testing.fake_host import FakeHost, FakeNode

QUESTION = shlex.join(LIST_UNITS)
BOOTED = {"/run/systemd/system": FakeNode.directory()}
ABSENT = SystemdFailedTraits(present=False, units=(), count=0)

# As systemd 252 of Debian, 239 of Red Hat with its mark, and 254 of SUSE print it.
DEBIAN = (
    "ssh.service loaded active running OpenBSD Secure Shell server\nweb.service not-found failed failed web.service\n"
)
REDHAT = "● kdump.service loaded failed failed Crash recovery\nsrv.mount loaded failed failed /srv\n"
# 219 of Red Hat 7, where no C.UTF-8 is installed: the mark is an asterisk, and what is not marked is indented.
REDHAT_7 = (
    "  proc-sys-fs-binfmt_misc.automount          loaded active   waiting   Arbitrary Executable File Formats\n"
    "  dev-disk-by\\x2did-ata\\x2d1.device          loaded active   plugged   QEMU_HARDDISK\n"
    "* kdump.service                              loaded failed   failed    Crash recovery kernel arming\n"
    "* ntpd.service                               not-found inactive dead  ntpd.service\n"
    "  sshd.service                               loaded active   running   OpenSSH server daemon\n"
)
# 255 of Ubuntu 24, 256 of Fedora 41 with units of other sorts, and 257 of Arch with marks of its own.
UBUNTU_24 = (
    "-.mount                        loaded    active   mounted   Root Mount\n"
    "snap-core22-1380.mount         loaded    active   mounted   Mount unit for core22, revision 1380\n"
    "systemd-networkd-wait-online.service loaded failed failed   Wait for Network to be Configured\n"
    "user@1000.service              loaded    active   running   User Manager for UID 1000\n"
)
FEDORA = (
    "dnf-makecache.timer  loaded    active     waiting  dnf makecache --timer\n"
    "srv-data.automount   loaded    failed     failed   srv-data.automount\n"
    "backup.timer         loaded    failed     failed   backup.timer\n"
    "swap.target          loaded    active     active   Swaps\n"
    "web.service          loaded    activating auto-restart Web\n"
)
ARCH = (
    "\u00d7 docker.service   loaded failed   failed Docker Application Container Engine\n"
    "○ iptables.service loaded inactive dead   IPv4 Packet Filtering Framework\n"
)
SUSE = "wicked.service   loaded    active   exited    wicked managed network interfaces\n"


@pytest.mark.parametrize(
    ("text", "units"),
    [
        (DEBIAN, ("web.service",)),
        (REDHAT, ("kdump.service", "srv.mount")),
        (REDHAT_7, ("kdump.service",)),
        (UBUNTU_24, ("systemd-networkd-wait-online.service",)),
        (FEDORA, ("backup.timer", "srv-data.automount")),
        (ARCH, ("docker.service",)),
        (SUSE, ()),
    ],
    ids=["debian", "redhat", "redhat-7", "ubuntu-24", "fedora", "arch", "suse"],
)
def test_failed_units_of_any_sort_are_told(text: str, units: tuple[str, ...]) -> None:
    host = FakeHost(BOOTED, answers={QUESTION: text})
    assert collect_systemd_failed.collect(host) == SystemdFailedTraits(present=True, units=units, count=len(units))


def test_of_many_the_first_are_told_and_all_are_counted() -> None:
    text = "".join(f"x@{number:03}.service loaded failed failed x\n" for number in range(150))
    found = collect_systemd_failed.collect(FakeHost(BOOTED, answers={QUESTION: text}))
    assert isinstance(found, SystemdFailedTraits)
    assert (len(found.units), found.count) == (100, 150)


@pytest.mark.parametrize(
    "host", [alpine(), debian(), FakeHost(), image(BOOTED)], ids=["openrc", "no-ctl", "none", "image"]
)
def test_without_systemd_or_its_tool_there_are_none_and_nothing_is_asked(host: FakeHost) -> None:
    assert collect_systemd_failed.collect(host) == ABSENT
    assert not host.questions


def test_a_systemd_that_does_not_answer_is_told_in_its_own_words() -> None:
    host = FakeHost(BOOTED, answers={QUESTION: CommandResult(1, stderr="Failed to connect to bus: Connection refused")})
    with pytest.raises(UnavailableError, match="Connection refused"):
        collect_systemd_failed.collect(host)
