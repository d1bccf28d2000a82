from pathlib import Path

import pytest

from tests.agent.conftest import Agent
from tests.agent.fake_machine import policy
from tests.server.harness import Machine, Server, served
from vigo.agent.identity.identity import IdentityFolder
from vigo.catalog.ops import WriteFile
from vigo.core.errors import DamagedError
from vigo.server.platform.folder.initialise import server_id
from vigo.testing.fake_server import FakeServer


@pytest.mark.parametrize("name", ["signing.key", "tls.pem", "ca.pem"])
@pytest.mark.parametrize("damage", ["gone", "empty", "other"])
def test_28_an_agent_whose_keys_are_damaged_says_so_and_keeps_its_machine_as_declared(
    tmp_path: Path, name: str, damage: str
) -> None:
    with FakeServer() as server:
        agent = Agent(server, IdentityFolder(tmp_path / "state"))
        server.publish(policy("one\n"), 1)
        assert agent.cycle().delivered
        path = agent.folder.state_dir / "identity" / name
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes(b"" if damage == "empty" else b"\x00\xffgarbage")
        agent.machine.fake.apply(WriteFile(path="/file0", content=b"broken"))
        report = agent.cycle()
        assert (report.offline, report.refused, report.waiting_runs) == (True, False, 1)
        assert "enrol anew with --force" in report.message
        assert agent.text("/file0") == "one\n"


@served
async def test_28_a_server_that_lost_every_generation_takes_no_policy_away(server: Server, tmp: Path) -> None:
    server.write_stacks({"envoys.vgo": "one"})
    await server.publish()
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        await machine.check_in()
        next(server.folder.live.glob("1-*/stacks/envoys.vgo")).write_text("damaged")
        await server.restart()
        await machine.reconnect()
        await machine.greet()
        assert server.app.generations.problem is not None
        for digest in ("", "d" * 64):  # the first asks for a fresh bundle
            answer = await machine.check_in(bundle_digest=digest)
            assert (answer.bundle, answer.without_policy) == (None, False)


@served
async def test_28_a_damaged_identity_of_the_server_is_told_and_not_used(server: Server, tmp: Path) -> None:
    good = server.folder.server_id.read_text()
    for text in ("", "\n", "not an id", "\x00" * 36):
        server.folder.server_id.write_text(text)
        with pytest.raises(DamagedError, match="restore it from a backup"):
            server_id(server.folder)
    server.folder.server_id.write_text(good)
    assert server_id(server.folder) == good.strip()
