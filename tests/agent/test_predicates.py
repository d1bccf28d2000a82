import shlex
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from vigo.agent.host.real_host import RealHost
from vigo.agent.predicates import predicates
from vigo.catalog.formats.packages import DPKG_QUERY_FORMAT
from vigo.core.conditions import PREDICATE_NAMES
from vigo.core.errors import BlockedError, UnavailableError
from vigo.core.templates import TemplateError, Templates
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost, FakeNode
from vigo.testing.fake_packages import FakePackages

TRAITS: dict[str, dict[str, Any]] = {
    "os": {"id": "ubuntu", "family": "debian", "version": "22.04"},
    "network": {"hostname": "web-1", "fqdn": "web-1.example.com"},
    "time": {"zone": "Asia/Tokyo"},
}
TCP = "sl local rem st\n0: 00000000:0016 00000000:0000 0A\n1: 00000000:0050 00000000:0000 01\n"
TCP6 = "sl local rem st\n0: 00000000000000000000000000000000:01BB 0:0 0A\n"


def world() -> FakeHost:
    return FakeHost(
        {
            "/etc/motd": "x",
            "/etc/link": FakeNode.symlink("motd"),
            "/etc/up": FakeNode.symlink("../etc/./link"),
            "/etc/gone": FakeNode.symlink("nowhere"),
            "/etc/loop": FakeNode.symlink("loop"),
            "/run/socket": FakeNode(kind="other"),
            "/bin": FakeNode.symlink("usr/bin"),
            "/usr/bin/sh": "x",
            "/proc/net/tcp": TCP,
            "/proc/net/tcp6": TCP6,
            "/secret": FakeNode(unreadable="Permission denied"),
        },
        programs=["nginx"],
        tools=[FakePackages("apt", {"curl": "8.5", "vim:amd64": "9"}, {})],
    )


def holds(expression: str, host: FakeHost | None = None, **traits: Any) -> bool:
    everything = {**TRAITS, **traits}
    clock = FakeClock(datetime(2030, 6, 1, 18, 30, tzinfo=UTC))  # 03:30 in Tokyo
    functions = predicates(host or world(), everything, clock)
    return Templates(functions).holds(expression, {"traits": everything})


def test_every_name_that_the_server_accepts_is_there() -> None:
    assert set(predicates(FakeHost(), {})) == PREDICATE_NAMES


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("os_family('debian')", True),
        ("os_family('Debian')", True),
        ("os_family('ubuntu')", False),
        ("os_id('ubuntu')", True),
        ("os_id('debian')", False),
        ("version_ge(traits.os.version, '22.04')", True),
        ("version_ge(traits.os.version, '22.10')", False),
        ("version_ge('10', '9')", True),
        ("version_ge('12', 12)", True),
        ("version_lt('1.0~rc1', '1.0')", True),
        ("version_lt('1.0', '1.0')", False),
        ("file_exists('/etc/motd')", True),
        ("file_exists('/etc/up')", True),
        ("file_exists('/bin/sh')", True),
        ("file_exists('/run/socket')", True),
        ("file_exists('/secret')", True),
        ("file_exists('/etc/gone')", False),
        ("file_exists('/etc')", False),
        ("file_exists('/none')", False),
        ("directory_exists('/etc')", True),
        ("directory_exists('/bin')", True),
        ("directory_exists('/')", True),
        ("directory_exists('/etc/motd')", False),
        ("directory_exists('/none/x')", False),
        ("package_installed('curl')", True),
        ("package_installed('wget')", False),
        ("port_listening(22)", True),
        ("port_listening('443')", True),
        ("port_listening(80)", False),
        ("program_exists('nginx')", True),
        ("program_exists('apache2')", False),
        ("hostname_matches('web-*')", True),
        ("hostname_matches('WEB-1.example.com.')", True),
        ("hostname_matches('~^web-[0-9]+$')", True),
        ("hostname_matches('db-*')", False),
        ("local_time('02:00', '04:00')", True),
        ("local_time('03:30', '03:31')", True),
        ("local_time('02:00', '03:30')", False),
        ("local_time('22:00', '04:00')", True),
        ("local_time('22:00', '03:00')", False),
        ("local_time('18:00', '19:00')", False),
        ("os_family('debian') and not file_exists('/none')", True),
    ],
)
def test_it_tells_of_the_machine(expression: str, expected: bool) -> None:  # noqa: FBT001 - the expected answer
    assert holds(expression) is expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("os_family()", "os_family: expected name, found nothing"),
        ("os_family('a', 'b')", "os_family: expected name, found 'a', 'b'"),
        ("os_family(nam='a')", "os_family: expected name, found nam='a'"),
        ("os_family(3)", "os_family: name: expected a text, found 3"),
        ("os_id('')", "os_id: name: expected a text, found ''"),
        ("version_ge('1')", "version_ge: expected version and than, found '1'"),
        ("version_ge(1.10, '1')", r"version_ge: version: expected a version as text, found the number 1.1; quote it"),
        ("version_lt('1', true)", "version_lt: than: expected a text, found True"),
        ("file_exists('etc/motd')", "file_exists: path: expected an absolute path, found 'etc/motd'"),
        ("file_exists('/etc/loop')", "file_exists: expected a path through at most 40 symlinks"),
        ("directory_exists(none)", "directory_exists: path: expected a text, found nothing"),
        ("package_installed('-x')", "package_installed: package: expected a package's name"),
        ("port_listening(0)", "port_listening: expected a port from 1 to 65535, found 0"),
        ("port_listening(65536)", "port_listening: expected a port from 1 to 65535, found 65536"),
        ("port_listening('ssh')", "port_listening: expected a port from 1 to 65535, found 'ssh'"),
        ("port_listening(true)", "port_listening: expected a port from 1 to 65535, found True"),
        ("program_exists([])", r"program_exists: program: expected a text, found \[\]"),
        ("hostname_matches('~(')", r"hostname_matches: expected a regular expression after '~'"),
        ("local_time('2:00', '04:00')", "local_time: start: expected a time of day such as '02:00', found '2:00'"),
        ("local_time('02:00', '24:00')", "local_time: end: expected a time of day such as '02:00', found '24:00'"),
        ("local_time('02:00', '02:00')", "local_time: expected two different times"),
        ("local_time(200, '02:00')", "local_time: start: expected a time of day such as '02:00', found 200"),
    ],
)
def test_a_wrong_argument_is_an_error_of_the_template_that_says_what_was_expected(
    expression: str, message: str
) -> None:
    with pytest.raises(TemplateError, match=f"^{message}"):
        holds(expression)


@pytest.mark.parametrize(
    ("expression", "trait"),
    [("os_family('debian')", "os.family"), ("os_id('x')", "os.id"), ("hostname_matches('*')", "network.hostname")],
)
def test_a_trait_that_is_missing_is_an_undefined_name(expression: str, trait: str) -> None:
    with pytest.raises(TemplateError, match=rf"this machine has no trait {trait}$") as caught:
        holds(expression, os={}, network={})
    assert caught.value.undefined


def test_what_cannot_be_told_is_no_answer() -> None:
    host = FakeHost({"/proc/net/tcp": FakeNode(unreadable="Permission denied")})
    with pytest.raises(UnavailableError, match=r"^port_listening: /proc/net/tcp: Permission denied"):
        holds("port_listening(22)", host)
    with pytest.raises(BlockedError, match=r"^package_installed: expected apt"):
        holds("package_installed('curl')", FakeHost())


def test_a_package_whose_settings_alone_are_left_is_not_installed() -> None:
    question = shlex.join(("dpkg-query", "-W", "-f", DPKG_QUERY_FORMAT))
    host = FakeHost(answers={question: "rc \tcurl\tamd64\t8.5\n"}, programs=["apt-get"])
    assert not holds("package_installed('curl')", host)


def test_an_unknown_zone_is_the_one_that_the_agent_sees() -> None:
    now = datetime(2030, 6, 1, 18, 30, tzinfo=UTC)
    here = now.astimezone()
    start, end = f"{here:%H:%M}", f"{here.replace(hour=(here.hour + 1) % 24):%H:%M}"
    for zone in ("No/Where", "../../etc/passwd", "", None):
        assert holds(f"local_time('{start}', '{end}')", time={"zone": zone})


def test_a_port_of_the_machine_is_seen_while_it_is_listened_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        listening = predicates(RealHost(None), {})["port_listening"]
        assert listening(port)
    assert not listening(port)


def test_it_looks_at_the_host_when_it_is_called(tmp_path: Path) -> None:
    functions = predicates(RealHost(str(tmp_path)), {})
    assert not functions["file_exists"]("/a")
    (tmp_path / "a").write_text("")
    assert functions["file_exists"]("/a")
    assert functions["file_exists"](path="/a")
