import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.desk import Desk

STACKS = {
    "configcrates/web.vgo": (
        "configcrate: web\nvars: {port: 80}\nresources:\n"
        '  - {name: conf, type: file, path: /etc/web, content: "port\\n{{ vars.port }}\\n", notify: [again]}\n'
        "  - {name: again, type: file, path: /run/again, content: x, when: changed}\n"
        "  - {name: lock, type: file, path: /etc/lock, content: x, when: \"file_exists('/etc/nologin')\"}\n"
        "  - {name: deb, type: file, path: /etc/deb, content: x, when: \"os_family('debian')\"}\n"
    ),
    "envoys.vgo": 'envoys: [{match: "web-*", configcrates: [web]}]\n',
    "tests/web.vgo": (
        "tests:\n"
        '  - {name: it listens, host: web-1, expect: {resources: {web/conf: {content: "port\\n80\\n"}}}}\n'
        "  - {name: it restarts last, host: web-2, expect: {order: [web/conf, web/again]}}\n"
    ),
}
WRONG = (
    "tests:\n"
    "  - name: it <listens>\n"
    "    host: web-1\n"
    "    expect:\n"
    '      resources: {web/conf: {content: "port\\n81\\n"}}\n'
)


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    return write(tmp_path / "own", STACKS)


@pytest.fixture
def failing(stacks: Path) -> Path:
    return write(stacks, {"tests/wrong.vgo": WRONG})


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_tests_that_pass_are_counted(offline: Desk, stacks: Path) -> None:
    result = offline.vigocli("config", "test", "--stacks", str(stacks))
    assert (result.status, result.out, result.err) == (0, f"{stacks}: 2 tests: 2 passed\n", "")


def test_what_differs_is_told_at_its_expectation(offline: Desk, failing: Path) -> None:
    result = offline.vigocli("config", "test", "--stacks", str(failing))
    assert (result.status, result.out) == (1, "")
    assert result.err.splitlines() == [
        "failed: it <listens> (tests/wrong.vgo:2)",
        "tests/wrong.vgo:5:39: error: web/conf, content: expected the lines with -, found those with +",
        '          resources: {web/conf: {content: "port\\n81\\n"}}',
        "                                          ^",
        "     port",
        "    -81",
        "    +80",
        f"{failing}: 3 tests: 2 passed, 1 failed",
    ]


def test_only_the_named_tests_run(offline: Desk, failing: Path) -> None:
    one = offline.vigocli("config", "test", "--stacks", str(failing), "it listens")
    assert one.out == f"{failing}: 1 test: 1 passed\n"
    both = offline.vigocli("config", "test", "--stacks", str(failing), "it l*", "it restarts last")
    assert both.out == f"{failing}: 2 tests: 2 passed\n"
    none = offline.vigocli("config", "test", "--stacks", str(failing), "it lisens")
    assert none.status == 2
    assert "no test has the name 'it lisens'; did you mean 'it listens'?" in none.err


def test_stacks_with_errors_are_told_and_nothing_is_run(offline: Desk, stacks: Path) -> None:
    write(stacks, {"tests/typo.vgo": "tests: [{name: a, host: web-1, expect: {absent: [], resource: {}}}]"})
    result = offline.vigocli("config", "test", "--stacks", str(stacks))
    assert result.status == 1
    assert "did you mean 'resources'?" in result.err
    assert "1 error, 0 warnings: no test was run" in result.err
    assert offline.vigocli("config", "test", "--stacks", str(stacks), "--json").json["valid"] is False
    assert offline.vigocli("config", "validate", "--stacks", str(stacks)).status == 1


def test_without_tests_nothing_fails(offline: Desk, stacks: Path) -> None:
    (stacks / "tests/web.vgo").unlink()
    result = offline.vigocli("config", "test", "--stacks", str(stacks))
    assert (result.status, result.out) == (0, f"{stacks}: no tests; they stand in tests/*.vgo\n")


def test_json_holds_every_test_and_what_differs(offline: Desk, failing: Path) -> None:
    result = offline.vigocli("config", "test", "--stacks", str(failing), "--json")
    assert result.status == 1
    assert (result.json["passed"], result.json["failed"]) == (2, 1)
    assert [(one["name"], one["file"], one["passed"]) for one in result.json["tests"]] == [
        ("it listens", "tests/web.vgo", True),
        ("it restarts last", "tests/web.vgo", True),
        ("it <listens>", "tests/wrong.vgo", False),
    ]
    (difference,) = result.json["tests"][2]["differences"]
    assert (difference["line"], difference["column"], difference["diff"]) == (5, 39, [" port", "-81", "+80"])


def test_the_results_are_written_for_a_ci_system(offline: Desk, failing: Path, tmp_path: Path) -> None:
    path = tmp_path / "results.xml"
    result = offline.vigocli("config", "test", "--stacks", str(failing), "--junit", str(path))
    assert result.status == 1
    root = ET.parse(path).getroot()  # noqa: S314 - what was just written
    assert [(one.get("name"), one.get("failures")) for one in root] == [
        ("tests/web.vgo", "0"),
        ("tests/wrong.vgo", "1"),
    ]
    assert [one.get("name") for one in root.iter("testcase")] == ["it listens", "it restarts last", "it <listens>"]
    nowhere = offline.vigocli("config", "test", "--stacks", str(failing), "--junit", str(tmp_path / "no" / "x.xml"))
    assert nowhere.status == 1
    assert "cannot be written: No such file or directory" in nowhere.err


@pytest.mark.parametrize("verb", [("test",), ("render", "web-1")])
def test_no_server_is_asked(offline: Desk, verb: tuple[str, ...]) -> None:
    result = offline.vigocli("config", *verb)
    assert result.status == 2
    assert "expected --stacks DIR or --data-dir DIR, found neither" in result.err
    write(offline.server.folder.stacks, STACKS)
    assert offline.here("config", *verb, "--json").json is not None
    missing = offline.vigocli("config", *verb, "--stacks", str(offline.folder / "nosuch"))
    assert missing.status == 1
    assert "expected the folder of the stacks, found none" in missing.err


def test_a_host_is_rendered_as_the_machine_would_see_it(offline: Desk, stacks: Path) -> None:
    traits = stacks.parent / "traits.json"
    traits.write_text(json.dumps({"os": {"family": "redhat"}, "mine": {"face": "\U0001f600"}}))
    result = offline.vigocli("config", "render", "WEB-1", "--stacks", str(stacks), "--traits", str(traits))
    assert result.status == 0, result.err
    assert result.out == (
        "web-1: the entry envoys.vgo:1\nenvironment: none\nroles: none\nconfigcrates: web\n\n"
        'web/conf: file (configcrates/web.vgo:4)\n  path: "/etc/web"\n  content: |\n    port\n    80\n'
        '  notify: ["web/again"]\n\n'
        'web/again: file (configcrates/web.vgo:5)\n  path: "/run/again"\n  content: "x"\n  when: "changed"\n\n'
        "web/lock: file (configcrates/web.vgo:6)\n"
        "  unknown: its condition `file_exists('/etc/nologin')` (configcrates/web.vgo:6:65) needs a machine to tell"
        " file_exists('/etc/nologin'): say it in `facts`, such as {file_exists: {'/etc/nologin': true}}\n"
        '  path: "/etc/lock"\n  content: "x"\n\n'
        "web/deb: file (configcrates/web.vgo:7)\n"
        "  skipped: its condition `os_family('debian')` (configcrates/web.vgo:7:63) is false\n"
        '  path: "/etc/deb"\n  content: "x"\n'
    )


def test_facts_answer_what_needs_a_machine(offline: Desk, stacks: Path) -> None:
    traits, facts = stacks.parent / "traits.yaml", stacks.parent / "facts.yaml"
    traits.write_text("os: {family: debian}\n")
    facts.write_text("file_exists: {/etc/nologin: false}\n")
    files = ("--traits", str(traits), "--facts", str(facts))
    result = offline.vigocli("config", "render", "web-1", "--stacks", str(stacks), *files, "--json")
    assert result.status == 0, result.err
    assert {one["id"]: one["outcome"] for one in result.json["resources"]} == {
        "web/conf": "managed",
        "web/again": "managed",
        "web/lock": "skipped",
        "web/deb": "managed",
    }
    assert result.json["resources"][0]["fields"] == {"path": "/etc/web", "content": "port\n80\n"}


def test_what_would_fail_is_shown_and_is_a_failure(offline: Desk, stacks: Path) -> None:
    result = offline.vigocli("config", "render", "web-1", "--stacks", str(stacks))
    assert result.status == 1
    assert "this machine has no trait os.family" in result.out


def test_a_host_that_no_entry_covers_is_told(offline: Desk, stacks: Path) -> None:
    result = offline.vigocli("config", "render", "db-1", "--stacks", str(stacks))
    assert (result.status, result.out) == (1, "")
    assert "expected an entry that covers db-1, found none" in result.err
    assert offline.vigocli("config", "render", "a b", "--stacks", str(stacks)).status == 1


def test_a_wrong_file_of_traits_is_told_with_its_place(offline: Desk, stacks: Path) -> None:
    traits = stacks.parent / "traits.yaml"
    traits.write_text("os: debian\n")
    result = offline.vigocli("config", "render", "web-1", "--stacks", str(stacks), "--traits", str(traits))
    assert result.status == 1
    assert f"{traits}:1:5: traits: expected a map of the traits in the set 'os', found 'debian'" in result.err
    traits.write_text('{"os": 1, "network": 2, "a": "\\u12"}')
    several = offline.vigocli("config", "render", "web-1", "--stacks", str(stacks), "--traits", str(traits))
    assert f"{traits}:1:" in several.err
    missing = offline.vigocli("config", "render", "web-1", "--traits", str(traits) + "x")
    assert missing.status == 2


def test_stacks_with_errors_cannot_be_rendered(offline: Desk, stacks: Path) -> None:
    write(stacks, {"roles.vgo": "roles: 3\n"})
    result = offline.vigocli("config", "render", "web-1", "--stacks", str(stacks))
    assert result.status == 1
    assert "roles.vgo:1:8: error" in result.err
    assert "1 error, 0 warnings: nothing can be rendered" in result.err


def test_many_tests_run_side_by_side_and_tell_the_same_in_their_order(offline: Desk, stacks: Path) -> None:
    many = "tests:\n" + "".join(
        f"  - {{name: 'number {number}', host: web-1, expect: {{resources: {{web/conf: {{path: {path}}}}}}}}}\n"
        for number in range(120)
        for path in ["/etc/web" if number % 7 else "/etc/wep"]
    )
    write(stacks, {"tests/many.vgo": many})
    alone = offline.vigocli("config", "test", "--stacks", str(stacks), "--json", "--jobs", "1")
    together = offline.vigocli("config", "test", "--stacks", str(stacks), "--json", "--jobs", "4")
    assert alone.status == together.status == 1
    first, second = alone.json, together.json
    for found in (first, second):
        assert all(one.pop("duration_ms") >= 0 for one in found["tests"])
    assert first == second
    assert (first["passed"], first["failed"]) == (104, 18)
    assert [one["name"] for one in first["tests"]][:3] == ["number 0", "number 1", "number 2"]


@pytest.mark.parametrize("jobs", ["0", "many", "-1"])
def test_a_count_of_jobs_that_is_none_is_wrong_usage(offline: Desk, stacks: Path, jobs: str) -> None:
    assert offline.vigocli("config", "test", "--stacks", str(stacks), "--jobs", jobs).status == 2
