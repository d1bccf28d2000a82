"""Names and ids that would be paths: in every route, in secrets, in hostnames, in stacks' files."""

from pathlib import Path

import pytest

from tests.server.harness import Server, enrol_request, post_enrolment, served
from vigo.core.errors import InvalidError
from vigo.core.hostnames import canonical_hostname
from vigo.server.platform.auth.table import GRPC, TABLE, WEB_SOCKET

NAMES = (
    "../keys/ca.key",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "a/../../keys/vault.key",
    "..\\..\\keys\\ca.key",
    "%2e%2e%2fkeys%2fca.key",
    "\u2024\u2024/keys",
    "\uff0e\uff0e/keys/ca.key",
    "a\x00/../x",
    "x" * 4096,
    "con.whl/../../keys/ca.key",
    "file:///etc/passwd",
)


@served
async def test_02_no_name_in_a_route_opens_a_file(server: Server, tmp: Path) -> None:
    secret = server.folder.ca_key.read_text().splitlines()[1]
    async with server.client() as client:
        for verb, path in sorted(TABLE):
            if "{" not in path or verb in (GRPC, WEB_SOCKET):
                continue
            before, _, rest = path.partition("{")
            after = rest.partition("}")[2]
            for name in NAMES:
                for quoted in ("".join(f"%{byte:02x}" for byte in name.encode()), name.replace("\x00", "%00")):
                    async with client.stream(verb, f"{before}{quoted}{after}") as answer:
                        if answer.headers.get("content-type", "").startswith("text/event-stream"):
                            continue  # two dots led back to the route of events, which has no end
                        await answer.aread()
                    assert answer.status_code < 500 or answer.status_code == 503, (verb, path, name, answer.text)
                    assert secret not in answer.text
                    assert "root:" not in answer.text
    assert sorted(path.name for path in server.folder.keys.iterdir() if path.suffix == ".new") == []


@served
async def test_02_a_secret_is_never_written_outside_of_the_vault(server: Server, tmp: Path) -> None:
    inside = {path for path in server.folder.root.rglob("*") if server.folder.secrets not in path.parents}
    key = (await server.request("GET", "/api/v1/sealing-key")).status_code
    assert key == 200
    for name in NAMES:
        body = {"fields": {"value": "x"}, "sealed": "00", "value": "x"}
        quoted = "".join(f"%{byte:02x}" for byte in name.encode())
        answer = await server.request("PUT", f"/api/v1/secrets/{quoted}", body)
        assert answer.status_code in (400, 404, 405), (name, answer.text)
    now = {path for path in server.folder.root.rglob("*") if server.folder.secrets not in path.parents}
    assert {path for path in now - inside if "vigo.db" not in path.name} == set()


@served
async def test_02_no_machine_has_a_path_for_a_name(server: Server, tmp: Path) -> None:
    token = (await server.token(uses=50))["token"]
    for name in (*NAMES, ".", "a/b", "a b", "-rf", "a..b", ".a"):
        answer = await post_enrolment(server, enrol_request(token, name))
        assert answer.status_code == 400, (name, answer.text)
        with pytest.raises(InvalidError):
            canonical_hostname(name)
    assert (await post_enrolment(server, enrol_request(token, "web-1"))).status_code == 200
