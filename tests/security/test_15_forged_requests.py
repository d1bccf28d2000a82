"""A change that another site has somebody's browser send is refused, on pages, in the API and over WebSockets."""

from pathlib import Path

import pytest

from tests.server.harness import Server, served
from tests.server.visitors import PASSWORD, Visitor, let_in
from vigo.server.platform.auth.table import TABLE, Kind
from vigo.server.platform.web.guarding import CSRF_HEADER

FOREIGN = (None, "https://evil.example", "null", "http://{host}", "https://{host}.evil.example", "https://{host}:1")


@served
async def test_15_a_change_without_the_pages_own_word_is_refused(server: Server, tmp: Path) -> None:
    await let_in(server)
    ada = Visitor(server)
    await ada.sign_in()
    right = await ada.csrf()
    assert len(right) == 64
    host = server.url.removeprefix("https://")
    other = Visitor(server)
    await other.sign_in()
    for csrf, origin in (
        *((right, None if one is None else one.format(host=host)) for one in FOREIGN),
        ("", server.url),
        ("x" * 64, server.url),
        (await other.csrf(), server.url),
    ):
        headers = {CSRF_HEADER: csrf} | ({} if origin is None else {"Origin": origin})
        for (verb, path), rule in sorted(TABLE.items()):
            if rule.kind in (Kind.PERSON, Kind.SIGNED_IN) and verb in ("POST", "PUT", "PATCH", "DELETE"):
                answer = await ada.request(verb, path.replace("{", "").replace("}", ""), headers=headers)
                assert answer.status_code == 403, (verb, path, origin, answer.text)
    acts = (await server.request("GET", "/api/v1/audit?actor=ada")).json()["items"]
    assert {act["action"] for act in acts} == {"session.begin"}


@served
async def test_15_a_socket_of_another_site_is_refused(server: Server, tmp: Path) -> None:
    await let_in(server)
    ada = Visitor(server)
    await ada.sign_in()
    socket = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    for origin in (None, "https://evil.example"):
        headers = socket | ({} if origin is None else {"Origin": origin})
        answer = await ada.request("GET", "/api/v1/scriers/x/terminal", headers=headers)
        assert answer.status_code == 403, origin


@served
async def test_15_nobody_is_signed_in_by_another_site(server: Server, tmp: Path) -> None:
    await let_in(server)
    for origin in FOREIGN:
        visitor = Visitor(server)
        headers = {} if origin is None else {"Origin": origin.format(host=server.url.removeprefix("https://"))}
        form = {"name": "ada", "password": PASSWORD}
        answer = await visitor.request("POST", "/sign-in", data=form, headers=headers)
        assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None), origin


@pytest.mark.parametrize("following", ["//evil.example", "https://evil.example", "/\\evil.example", "x", "/a\r\nb: c"])
def test_15_signing_in_leads_to_no_other_site(tmp_path: Path, following: str) -> None:
    async def check(server: Server, tmp: Path) -> None:
        await let_in(server)
        form = {"name": "ada", "password": PASSWORD, "next": following}
        answer = await Visitor(server).request("POST", "/sign-in", data=form, headers={"Origin": server.url})
        assert (answer.status_code, answer.headers["location"]) == (303, "/fleet")

    served(check)(tmp_path)


@served
async def test_15_every_page_says_what_it_may_run(server: Server, tmp: Path) -> None:
    await let_in(server)
    ada = Visitor(server)
    for path in ("/sign-in", "/nothing"):
        answer = await ada.get(path)
        assert "script-src 'self'" in answer.headers["content-security-policy"], path
    await ada.sign_in()
    for (verb, path), rule in sorted(TABLE.items()):
        is_page = rule.kind in (Kind.PERSON, Kind.SIGNED_IN) and not path.startswith(("/api/", "/metrics"))
        if verb == "GET" and is_page:
            answer = await ada.get(path.replace("{", "").replace("}", ""))
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self';"), path
            assert "frame-ancestors 'none'" in policy, path
            assert answer.headers["x-content-type-options"] == "nosniff", path
            assert "no-store" in answer.headers["cache-control"], path
