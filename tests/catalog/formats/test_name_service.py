import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.name_service import Resolver, full_name, parse_resolv_conf

WORDS = st.from_regex(r"[a-z0-9.:]{1,10}", fullmatch=True)


@given(st.lists(WORDS), st.lists(WORDS, min_size=1))
def test_servers_and_search_list_are_read_back(servers: list[str], search: list[str]) -> None:
    text = "# made\nsearch old\n" + "".join(f"nameserver {one}\n" for one in servers) + f"search {' '.join(search)}\n"
    assert parse_resolv_conf(text) == Resolver(tuple(servers), tuple(search))


@given(st.text(), st.text())
def test_any_text_is_read_without_an_error(text: str, hostname: str) -> None:
    parse_resolv_conf(text)
    assert full_name(text, hostname) != "" or hostname == ""


@pytest.mark.parametrize(
    ("hosts", "name"),
    [
        ("127.0.1.1 web.example.com web\n", "web.example.com"),
        ("127.0.0.1 localhost web\n10.0.0.1 web.lan web # web.no\n", "web.lan"),
        ("# 10.0.0.1 web.lan web\n", "web"),
        ("10.0.0.1 other.lan other\n\n10.0.0.2\n", "web"),
    ],
)
def test_the_full_name_is_the_first_of_the_line_that_lists_the_host(hosts: str, name: str) -> None:
    assert full_name(hosts, "web") == name


def test_a_name_with_a_dot_is_full() -> None:
    assert full_name("10.0.0.1 a.b.c a.b\n", "a.b") == "a.b"
