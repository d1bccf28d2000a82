"""People: who may sign in, what they may then do, and when that ends."""

import asyncio
import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.server.harness import Machine, Server, served
from tests.server.visitors import PASSWORD, Visitor, let_in
from vigo.server.platform.auth.roles import ROLES
from vigo.server.platform.web.guarding import COOKIE


@served
async def test_somebody_signs_in_and_out(server: Server, tmp: Path) -> None:
    assert (await let_in(server)).status_code == 201
    ada = Visitor(server)
    assert (await ada.get("/fleet")).status_code == 303
    assert await ada.sign_in() == 303
    assert [(one.name, one.secure, one.path, one.domain_specified) for one in ada.cookies.jar] == [
        (COOKIE, True, "/", False)
    ]
    assert (await ada.get("/fleet")).status_code == 200
    assert (await ada.get("/api/v1/envoys")).status_code == 200
    kept = dict(ada.cookies)
    await server.restart()
    again = Visitor(server)
    again.cookies.update(kept)
    assert (await again.get("/fleet")).status_code == 200  # a restart signs nobody out
    assert (await again.post("/sign-out")).headers["hx-redirect"] == "/sign-in"
    again.cookies.update(kept)
    assert (await again.get("/fleet")).status_code == 303


@served
async def test_a_session_ends_when_nothing_is_done_and_after_its_time_in_any_case(server: Server, tmp: Path) -> None:
    await let_in(server)
    ada = Visitor(server)
    await ada.sign_in()
    for _ in range(13):
        server.clock.advance(timedelta(minutes=55))
        assert (await ada.get("/fleet")).status_code == 200
    server.clock.advance(timedelta(minutes=10))
    assert (await ada.get("/fleet")).status_code == 303  # 12 hours are over
    await ada.sign_in()
    server.clock.advance(timedelta(minutes=61))
    assert (await ada.get("/fleet")).status_code == 303
    await server.app.people.signing_in.sweep()
    assert (await server.request("GET", "/api/v1/users")).json()["items"][0]["sessions"] == 0


@served
async def test_guessing_locks_the_name_for_longer_and_longer_and_tells_nothing(server: Server, tmp: Path) -> None:
    await let_in(server)
    ada = Visitor(server)
    for _ in range(5):
        assert await ada.sign_in(password="wrong wrong wrong") == 401
    assert await ada.sign_in() == 401  # right, and yet
    item = (await server.request("GET", "/api/v1/users")).json()["items"][0]
    assert item["locked_until"] is not None
    server.clock.advance(timedelta(minutes=3))
    assert await ada.sign_in() == 303
    await server.restart()
    stranger = Visitor(server)
    known, unknown = [
        await stranger.request(
            "POST", "/sign-in", data={"name": name, "password": "wrong wrong"}, headers={"Origin": server.url}
        )
        for name in ("ada", "nobody-here")
    ]
    assert known.text == unknown.text
    acts = (await server.request("GET", "/api/v1/audit?action=session.refused")).json()["items"]
    assert len(acts) == 8
    assert {act["outcome"] for act in acts} == {"refused"}
    assert {act["source"] for act in acts} == {"127.0.0.1"}


@served
async def test_an_address_that_guesses_many_names_has_to_wait(server: Server, tmp: Path) -> None:
    visitor = Visitor(server)
    statuses = [await visitor.sign_in(f"name-{number}", "x" * 12) for number in range(31)]
    assert statuses == [401] * 30 + [503]


@served
async def test_who_is_kept_out_or_removed_is_out_at_once(server: Server, tmp: Path) -> None:
    for name in ("ada", "ben", "cem"):
        await let_in(server, name)
    visitors = {name: Visitor(server) for name in ("ada", "ben", "cem")}
    for name, visitor in visitors.items():
        assert await visitor.sign_in(name) == 303
    await server.request("PATCH", "/api/v1/users/ada", {"disabled": True})
    await server.request("DELETE", "/api/v1/users/ben")
    await server.request("PATCH", "/api/v1/users/cem", {"password": "other words do well"})
    for name, visitor in visitors.items():
        assert (await visitor.get("/fleet")).status_code == 303, name
        assert await visitor.sign_in(name) == 401, name
    assert await visitors["cem"].sign_in("cem", "other words do well") == 303


@served
async def test_one_changes_ones_own_password(server: Server, tmp: Path) -> None:
    await let_in(server)
    ada, elsewhere = Visitor(server), Visitor(server)
    await ada.sign_in()
    await elsewhere.sign_in()
    new = "other words do well"
    for form in (
        {"present": "wrong", "wanted": new, "again": new},
        {"present": PASSWORD, "wanted": new, "again": "another"},
        {"present": PASSWORD, "wanted": "short", "again": "short"},
        {"present": PASSWORD, "wanted": "aaaaaaaaaaaa", "again": "aaaaaaaaaaaa"},
    ):
        answer = await ada.post("/account/password", **form)
        assert (answer.status_code, "note failed" in answer.text) == (400, True), form
    assert (await ada.post("/account/password", present=PASSWORD, wanted=new, again=new)).status_code == 200
    assert (await ada.get("/fleet")).status_code == 200
    assert (await elsewhere.get("/fleet")).status_code == 303


@served
async def test_a_second_factor_is_asked_for_and_each_code_opens_once(server: Server, tmp: Path) -> None:
    await let_in(server)
    ada = Visitor(server)
    await ada.sign_in()
    offered = await ada.post("/account/codes/offer")
    key = offered.text.partition('class="key-text">')[2].partition("<")[0]

    def code(ahead: int = 0) -> str:
        totp = TOTP(base64.b32decode(key), 6, SHA1(), 30, enforce_key_length=False)  # noqa: S303 - what all apps know
        return totp.generate(int(server.clock.now().timestamp()) + ahead).decode()

    assert await Visitor(server).sign_in() == 303  # one that was only offered does not count
    checks = {one["name"]: one for one in (await server.request("GET", "/api/v1/health")).json()["checks"]}
    assert checks["second factors"]["detail"] == "1 may everything with a password alone: ada"
    assert (await ada.post("/account/codes/take", code="000000")).status_code == 400
    assert (await ada.post("/account/codes/take", code=code())).status_code == 200
    checks = {one["name"]: one for one in (await server.request("GET", "/api/v1/health")).json()["checks"]}
    assert checks["second factors"]["status"] == "ok"
    await server.restart()
    for wrong in ("", "abcdef", "12345", code(-300), code()):  # the last one was used
        assert await Visitor(server).sign_in(code=wrong) == 401, wrong
    server.clock.advance(timedelta(minutes=15))
    right = code()
    assert await Visitor(server).sign_in(code=right) == 303
    assert await Visitor(server).sign_in(code=right) == 401
    assert key.encode() not in server.folder.database.read_bytes()
    await server.request("PATCH", "/api/v1/users/ada", {"without_one_time_codes": True})
    assert await Visitor(server).sign_in() == 303


@served
async def test_roles_give_their_rights_and_scope_bounds_the_machines(server: Server, tmp: Path) -> None:
    for hostname in ("web-1", "db-1"):
        await Machine.enrolled(server, tmp / hostname, hostname)
    await let_in(server, "ben", "operator", match=["web-*"])
    await let_in(server, "eve", "viewer")
    ben, eve = Visitor(server), Visitor(server)
    await ben.sign_in("ben")
    await eve.sign_in("eve")
    assert (await ben.post("/envoys/web-1/push")).status_code == 200
    refused = await ben.post("/envoys/db-1/push")
    assert (refused.status_code, "web-* alone" in refused.text) == (403, True)
    assert (await eve.post("/envoys/web-1/push")).status_code == 403
    assert (await eve.get("/people")).status_code == 403
    assert (await eve.get("/audit")).status_code == 403
    for path in ("/fleet", "/runs", "/generations", "/tasks", "/sessions", "/server", "/workflows"):
        assert (await eve.get(path)).status_code == 200, path


@served
async def test_nobody_gives_more_than_they_have(server: Server, tmp: Path) -> None:
    rights = [*ROLES["operator"], "users:write", "users:read"]
    made = await server.request(
        "POST", "/api/v1/access-tokens", {"name": "x", "ttl_seconds": 60, "permissions": rights, "match": ["web-*"]}
    )
    await let_in(server, "root")
    async with server.client(made.json()["token"]) as client:
        body = {"name": "ben", "roles": ["operator"], "password": PASSWORD}
        for more, status in (
            ({"roles": ["admin"], "match": ["web-*"]}, 403),
            ({}, 403),
            ({"match": ["*"]}, 403),
            ({"match": ["web-*"]}, 201),
        ):
            answer = await client.post("/api/v1/users", json=body | more)
            assert answer.status_code == status, answer.text
        assert (await client.patch("/api/v1/users/ben", json={"match": []})).status_code == 403
        assert (await client.patch("/api/v1/users/ben", json={"roles": ["publisher"]})).status_code == 403
        for change in ({"password": PASSWORD}, {"disabled": True}, {"roles": ["viewer"]}):
            assert (await client.patch("/api/v1/users/root", json=change)).status_code == 403
        assert (await client.delete("/api/v1/users/root")).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "Ada Lovelace"},
        {"name": "admin"},
        {"name": "x" * 65},
        {"roles": []},
        {"roles": ["operater"]},
        {"password": "short"},
        {"password": "x" * 257},
        {"match": []},
        {"match": ["~("]},
        {"more": 1},
    ],
)
def test_who_cannot_be_let_in_is_told_why(tmp_path: Path, wrong: dict[str, Any]) -> None:
    async def check(server: Server, tmp: Path) -> None:
        answer = await let_in(server, **{"name": "ada", **wrong} if "name" in wrong else wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.text

    served(check)(tmp_path)


@served
async def test_a_name_is_one_persons(server: Server, tmp: Path) -> None:
    assert (await let_in(server)).status_code == 201
    assert (await let_in(server)).status_code == 409
    assert (await server.request("PATCH", "/api/v1/users/ben", {"disabled": True})).status_code == 404
    assert (await server.request("PATCH", "/api/v1/users/ada", {})).status_code == 400


@served
async def test_passwords_and_secrets_of_sessions_are_stored_nowhere(server: Server, tmp: Path) -> None:
    await let_in(server)
    ada = Visitor(server)
    await ada.sign_in()
    secret = ada.cookies[COOKIE]
    await server.stop()
    try:
        for path in server.folder.root.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert PASSWORD.encode() not in content, path
                assert secret.encode() not in content, path
    finally:
        await server.start()


@served
async def test_what_is_changed_while_somebody_signs_in_counts(server: Server, tmp: Path) -> None:
    await let_in(server)
    signing_in = server.app.people.signing_in
    fits = signing_in._passwords.fits

    async def slow(kept: str | None, password: str) -> bool:
        found = await fits(kept, password)
        await server.request("PATCH", "/api/v1/users/ada", {"disabled": True, "roles": ["viewer"]})
        return found

    signing_in._passwords.fits = slow  # type: ignore[method-assign]
    assert await Visitor(server).sign_in() == 401
    item = (await server.request("GET", "/api/v1/users")).json()["items"][0]
    assert (item["disabled"], item["roles"], item["sessions"]) == (True, ["viewer"], 0)


@served
async def test_one_code_in_two_browsers_at_once_opens_one_session(server: Server, tmp: Path) -> None:
    await let_in(server)
    ada = Visitor(server)
    await ada.sign_in()
    key = (await ada.post("/account/codes/offer")).text.partition('class="key-text">')[2].partition("<")[0]
    totp = TOTP(base64.b32decode(key), 6, SHA1(), 30, enforce_key_length=False)  # noqa: S303 - what all apps know
    await ada.post("/account/codes/take", code=totp.generate(int(server.clock.now().timestamp())).decode())
    server.clock.advance(timedelta(minutes=5))
    code = totp.generate(int(server.clock.now().timestamp())).decode()
    statuses = await asyncio.gather(*(Visitor(server).sign_in(code=code) for _ in range(4)))
    assert sorted(statuses) == [303, 401, 401, 401]


@served
async def test_guesses_at_the_same_time_are_all_counted(server: Server, tmp: Path) -> None:
    await let_in(server)
    await asyncio.gather(*(Visitor(server).sign_in(password="wrong wrong wrong") for _ in range(5)))
    assert (await server.request("GET", "/api/v1/users")).json()["items"][0]["locked_until"] is not None
