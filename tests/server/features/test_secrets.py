"""Who is given which secret, what people may do with them, and what becomes of the machines that are made of them."""

import base64
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.server.features.test_tasks import acts, listening
from tests.server.harness import LOOPBACK, Machine, Server, compile_folder, served, without_audit
from vigo.core.encoding import decode, encode
from vigo.core.errors import DamagedError, ForbiddenError, InvalidError, UnavailableError, UsageError
from vigo.core.sealing import Reader, SealingKeys, context_of_value, seal
from vigo.core.wire.messages import CheckIn, CheckInAnswer, Fingerprint, Methods
from vigo.core.wire.secret_messages import Resolved, ResolveSecrets
from vigo.core.wire.stream_messages import CheckInNow
from vigo.server.features.secrets.backends.vault_key import passphrase_key
from vigo.server.features.secrets.opening import opened_store
from vigo.server.platform.settings.model import SecretsBackend, VaultKeySource

STACKS = {
    "configcrates/web.vgo": """
configcrate: web
vars: {pw: "secret:web/db#password"}
resources:
  - {name: conf, type: file, path: /etc/web.conf, mode: 0600, content: "pw={{ vars.pw }}\\n"}
""",
    "configcrates/db.vgo": """
configcrate: db
resources: [{name: key, type: file, path: /etc/db.key, mode: 0600, content: secret:db/key}]
""",
    "envoys.vgo": 'envoys: [{match: "web-*", configcrates: [web]}, {match: "db-*", configcrates: [db]}]\n',
}


async def stored(server: Server, path: str, status: int = 200, base: int | None = None, **fields: str) -> Any:
    async with server.client() as client:
        key = (await client.get("/api/v1/sealing-key")).json()
        keys = SealingKeys(x25519=base64.b64decode(key["x25519"]), mlkem768=base64.b64decode(key["mlkem768"]))
        sealed = base64.b64encode(seal(encode(fields), keys, context_of_value(path))).decode()
        answer = await client.put(f"/api/v1/secrets/{path}", json={"sealed": sealed, "key": key["key"], "base": base})
    assert answer.status_code == status, answer.text
    return answer.json()


async def revealed(server: Server, path: str, version: int | None = None) -> dict[str, str]:
    reader = Reader()
    body = {
        "x25519": base64.b64encode(reader.keys.x25519).decode(),
        "mlkem768": base64.b64encode(reader.keys.mlkem768).decode(),
        "version": version,
    }
    answer = await server.request("POST", f"/api/v1/secret-values/{path}", body)
    assert answer.status_code == 200, answer.text
    return decode(reader.open(base64.b64decode(answer.json()["sealed"]), context_of_value(path)), dict[str, str])


async def resolve(machine: Machine, *names: str) -> Resolved:
    reader = Reader()
    body = ResolveSecrets(names, reader.keys).to_bytes()
    return Resolved.from_bytes(await machine.call(Methods.RESOLVE_SECRETS, body), reader, body, machine.id)


async def prepared(server: Server) -> None:
    server.compiler = compile_folder
    await server.restart()
    await stored(server, "web/db", password="first-value", user="web")
    await stored(server, "db/key", value="key of the database")
    server.write_stacks(STACKS)
    await server.publish()


async def epoch(machine: Machine, said: int) -> int | None:
    message = CheckIn(fingerprint=Fingerprint(secrets_epoch=said))
    return CheckInAnswer.from_bytes(await machine.call(Methods.CHECK_IN, message.to_bytes())).secrets_epoch


@served
async def test_03_an_envoy_gets_the_secrets_of_its_own_bundle_and_no_other(server: Server, tmp: Path) -> None:
    await prepared(server)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        assert (await resolve(machine, "web/db#password")).values == {"web/db#password": "first-value"}
        for names in (("db/key",), ("web/db#user",), ("web/db",), ("web/db#password", "db/key"), ("no/such",)):
            with pytest.raises(ForbiddenError, match="secrets of this envoy's own bundle"):
                await resolve(machine, *names)
        await server.app.envoys.flush()
        for _ in range(3):
            await resolve(machine, "web/db#password")
        assert acts(server).count(("secrets.resolve", machine.id)) == 1
        server.clock.advance(timedelta(days=1, seconds=1))
        await resolve(machine, "web/db#password")
        await stored(server, "web/db", password="another")
        await resolve(machine, "web/db#password")
        assert acts(server).count(("secrets.resolve", machine.id)) == 3
        assert ("call.refused", machine.id) in acts(server)


@served
async def test_an_envoy_without_a_policy_gets_none(server: Server, tmp: Path) -> None:
    await prepared(server)
    async with await Machine.enrolled(server, tmp / "other", "other") as machine:
        with pytest.raises(ForbiddenError):
            await resolve(machine, "web/db#password")
        assert await epoch(machine, 0) is None


@served
async def test_odd_requests_of_an_envoy_are_refused(server: Server, tmp: Path) -> None:
    await prepared(server)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        for body in (b"", b"\xff", ResolveSecrets(("web/db#password",), SealingKeys(x25519=b"short")).to_bytes()):
            with pytest.raises(InvalidError):
                await machine.call(Methods.RESOLVE_SECRETS, body)


@served
async def test_22_an_envoy_that_asks_again_and_again_has_to_wait(server: Server, tmp: Path) -> None:
    await prepared(server)
    server.app.secrets._pace._most_units = 3
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        for _ in range(3):
            await resolve(machine, "web/db#password")
        with pytest.raises(UnavailableError, match="within a minute"):
            await resolve(machine, "web/db#password")


@served
async def test_another_version_is_told_to_those_that_are_made_of_it(server: Server, tmp: Path) -> None:
    await prepared(server)
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(await Machine.enrolled(server, tmp / "web-1", "web-1"))
        db = await stack.enter_async_context(await Machine.enrolled(server, tmp / "db-1", "db-1"))
        ears = await listening(stack, web)
        first, other = await epoch(web, 0), await epoch(db, 0)
        assert 0 not in (first or 0, other or 0)
        assert first != other
        assert await epoch(web, first) is None
        done = await stored(server, "web/db", password="second-value")
        assert (done["version"], done["envoys"]) == (2, ["web-1"])
        assert isinstance(await ears.next(), CheckInNow)
        second = await epoch(web, first)
        assert second not in (None, 0, first)
        assert await epoch(db, other) is None
        assert (await resolve(web, "web/db#password")).values == {"web/db#password": "second-value"}
        # The same value again is another version too: who sets it anew means that machines shall look.
        await stored(server, "web/db", password="second-value")
        assert await epoch(web, second or 0) not in (None, first, second)


@served
async def test_the_epoch_outlives_a_restart(server: Server, tmp: Path) -> None:
    await prepared(server)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        first = await epoch(machine, 0)
    await server.restart()
    async with AsyncExitStack() as stack:
        await machine.reconnect()
        await stack.enter_async_context(machine)
        assert await epoch(machine, first or 0) is None
        assert (await resolve(machine, "web/db#password")).values


@served
async def test_publishing_needs_every_secret_that_is_referred_to(server: Server, tmp: Path) -> None:
    del tmp
    server.compiler = compile_folder
    await server.restart()
    server.write_stacks(STACKS)
    await stored(server, "web/db", user="no password")
    for path in ("/api/v1/generations", "/api/v1/generations/validate"):
        answer = await server.request("POST", path, {"message": "m"} if path.endswith("s") else None)
        assert answer.status_code == 422, answer.text
        found = {(one["file"], one["line"], one["code"]): one["message"] for one in answer.json()["diagnostics"]}
        assert found.keys() == {("configcrates/web.vgo", 3, "secret"), ("configcrates/db.vgo", 3, "secret")}
        assert "expected the field password in the secret web/db, found user" in str(found)
        assert answer.json()["diagnostics"][0]["source_line"].startswith("resources:")
    await stored(server, "web/db", password="x")
    await stored(server, "db/key", value="x")
    assert (await server.publish())["generation"]["number"] == 1


@served
async def test_a_backend_that_does_not_answer_warns_and_takes_nothing_away(server: Server, tmp: Path) -> None:
    secret_id = tmp / "secret-id"
    secret_id.write_text("x")
    server.compiler = compile_folder
    server.settings = msgspec.structs.replace(
        LOOPBACK,
        secrets_backend=SecretsBackend.OPENBAO,
        openbao_address="https://127.0.0.1:1",
        openbao_role_id="x",
        openbao_secret_id_file=str(secret_id),
    )
    await server.restart()
    server.write_stacks(STACKS)
    warnings = (await server.publish())["warnings"]
    assert [one["code"] for one in warnings] == ["secret"]
    assert "nobody can tell whether the secret" in warnings[0]["message"]
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        # Nobody knows the versions, so nobody is told to look anew.
        assert await epoch(machine, 7) is None
        found = await resolve(machine, "web/db#password")
        assert not found.values
        assert "to answer, found" in found.problems["web/db#password"]
        await server.app.secrets.refresh()
        assert await epoch(machine, 7) is None


@served
async def test_people_see_set_and_remove_secrets(server: Server, tmp: Path) -> None:
    del tmp
    await prepared(server)
    assert await revealed(server, "web/db") == {"password": "first-value", "user": "web"}
    await stored(server, "web/db", base=1, password="2")
    assert await revealed(server, "web/db") == {"password": "2"}
    assert (await revealed(server, "web/db", 1))["password"] == "first-value"
    assert "someone changed it" in (await stored(server, "web/db", 409, base=1, password="3"))["detail"]
    assert "in version 0, found 2" in (await stored(server, "web/db", 409, base=0, password="3"))["detail"]
    listed = (await server.request("GET", "/api/v1/secrets")).json()
    assert [(one["path"], one["version"], one["fields"]) for one in listed["items"]] == [
        ("db/key", 1, ["value"]),
        ("web/db", 2, ["password"]),
    ]
    history = (await server.request("GET", "/api/v1/secret-versions/web/db")).json()
    assert [(one["version"], one["created_by"]) for one in history["items"]] == [(2, "admin"), (1, "admin")]
    await stored(server, "unused", value="x")
    assert (await server.request("DELETE", "/api/v1/secrets/unused")).status_code == 204
    assert (await server.request("DELETE", "/api/v1/secrets/unused")).status_code == 404
    everything = [name for name, _ in acts(server)]
    assert {"secret.set", "secret.reveal", "secret.remove"} <= set(everything)


@served
async def test_a_secret_that_machines_are_made_of_is_not_removed(server: Server, tmp: Path) -> None:
    await prepared(server)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1"):
        answer = await server.request("DELETE", "/api/v1/secrets/web/db")
        assert (answer.status_code, "needs the secret web/db on web-1" in answer.text) == (409, True)
        assert await revealed(server, "web/db")


@served
async def test_what_is_no_secret_is_refused(server: Server, tmp: Path) -> None:
    del tmp
    assert "without NUL" in (await stored(server, "a", 400, value="x\0"))["detail"]
    assert "at most 64 KiB" in (await stored(server, "a", 413, value="x" * 70_000))["detail"]
    assert "at least one field" in (await stored(server, "a", 400))["detail"]
    for path in ("%2e%2e/x", "a%00", "-a", "a//b", "a%20b", "a" * 201):
        answer = await server.request("GET", f"/api/v1/secret-versions/{path}")
        assert answer.status_code in (400, 404), (path, answer.text)
    for body in ({}, {"generate": 3}, {"generate": 32, "sealed": "x"}, {"sealed": "!", "key": "x"}, {"x": 1}):
        answer = await server.request("PUT", "/api/v1/secrets/a", body)
        assert answer.status_code == 400, (body, answer.text)
    for keys in ({"x25519": "!"}, {"x25519": ""}, {"x25519": base64.b64encode(b"short").decode()}):
        assert (await server.request("POST", "/api/v1/secret-values/a", keys)).status_code in (400, 404)
    assert (await server.request("GET", "/api/v1/secrets")).json()["items"] == []


@served
async def test_05_a_sealed_value_is_good_once_and_for_its_path(server: Server, tmp: Path) -> None:
    del tmp
    async with server.client() as client:

        async def put(path: str, sealed: bytes, key: str) -> httpx.Response:
            body = {"sealed": base64.b64encode(sealed).decode(), "key": key}
            return await client.put(f"/api/v1/secrets/{path}", json=body)

        key = (await client.get("/api/v1/sealing-key")).json()
        keys = SealingKeys(x25519=base64.b64decode(key["x25519"]), mlkem768=base64.b64decode(key["mlkem768"]))
        sealed = seal(encode({"value": "x"}), keys, context_of_value("a"))
        assert (await put("a", sealed, key["key"])).status_code == 200
        again = await put("a", sealed, key["key"])
        assert (again.status_code, "ask for one anew" in again.text) == (400, True)
        other = (await client.get("/api/v1/sealing-key")).json()
        keys = SealingKeys(x25519=base64.b64decode(other["x25519"]), mlkem768=base64.b64decode(other["mlkem768"]))
        moved = await put("b", seal(encode({"value": "x"}), keys, context_of_value("a")), other["key"])
        assert moved.status_code == 400


@served
async def test_a_value_that_the_server_makes_is_random_and_shown_to_nobody(server: Server, tmp: Path) -> None:
    del tmp
    answers = [await server.request("PUT", "/api/v1/secrets/a", {"generate": 40}) for _ in range(2)]
    values = {(await revealed(server, "a", number))["value"] for number in (1, 2)}
    assert len(values) == 2
    assert all(len(value) == 40 and value not in answer.text for value in values for answer in answers)


@served
async def test_another_key_of_the_vault_takes_over_while_the_server_goes_on(server: Server, tmp: Path) -> None:
    del tmp
    await prepared(server)
    before = server.folder.vault_key.read_bytes()
    answer = await server.request("POST", "/api/v1/vault-keys")
    assert answer.json() == {"secrets": 2}
    assert server.folder.vault_key.read_bytes() != before
    assert await revealed(server, "web/db")
    await server.restart()
    assert await revealed(server, "web/db")
    server.folder.vault_key.write_bytes(before)
    await server.restart()
    listed = (await server.request("GET", "/api/v1/secrets")).json()["items"]
    assert all("restore keys/vault.key" in one["problem"] for one in listed)


@served
async def test_28_a_damaged_secret_is_listed_and_can_be_removed_or_set_anew(server: Server, tmp: Path) -> None:
    del tmp
    for path in ("a", "b", "c"):
        await stored(server, path, value=path)
    for path in ("a", "b"):
        (server.folder.secrets / f"{path}.sealed").write_bytes(b"damage")
    await server.restart()
    items = (await server.request("GET", "/api/v1/secrets")).json()["items"]
    assert [bool(one["problem"]) for one in items] == [True, True, False]
    assert (await server.request("POST", "/api/v1/vault-keys")).status_code == 500
    assert (await server.request("DELETE", "/api/v1/secrets/a")).status_code == 204
    await stored(server, "b", value="anew")
    assert (await server.request("POST", "/api/v1/vault-keys")).json() == {"secrets": 2}
    assert await revealed(server, "b") == {"value": "anew"}


@served
async def test_30_no_secret_is_told_or_changed_without_its_row(server: Server, tmp: Path) -> None:
    await prepared(server)
    async with await Machine.enrolled(server, tmp / "web-1", "web-1") as machine:
        async with without_audit(server):
            with pytest.raises(UnavailableError):
                await resolve(machine, "web/db#password")
            await stored(server, "web/db", 503, password="x")
            for verb, path, body in (
                ("PUT", "secrets/web/db", {"generate": 32}),
                ("DELETE", "secrets/db/key", None),
                ("POST", "vault-keys", None),
                ("POST", "secret-values/db/key", {"x25519": base64.b64encode(Reader().keys.x25519).decode()}),
            ):
                assert (await server.request(verb, f"/api/v1/{path}", body)).status_code == 503, path
        assert await revealed(server, "web/db") == {"password": "first-value", "user": "web"}


@served
async def test_an_export_is_for_its_recipients_alone(server: Server, tmp: Path) -> None:
    del tmp
    import pyrage  # noqa: PLC0415 - the one test that needs it

    await prepared(server)
    identity, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    answer = await server.request("POST", "/api/v1/secret-exports", {"recipients": [str(identity.to_public())]})
    assert answer.status_code == 200
    found = msgspec.json.decode(pyrage.decrypt(answer.content, [identity]))
    assert found == {"db/key": {"value": "key of the database"}, "web/db": {"password": "first-value", "user": "web"}}
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(answer.content, [other])
    for recipients in ([], ["age1nonsense"], ["AGE-SECRET-KEY-1"], ["x"] * 51):
        refused = await server.request("POST", "/api/v1/secret-exports", {"recipients": recipients})
        assert refused.status_code == 400, refused.text


@served
async def test_a_vault_without_its_key_does_not_start_and_says_why(server: Server, tmp: Path) -> None:
    del tmp
    await prepared(server)
    server.folder.vault_key.unlink()
    with pytest.raises(DamagedError, match="there are secrets under it"):
        opened_store(server.folder, LOOPBACK, server.clock, lambda: "")
    (server.folder.secrets / "web@db.sealed").unlink()
    (server.folder.secrets / "db@key.sealed").unlink()
    opened_store(server.folder, LOOPBACK, server.clock, lambda: "")
    assert len(server.folder.vault_key.read_bytes()) == 32


@pytest.mark.parametrize("text", [b"", b"short", b"x" * 33])
def test_28_a_file_that_is_no_key_is_told(tmp_path: Path, text: bytes) -> None:
    server = Server(tmp_path)
    for folder in (server.folder.keys, server.folder.secrets):
        folder.mkdir()
    server.folder.vault_key.write_bytes(text)
    with pytest.raises(DamagedError, match="expected the vault's key of 32 bytes"):
        opened_store(server.folder, LOOPBACK, server.clock, lambda: "")


def test_the_key_can_be_a_credential_or_of_a_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(tmp_path)
    for folder in (server.folder.keys, server.folder.secrets):
        folder.mkdir()
    credential = msgspec.structs.replace(LOOPBACK, vault_key=VaultKeySource.CREDENTIAL)
    with pytest.raises(UsageError, match="expected the credential vigo-vault-key"):
        opened_store(server.folder, credential, server.clock, lambda: "")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "vigo-vault-key").write_bytes(bytes(32))
    vault = opened_store(server.folder, credential, server.clock, lambda: "")
    vault.put("a", {"value": "x"}, "ada")
    with pytest.raises(UsageError, match="comes from the credential"):
        vault.rekey()
    by_words = msgspec.structs.replace(LOOPBACK, vault_key=VaultKeySource.PASSPHRASE)
    other = opened_store(server.folder, by_words, server.clock, lambda: "correct horse battery")
    assert other.listed()[0].problem
    other.put("a", {"value": "y"}, "ada")
    monkeypatch.setenv("VIGO_VAULT_PASSPHRASE", "correct horse battery")
    again = opened_store(server.folder, by_words, server.clock, lambda: "never asked")
    assert again.read("a").fields == {"value": "y"}
    assert passphrase_key("correct horse staple", server.folder.vault_salt).current.id != "x"
    with pytest.raises(InvalidError, match="at least 12 characters"):
        opened_store(server.folder, by_words, server.clock, lambda: "short")
