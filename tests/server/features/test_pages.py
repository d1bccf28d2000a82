"""What pages show is what the API and the command line give."""

import re
from pathlib import Path

from tests.cli.desk import Desk
from tests.server.harness import Machine, Server, a_run, served
from tests.server.visitors import Visitor, let_in

_TILE = re.compile(r'filter=([a-z]+):([a-z-]+)"><strong>([\d,]+)</strong>')


@served
async def test_every_number_of_the_fleets_page_is_the_apis(server: Server, tmp: Path) -> None:
    await server.publish()
    for number, outcome in enumerate(("failed", "blocked", "changed", "unchanged")):
        machine = await Machine.enrolled(server, tmp / str(number), f"web-{number}")
        async with machine:
            await machine.check_in()
            assigned = server.app.generations.assignment(f"web-{number}")
            assert assigned is not None
            for _ in range(2):
                await machine.report(a_run(outcome=outcome, bundle_digest=assigned.bundle.digest))
    await let_in(server)
    ada = Visitor(server)
    await ada.sign_in()
    page = (await ada.get("/fleet")).text
    told = (await server.request("GET", "/api/v1/fleet")).json()
    tiles = {(axis, state): int(count.replace(",", "")) for axis, state, count in _TILE.findall(page)}
    assert tiles == {
        (axis, state): count for axis in ("convergence", "drift", "reachability") for state, count in told[axis].items()
    }
    assert f"<strong>{told['envoys']}</strong> envoys, {told['connected']} connected" in page
    listed = (await server.request("GET", "/api/v1/fleet/envoys")).json()
    assert re.findall(r'href="/envoys/(web-\d)"', page) == [one["hostname"] for one in listed["items"]]
    metrics = (await server.request("GET", "/metrics")).text
    for state, count in told["convergence"].items():
        assert f'vigo_envoys_convergence{{state="{state}"}} {count}.0' in metrics
    chain = (await server.request("GET", "/api/v1/audit/chain")).json()
    assert f"{chain['rows']} rows" in (await ada.get("/audit")).text


@served
async def test_a_page_tells_what_it_cannot_read(server: Server, tmp: Path) -> None:
    await let_in(server)
    ada = Visitor(server)
    await ada.sign_in()
    for path, told in (("/fleet?limit=many", "limit: "), ("/fleet?part=groups&by=colour", "expected to group by")):
        answer = await ada.get(path)
        assert (answer.status_code, told in answer.text) == (400, True), answer.text


def test_the_command_line_counts_the_same(tmp_path: Path) -> None:
    with Desk(tmp_path) as desk:
        desk.do(desk.server.start())
        desk.enrol("web-1", a_run(outcome="failed"))
        desk.enrol("web-2", a_run())
        told = desk.do(desk.server.request("GET", "/api/v1/fleet")).json()
        assert desk.here("fleet", "--json").json["summary"] == told
        shown = desk.here("fleet").out
        for state, count in told["convergence"].items():
            assert f"{count} {state}" in shown
        listed = desk.here("envoys", "list", "--json").json["items"]
        of_fleet = desk.here("fleet", "--order", "hostname", "--json").json["items"]
        assert of_fleet == listed
        desk.do(desk.server.stop())
