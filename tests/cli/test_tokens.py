import shlex

import pytest

from tests.cli.desk import Desk
from tests.server.harness import Machine


def test_a_token_comes_with_the_command_to_paste(desk: Desk) -> None:
    result = desk.here("tokens", "create", "--hostname", "web-*", "--ttl", "30m", "--uses", "3")
    assert result.status == 0, result.err
    argv = shlex.split(result.out)
    assert argv[:3] == ["vigo", "enroll", "--server"]
    assert argv[3] == desk.server.url
    assert argv[4] == "--token"
    assert argv[6] == "--ca-sha256"
    assert "shown this once" in result.err
    assert "3 machines named web-*" in result.err
    made = {"server": argv[3], "token": argv[5], "ca_sha256": argv[7]}
    desk.do(Machine.enrolled(desk.server, desk.folder / "web-1", "web-1", made))


def test_json_has_what_scripts_rely_on(desk: Desk) -> None:
    result = desk.here("tokens", "create", "--hostname", "web-1", "--json")
    assert {"token", "ca_sha256", "server"} <= result.json.keys()
    assert (result.json["uses"], result.err) == (1, "")


def test_listing_tells_who_used_a_token_and_never_its_text(desk: Desk) -> None:
    made = desk.here("tokens", "create", "--hostname", "web-*", "--uses", "2", "--json").json
    desk.do(Machine.enrolled(desk.server, desk.folder / "web-1", "web-1", made))
    result = desk.here("tokens", "list")
    assert result.rows[1][:3] == [made["id"], "web-*", "1 of 2"]
    assert result.rows[1][-3:] == ["admin", "-", "web-1"]
    assert made["token"] not in result.out
    assert desk.here("tokens", "list", "--json").json["items"][0]["id"] == made["id"]


def test_a_limit_cuts_the_list(desk: Desk) -> None:
    for noun, options in (("tokens", ("--hostname", "x")), ("access", ("--name", "x"))):
        for _ in range(3):
            desk.here(noun, "create", *options)
        assert len(desk.here(noun, "list", "--limit", "2", "--json").json["items"]) == 2
        assert len(desk.here(noun, "list").rows) == 4


def test_a_withdrawn_token_is_gone(desk: Desk) -> None:
    made = desk.here("tokens", "create", "--hostname", "web-1", "--json").json
    assert desk.here("tokens", "revoke", made["id"]).status == 0
    assert desk.here("tokens", "list", "--json").json == {"items": []}
    again = desk.here("tokens", "revoke", made["id"])
    assert again.status == 1
    assert "vigocli tokens list" in again.err


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--ttl", "soon", "such as 30s, 5m, 12h or 90d"),
        ("--ttl", "10", "such as 30s, 5m, 12h or 90d"),
        ("--ttl", "0s", "a duration of 1s to 365d"),
        ("--ttl", "400d", "a duration of 1s to 365d"),
        ("--uses", "0", "x>=1"),
        ("--uses", "many", "not a valid integer"),
    ],
)
def test_wrong_numbers_are_wrong_usage(offline: Desk, option: str, value: str, told: str) -> None:
    result = offline.here("tokens", "create", "--hostname", "x", option, value)
    assert result.status == 2
    assert told in result.err


def test_what_the_server_refuses_is_told(desk: Desk) -> None:
    result = desk.here("tokens", "create", "--hostname", "~(", "--json")
    assert (result.status, result.out) == (1, "")
    assert "expected a regular expression" in result.err


@pytest.mark.parametrize("token_id", ["..", "../envoys/web-1", "", "nosuch"])
def test_what_is_no_id_is_told(desk: Desk, token_id: str) -> None:
    for noun in ("tokens", "access"):
        result = desk.here(noun, "revoke", token_id)
        assert result.status == 1
        assert "the id of an" in result.err or f"vigocli {noun} list" in result.err
