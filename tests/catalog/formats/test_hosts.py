import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.hosts import entries_of, family_of, with_host, without_host

TEXTS = st.text(st.sampled_from("192.0. \t#ab-:\nlocalhost\r"))
HOSTS = st.sampled_from(["a", "b.example", "localhost"])
IPS = st.sampled_from(["192.0.2.7", "10.0.0.1", "::1", "fe80::1%eth0"])


def test_an_address_has_a_family_and_anything_else_none() -> None:
    assert [family_of(ip) for ip in ("192.0.2.7", "::1", "fe80::1%eth0", "localhost", "")] == [4, 6, 6, 0, 0]


def test_names_are_compared_without_regard_to_case() -> None:
    assert without_host("192.0.2.7 Web WEB db\n", "web", 4) == "192.0.2.7 db\n"
    assert with_host("192.0.2.7 WEB\n", "web", "192.0.2.7", ()) == "192.0.2.7\tweb\n"


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_a_table_that_has_the_host_already_is_returned_with_its_own_end(end: str) -> None:
    text = f"192.0.2.7 web www{end}"
    assert with_host(text, "web", "192.0.2.7", ("www",)) == text
    assert without_host(text, "db", None) == text


@given(TEXTS, HOSTS, IPS, st.lists(st.sampled_from(["x", "y"]), unique=True))
def test_a_host_that_was_put_in_is_found_once_and_stays(text: str, host: str, ip: str, aliases: list[str]) -> None:
    after = with_host(text, host, ip, aliases)
    (entry,) = entries_of(after, host, family_of(ip))
    assert (entry.ip, entry.names) == (ip, (host, *aliases))
    assert with_host(after, host, ip, aliases) == after


@given(TEXTS, HOSTS, IPS)
def test_a_host_that_was_taken_out_is_gone_and_others_stay(text: str, host: str, ip: str) -> None:
    family = family_of(ip)
    after = without_host(text, host, family)
    assert entries_of(after, host, family) == ()
    others = [name for name in ("a", "b.example", "localhost") if name != host]
    for other in others:
        before = [entry.ip for entry in entries_of(text, other, family) if entry.names[0] != host]
        assert [entry.ip for entry in entries_of(after, other, family)] == before


@given(st.text(), HOSTS, IPS)
def test_any_text_is_a_table(text: str, host: str, ip: str) -> None:
    assert entries_of(with_host(text, host, ip, ()), host, family_of(ip))
    without_host(text, host, None)
