from datetime import timedelta
from pathlib import Path

from tests.server.harness import Server, served


async def _made(server: Server, ttl_seconds: int = 60) -> dict[str, str]:
    answer = await server.request("POST", "/api/v1/access-tokens", {"name": "laptop", "ttl_seconds": ttl_seconds})
    assert answer.status_code == 201
    return dict(answer.json())


@served
async def test_a_new_access_token_comes_with_what_logging_in_takes(server: Server, tmp: Path) -> None:
    made = await _made(server)
    assert made["server"] == server.url
    assert made["ca_sha256"] == (await server.token())["ca_sha256"]


@served
async def test_an_access_token_opens_the_api_until_it_ends(server: Server, tmp: Path) -> None:
    made = await _made(server)
    async with server.client(made["token"]) as client:
        assert (await client.get("/api/v1/envoys")).status_code == 200
        server.clock.advance(timedelta(seconds=61))
        assert (await client.get("/api/v1/envoys")).status_code == 401


@served
async def test_a_withdrawn_access_token_is_refused_at_once(server: Server, tmp: Path) -> None:
    made = await _made(server)
    async with server.client(made["token"]) as client:
        assert (await client.get("/api/v1/envoys")).status_code == 200
        assert (await server.request("DELETE", f"/api/v1/access-tokens/{made['id']}")).status_code == 204
        assert (await client.get("/api/v1/envoys")).status_code == 401
    assert (await server.request("DELETE", f"/api/v1/access-tokens/{made['id']}")).status_code == 404


@served
async def test_an_access_token_outlives_a_restart_and_the_admin_token_does_not(server: Server, tmp: Path) -> None:
    made, admin = await _made(server), server.admin_token
    await server.restart()
    async with server.client(made["token"]) as client:
        assert (await client.get("/api/v1/envoys")).status_code == 200
    async with server.client(admin) as client:
        assert (await client.get("/api/v1/envoys")).status_code == 401


@served
async def test_a_tokens_text_is_stored_nowhere(server: Server, tmp: Path) -> None:
    texts = [(await _made(server))["token"], (await server.token())["token"]]
    await server.stop()
    content = b"".join(path.read_bytes() for path in server.folder.root.rglob("*") if path.is_file())
    await server.start()
    assert not any(text.encode() in content for text in texts)


@served
async def test_a_name_or_a_life_that_makes_no_sense_is_refused(server: Server, tmp: Path) -> None:
    for body in (
        {"name": "", "ttl_seconds": 60},
        {"name": "a\nb", "ttl_seconds": 60},
        {"name": "a", "ttl_seconds": 0},
        {"name": "a", "ttl_seconds": 10**12},
        {"name": "a"},
        {"name": "a", "ttl_seconds": 60, "admin": True},
        {"name": ["a"], "ttl_seconds": 60},
        [],
        None,
    ):
        answer = await server.request("POST", "/api/v1/access-tokens", body)
        assert answer.status_code == 400, body
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "invalid"


@served
async def test_when_a_token_was_used_last_is_shown_and_survives_a_restart(server: Server, tmp: Path) -> None:
    made = (await server.request("POST", "/api/v1/access-tokens", {"name": "ci", "ttl_seconds": 600})).json()

    async def used() -> str | None:
        found: str | None = (await server.request("GET", "/api/v1/access-tokens")).json()["items"][0]["last_used_at"]
        return found

    assert await used() is None
    async with server.client(made["token"]) as client:
        assert (await client.get("/api/v1/keys")).status_code == 200
    at = await used()
    assert at is not None
    await server.restart()
    assert await used() == at
