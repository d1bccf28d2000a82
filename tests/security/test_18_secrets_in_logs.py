import base64
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.agent.fake_machine import FakeMachine
from tests.server.harness import Machine, Server, enrol_request, post_enrolment, served
from vigo.agent.cycle import Cycles


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s %(exc_text)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def _everything_logged() -> Iterator[_Kept]:
    handler, root = _Kept(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def _forms(secret: str) -> set[str]:
    data = secret.encode()
    return {secret, base64.b64encode(data).decode().rstrip("=")[:-2], data.hex()}


def _keys(*paths: Path) -> Iterator[str]:
    for path in paths:
        lines = path.read_text("latin-1").strip().splitlines()
        yield from (line for line in lines if len(line) >= 32 and not line.startswith("-----"))


@served
async def test_18_no_token_and_no_key_is_logged_or_stored_whatever_goes_wrong(server: Server, tmp: Path) -> None:
    with _everything_logged() as log:
        token = (await server.token("web-*", uses=3))["token"]
        access = (await server.request("POST", "/api/v1/access-tokens", {"name": "x", "ttl_seconds": 60})).json()
        machine = await Machine.enrolled(server, tmp / "state", "web-1", await server.token("web-1"))
        for name in ("web-1", "db-1", "a b", "web-2"):
            await post_enrolment(server, enrol_request(token, name))
        async with server.client(access["token"] + "x") as client:
            await client.get("/api/v1/envoys", params={"cursor": "'"})
        async with server.client(access["token"]) as client:
            await client.post("/api/v1/tokens", content=b"{")
            await client.get("/api/v1/runs/x")
        cycles = Cycles(machine.folder, lambda _identity: FakeMachine(), server.clock)
        await cycles.run()
        await server.app.database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE audit RENAME TO x"))
        await post_enrolment(server, enrol_request(token, "web-3"))
        await cycles.run()
        await cycles.close()
        await server.app.database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE x RENAME TO audit"))
        await server.request("POST", "/api/v1/envoys/web-1/revoke")
        await server.running.reload(server.settings)
    said = "\n".join(log.lines)
    assert "enrolled as" in said
    stored = b"".join(path.read_bytes() for path in server.folder.root.glob("vigo.db*")).decode("latin-1")
    state = machine.folder.tls_path.parent
    secrets = [token, access["token"], server.admin_token]
    secrets += _keys(server.folder.ca_key, server.folder.policy_key, state / "signing.key")
    secrets.append(machine.folder.tls_path.read_text().partition("PRIVATE KEY-----\n")[2][:60])
    for secret in secrets:
        assert len(secret) >= 32
        for form in _forms(secret):
            assert form not in said
            assert form not in stored
