"""Kill -9 between any two steps: the next run heals, and what was there before Vigo is what comes back."""

from collections.abc import Callable, Mapping

import pytest

from tests.agent.engine.removing import Machine, file, resource
from vigo.catalog.ops import WriteFile
from vigo.core.plan import PlannedResource
from vigo.testing.fake_accounts import FakeAccounts
from vigo.testing.fake_host import FakeHost, FakeNode
from vigo.testing.fake_packages import FakePackages
from vigo.testing.fake_services import FakeServices, FakeUnit

MOST_STEPS = 60

Make = Callable[[], Machine]


def some_files() -> Machine:
    return Machine(FakeHost({"/a": "before\n", "/lines": "one\n#Port 22\nlast", "/l": FakeNode.symlink("/a")}))


def a_running_host() -> Machine:
    files = {
        "/etc/passwd": "root:x:0:0::/root:/bin/sh\nold:x:1000:1000::/home/old:/bin/sh\n",
        "/etc/group": "root:x:0:\nold:x:1000:\nweb:x:1500:\n",
        "/etc/shadow": "old:$6$s$h:::::::\n",
        "/home/old/.ssh/authorized_keys": "ssh-ed25519 A\n",
        "/run/systemd/system": FakeNode.directory(),
    }
    packages = FakePackages("apt", {"curl": "1"}, {"curl": "1", "nginx": "1", "vim": "1"})
    services = FakeServices({"web.service": FakeUnit(running=True, boot="enabled"), "db.service": FakeUnit()})
    return Machine(FakeHost(files, tools=[FakeAccounts(), packages, services]))


FILES = (
    file("a", "mine\n", mode="0600"),
    file("new", "x\n"),
    resource("d", "directory", path="/d"),
    resource("e", "directory", path="/d/e"),
    file("f", "x\n", path="/d/e/f"),
    resource("l", "symlink", path="/l", to="/new"),
    resource("port", "file_line", path="/lines", line="Port 2222", match="^#?Port "),
    resource("line", "file_line", path="/lines", line="more"),
    file("gone", path="/a2", state="absent"),
)
SYSTEM = (
    resource("tools", "package", package=["nginx", "vim", "curl"], hold=True),
    resource("web", "service", service="web", state="stopped", enabled=False),
    resource("db", "service", service="db", enabled=True),
    resource("ops", "group", group="ops", members=["old"]),
    resource(
        "ada", "user", user="ada", groups=["web"], manage_home=True, password_hash="$6$s$x", authorized_keys=["k"]
    ),
    resource("old", "user", user="old", comment="Old", groups=["web"], locked=True, authorized_keys=[]),
)
WORLDS: Mapping[str, tuple[Make, tuple[PlannedResource, ...]]] = {
    "files": (some_files, FILES),
    "system": (a_running_host, SYSTEM),
}
EVERYWHERE = pytest.mark.parametrize(("make", "plan"), WORLDS.values(), ids=WORLDS)


def state_of(machine: Machine) -> object:
    """Return all of a machine that can be other than it was."""
    tools = {type(tool).__name__: tool for tool in machine.host._tools}
    packages, services = tools.get("FakePackages"), tools.get("FakeServices")
    about_packages = (dict(packages.installed), set(packages._held)) if isinstance(packages, FakePackages) else None
    about_services = dict(services.units) if isinstance(services, FakeServices) else None
    # When the index was fetched last is not undone.
    stamp = ("/var", "/var/lib", "/var/lib/apt")
    files = {path: one for path, one in machine.files().items() if path not in stamp and not path.startswith(stamp[2])}
    return files, about_packages, about_services


def assert_all_is_back(machine: Machine, given: object) -> None:
    results = machine.run()
    assert {one.outcome for one in results.values()} <= {"changed", "unchanged"}, results
    assert state_of(machine) == given
    assert machine.undos.records() == {}
    assert machine.run() == {}


@EVERYWHERE
def test_without_a_kill_all_comes_back(make: Make, plan: tuple[PlannedResource, ...]) -> None:
    machine = make()
    given = state_of(machine)
    results = machine.run(*plan)
    assert {one.outcome for one in results.values()} <= {"changed", "unchanged"}, results
    assert_all_is_back(machine, given)


@EVERYWHERE
def test_a_kill_during_the_change_and_then_the_removal(make: Make, plan: tuple[PlannedResource, ...]) -> None:
    steps = 0
    for step in range(MOST_STEPS):
        machine = make()
        given = state_of(machine)
        if not machine.killed_at(step, lambda one: one.run(*plan)):
            break
        assert_all_is_back(machine, given)
        steps += 1
    assert len(plan) < steps < MOST_STEPS


@EVERYWHERE
def test_a_kill_during_the_change_and_then_the_change_and_then_the_removal(
    make: Make, plan: tuple[PlannedResource, ...]
) -> None:
    for step in range(MOST_STEPS):
        machine = make()
        given = state_of(machine)
        if not machine.killed_at(step, lambda one: one.run(*plan)):
            return
        healed = machine.run(*plan)
        assert {one.outcome for one in healed.values()} <= {"changed", "unchanged"}, healed
        assert {one.outcome for one in machine.run(*plan).values()} == {"unchanged"}
        assert_all_is_back(machine, given)
    raise AssertionError("it never came to an end")


@EVERYWHERE
def test_a_kill_during_the_removal(make: Make, plan: tuple[PlannedResource, ...]) -> None:
    for step in range(MOST_STEPS):
        machine = make()
        given = state_of(machine)
        machine.run(*plan)
        if not machine.killed_at(step, lambda one: one.run()):
            return
        assert_all_is_back(machine, given)
    raise AssertionError("it never came to an end")


@EVERYWHERE
def test_a_kill_at_every_step_of_every_run_gets_there_in_the_end(make: Make, plan: tuple[PlannedResource, ...]) -> None:
    machine = make()
    given = state_of(machine)
    for step in range(1, MOST_STEPS):
        if not machine.killed_at(step, lambda one: one.run(*plan)):
            break
    for step in range(1, MOST_STEPS):
        if not machine.killed_at(step, lambda one: one.run()):
            break
    assert_all_is_back(machine, given)


def test_a_kill_while_a_record_goes_over_to_a_renamed_resource() -> None:
    renamed = tuple(
        resource(f"{one.id.removeprefix('web/')}-2", one.type, **{**one.fields, **changed})
        for one, changed in zip(FILES[:3], ({"content": "other\n"}, {"mode": "0600"}, {"mode": "0700"}), strict=True)
    )
    for step in range(MOST_STEPS):
        machine = some_files()
        given = state_of(machine)
        machine.run(*FILES[:3])
        if not machine.killed_at(step, lambda one: one.run(*renamed)):
            return
        assert {one.outcome for one in machine.run(*renamed).values()} <= {"changed", "unchanged"}
        assert {str(id_) for id_ in machine.undos.records()} == {"web/a-2", "web/new-2", "web/d-2"}
        assert_all_is_back(machine, given)
    raise AssertionError("it never came to an end")


def test_content_that_somebody_wrote_after_a_kill_is_not_lost() -> None:
    for step in range(MOST_STEPS):
        machine = some_files()
        if not machine.killed_at(step, lambda one: one.run(FILES[0])):
            return
        machine.host.apply(WriteFile(path="/a", content=b"somebody's\n"))
        results = machine.run()
        assert [one.outcome for one in results.values()] in ([], ["blocked"])
        assert machine.text("/a") == "somebody's\n"
    raise AssertionError("it never came to an end")


def test_content_that_somebody_wrote_after_a_kill_of_the_removal_is_not_lost() -> None:
    for step in range(1, MOST_STEPS):
        machine = some_files()
        machine.run(FILES[0])
        if not machine.killed_at(step, lambda one: one.run()):
            return
        machine.host.apply(WriteFile(path="/a", content=b"somebody's\n"))
        machine.run()
        assert machine.text("/a") == "somebody's\n"
    raise AssertionError("it never came to an end")


def test_of_two_runs_that_were_killed_each_knows_what_the_other_wrote() -> None:
    for first in range(1, MOST_STEPS):
        machine = some_files()
        if not machine.killed_at(first, lambda one: one.run(file("a", "one\n"))):
            return
        for second in range(1, MOST_STEPS):
            if not machine.killed_at(second, lambda one: one.run(file("a", "two\n"))):
                break
            machine.run()
            assert machine.text("/a") == "before\n"
            machine.killed_at(first, lambda one: one.run(file("a", "one\n")))
    raise AssertionError("it never came to an end")
