"""No text of anybody's becomes part of a query: texts are bound, limits hold, and what does not fit finds nothing."""

import re
from pathlib import Path

from tests.gates.tree import ROOT
from tests.server.harness import Machine, Server, a_run, served

HOSTILE = (
    "' OR '1'='1",
    "x' UNION SELECT secret_sha256 FROM access_tokens --",
    "web-1'; DROP TABLE envoys; --",
    'web-1" OR ""="',
    "%",
    "_eb-1",
    "web-1\x00",
    "~(a+)+$",
    "[w]eb-1' --",
    "\\",
    "1 OR 1=1",
)
# A statement that is put together from texts, outside of what sets the database up.
_MADE_UP = re.compile(r"(execute|exec_driver_sql|\btext)\(\s*(f[\"']|[\"'][^\"']*[\"']\s*(%|\+|\.format))")
_SETTING_UP = {"src/vigo/server/platform/db/engine.py"}


def test_16_no_statement_is_put_together_from_texts() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / "src/vigo/server").rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if _MADE_UP.search(line) and str(path.relative_to(ROOT)) not in _SETTING_UP
    ]
    assert found == []
    assert _MADE_UP.search('connection.execute(text(f"SELECT {name}"))')
    assert _MADE_UP.search("connection.exec_driver_sql('SELECT ' + name)")


@served
async def test_16_a_hostile_text_finds_nothing_and_breaks_nothing(server: Server, tmp: Path) -> None:
    async with await Machine.enrolled(server, tmp / "a", "web-1") as machine:
        await machine.report(a_run())
    everything = {
        "envoys": ("hostname", "cursor", "label", "status"),
        "runs": ("envoy", "outcome", "cursor"),
        "tasks": ("cursor", "envoy"),
        "workflow-runs": ("cursor",),
        "scriers": ("cursor", "envoy"),
        "generations": ("cursor",),
    }
    async with server.client() as client:
        for noun, parameters in everything.items():
            whole = (await client.get(f"/api/v1/{noun}")).json()["items"]
            for name in parameters:
                for text in HOSTILE:
                    answer = await client.get(f"/api/v1/{noun}", params={name: text})
                    assert answer.status_code < 500, (noun, name, text, answer.text)
                    if answer.status_code == 200 and name != "cursor":
                        known = answer.json()["items"]
                        assert known == [] or known == whole == [], (noun, name, text, known)
        for noun in ("envoys", "runs", "tasks", "workflow-runs", "scriers", "secret-versions"):
            for text in HOSTILE:
                answer = await client.get(f"/api/v1/{noun}/" + text.replace("/", "%2f").replace("\x00", "%00"))
                assert answer.status_code in (400, 404), (noun, text, answer.text)
    assert [one["hostname"] for one in (await server.request("GET", "/api/v1/envoys")).json()["items"]] == ["web-1"]


@served
async def test_16_limits_hold_whatever_is_asked(server: Server, tmp: Path) -> None:
    for number in range(3):
        await Machine.enrolled(server, tmp / str(number), f"web-{number}")
    async with server.client() as client:
        for limit in ("0", "-1", "1001", "99999999999999999999", "x", "1;1"):
            assert (await client.get("/api/v1/envoys", params={"limit": limit})).status_code == 400, limit
        page = (await client.get("/api/v1/envoys", params={"limit": "2"})).json()
        assert len(page["items"]) == 2
        rest = (await client.get("/api/v1/envoys", params={"limit": "2", "cursor": page["next_cursor"]})).json()
        assert [one["hostname"] for one in (*page["items"], *rest["items"])] == ["web-0", "web-1", "web-2"]
