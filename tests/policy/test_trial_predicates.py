from datetime import UTC, datetime
from typing import Any

import pytest

from vigo.agent.predicates import predicates
from vigo.core.conditions import PREDICATES
from vigo.core.errors import VigoError
from vigo.core.templates import TemplateError, Templates
from vigo.policy.documents.facts import FACTS, Facts
from vigo.policy.trial_predicates import UnknownHereError, trial_predicates
from vigo.testing.clock import FakeClock
from vigo.testing.fake_host import FakeHost
from vigo.testing.fake_packages import FakePackages

TRAITS: dict[str, dict[str, Any]] = {
    "os": {"id": "ubuntu", "family": "debian", "version": "22.04"},
    "network": {"hostname": "web-1", "fqdn": "web-1.example.com"},
    "time": {"zone": "UTC"},
}
FACTS_OF_HOST = Facts(
    {
        ("file_exists", "/etc/motd"): True,
        ("file_exists", "/etc"): False,
        ("directory_exists", "/etc"): True,
        ("package_installed", "curl"): True,
        ("package_installed", "vim"): False,
        ("port_listening", "22"): True,
        ("port_listening", "80"): False,
        ("program_exists", "nginx"): True,
    },
    "23:30",
)


def on_a_machine(expression: str, traits: dict[str, dict[str, Any]]) -> bool:
    files = {"/etc/motd": "x", "/proc/net/tcp": "sl local rem st\n0: 00000000:0016 00000000:0000 0A\n"}
    host = FakeHost(files, programs=["nginx"], tools=[FakePackages("apt", {"curl": "8.5"}, {})])
    bound = predicates(host, traits, FakeClock(datetime(2030, 6, 1, 23, 30, tzinfo=UTC)))
    return Templates(bound).holds(expression, {"traits": traits})


def here(expression: str, traits: dict[str, dict[str, Any]], facts: Facts = FACTS_OF_HOST) -> bool:
    return Templates(trial_predicates(traits, facts)).holds(expression, {"traits": traits})


def test_every_predicate_is_there() -> None:
    assert trial_predicates({}, Facts()).keys() == PREDICATES.keys()


@pytest.mark.parametrize(
    "expression",
    [
        "os_family('Debian')",
        "os_family(name='redhat')",
        "os_id('ubuntu')",
        "version_ge(traits.os.version, '9')",
        "version_ge(9, '10')",
        "version_lt('1.0~rc1', than='1.0')",
        "hostname_matches('web-*')",
        "hostname_matches('~.*[.]example[.]com')",
        "hostname_matches('db-*')",
        "local_time('22:00', '04:00')",
        "local_time('02:00', '04:00')",
        "file_exists('/etc/motd')",
        "file_exists('/etc')",
        "directory_exists('/etc')",
        "package_installed('curl')",
        "package_installed('vim')",
        "port_listening(22)",
        "port_listening('22')",
        "port_listening(80)",
        "program_exists('nginx')",
    ],
)
def test_an_answer_is_that_of_a_machine(expression: str) -> None:
    assert here(expression, TRAITS) == on_a_machine(expression, TRAITS)


@pytest.mark.parametrize(
    "expression",
    [
        "os_family()",
        "os_family('a', 'b')",
        "os_family('a', name='b')",
        "os_family(nme='a')",
        "os_family(3)",
        "version_ge(1.10, '2')",
        "hostname_matches('~(')",
        "local_time('2:00', '04:00')",
        "local_time('04:00', '04:00')",
        "file_exists('motd')",
        "port_listening(0)",
        "port_listening(true)",
        "program_exists('')",
    ],
)
def test_what_a_machine_refuses_is_refused_here(expression: str) -> None:
    for answer in (here, on_a_machine):
        with pytest.raises(VigoError):
            answer(expression, TRAITS)


@pytest.mark.parametrize("expression", ["os_family('a')", "os_id('a')", "hostname_matches('a')"])
def test_a_missing_trait_is_an_undefined_name_as_on_a_machine(expression: str) -> None:
    for answer in (here, on_a_machine):
        with pytest.raises(TemplateError, match="this machine has no trait") as raised:
            answer(expression, {})
        assert raised.value.undefined


@pytest.mark.parametrize("name", FACTS)
def test_what_no_fact_says_is_unknown_and_the_message_says_how_to_say_it(name: str) -> None:
    with pytest.raises(UnknownHereError, match=rf"say it in `facts`, such as \{{{name}: "):
        here(PREDICATES[name].example, TRAITS, Facts())
