from pathlib import Path

import pytest

from tests.e2e.processes import call
from tests.e2e.world import Envoy, Server, crate, entries, outcomes

CONF = '{name: conf, type: file, path: /etc/conf, content: "x\\n"}'
GOOD = crate("app", CONF) | entries(web_x="app")

APP = "configcrates/app.vgo"
BROKEN = {
    "unreadable YAML": ('{name: a, type: file, path: /a, content: "x', f"{APP}:3:46: error: expected"),
    "an unknown field, with the nearest name": (
        "{name: a, type: file, path: /a, contnt: x}",
        f"{APP}:3:37: error: file: no field has the name 'contnt'; did you mean 'content'?",
    ),
    "an unknown kind": (
        "{name: a, type: fiel, path: /a}",
        f"{APP}:3:21: error: no kind of resource has the name 'fiel'; did you mean 'file'?",
    ),
    "a missing variable": (
        '{name: a, type: file, path: /a, content: "{{ vars.prot }}"}',
        f"{APP}:3:50: error: no variable vars.prot",
    ),
    "a cycle": (
        "{name: a, type: file, path: /a, depends_on: [b]}\n  - {name: b, type: file, path: /b, depends_on: [a]}",
        "error: expected an order, found a cycle: app/a depends on app/b",
    ),
    "one thing twice": (
        "{name: a, type: file, path: /a}\n  - {name: b, type: file, path: /a}",
        f"{APP}:4:5: error: path /a: app/b and app/a both manage it; the other one stands at {APP}:3:5",
    ),
}


@pytest.fixture(scope="module")
def held(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Envoy:
    """An envoy that converged before anything broke."""
    server.publish(GOOD)
    envoy = Envoy("web-1", tmp_path_factory.mktemp("held"), server).enrol()
    envoy.run()
    return envoy


@pytest.mark.parametrize("what", BROKEN)
def test_broken_stacks_are_refused_with_their_place_and_the_live_generation_stays(
    what: str, server: Server, held: Envoy
) -> None:
    resource, message = BROKEN[what]
    before = server.get("/api/v1/generations")["items"]
    server.write_stacks(crate("app", resource) | entries(web_x="app"))
    checked = server.cli("config", "validate")
    assert checked.status == 1
    assert message in checked.err
    published = server.cli("config", "publish", "-m", "broken")
    assert published.status == 1
    assert message in published.err
    assert "nothing was published and the live generation stays" in published.err
    assert server.get("/api/v1/generations")["items"] == before


def test_a_broken_entry_and_a_file_that_is_no_text_are_refused_with_their_place(server: Server, held: Envoy) -> None:
    server.write_stacks(crate("app", CONF) | entries(web_x="ap"))
    (server.stacks / "roles.vgo").write_bytes(b"roles: {}\n# \xff\n")
    published = server.cli("config", "publish", "-m", "broken")
    assert published.status == 1
    assert "envoys.vgo:2:39: error: no configcrate has the name 'ap'; did you mean 'app'?" in published.err
    assert "roles.vgo:2:1: error: expected UTF-8 text, found the byte 0xff" in published.err


def test_while_the_stacks_are_broken_envoys_keep_converging_also_after_a_restart(server: Server, held: Envoy) -> None:
    generation = server.publish(GOOD)
    server.write_stacks({"envoys.vgo": "envoys: [\n"})
    assert server.cli("config", "publish", "-m", "broken").status == 1
    held.write("etc/conf", "drift\n")
    assert outcomes(held.run()) == {"app/conf": "changed"}
    server.process.kill()
    server.start()
    assert server.process.out.split()[-1] == f"generation={generation}"
    held.write("etc/conf", "drift\n")
    report = held.run()
    assert (report["generation"], report["offline"], outcomes(report)) == (generation, False, {"app/conf": "changed"})
    newcomer = Envoy("web-2", held.folder, server).enrol()
    assert outcomes(newcomer.run()) == {"app/conf": "changed"}


def test_a_hint_and_the_line_with_a_mark_stand_below_each_finding(folder: Path) -> None:
    (folder / "configcrates").mkdir()
    for name, text in (crate("app", "{name: a, type: fiel, path: /a}") | entries(web_x="app")).items():
        (folder / name).write_text(text)
    checked = call("vigocli", "config", "validate", "--stacks", folder)
    assert checked.status == 1
    line, mark, hint = checked.err.splitlines()[1:4]
    assert (line, mark) == ("  - {name: a, type: fiel, path: /a}".rjust(39), "^".rjust(25))
    assert hint.startswith("    hint: one of: archive, authorized_key, ")
    assert ", file, " in hint
