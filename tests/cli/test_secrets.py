import stat
from pathlib import Path

import pytest

from tests.cli.desk import Desk


def test_a_vault_is_ready_from_the_start_and_says_what_comes_next(desk: Desk) -> None:
    result = desk.here("secrets", "init")
    assert (result.status, result.out) == (0, "the local vault is ready: 0 secrets in it\n")
    assert "vigocli secrets set PATH" in result.err
    assert desk.here("secrets", "init", "--json").json == {"backend": "the local vault", "secrets": 0, "damaged": []}
    assert "no secrets" in desk.here("secrets", "list").err


@pytest.mark.parametrize("value", ["plain", "two\nlines\n", " space around ", "ü€😀", "", "'\"\\$x"])
def test_standard_input_is_kept_byte_for_byte(desk: Desk, value: str) -> None:
    result = desk.here("secrets", "set", "web/db", "-", told=value)
    assert (result.status, result.err) == (0, "")
    assert result.out == "web/db: version 1 is stored; refer to it as secret:web/db\n"
    assert desk.here("secrets", "get", "web/db").out == value
    assert desk.here("secrets", "get", "web/db", "--json").json["fields"] == {"value": value}


def test_fields_come_from_files_and_are_asked_for_by_name(desk: Desk) -> None:
    (desk.folder / "key").write_text("the key\n")
    place = f"key={desk.folder / 'key'}"
    assert desk.here("secrets", "set", "tls", "--field", place, "--field", "user=-", told="ada").status == 0
    assert desk.here("secrets", "get", "tls", "--field", "key").out == "the key\n"
    assert desk.here("secrets", "get", "tls", "--field", "user").out == "ada"
    unclear = desk.here("secrets", "get", "tls")
    assert (unclear.status, "one of the fields key, user" in unclear.err) == (1, True)
    assert desk.here("secrets", "list").rows[1][0] == "tls"


def test_versions_are_listed_and_can_be_had(desk: Desk) -> None:
    for value in ("one", "two"):
        desk.here("secrets", "set", "a", "-", told=value)
    assert [row[0] for row in desk.here("secrets", "history", "a").rows] == ["VERSION", "2", "1"]
    assert desk.here("secrets", "get", "a", "--version", "1").out == "one"
    refused = desk.here("secrets", "set", "a", "-", "--base", "1", told="three")
    assert (refused.status, "found 2: someone changed it" in refused.err) == (1, True)
    assert len(desk.here("secrets", "history", "a", "--json").json["items"]) == 2


def test_a_rotated_value_is_shown_to_nobody_and_the_vaults_key_changes(desk: Desk) -> None:
    result = desk.here("secrets", "rotate", "a", "--length", "20")
    value = desk.here("secrets", "get", "a").out
    assert (result.status, len(value), value in result.out) == (0, 20, False)
    assert "all 1 secrets are under a new key" in desk.here("secrets", "rotate", "--vault-key").out
    assert desk.here("secrets", "get", "a").out == value
    for arguments in ((), ("a", "--vault-key")):
        assert desk.here("secrets", "rotate", *arguments).status == 2


def test_removing_needs_a_word(desk: Desk) -> None:
    desk.here("secrets", "set", "a", "-", told="x")
    unasked = desk.here("secrets", "rm", "a")
    assert (unasked.status, "expected --yes" in unasked.err) == (2, True)
    assert desk.here("secrets", "rm", "a", "--yes").status == 0
    gone = desk.here("secrets", "rm", "a", "--yes")
    assert (gone.status, "vigocli secrets list" in gone.err) == (1, True)


def test_an_export_is_a_new_private_file(desk: Desk) -> None:
    import pyrage  # noqa: PLC0415 - the one test that needs it

    desk.here("secrets", "set", "a", "-", told="x")
    identity = pyrage.x25519.Identity.generate()
    place = desk.folder / "secrets.age"
    arguments = ("secrets", "export", "--recipient", str(identity.to_public()), "--output", str(place))
    assert desk.here(*arguments).status == 0
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert b'"value": "x"' in pyrage.decrypt(place.read_bytes(), [identity])
    again = desk.here(*arguments)
    assert (again.status, "expected a new file" in again.err) == (1, True)
    lost = desk.here(*arguments[:-1], str(desk.folder / "none" / "x"))
    assert (lost.status, "cannot be written: No such file or directory" in lost.err) == (1, True)
    other = ("secrets", "export", "--recipient", "nobody", "--output", str(desk.folder / "other"))
    assert "expected an age recipient" in desk.here(*other).err
    assert not (desk.folder / "other").exists()


def test_no_value_is_taken_from_the_command_line_and_odd_input_is_told(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for arguments, status, message in (
        (("set", "a", "hunter2"), 2, "a value on the command line is seen by others"),
        (("set", "a"), 2, "expected - to take the value from standard input"),
        (("set", "a", "-", "--field", "x=-"), 2, "expected - or --field"),
        (("set", "a", "--field", "x"), 2, "expected NAME=FILE"),
        (("set", "a", "--field", "x=-", "--field", "y=-"), 2, "for one field at most"),
        (("set", "a", "--field", "x=-", "--field", f"x={tmp_path}/binary"), 2, "expected each field once"),
        (("export", "--recipient", "x", "--output", f"{tmp_path}/none/x"), 1, "expected an age recipient"),
        (("set", "a", "--field", f"x={tmp_path}/none"), 1, "cannot be read"),
        (("set", "a", "--field", f"x={tmp_path}/binary"), 1, "expected UTF-8 text"),
        (("set", "../a", "-"), 1, "expected the path of a secret"),
        (("get", "none"), 1, "expected the secret none"),
        (("history", "none"), 1, "expected the secret none"),
    ):
        result = desk.here("secrets", *arguments, told="x")
        assert (result.status, message in result.err) == (status, True), (arguments, result.err)
    assert desk.here("secrets", "list", "--json").json["items"] == []
