import csv
import io
from pathlib import Path

from tests.cli.desk import Desk
from tests.server.harness import compile_folder

STACKS = {
    "envoys.vgo": 'envoys: [{match: "*", configcrates: [ssh]}]\n',
    "configcrates/ssh.vgo": "configcrate: ssh\ncompliance: {cis: [5.2.9]}\n"
    "resources: [{name: conf, type: file, path: /srv/x, content: x}]\n",
    "compliance.vgo": "frameworks: {cis: {title: <A> benchmark, controls: {5.2.9: =Nine}}}\n",
}


def test_reports_for_people_programs_and_auditors(desk: Desk, tmp_path: Path) -> None:
    assert desk.here("compliance", "list").err == "no configcrate claims a control\n"
    desk.server.app.generations._staging.compile = compile_folder
    desk.server.write_stacks(STACKS)
    desk.do(desk.server.publish())
    desk.enrol("web-1")
    assert desk.here("compliance", "list").rows[1][:3] == ["cis", "0.0 %", "1"]
    shown = desk.here("compliance", "report", "--framework", "cis").out
    assert "0.0 % covered: 1 controls, 1 envoys" in shown
    rows = list(csv.reader(io.StringIO(desk.here("compliance", "report", "--framework", "cis", "--format", "csv").out)))
    assert rows[1][:5] == ["cis", "5.2.9", "'=Nine", "web-1", "unknown"]
    page = tmp_path / "cis.html"
    done = desk.here("compliance", "report", "--framework", "cis", "--format", "html", "-o", str(page))
    assert (done.status, "&lt;A&gt; benchmark" in page.read_text(), "web-1" in page.read_text()) == (0, True, True)
    assert desk.here("compliance", "report", "--framework", "cis", "--format", "json").json["framework"] == "cis"
    assert desk.here("compliance", "report", "--framework", "cjs").status == 1
    assert desk.here("compliance", "report", "--framework", "cis", "-o", str(page)).status == 2
    unwritten = str(tmp_path / "no" / "such")
    assert desk.here("compliance", "report", "--framework", "cis", "--format", "csv", "-o", unwritten).status == 1


def test_an_envoy_is_explained_from_the_live_generation(desk: Desk) -> None:
    desk.server.app.generations._staging.compile = compile_folder
    crate = STACKS["configcrates/ssh.vgo"].replace("resources:", "vars: {port: 22}\nresources:")
    desk.server.write_stacks({**STACKS, "configcrates/ssh.vgo": crate})
    desk.do(desk.server.publish())
    desk.enrol("web-1")
    for subject, told in (("port", "configcrates/ssh.vgo:3"), ("ssh/conf", "/srv/x"), ("", "envoys.vgo:1")):
        found = desk.here("envoys", "explain", "web-1", *((subject,) if subject else ()))
        assert (found.status, told in found.out) == (0, True), found
    assert desk.here("envoys", "explain", "web-1", "port", "--json").json["variable"][0]["value"] == 22
    assert desk.here("envoys", "explain", "web-1", "prot").status == 1
