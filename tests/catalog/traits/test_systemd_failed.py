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
SUSE = "wicked.service   loaded    active   exited    wicked managed network interfaces\n"


@pytest.mark.parametrize(
    ("text", "units"),
    [(DEBIAN, ("web.service",)), (REDHAT, ("kdump.service", "srv.mount")), (SUSE, ())],
    ids=["debian", "redhat", "suse"],
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
