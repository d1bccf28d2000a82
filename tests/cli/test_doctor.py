from datetime import timedelta

from tests.cli.desk import Desk
from vigo.cli.client.local_checks import skew_check, version_check
from vigo.testing.clock import START


def test_everything_that_was_looked_at_is_told(desk: Desk) -> None:
    desk.do(desk.server.publish())
    result = desk.here("doctor")
    assert result.status == 0, result.err
    for name in ("data folder", "server", "versions", "clock skew", "ca certificate", "disk", "envoys", "audit trail"):
        assert any(line[9:].startswith(name) for line in result.out.splitlines()), name
    assert result.out.endswith("all is well\n")


def test_a_warning_comes_with_advice_and_is_no_failure(desk: Desk) -> None:
    result = desk.here("doctor")
    assert result.status == 0
    assert "warning  live generation" in result.out
    assert "vigocli config publish -m MESSAGE" in result.out
    assert desk.here("doctor", "--json").json["status"] == "warning"


def test_a_data_folder_open_to_others_fails(desk: Desk) -> None:
    desk.server.folder.admin_token.chmod(0o644)
    result = desk.here("doctor", "--json")
    assert result.status == 1
    check = next(one for one in result.json["checks"] if one["name"] == "data folder")
    assert check["status"] == "failed"
    assert "admin.token has mode 0644" in check["detail"]
    assert "chmod -R go=" in check["advice"]


def test_a_server_out_of_reach_is_a_failed_check_beside_the_others(desk: Desk) -> None:
    desk.do(desk.server.stop())
    try:
        result = desk.here("doctor")
    finally:
        desk.do(desk.server.start())
    assert result.status == 1
    assert "ok       data folder" in result.out
    assert "failed   server" in result.out
    assert "vigosrv run --data-dir" in result.out


def test_clocks_that_differ_are_told() -> None:
    assert skew_check(START, START + timedelta(seconds=3)).status == "ok"
    assert skew_check(None, START).status == "ok"
    behind = skew_check(START, START + timedelta(minutes=2))
    assert (behind.status, behind.detail) == ("warning", "the server's clock is 120 s behind this machine's")
    ahead = skew_check(START + timedelta(days=1), START)
    assert (ahead.status, "ahead of" in ahead.detail) == ("failed", True)


def test_other_versions_are_told() -> None:
    assert version_check("9.9").status == "warning"
