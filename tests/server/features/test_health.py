import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.server.harness import Machine, Server, served


async def _check(server: Server, name: str) -> dict[str, Any]:
    answer = await server.request("GET", "/api/v1/health")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    statuses = {check["status"] for check in found["checks"]}
    assert found["status"] == next(status for status in ("failed", "warning", "ok") if status in statuses)
    return dict(next(check for check in found["checks"] if check["name"] == name))


@served
async def test_a_new_server_has_nothing_to_complain_of_but_that_nothing_is_published(server: Server, tmp: Path) -> None:
    checks = (await server.request("GET", "/api/v1/health")).json()["checks"]
    assert {check["name"] for check in checks if check["status"] != "ok"} == {"live generation"}
    assert all(check["advice"] for check in checks if check["status"] != "ok")
    server.write_stacks({"envoys.vgo": "one"})
    await server.publish()
    assert (await server.request("GET", "/api/v1/health")).json()["status"] == "ok"


@served
async def test_certificates_near_their_end_are_named_before_they_lapse(server: Server, tmp: Path) -> None:
    await Machine.enrolled(server, tmp / "web-1", "web-1")
    server.clock.advance(timedelta(days=28))
    found = await _check(server, "envoy certificates")
    assert (found["status"], "web-1" in found["detail"]) == ("warning", True)
    server.clock.advance(timedelta(days=56))
    assert (await _check(server, "server certificate"))["status"] == "warning"
    server.clock.advance(timedelta(days=8))
    assert (await _check(server, "server certificate"))["status"] == "failed"
    server.clock.advance(timedelta(days=3653))
    assert (await _check(server, "ca certificate"))["status"] == "failed"


@served
async def test_a_clock_that_was_set_is_noticed(server: Server, tmp: Path) -> None:
    assert (await _check(server, "clock"))["status"] == "ok"
    server.clock.jump(timedelta(hours=-1))
    assert "set by -3600 s" in (await _check(server, "clock"))["detail"]


@served
async def test_a_disk_that_fills_up_is_noticed(server: Server, tmp: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for free, status in ((1 << 29, "warning"), (1 << 20, "failed")):
            patch.setattr(shutil, "disk_usage", lambda _path, free=free: shutil._ntuple_diskusage(1 << 40, 0, free))
            assert (await _check(server, "disk"))["status"] == status


@served
async def test_30_an_altered_audit_trail_is_noticed(server: Server, tmp: Path) -> None:
    await server.token()
    assert (await _check(server, "audit trail"))["detail"] == "1 rows, all in their chain"
    await server.app.database.write(lambda connection: connection.exec_driver_sql("UPDATE audit SET actor='nobody'"))
    found = await _check(server, "audit trail")
    assert found["status"] == "failed"
    assert "altered" in found["detail"]
