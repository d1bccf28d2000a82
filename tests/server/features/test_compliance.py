from pathlib import Path
from typing import Any

import pytest

from tests.server.harness import Machine, Server, a_run, compile_folder
from vigo.core.ids import ResourceId
from vigo.core.run import Outcome, ResourceResult

STACKS = {
    "envoys.vgo": """\
envoys:
  - {match: ["web-*", "jump-*"], configcrates: [ssh, time]}
  - {match: "db-*", configcrates: [time]}
""",
    "configcrates/ssh.vgo": """\
configcrate: ssh
compliance: {cis: [5.2.9, 5.2.10]}
resources: [{name: conf, type: file, path: /srv/ssh.conf, content: x}]
""",
    "configcrates/time.vgo": """\
configcrate: time
compliance: {cis: [2.1], other: [A.8.17]}
resources: [{name: conf, type: file, path: /srv/time.conf, content: x}]
""",
    "compliance.vgo": """\
frameworks:
  cis: {title: A benchmark, version: 1.0.0, controls: {5.2.9: Nine, 5.2.10: Ten, 2.1: Time, 9.9: Nobody does it}}
  other: {title: Another, controls: {A.8.17: Clocks}}
waivers:
  - {framework: cis, controls: [5.2.10], match: "jump-*", reason: the supplier, approved_by: Ada, until: 2099-01-01}
  - {framework: cis, controls: [5.2.9], match: "jump-*", reason: it was, approved_by: Ada, until: 2020-01-01}
""",
}


async def _fleet(server: Server, tmp: Path, **ssh: Outcome | None) -> None:
    server.write_stacks(STACKS)
    await server.publish()
    for name, outcome in ssh.items():
        hostname = name.replace("_", "-")
        machine = await Machine.enrolled(server, tmp / name, hostname)
        if outcome is None:
            continue
        assigned = server.app.generations.assignment(hostname)
        assert assigned is not None
        results = [ResourceResult(id=ResourceId("time/conf"), type="file", outcome="unchanged")]
        if "ssh" in assigned.configcrates:
            results.append(
                ResourceResult(id=ResourceId("ssh/conf"), type="file", outcome=outcome, reason="<b>because</b>")
            )
        async with machine:
            await machine.report(a_run(bundle_digest=assigned.bundle.digest, results=tuple(results)))


def _run(tmp_path: Path, check: Any) -> None:
    import asyncio  # noqa: PLC0415

    async def everything() -> None:
        server = Server(tmp_path / "data", compile_folder)
        await server.start()
        try:
            await check(server, tmp_path)
        finally:
            await server.stop()

    asyncio.run(everything())


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("unchanged", "met"), ("changed", "met"), ("failed", "unmet"), ("blocked", "unmet"), ("skipped", "unmet")],
)
def test_a_claim_is_met_where_its_configcrate_did_its_work(tmp_path: Path, outcome: Outcome, state: str) -> None:
    async def check(server: Server, tmp: Path) -> None:
        await _fleet(server, tmp, web_1=outcome)
        report = (await server.request("GET", "/api/v1/compliance/cis")).json()
        found = {one["control"]: one["evidence"][0] for one in report["by_control"]}
        assert list(found) == ["2.1", "5.2.9", "5.2.10", "9.9"]
        assert (found["5.2.9"]["state"], found["5.2.9"]["configcrates"]) == (state, ["ssh"])
        assert found["2.1"]["state"] == "met"
        assert found["9.9"]["state"] == "unclaimed"
        if state == "unmet":
            assert found["5.2.9"]["reason"] == f"ssh/conf {outcome}: <b>because</b>"
        assert found["5.2.9"]["run"] is not None

    _run(tmp_path, check)


def test_waivers_lapses_and_silence(tmp_path: Path) -> None:
    async def check(server: Server, tmp: Path) -> None:
        await _fleet(server, tmp, jump_1="failed", web_1=None, db_1="unchanged")
        report = (await server.request("GET", "/api/v1/compliance/cis")).json()
        found = {
            (one["control"], evidence["hostname"]): evidence["state"]
            for one in report["by_control"]
            for evidence in one["evidence"]
        }
        assert found["5.2.10", "jump-1"] == "waived"
        assert found["5.2.9", "jump-1"] == "unmet"  # that waiver has lapsed
        assert found["5.2.9", "web-1"] == "unknown"
        assert found["5.2.9", "db-1"] == "unclaimed"
        assert found["2.1", "db-1"] == "met"
        assert [one["has_lapsed"] for one in report["waivers"]] == [False, True]
        assert report["counts"] == {"unmet": 1, "unknown": 3, "unclaimed": 5, "waived": 1, "met": 2}
        assert report["coverage_percent"] == 25.0
        assert sum(sum(one["counts"].values()) for one in report["envoys"]) == 12
        listed = (await server.request("GET", "/api/v1/compliance")).json()["items"]
        assert [(one["framework"], one["coverage_percent"]) for one in listed] == [("cis", 25.0), ("other", 66.7)]
        assert listed[0]["counts"] == report["counts"]
        one = (await server.request("GET", "/api/v1/compliance/cis?host=db-*")).json()
        assert [envoy["hostname"] for envoy in one["envoys"]] == ["db-1"]
        # Another policy than the one that was told of says nothing of the controls.
        server.write_stacks(
            {**STACKS, "configcrates/time.vgo": STACKS["configcrates/time.vgo"].replace("content: x", "content: y")}
        )
        await server.publish()
        later = (await server.request("GET", "/api/v1/compliance/cis?host=db-*")).json()
        assert later["counts"]["met"] == 0
        assert later["counts"]["unknown"] == 1

    _run(tmp_path, check)


def test_a_framework_that_nobody_names_is_told(tmp_path: Path) -> None:
    async def check(server: Server, tmp: Path) -> None:
        assert (await server.request("GET", "/api/v1/compliance")).json()["items"] == []
        server.write_stacks(STACKS)
        await server.publish()
        answer = await server.request("GET", "/api/v1/compliance/cjs")
        assert (answer.status_code, "(cis, other)" in answer.json()["detail"]) == (404, True)

    _run(tmp_path, check)
