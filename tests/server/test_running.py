from pathlib import Path

import msgspec
import pytest

from tests.server.harness import Machine, Server, a_run, served
from vigo.core.errors import StaleSessionError, UsageError
from vigo.core.wire.messages import CheckIn, Fingerprint, Methods, run_to_bytes

CHECK_IN = CheckIn(fingerprint=Fingerprint()).to_bytes()


@served
async def test_settings_that_cannot_be_used_change_nothing_at_a_reload(server: Server, tmp: Path) -> None:
    former = server.app.settings.value
    wrong = msgspec.structs.replace(former, server_names=("no name",), keep_runs_count=7)
    with pytest.raises(UsageError, match="server_names"):
        await server.running.reload(wrong)
    assert server.app.settings.value is former


@served
async def test_without_an_admin_token_a_reload_changes_nothing(server: Server, tmp: Path) -> None:
    former, token = server.app.settings.value, server.admin_token
    server.folder.admin_token.unlink()
    with pytest.raises(FileNotFoundError):
        await server.running.reload(msgspec.structs.replace(former, keep_runs_count=7))
    assert server.app.settings.value is former
    async with server.client(token) as client:
        assert (await client.get("/api/v1/envoys")).status_code == 200


@served
async def test_05_a_server_that_is_killed_before_it_stored_the_sequence_lets_nothing_in_twice(
    server: Server, tmp: Path
) -> None:
    async with await Machine.enrolled(server, tmp / "a", "a") as machine:
        checked_in = machine.request(Methods.CHECK_IN, CHECK_IN)
        reported = machine.request(Methods.REPORT_RESULT, run_to_bytes(a_run()))
        await machine.send(Methods.CHECK_IN, checked_in)
        await machine.send(Methods.REPORT_RESULT, reported)
        server.app.envoys.index.take_touched()  # what is only in memory ends with the process
        await server.restart()
        await machine.reconnect()
        for method, request in ((Methods.CHECK_IN, checked_in), (Methods.REPORT_RESULT, reported)):
            with pytest.raises(StaleSessionError):
                await machine.send(method, request)
        assert (await machine.greet()).sequence == 0
        await machine.call(Methods.CHECK_IN, CHECK_IN)
        with pytest.raises(StaleSessionError):
            await machine.send(Methods.CHECK_IN, checked_in)
    assert len((await server.request("GET", "/api/v1/runs")).json()["items"]) == 1
