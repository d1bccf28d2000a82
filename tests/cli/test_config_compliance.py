from pathlib import Path

import pytest

from tests.cli.desk import Desk

STACKS = {
    "configcrates/ssh.vgo": (
        "configcrate: ssh\n"
        "compliance: {cis-debian-12: [5.1.22, 5.1.20], pci-dss-4: 2.2.1}\n"
        "resources: [{name: conf, type: file, path: /etc/ssh/x, content: x}]\n"
    ),
    "configcrates/apt.vgo": (
        "configcrate: apt\n"
        "compliance: {cis-debian-12: [5.1.20, 1.2.2]}\n"
        "resources: [{name: keys, type: file, path: /etc/apt/x, content: x, when: \"os_family('debian')\"}]\n"
    ),
    "envoys.vgo": 'envoys: [{match: "*", configcrates: [ssh, apt]}]\n',
    "compliance.vgo": (
        "frameworks:\n"
        "  cis-debian-12: {title: CIS, controls: {1.2.2: Signed sources, 5.1.20: Root stays out, 5.1.22: PAM}}\n"
        "waivers:\n"
        "  - {framework: cis-debian-12, controls: [5.1.20, 1.2.2], match: 'jump-*', reason: one tool,"
        " approved_by: Ada, until: 9998-12-31, ticket: SEC-41}\n"
        "  - {framework: pci-dss-4, controls: 2.2.1, match: '*', reason: tests, approved_by: Ada, until: 2001-12-31}\n"
    ),
}


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    return write(tmp_path / "own", STACKS)


@pytest.fixture
def traits(tmp_path: Path) -> Path:
    path = tmp_path / "traits.yaml"
    path.write_text("os: {family: redhat}\n")
    return path


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_what_is_claimed_and_waived_for_a_host_is_rendered(offline: Desk, stacks: Path, traits: Path) -> None:
    result = offline.vigocli("config", "render", "jump-1", "--stacks", str(stacks), "--traits", str(traits))
    assert result.status == 0, result.err
    claims = result.rows[result.rows.index(["FRAMEWORK", "CONTROL", "TITLE", "CLAIMED BY"]) + 1 :][:4]
    assert claims == [
        ["cis-debian-12", "1.2.2", "Signed sources", "apt (configcrates/apt.vgo:2:38) skipped"],
        [
            *("cis-debian-12", "5.1.20", "Root stays out"),
            "ssh (configcrates/ssh.vgo:2:38), apt (configcrates/apt.vgo:2:30) skipped",
        ],
        ["cis-debian-12", "5.1.22", "PAM", "ssh (configcrates/ssh.vgo:2:30)"],
        ["pci-dss-4", "2.2.1", "ssh (configcrates/ssh.vgo:2:58)"],
    ]
    waivers = result.rows[result.rows.index(["WAIVED", "UNTIL", "APPROVED BY", "REASON", "PLACE"]) + 1 :][:2]
    assert waivers == [
        ["cis-debian-12 5.1.20, 1.2.2", "9998-12-31", "Ada", "SEC-41: one tool", "compliance.vgo:4:5"],
        ["pci-dss-4 2.2.1", "2001-12-31 (lapsed)", "Ada", "tests", "compliance.vgo:5:5"],
    ]


def test_json_has_all_that_people_see(offline: Desk, stacks: Path, traits: Path) -> None:
    files = ("--stacks", str(stacks), "--traits", str(traits))
    found = offline.vigocli("config", "render", "jump-1", *files, "--json").json["compliance"]
    assert [(one["framework"], one["control"], one["title"]) for one in found["claims"]] == [
        ("cis-debian-12", "1.2.2", "Signed sources"),
        ("cis-debian-12", "5.1.20", "Root stays out"),
        ("cis-debian-12", "5.1.22", "PAM"),
        ("pci-dss-4", "2.2.1", ""),
    ]
    assert found["claims"][1]["configcrates"] == [
        {"name": "ssh", "origin": "configcrates/ssh.vgo:2:38", "skipped": False},
        {"name": "apt", "origin": "configcrates/apt.vgo:2:30", "skipped": True},
    ]
    assert found["waivers"][0] == {
        "framework": "cis-debian-12",
        "controls": ["5.1.20", "1.2.2"],
        "match": ["jump-*"],
        "reason": "one tool",
        "approved_by": "Ada",
        "until": "9998-12-31",
        "lapsed": False,
        "ticket": "SEC-41",
        "origin": "compliance.vgo:4:5",
    }
    assert [(one["lapsed"], one["ticket"]) for one in found["waivers"]] == [(False, "SEC-41"), (True, None)]


def test_a_waiver_is_shown_for_the_hosts_that_it_covers_alone(offline: Desk, stacks: Path, traits: Path) -> None:
    files = ("--stacks", str(stacks), "--traits", str(traits))
    found = offline.vigocli("config", "render", "web-1", *files, "--json").json["compliance"]
    assert [one["framework"] for one in found["waivers"]] == ["pci-dss-4"]


def test_without_claims_and_waivers_nothing_is_said_of_them(offline: Desk, stacks: Path, traits: Path) -> None:
    files = ("--stacks", str(stacks), "--traits", str(traits))
    write(stacks, {"compliance.vgo": "", "envoys.vgo": 'envoys: [{match: "*"}]\n'})
    assert offline.vigocli("config", "render", "web-1", *files).out.endswith("configcrates: none\n")
    assert offline.vigocli("config", "render", "web-1", *files, "--json").json["compliance"] == {
        "claims": [],
        "waivers": [],
    }


def test_a_waiver_that_has_lapsed_is_a_warning_of_validate(offline: Desk, stacks: Path) -> None:
    result = offline.vigocli("config", "validate", "--stacks", str(stacks))
    assert result.status == 0
    assert result.err.startswith("compliance.vgo:5:97: warning: until: this waiver has lapsed: 2001-12-31 was its last")
    assert result.out.endswith("1 warning\n")
    write(stacks, {"roles.vgo": "roles: 3\n"})
    found = offline.vigocli("config", "validate", "--stacks", str(stacks), "--json").json["diagnostics"]
    assert [(one["file"], one["code"]) for one in found] == [("compliance.vgo", "lapsed"), ("roles.vgo", "type")]


def test_a_control_is_found_where_it_is_declared_claimed_and_waived(offline: Desk, stacks: Path) -> None:
    rows = offline.vigocli("config", "uses", "cis-debian-12/1.2.2", "--stacks", str(stacks)).rows
    assert rows[1:] == [
        ["control", "compliance.vgo:2:42", "declared in cis-debian-12"],
        ["control", "compliance.vgo:4:51", "cis-debian-12: waived for jump-* until 9998-12-31"],
        ["control", "configcrates/apt.vgo:2:38", "cis-debian-12: claimed by configcrate apt"],
    ]
    wrong = offline.vigocli("config", "uses", "cis-debain-12", "--stacks", str(stacks))
    assert wrong.status == 1
    assert "found nothing called 'cis-debain-12'; did you mean 'cis-debian-12'?" in wrong.err


def test_control_characters_of_titles_and_reasons_do_not_reach_the_terminal(
    offline: Desk, stacks: Path, traits: Path
) -> None:
    text = STACKS["compliance.vgo"].replace("one tool", '"\\e[2J"').replace("Signed sources", '"\\e[2J"')
    write(stacks, {"compliance.vgo": text})
    for more in ((), ("--json",)):
        files = ("--stacks", str(stacks), "--traits", str(traits))
        result = offline.vigocli("config", "render", "jump-1", *files, *more)
        assert result.status == 0, result.err
        assert "\x1b" not in result.out
