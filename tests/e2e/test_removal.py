"""What disappears and has `on_remove: revert` is undone on the machine, whatever kills the agent meanwhile."""

import random
import time
from pathlib import Path

from tests.e2e.test_kills import Gate, this_machine
from tests.e2e.world import Envoy, Server, crate, entries, outcomes

ROUNDS = 8
FILES = 12


def revertible(name: str, path: str, content: str) -> str:
    return f'{{name: {name}, type: file, path: {path}, content: "{content}\\n", on_remove: revert}}'


def test_what_disappears_is_shown_undone_and_reported(server: Server, folder: Path) -> None:
    envoy = Envoy("gone-1", folder, server)
    envoy.write("etc/motd", "before\n")
    resources = (
        revertible("motd", "/etc/motd", "mine"),
        "{name: d, type: directory, path: /etc/d, on_remove: revert}",
        revertible("f", "/etc/d/f", "mine"),
        '{name: left, type: file, path: /etc/left, content: "mine\\n"}',
    )
    server.publish(crate("app", *resources) | entries(gone_1="app"))
    envoy.enrol()
    envoy.run()
    assert envoy.status()["undo_records"] == 3
    server.publish(crate("app", resources[3]) | entries(gone_1="app"))
    dry = envoy.once("--dry-run")
    assert dry.status == 0, dry
    assert "would change app/motd" in dry.out
    assert "+before" in dry.out
    assert "would change app/f" in dry.out
    assert envoy.read("etc/motd") == "mine\n"
    report = envoy.run()
    assert outcomes(report) == {
        "app/left": "unchanged",
        "app/f": "changed",
        "app/d": "changed",
        "app/motd": "changed",
    }
    assert [result["id"] for result in report["results"]][1:] == ["app/f", "app/d", "app/motd"]
    assert envoy.read("etc/motd") == "before\n"
    assert not (envoy.place / "etc/d").exists()
    assert envoy.read("etc/left") == "mine\n"
    seen = server.results(server.runs("gone-1")[-1]["id"])
    assert (seen["app/motd"]["outcome"], seen["app/motd"]["ops"]) == ("changed", ["write /etc/motd"])
    assert envoy.status()["undo_records"] == 0
    assert outcomes(envoy.run()) == {"app/left": "unchanged"}
    assert server.envoy("gone-1")["convergence"] == "converged"


def test_what_somebody_changed_is_left_and_said_until_the_resource_says_leave(server: Server, folder: Path) -> None:
    envoy = Envoy("gone-2", folder, server)
    motd = revertible("motd", "/etc/motd", "mine")
    server.publish(crate("app", motd) | entries(gone_2="app"))
    envoy.enrol()
    envoy.run()
    envoy.write("etc/motd", "somebody's\n")
    server.publish(crate("app") | entries(gone_2="app"))
    for _ in range(2):
        (result,) = envoy.run()["results"]
        assert result["outcome"] == "blocked"
        assert "somebody changed it since" in result["reason"]
        assert "`on_remove: leave` and `noop: true`" in result["reason"]
    server.publish(crate("app", motd.replace("revert", "leave, noop: true")) | entries(gone_2="app"))
    assert outcomes(envoy.run()) == {"app/motd": "skipped"}
    server.publish(crate("app") | entries(gone_2="app"))
    assert envoy.run()["results"] == []
    assert envoy.read("etc/motd") == "somebody's\n"


def test_a_resource_that_moved_to_another_configcrate_is_not_undone(server: Server, folder: Path) -> None:
    envoy = Envoy("gone-3", folder, server)
    envoy.write("etc/motd", "before\n")
    server.publish(crate("old", revertible("motd", "/etc/motd", "mine")) | entries(gone_3="old"))
    envoy.enrol()
    envoy.run()
    server.publish(crate("new", revertible("banner", "/etc/motd", "other")) | entries(gone_3="new"))
    assert outcomes(envoy.run()) == {"new/banner": "changed"}
    assert envoy.read("etc/motd") == "other\n"
    server.publish(crate("new") | entries(gone_3="new"))
    envoy.run()
    assert envoy.read("etc/motd") == "before\n"


def test_after_a_kill_between_the_change_and_the_report_the_removal_brings_back_what_was_before(
    server: Server, folder: Path
) -> None:
    envoy = this_machine("gone-4", folder, server)
    gate, path = Gate(envoy.place), envoy.place / "conf"
    path.write_text("before\n")
    wait = f'{{name: wait, type: exec, shell: "{gate.command}", depends_on: [conf]}}'
    server.publish(crate("app", revertible("conf", str(path), "mine"), wait) | entries(gone_4="app"))
    envoy.enrol()
    with gate, envoy.run_in_background() as run:
        gate.reached_by(run)
        assert path.read_text() == "mine\n"
        run.kill()
        gate.open()
    server.publish(crate("app") | entries(gone_4="app"))
    assert outcomes(envoy.run()) == {"app/conf": "changed"}
    assert path.read_text() == "before\n"


def test_a_kill_between_the_record_and_the_change_loses_nothing(server: Server, folder: Path) -> None:
    envoy = this_machine("gone-5", folder, server)
    gate, path = Gate(envoy.place), envoy.place / "conf"
    path.write_text("before\n")
    conf = revertible("conf", str(path), "mine").replace("}", f', validate: [sh, -c, "{gate.command}", "%"]}}')
    server.publish(crate("app", conf) | entries(gone_5="app"))
    envoy.enrol()
    with gate, envoy.run_in_background() as run:
        gate.reached_by(run)
        run.kill()
        gate.open()
    assert path.read_text() == "before\n"
    assert envoy.status()["undo_records"] == 1
    assert outcomes(envoy.run()) == {"app/conf": "changed"}
    assert path.read_text() == "mine\n"
    server.publish(crate("app") | entries(gone_5="app"))
    envoy.run()
    assert path.read_text() == "before\n"


def test_after_kills_at_any_moment_of_changes_and_removals_all_is_as_it_was_before(
    server: Server, folder: Path
) -> None:
    moments = random.Random(20_260_102)  # noqa: S311 - the same moments each time, not secrets
    envoy = Envoy("gone-6", folder, server)
    for number in range(0, FILES, 2):
        envoy.write(f"etc/f{number}", f"before {number}\n")
    before = {path.name: path.read_text() for path in (envoy.place / "etc").iterdir()}
    stacks = crate("app", *(revertible(f"f{number}", f"/etc/f{number}", "mine") for number in range(FILES)))
    server.publish(stacks | entries(gone_6="app"))
    envoy.enrol()
    begun = time.monotonic()
    envoy.run()
    whole_life = time.monotonic() - begun
    for round_number in range(ROUNDS):
        content = f"round {round_number}"
        present = round_number % 2
        files = {name: text.replace("mine", content) for name, text in stacks.items()} if present else crate("app")
        server.publish(files | entries(gone_6="app"))
        with envoy.run_in_background() as run:
            run.kill_after(moments.uniform(0.3 * whole_life, 1.1 * whole_life))
    server.publish(crate("app") | entries(gone_6="app"))
    last = outcomes(envoy.run())
    assert set(last.values()) <= {"changed", "unchanged"}, last
    assert {path.name: path.read_text() for path in (envoy.place / "etc").glob("f*")} == before
    assert envoy.status()["undo_records"] == 0
    assert envoy.run()["results"] == []
