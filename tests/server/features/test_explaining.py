import asyncio
from pathlib import Path
from typing import Any

from tests.server.harness import Machine, Server, compile_folder
from tests.server.visitors import Visitor, let_in

STACKS = {
    "envoys.vgo": 'envoys: [{match: "web-*", configcrates: [web], vars: {port: 80}}]\n',
    "configcrates/web.vgo": """\
configcrate: web
vars: {port: 8080}
resources: [{name: conf, type: file, path: /srv/x, content: "port = {{ vars.port }} <b>"}]
""",
}


def _run(tmp_path: Path, check: Any) -> None:
    async def everything() -> None:
        server = Server(tmp_path / "data", compile_folder)
        await server.start()
        try:
            await check(server)
        finally:
            await server.stop()

    asyncio.run(everything())


def test_a_value_is_explained_with_its_place_and_what_lost(tmp_path: Path) -> None:
    async def check(server: Server) -> None:
        server.write_stacks(STACKS)
        await server.publish()
        for name in ("web-1", "db-1"):
            await Machine.enrolled(server, tmp_path / name, name)
        found = (await server.request("GET", "/api/v1/envoys/web-1/explain?subject=port")).json()
        claims = found["variable"][0]["claims"]
        assert [(one["value"], one["origin"]["file"], one["standing"]) for one in claims] == [
            (80, "envoys.vgo", "wins"),
            (8080, "configcrates/web.vgo", "loses"),
        ]
        resource = (await server.request("GET", "/api/v1/envoys/web-1/explain?subject=web/conf")).json()["resource"]
        content = next(field for field in resource["fields"] if field["name"] == "content")
        assert content["value"] == "port = 80 <b>"
        everything = (await server.request("GET", "/api/v1/envoys/web-1/explain")).json()["everything"]
        assert [one["name"] for one in everything["configcrates"]] == ["web"]
        for path, told in (
            ("web-1/explain?subject=prot", "did you mean 'port'"),
            ("db-1/explain", "add a `match` for it"),
            ("nobody/explain", "expected the hostname"),
        ):
            answer = await server.request("GET", f"/api/v1/envoys/{path}")
            assert (answer.status_code, told in answer.json()["detail"]) == (404, True), answer.text

    _run(tmp_path, check)


def test_the_page_shows_the_same_and_only_to_who_may_see_the_stacks(tmp_path: Path) -> None:
    async def check(server: Server) -> None:
        server.write_stacks(STACKS)
        await server.publish()
        await Machine.enrolled(server, tmp_path / "web-1", "web-1")
        await let_in(server, "ada")
        await let_in(server, "eve", "viewer")
        ada, eve = Visitor(server), Visitor(server)
        await ada.sign_in("ada")
        await eve.sign_in("eve")
        for subject, told in (("", "envoys.vgo:1"), ("port", "8080"), ("web/conf", "port = 80 &lt;b&gt;")):
            answer = await ada.get(f"/envoys/web-1/explain?subject={subject}")
            assert (answer.status_code, told in answer.text) == (200, True), answer.text
        assert "Why it gets what it gets" in (await ada.get("/envoys/web-1")).text
        assert "Why it gets what it gets" not in (await eve.get("/envoys/web-1")).text
        assert (await eve.get("/envoys/web-1/explain")).status_code == 403

    _run(tmp_path, check)
