from pathlib import Path

from tests.gates.tree import ROOT
from tests.server.harness import Server, served

FOLDER = ROOT / "docs" / "schema"


@served
async def test_the_schemas_that_are_served_are_those_that_are_committed(server: Server, tmp: Path) -> None:
    listed = (await server.request("GET", "/api/v1/schemas")).json()["items"]
    assert [one["name"] for one in listed] == sorted(path.stem for path in FOLDER.iterdir())
    for one in listed:
        answer = await server.request("GET", one["path"])
        assert answer.headers["content-type"].partition(";")[0] == "application/schema+json"
        assert answer.content == (FOLDER / f"{one['name']}.json").read_bytes()
        assert one["title"] == answer.json()["title"]
        assert one["files"]


@served
async def test_an_editor_shows_no_token(server: Server, tmp: Path) -> None:
    async with server.client() as client:
        del client.headers["Authorization"]
        assert (await client.get("/api/v1/schemas")).status_code == 200
        assert (await client.get("/api/v1/schemas/configcrate")).json()["title"] == "A configcrate"


@served
async def test_a_wrong_name_is_answered_with_the_nearest(server: Server, tmp: Path) -> None:
    for asked, meant in (("configcrates", "did you mean 'configcrate'?"), ("zzz", "there are common, compliance")):
        answer = await server.request("GET", f"/api/v1/schemas/{asked}")
        assert answer.status_code == 404
        assert meant in answer.json()["detail"]
