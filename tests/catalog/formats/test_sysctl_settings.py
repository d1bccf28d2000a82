import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.sysctl_settings import (
    LIVE_FOLDER,
    boot_file_name,
    boot_text,
    canonical_key,
    check_key,
    live_path,
    parse_sysctl_file,
    same_value,
)
from vigo.core.errors import InvalidError

PARTS = st.from_regex(r"[a-z][a-z0-9_+@-]{0,6}(\.[0-9]{1,3})?", fullmatch=True)
KEYS = st.lists(PARTS, min_size=2, max_size=5).map("/".join)
VALUES = st.from_regex(r"[!-~]([ !-~]{0,12}[!-~])?", fullmatch=True)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("vm.swappiness", "vm/swappiness"),
        ("net.ipv4.conf.eth0/5.forwarding", "net/ipv4/conf/eth0.5/forwarding"),
        ("net/ipv4/conf/eth0.5/forwarding", "net/ipv4/conf/eth0.5/forwarding"),
        ("net.ipv4.conf.br-lan.forwarding", "net/ipv4/conf/br-lan/forwarding"),
    ],
)
def test_the_first_separator_says_which_form_a_name_has(key: str, path: str) -> None:
    check_key("key", key)
    assert live_path(key) == f"{LIVE_FOLDER}/{path}"


@given(KEYS, VALUES)
def test_what_is_printed_for_the_boot_is_read_back(key: str, value: str) -> None:
    check_key("key", key)
    assert parse_sysctl_file(boot_text(key, value)) == {live_path(key): value}
    assert live_path(canonical_key(key)) == live_path(key)


@given(KEYS, KEYS)
def test_two_parameters_never_have_one_file(key: str, other: str) -> None:
    assert (boot_file_name(key) == boot_file_name(other)) == (live_path(key) == live_path(other))
    assert "/" not in boot_file_name(key)


@given(st.text() | st.text(st.sampled_from("a./-*: \n")))
def test_a_name_that_is_accepted_stays_beneath_the_folder(key: str) -> None:
    try:
        check_key("key", key)
    except InvalidError:
        return
    parts = live_path(key).removeprefix(f"{LIVE_FOLDER}/").split("/")
    assert all(part.strip(".") for part in parts)
    assert "/" not in boot_file_name(key)
    assert not key.startswith("-")


@given(st.text() | st.text(st.sampled_from("-a./=#; \n\t*")))
def test_any_file_is_read_without_an_error(text: str) -> None:
    assert all(path.startswith(f"{LIVE_FOLDER}/") for path in parse_sysctl_file(text))


def test_comments_hyphens_and_patterns_are_known() -> None:
    text = "# vm.a = 1\n; vm.b = 1\n-vm.c = 2\n vm/d=3 4\nnet.ipv4.conf.*.rp_filter = 1\n-net.x\nvm.c = 5\n"
    assert parse_sysctl_file(text) == {"/proc/sys/vm/c": "5", "/proc/sys/vm/d": "3 4"}


def test_columns_are_compared_whatever_is_between_them() -> None:
    assert same_value("4096\t131072\t6291456\n", "4096 131072  6291456")
    assert not same_value("4096 131072", "4096131072")
