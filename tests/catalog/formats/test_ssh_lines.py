import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.ssh_lines import (
    AuthorizedKey,
    PublicKey,
    check_options,
    parse_authorized,
    parse_key,
    parse_known,
    with_line_instead,
    without_lines_meant,
)
from vigo.core.errors import InvalidError

TYPES = st.sampled_from(
    [
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    ]
)


def blob(type_: str, rest: bytes) -> str:
    return base64.b64encode(len(type_).to_bytes(4, "big") + type_.encode() + rest).decode()


KEYS = st.builds(
    lambda type_, rest, comment: PublicKey(type_, blob(type_, rest), comment),
    TYPES,
    st.binary(max_size=40),
    st.from_regex(r"([a-z@.-]+( [a-z]+)?)?", fullmatch=True),
)
OPTIONS = st.sampled_from(
    ["", "no-pty", 'command="a b \\" c",no-pty', 'from="*.example.com,192.0.2.0/24"', "restrict,pty"]
)


@given(KEYS)
def test_a_key_that_was_written_is_read_again(key: PublicKey) -> None:
    assert parse_key("key", key.text) == key


@given(OPTIONS, KEYS)
def test_a_line_of_authorized_keys_that_was_written_is_read_again(options: str, key: PublicKey) -> None:
    check_options(options)
    assert parse_authorized(AuthorizedKey(options, key).text) == AuthorizedKey(options, key)


@given(KEYS)
def test_a_line_of_known_hosts_that_was_written_is_read_again(key: PublicKey) -> None:
    found = parse_known(f"a,[b]:22 {key.type} {key.blob}")
    assert found is not None
    assert (found.names, found.key.blob) == (("a", "[b]:22"), key.blob)


@given(st.text())
def test_any_text_is_a_key_or_refused(text: str) -> None:
    parse_authorized(text)
    parse_known(text)
    for check in (lambda: parse_key("key", text), lambda: check_options(text)):
        try:
            check()
        except InvalidError:
            continue


@given(st.text(st.sampled_from("ab \n")), st.sampled_from("ab"))
def test_a_line_stands_once_where_it_was_put(text: str, line: str) -> None:
    def is_meant(one: str) -> bool:
        return one == line

    after = with_line_instead(text, line, is_meant)
    assert after.split("\n").count(line) == 1
    assert with_line_instead(after, line, is_meant) == after
    assert line not in without_lines_meant(after, is_meant).split("\n")


@pytest.mark.parametrize("text", ["b\na", "b\na\n", "a\n\n"])
def test_a_file_that_has_the_line_already_is_returned_with_its_own_end(text: str) -> None:
    assert with_line_instead(text, "a", lambda one: one == "a") == text


@pytest.mark.parametrize("text", ["ssh-rsa AAAA", "ssh-ed25519", "rsa AAAA", "", "ssh-rsa é"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="key: expected a public key"):
        parse_key("key", text)


def test_an_option_cannot_be_the_type_of_a_key() -> None:
    with pytest.raises(InvalidError, match="type of a key"):
        check_options("ssh-rsa")
