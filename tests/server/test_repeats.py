"""Requests that come twice, and those that come too often."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.server.harness import Server, served

BODY = {"hostname": "web-*", "ttl_seconds": 600, "uses": 1}


async def _made(
    server: Server, key: str, body: dict[str, object] = BODY, token: str | None = None
) -> tuple[int, str, str]:
    async with server.client(token) as client:
        answer = await client.post("/api/v1/tokens", json=body, headers={"Idempotency-Key": key})
    return answer.status_code, answer.text, answer.headers.get("idempotency-replayed", "")


async def _count(server: Server) -> int:
    return len((await server.request("GET", "/api/v1/tokens")).json()["items"])


@served
async def test_a_change_with_a_key_happens_once(server: Server, tmp: Path) -> None:
    first, second = await _made(server, "k1"), await _made(server, "k1")
    assert (first[0], first[2]) == (201, "")
    assert second == (201, first[1], "true")
    assert await _count(server) == 1
    assert (await _made(server, "k2"))[1] != first[1]
    assert await _count(server) == 2


@served
async def test_those_that_race_happen_once_too(server: Server, tmp: Path) -> None:
    answers = await asyncio.gather(*(_made(server, "k") for _ in range(5)))
    assert len({answer[:2] for answer in answers}) == 1
    assert await _count(server) == 1


@served
async def test_a_key_is_for_one_request_of_one_identity_and_for_some_minutes(server: Server, tmp: Path) -> None:
    await _made(server, "k")
    status, text, _ = await _made(server, "k", {**BODY, "uses": 2})
    assert (status, "came with another request" in text) == (409, True)
    other = (await server.request("POST", "/api/v1/access-tokens", {"name": "x", "ttl_seconds": 900})).json()
    assert (await _made(server, "k", token=other["token"]))[2] == ""
    await server.request("DELETE", f"/api/v1/access-tokens/{other['id']}")
    assert (await _made(server, "k", token=other["token"]))[0] == 401  # its former answer is not for who lost it
    server.clock.advance(timedelta(minutes=11))
    assert (await _made(server, "k"))[2] == ""
    assert await _count(server) == 3


@served
async def test_what_was_refused_can_be_asked_again(server: Server, tmp: Path) -> None:
    wrong = {**BODY, "uses": 0}
    assert (await _made(server, "k", wrong))[0] == 400
    assert (await _made(server, "k", wrong))[2] == "true"  # as it was: it would be refused again
    made = (
        await server.request(
            "POST", "/api/v1/access-tokens", {"name": "x", "ttl_seconds": 60, "permissions": ["runs:read"]}
        )
    ).json()
    assert [(await _made(server, "k", token=made["token"]))[2] for _ in range(2)] == ["", ""]


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "\u00e9"])
def test_a_key_that_is_none_is_refused(tmp_path: Path, key: str) -> None:
    async def check(server: Server, tmp: Path) -> None:
        async with server.client() as client:
            headers = {"Idempotency-Key": key.encode("utf-8")}
            answer = await client.post("/api/v1/tokens", json=BODY, headers=headers)
        assert answer.status_code == 400, answer.text
        assert answer.json()["code"] == "invalid"

    served(check)(tmp_path)


@served
async def test_who_has_it_already_is_not_sent_it_again(server: Server, tmp: Path) -> None:
    async with server.client() as client:
        first = await client.get("/api/v1/tokens")
        tag = first.headers["etag"]
        same = await client.get("/api/v1/tokens", headers={"If-None-Match": f'"other", W/{tag}'})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        await server.token()
        other = await client.get("/api/v1/tokens", headers={"If-None-Match": tag})
        assert (other.status_code, other.headers["etag"] != tag) == (200, True)
        assert "etag" not in (await client.get("/api/v1/nothing")).headers


@served
async def test_22_one_identity_that_asks_without_end_has_to_wait_and_the_others_not(server: Server, tmp: Path) -> None:
    made = [
        (await server.request("POST", "/api/v1/access-tokens", {"name": name, "ttl_seconds": 600})).json()["token"]
        for name in ("ada", "ben")
    ]
    most = server.app.settings.value.requests_per_minute
    async with server.client(made[0]) as client:
        answers = [await client.get("/api/v1/keys") for _ in range(5)]
        assert {answer.status_code for answer in answers} == {200}
        server.app.settings.value = type(server.app.settings.value)(requests_per_minute=10)
        answers = [await client.get("/api/v1/keys") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert answers[-1].json()["code"] == "too-many"
        assert 0 < int(answers[-1].headers["retry-after"]) <= 61
        async with server.client(made[1]) as other:
            assert (await other.get("/api/v1/keys")).status_code == 200
        assert (await server.request("GET", "/api/v1/keys")).status_code == 200
        server.clock.advance(timedelta(seconds=61))
        assert (await client.get("/api/v1/keys")).status_code == 200
    assert most == 3000
