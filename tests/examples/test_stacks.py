"""The examples compile without a word, do what their own tests say, and fit the machines that they are for."""

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from tests.examples.gallery import EXAMPLES, compiled, policy, sources
from vigo.catalog.scan import resource_kinds
from vigo.core.encoding import decode, encode
from vigo.core.plan import Origin, Plan, PlannedResource
from vigo.core.traits import Traits
from vigo.policy.diagnostics import as_text
from vigo.policy.documents import configcrates, environments, hostcrates, roles
from vigo.policy.documents.facts import Facts
from vigo.policy.documents.tests import PolicyTest
from vigo.policy.expectations import all_tests, judge
from vigo.policy.options import OPTIONS
from vigo.policy.trials import Machine, Trial, try_policy

SIX = ("kubernetes-nodes", "multi-environment-app", "postgres-backups", "ssh-cis", "web-tls", "workstations")
LARGE = {"cpus": 32, "memory_bytes": 137438953472}
SMALL = {"cpus": 1, "memory_bytes": 1073741824}
DEBIAN_12 = {"id": "debian", "family": "debian", "version": "12"}
DEBIAN_13 = {"id": "debian", "family": "debian", "version": "13"}
UBUNTU = {"id": "ubuntu", "family": "debian", "version": "24.04"}
FEDORA = {"id": "fedora", "family": "redhat", "version": "43"}
DISTRIBUTIONS = {"web-tls": (DEBIAN_12, DEBIAN_13, UBUNTU), "workstations": (DEBIAN_12, DEBIAN_13, UBUNTU, FEDORA)}
"""What an example is for, where it is for more than Debian."""


class Always(Mapping[tuple[str, str], bool]):
    """One answer to every predicate that looks at a machine."""

    def __init__(self, *, answer: bool) -> None:
        self._answer = answer

    def __getitem__(self, key: tuple[str, str]) -> bool:
        return self._answer

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(())

    def __len__(self) -> int:
        return 0


ANSWERS = (Facts(Always(answer=True), "03:00"), Facts(Always(answer=False), "12:00"))


def own_tests(name: str) -> tuple[PolicyTest, ...]:
    return all_tests(sources(name))


def hosts(name: str) -> list[str]:
    """Return the machines of an example's own tests that an entry covers."""
    named = dict.fromkeys(test.host.text for test in own_tests(name))
    return [host for host in named if policy(name).match(host) is not None]


def machines(name: str, host: str) -> Iterator[Machine]:
    for distribution in DISTRIBUTIONS.get(name, (DEBIAN_12, DEBIAN_13)):
        for hardware in (LARGE, SMALL):
            traits: Traits = {"os": distribution, "hardware": hardware}
            yield from (Machine(host, traits, facts) for facts in ANSWERS)


def tried(name: str, host: str) -> Iterator[tuple[Machine, Trial]]:
    """Yield every machine that a host of an example could be, and what it gets."""
    for machine in machines(name, host):
        yield machine, try_policy(policy(name), machine, resource_kinds())


def resources(name: str) -> dict[Origin, PlannedResource]:
    """Return an example's resources by where they stand; of a loop one."""
    plans = (policy(name).plan(entry) for entry in policy(name).entries)
    return {one.origin: one for plan in plans for one in plan.resources}


EVERY_HOST = [(name, host) for name in EXAMPLES for host in hosts(name)]


def test_the_six_are_there() -> None:
    assert EXAMPLES == SIX


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_compiles_without_a_word(name: str) -> None:
    assert as_text(compiled(name).diagnostics) == ""


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_does_what_its_tests_say(name: str) -> None:
    verdicts = [judge(policy(name), test, resource_kinds()) for test in own_tests(name)]
    assert [one.message for verdict in verdicts for one in verdict.differences] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_own_tests_an_example_look_at_every_entry_and_at_values_order_and_errors(name: str) -> None:
    entries = [policy(name).match(host) for host in hosts(name)]
    assert [entry for entry in policy(name).entries if entry not in entries] == []
    expected = [test.expected for test in own_tests(name)]
    assert any(one.error for one in expected)
    assert any(one.order for one in expected)
    assert any(one.absent or one.skipped for one in expected)
    assert any(resource.fields for one in expected for resource in one.resources)


@pytest.mark.parametrize(("name", "host"), EVERY_HOST)
def test_a_machine_of_an_example_can_render_all_that_it_gets(name: str, host: str) -> None:
    for machine, trial in tried(name, host):
        problems = [f"{id_}: {one.problems} {one.unknown}" for id_, one in trial.resources.items()]
        assert [text for text in problems if not text.endswith(": () {}")] == [], machine
        assert {one.outcome for one in trial.resources.values()} <= {"managed", "skipped"}, machine


@pytest.mark.parametrize(("name", "host"), EVERY_HOST)
def test_a_machine_renders_from_its_bundle_what_it_would_from_the_stacks(name: str, host: str) -> None:
    def delivered(entry: Any) -> Plan:
        # Maps arrive sorted; a template that goes through one in its order would give another text.
        return decode(encode(policy(name).plan(entry)), Plan)

    as_delivered: Any = SimpleNamespace(match=policy(name).match, plan=delivered)
    for machine, trial in tried(name, host):
        found = try_policy(as_delivered, machine, resource_kinds())
        assert {id_: one.fields for id_, one in found.resources.items()} == {
            id_: one.fields for id_, one in trial.resources.items()
        }


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_executable_is_for_all_to_run_and_a_secret_for_few_to_read(name: str) -> None:
    for one in resources(name).values():
        path, mode = str(one.fields.get("path", one.templates.get("path", ""))), one.fields.get("mode")
        if path.startswith("/usr/local/sbin/"):
            assert mode == "0755", one.id
        if path.endswith(("privkey.pem", "_key", "secrets.env")):
            assert mode in ("0600", "0640"), one.id
        if path.startswith("/etc/sudoers.d/"):
            assert mode == "0440", one.id


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_a_program_of_the_machine_reads_is_shown_to_it_first(name: str) -> None:
    readers = ("/etc/nginx/", "/etc/ssh/sshd_config.d/", "/etc/sudoers.d/", "/etc/systemd/system/", "/etc/logrotate.d/")
    for one in resources(name).values():
        path = str(one.fields.get("path", one.templates.get("path", "")))
        if one.type == "file" and path.startswith(readers):
            assert one.fields.get("validate"), f"{one.id} at {one.origin}"


ONLY_IN_THE_GUIDE = {"retries", "retry_delay", "noop", "window", "reconverge"}
"""What would keep an example from converging whenever it is tried, or shows nothing where all goes well."""

FEWEST_KINDS = 10
"""docs/kinds.md has an example of every kind; these show how the common ones work together."""


def test_together_they_use_the_common_kinds_and_nearly_all_of_the_language() -> None:
    used = {one.type for name in EXAMPLES for one in resources(name).values()}
    assert used <= set(resource_kinds())
    assert len(used) >= FEWEST_KINDS
    assert {*OPTIONS, *configcrates.KEYS} - ONLY_IN_THE_GUIDE <= keys_in("configcrates/")
    assert set(roles.KEYS) <= keys_in("roles.vgo")
    assert set(environments.KEYS) - {"vars_from"} - ONLY_IN_THE_GUIDE <= keys_in("environments.vgo")
    assert set(hostcrates.KEYS) - {"vars_from", "configcrates"} - ONLY_IN_THE_GUIDE <= keys_in("envoys.vgo")
    assert set(hostcrates.COMMON_KEYS) <= keys_in("common.vgo")


def keys_in(part: str) -> set[str]:
    """Return all keys of the files of all examples whose paths have a part."""
    found = (sources(name).files[file] for name in EXAMPLES for file in sources(name).files if part in file)
    return {key for content in found for key in _keys(yaml.safe_load(content))}


def _keys(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from map(str, node)
    for inside in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _keys(inside)
