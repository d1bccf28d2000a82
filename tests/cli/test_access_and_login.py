import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.desk import Desk, Result, Terminal


@pytest.fixture
def made(desk: Desk) -> dict[str, Any]:
    """An access token and the CA's fingerprint."""
    token = desk.here("access", "create", "--name", "ada", "--json").json
    fingerprint = desk.here("tokens", "create", "--hostname", "x", "--json").json["ca_sha256"]
    return token | {"ca_sha256": fingerprint}


def login(desk: Desk, made: dict[str, Any], **changes: str) -> Result:
    given = {"server": desk.server.url, "token": made["token"], "ca_sha256": made["ca_sha256"]} | changes
    return desk.vigocli(
        "login", "--server", given["server"], "--ca-sha256", given["ca_sha256"], told=f"{given['token']}\n"
    )


def login_file(desk: Desk) -> Path:
    return desk.folder / "config" / "vigo" / "login.json"


def test_a_token_comes_with_the_way_to_log_in(desk: Desk) -> None:
    result = desk.here("access", "create", "--name", "ada", "--ttl", "1d")
    assert result.status == 0, result.err
    assert result.out.startswith("vigo-access-")
    assert "shown this once" in result.err
    assert "vigocli login --server https://127.0.0.1:" in result.err
    assert "--ca-sha256 " in result.err


def test_a_login_needs_no_data_folder(desk: Desk, made: dict[str, Any]) -> None:
    result = login(desk, made)
    assert result.status == 0, result.err
    assert made["token"] not in result.out + result.err
    assert desk.vigocli("envoys", "list", "--json").json == {"items": []}
    listed = desk.vigocli("access", "list").rows
    assert listed[1][:2] == [made["id"], "ada"]
    assert f"--server {desk.server.url}" in desk.vigocli("access", "create", "--name", "eve").err


@pytest.mark.parametrize("umask", [0, 0o077])
def test_a_login_is_its_owners_alone(desk: Desk, made: dict[str, Any], umask: int) -> None:
    former = os.umask(umask)
    try:
        login(desk, made)
    finally:
        os.umask(former)
    assert stat.S_IMODE(login_file(desk).stat().st_mode) == 0o600
    for folder in login_file(desk).parents[:2]:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_login_that_others_can_read_is_not_used(desk: Desk, made: dict[str, Any]) -> None:
    login(desk, made)
    login_file(desk).chmod(0o644)
    result = desk.vigocli("envoys", "list")
    assert result.status == 1
    assert "expected mode 0600, found 0644" in result.err
    assert login(desk, made).status == 0
    assert desk.vigocli("envoys", "list").status == 0


def test_another_ca_gets_no_token_and_both_fingerprints_are_told(desk: Desk, made: dict[str, Any]) -> None:
    result = login(desk, made, ca_sha256="0" * 64)
    assert result.status == 1
    assert "0" * 64 in result.err
    assert made["ca_sha256"] in result.err
    assert "the token was not sent" in result.err
    assert not login_file(desk).exists()


def test_a_fingerprint_may_be_written_as_other_tools_do(desk: Desk, made: dict[str, Any]) -> None:
    pairs = [made["ca_sha256"][index : index + 2].upper() for index in range(0, 64, 2)]
    assert login(desk, made, ca_sha256=":".join(pairs)).status == 0


@pytest.mark.parametrize(
    "changes",
    [{"server": "http://localhost:1"}, {"server": "https://x/y"}, {"server": "https://a@b"}, {"server": "https://x:y"},
     {"server": ""}, {"ca_sha256": "abc"}],
)  # fmt: skip
def test_what_is_no_address_or_fingerprint_is_wrong_usage(desk: Desk, changes: dict[str, str]) -> None:
    result = login(desk, {"token": "t", "ca_sha256": "0" * 64}, **changes)
    assert result.status == 2
    assert result.err.count("\n") == 1


def test_a_token_that_is_not_in_force_leaves_the_former_login(desk: Desk, made: dict[str, Any]) -> None:
    login(desk, made)
    former = login_file(desk).read_bytes()
    result = login(desk, made, token="vigo-access-wrong")
    assert result.status == 1
    assert "not in force" in result.err
    assert login_file(desk).read_bytes() == former
    assert login(desk, made, token="").status == 2


def test_a_withdrawn_token_is_told_with_what_to_do(desk: Desk, made: dict[str, Any]) -> None:
    login(desk, made)
    assert desk.here("access", "revoke", made["id"]).status == 0
    result = desk.vigocli("envoys", "list")
    assert result.status == 1
    assert "not in force" in result.err
    assert "vigocli access create" in result.err


def test_logging_out_forgets_the_login(desk: Desk, made: dict[str, Any]) -> None:
    login(desk, made)
    assert desk.vigocli("logout").status == 0
    assert not login_file(desk).exists()
    assert "there was no login" in desk.vigocli("logout").out
    assert desk.vigocli("envoys", "list").status == 2


def test_a_data_folder_goes_before_a_login(desk: Desk, made: dict[str, Any]) -> None:
    login(desk, made, server=desk.server.url.replace("127.0.0.1", "localhost"))
    assert "localhost" in desk.vigocli("doctor").out
    assert "localhost" not in desk.here("doctor").out


def test_a_damaged_login_is_told(offline: Desk) -> None:
    login_file(offline).parent.mkdir(parents=True)
    login_file(offline).write_text("{}")
    login_file(offline).chmod(0o600)
    result = offline.vigocli("envoys", "list")
    assert result.status == 1
    assert "run `vigocli login` again" in result.err


def test_a_refused_name_is_told(desk: Desk) -> None:
    result = desk.here("access", "create", "--name", "\x1b")
    assert result.status == 1
    assert "\x1b" not in result.err


def test_a_token_that_is_typed_is_not_seen(desk: Desk, made: dict[str, Any]) -> None:
    arguments = ("login", "--server", desk.server.url, "--ca-sha256", made["ca_sha256"])
    status, seen = Terminal(desk).run(*arguments, told=("Token:", f"{made['token']}\n"))
    assert status == 0, seen
    assert "logged in at" in seen
    assert made["token"] not in seen


def test_a_token_may_be_made_with_less(desk: Desk) -> None:
    rights = ("--may", "envoys:read", "--may", "access-tokens:read", "--on", "web-*")
    made = desk.here("access", "create", "--name", "oncall", *rights, "--json").json
    fingerprint = desk.here("tokens", "create", "--hostname", "x", "--json").json["ca_sha256"]
    assert login(desk, made | {"ca_sha256": fingerprint}).status == 0
    assert desk.vigocli("envoys", "list", "--json").json == {"items": []}
    refused = desk.vigocli("runs", "list")
    assert (refused.status, "expected the permission runs:read, which token oncall does not have" in refused.err) == (
        1,
        True,
    )
    listed = desk.vigocli("access", "list").out
    assert "access-tokens:read, envoys:read" in listed
    assert "web-*" in listed
    wrong = desk.here("access", "create", "--name", "x", "--may", "envoys:raed")
    assert (wrong.status, "did you mean 'envoys:read'?" in wrong.err) == (1, True)
