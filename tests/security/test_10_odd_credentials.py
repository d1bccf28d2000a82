import contextlib
from pathlib import Path

import httpx

from tests.server.harness import Server, enrol_request, post_enrolment, served

ODD = (
    "",
    "null",
    "Bearer",
    "Bearer null",
    "Bearer []",
    "Bearer {}",
    "Bearer 0",
    "Bearer true",
    'Bearer ""',
    "Bearer ' OR 1=1 --",
    "Basic YWRtaW46YWRtaW4=",
    "Digest username=admin",
    "Negotiate x",
    "token abc",
    "Bearer a,Bearer b",
    "Bearer vigo-admin-",
    "Bearer " + "A" * 8000,
)


@served
async def test_10_odd_credentials_are_refused_and_never_a_fault(server: Server, tmp: Path) -> None:
    async with server.client() as client:
        del client.headers["Authorization"]
        for value in ODD:
            for path in ("/api/v1/envoys", "/api/v1/health", "/api/v1/tokens"):
                answer = await client.get(path, headers={"Authorization": value})
                assert answer.status_code == 401, value
                assert answer.headers["www-authenticate"] == "Bearer"
                assert answer.json()["code"] == "unauthenticated"
        good = ("Authorization", f"Bearer {server.admin_token}")
        for headers in ([good, good], [good, ("authorization", "Bearer x")], [("X-Authorization", good[1])], []):
            assert (await client.get("/api/v1/envoys", headers=headers)).status_code == 401
        assert (await client.get("/api/v1/envoys", params={"token": server.admin_token})).status_code == 401
        assert (await client.get("/api/v1/envoys", headers={"Cookie": f"Authorization={good[1]}"})).status_code == 401
        # The server answers 4xx or hangs up in the middle of it, which lets nobody in either.
        with contextlib.suppress(httpx.TransportError):
            answer = await client.get("/api/v1/envoys", headers=[("Authorization", "Bearer " + "A" * 1_000_000)])
            assert 400 <= answer.status_code < 500


@served
async def test_10_parts_of_a_good_token_are_refused(server: Server, tmp: Path) -> None:
    token = server.admin_token
    for bent in (
        token[:-1],
        token[1:],
        token + "A",
        token.upper(),
        token[:-1] + "é"[0].encode("ascii", "ignore").decode(),
    ):
        async with server.client(bent) as client:
            assert (await client.get("/api/v1/envoys")).status_code == 401


@served
async def test_10_odd_enrolment_tokens_are_refused_alike(server: Server, tmp: Path) -> None:
    answers = set()
    for token in (
        " ",
        "null",
        "[]",
        "vigo-",
        "vigo-" + "a" * 52,
        "VIGO-" + "A" * 52,
        server.admin_token,
        "' OR 1=1 --",
        "\x00",
        "a" * 10_000,
    ):
        answer = await post_enrolment(server, enrol_request(token, "web-1"))
        answers.add((answer.status_code, answer.json()["detail"]))
    assert len(answers) == 1
    assert answers.pop()[0] == 401
