from pathlib import Path

import pytest

from tests.cli.desk import Desk, Result
from tests.server.harness import compile_folder

GOOD = {
    "envoys.vgo": "envoys:\n  - {match: ['*'], roles: [web]}\n",
    "roles.vgo": "roles:\n  web: {configcrates: [web]}\n",
    "configcrates/web.vgo": (
        "configcrate: web\nresources:\n"
        "  - {name: one, type: file, path: /etc/one, content: '1'}\n"
        "  - {name: two, type: file, path: /etc/two, content: '2'}\n"
    ),
}
WRONG = GOOD["configcrates/web.vgo"].replace("content: '2'", "content: '2', mod: '0600'")


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    return write(tmp_path / "own", GOOD)


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_publishing_tells_the_generation(desk: Desk) -> None:
    result = desk.here("config", "publish", "-m", "first")
    assert result.status == 0, result.err
    assert result.out == "generation 1 is live\n"


def test_publishing_the_same_again_changes_nothing(desk: Desk) -> None:
    desk.here("config", "publish", "-m", "first")
    again = desk.here("config", "publish", "-m", "again")
    assert again.status == 0
    assert "nothing changed: generation 1" in again.out
    assert desk.here("config", "publish", "-m", "again", "--json").json["unchanged"] is True


def test_warnings_are_told_and_do_not_keep_from_publishing(desk: Desk) -> None:
    desk.server.write_stacks({"envoys.vgo": "warning\n"})
    result = desk.here("config", "publish", "-m", "first")
    assert result.status == 0, result.err
    assert "envoys.vgo:3:5: warning: found the word warning" in result.err
    assert "generation 1 is live, 1 warning" in result.out


def test_rejected_stacks_are_told_with_their_places(desk: Desk) -> None:
    desk.here("config", "publish", "-m", "first")
    desk.server.write_stacks({"envoys.vgo": "error warning\n"})
    result = desk.here("config", "publish", "-m", "second")
    assert (result.status, result.out) == (1, "")
    assert "envoys.vgo:3:5: error: found the word error" in result.err
    assert "envoys.vgo:3:5: warning: found the word warning" in result.err
    assert "1 error, 1 warning: nothing was published and the live generation stays" in result.err
    problem = desk.here("config", "publish", "-m", "second", "--json")
    assert problem.status == 1
    assert [one["severity"] for one in problem.json["diagnostics"]] == ["error", "warning"]
    assert problem.json["code"] == "rejected-policy"


def test_a_message_is_asked_for(desk: Desk) -> None:
    assert desk.here("config", "publish").status == 2
    empty = desk.here("config", "publish", "-m", " ")
    assert empty.status == 1
    assert "that says why" in empty.err


def test_the_history_has_the_newest_first(desk: Desk) -> None:
    assert "nothing was published yet" in desk.here("config", "history").err
    desk.here("config", "publish", "-m", "first")
    desk.server.write_stacks({"envoys.vgo": "other\n"})
    desk.here("config", "publish", "-m", "why\x1b[2J not")
    heads, *rows = desk.here("config", "history").rows
    assert heads == ["GENERATION", "PUBLISHED", "BY", "DIGEST", "MESSAGE"]
    assert [(row[0], row[1]) for row in rows] == [("2", "live"), ("1", rows[1][1])]
    assert rows[0][-1] == "why\\x1b[2J not"
    assert [one["number"] for one in desk.here("config", "history", "--json", "--limit", "1").json["items"]] == [2]


def test_a_login_validates_the_servers_own_stacks(desk: Desk) -> None:
    token = desk.here("access", "create", "--name", "ada", "--json").json["token"]
    fingerprint = desk.here("tokens", "create", "--hostname", "x", "--json").json["ca_sha256"]
    assert desk.vigocli("login", "--server", desk.server.url, "--ca-sha256", fingerprint, told=token).status == 0
    good = desk.vigocli("config", "validate")
    assert good.status == 0, good.err
    assert desk.server.url in good.out
    desk.server.write_stacks({"envoys.vgo": "error\n"})
    bad = desk.vigocli("config", "validate", "--json")
    assert bad.status == 1
    assert bad.json["valid"] is False
    assert bad.json["diagnostics"][0]["line"] == 3


def test_good_stacks_are_summed_up_without_a_server_or_a_data_folder(offline: Desk, stacks: Path) -> None:
    result = offline.vigocli("config", "validate", "--stacks", str(stacks))
    assert result.status == 0, result.err
    assert result.out == f"{stacks}: 1 entry, 1 configcrate, 2 resources; 0 warnings\n"


def test_a_wrong_field_is_told_with_place_line_and_nearest_name(offline: Desk, stacks: Path) -> None:
    write(stacks, {"configcrates/web.vgo": WRONG})
    result = offline.vigocli("config", "validate", "--stacks", str(stacks))
    assert (result.status, result.out) == (1, "")
    assert "configcrates/web.vgo:4:" in result.err
    assert "error" in result.err
    assert "'mode'" in result.err
    assert "^" in result.err
    assert f"{stacks}: 1 error" in result.err


def test_publishing_tells_the_same_findings_as_validating(offline: Desk) -> None:
    offline.server.compiler = compile_folder
    offline.do(offline.server.start())
    offline.server.write_stacks(GOOD | {"configcrates/web.vgo": WRONG})
    published, validated = offline.here("config", "publish", "-m", "x"), offline.here("config", "validate")
    offline.do(offline.server.stop())
    assert published.status == validated.status == 1
    assert published.err.splitlines()[:-1] == validated.err.splitlines()[:-1]


def test_json_has_every_finding(offline: Desk, stacks: Path) -> None:
    good = offline.vigocli("config", "validate", "--stacks", str(stacks), "--json")
    assert good.json == {"valid": True, "entries": 1, "configcrates": 1, "resources": 2, "diagnostics": []}
    write(stacks, {"configcrates/web.vgo": WRONG, "roles.vgo": "roles: 3\n"})
    bad = offline.vigocli("config", "validate", "--stacks", str(stacks), "--json")
    assert bad.status == 1
    assert bad.json["valid"] is False
    assert {"configcrates/web.vgo", "roles.vgo"} <= {one["file"] for one in bad.json["diagnostics"]}
    keys = {"severity", "code", "message", "file", "line", "column", "source_line", "hint"}
    assert all(one.keys() == keys for one in bad.json["diagnostics"])


def test_findings_are_printed_in_the_format_that_is_asked_for(offline: Desk, stacks: Path) -> None:
    write(stacks, {"configcrates/web.vgo": WRONG})

    def validate(*options: str) -> Result:
        return offline.vigocli("config", "validate", "--stacks", str(stacks), *options)

    assert validate("--format", "json").out == validate("--json").out
    assert validate("--format", "text").err == validate().err
    github, sarif = validate("--format", "github"), validate("--format", "sarif")
    assert github.out.startswith(f"::error file={stacks}/configcrates/web.vgo,line=4,")
    assert "\n" not in github.out.removesuffix("\n")
    assert [one["ruleId"] for one in sarif.json["runs"][0]["results"]] == ["unknown-key"]
    assert github.status == sarif.status == 1
    both = validate("--json", "--format", "sarif")
    assert (both.status, both.out) == (2, "")
    assert "expected --json or --format sarif, found both" in both.err
    assert validate("--format", "xml").status == 2


def test_good_stacks_leave_the_formats_of_programs_empty(offline: Desk, stacks: Path) -> None:
    for name in ("github", "sarif"):
        done = offline.vigocli("config", "validate", "--stacks", str(stacks), "--format", name)
        assert done.status == 0, done.err
        assert (done.out == "") == (name == "github")


def test_a_data_folder_is_validated_also_without_its_server(offline: Desk) -> None:
    write(offline.server.folder.stacks, GOOD)
    assert offline.here("config", "validate").status == 0
    write(offline.server.folder.stacks, {"configcrates/web.vgo": WRONG})
    assert offline.here("config", "validate").status == 1


def test_the_usual_folder_of_the_host_is_validated_too(offline: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    write(offline.server.folder.stacks, GOOD)
    monkeypatch.setattr("vigo.cli.client.target.DEFAULT_DATA_DIR", offline.server.folder.root)
    assert offline.vigocli("config", "validate").status == 0
    monkeypatch.setattr("vigo.cli.client.target.DEFAULT_DATA_DIR", offline.folder / "nosuch")
    assert offline.vigocli("config", "validate").status == 2


def test_no_stacks_are_told(offline: Desk, tmp_path: Path) -> None:
    missing = offline.vigocli("config", "validate", "--stacks", str(tmp_path / "nosuch"))
    assert missing.status == 1
    assert "expected the folder of the stacks, found none" in missing.err
    (tmp_path / "file").write_text("")
    assert "found a file" in offline.vigocli("config", "validate", "--stacks", str(tmp_path / "file")).err
