import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.web_addresses import (
    MAX_URL,
    HostPort,
    WebAddress,
    address_of,
    host_name,
    host_port,
    is_near,
    web_address,
)
from vigo.core.errors import InvalidError

URLS = st.text() | st.builds("{}://{}/{}".format, st.sampled_from(["http", "https", "HTTP"]), st.text(), st.text())


@pytest.mark.parametrize(
    ("text", "wanted", "origin"),
    [
        ("http://a", WebAddress("http", "a", 80, "/"), "http://a"),
        ("HTTPS://WWW.Example.COM/A?b=C", WebAddress("https", "www.example.com", 443, "/A?b=C"), "https://www.example.com"),
        ("http://a:443/", WebAddress("http", "a", 443, "/"), "http://a:443"),
        ("https://[2001:DB8::0:1]:8443?x", WebAddress("https", "2001:db8::1", 8443, "/?x"), "https://[2001:db8::1]:8443"),
        ("http://127.0.0.1/a@b", WebAddress("http", "127.0.0.1", 80, "/a@b"), "http://127.0.0.1"),
    ],
)  # fmt: skip
def test_a_url_is_taken_apart(text: str, wanted: WebAddress, origin: str) -> None:
    assert web_address("url", text) == wanted
    assert web_address("url", text).origin == origin


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "http://", "http:///a", "http:a", "//a/", "file:///etc/passwd", "ftp://a/", "http://a b/"),
        "http://a/\n",
        *("http://a\t/", "http://a\\@b/", "http://u@a/", "http://u:p@a/", "http://:@a/", "http://a/#", "http://a:0/"),
        *("http://a:/", "http://a:/#x", "http://a:65536/", "http://a:-1/", "http://a:x/"),
        *("http://[::1/", "http://[a]/"),
        "http://[fe80::1%25eth0]/",
        *("http://*.a/", "http://a./", "http://-a/", "http://é/", "http://1.2.3/", "http://0x7f000001/"),
        "http://2130706433/",
        *("http://127.1/", "http://a..b/", "http://%61/", "http://a/" + "a" * MAX_URL, "http://a/{x}", 'http://a/"'),
    ],
)  # fmt: skip
def test_what_is_no_plain_url_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match=r"^url: expected "):
        web_address("url", text)


def test_a_refused_url_is_not_shown_where_it_may_have_a_password_in_it() -> None:
    for text in ("http://user:hunter2@a/", "http://user:hunt er2@a/", "http://user:/hunter2@a/", "https://a:hunter2/"):
        with pytest.raises(InvalidError) as caught:
            web_address("url", text)
        assert "hunt" not in str(caught.value)


@given(URLS)
def test_any_text_is_a_url_of_one_host_or_refused(text: str) -> None:
    try:
        found = web_address("url", text)
    except InvalidError:
        return
    assert found.scheme in ("http", "https")
    assert 1 <= found.port <= 65_535
    assert found.target.startswith("/")
    assert all(33 <= ord(character) < 127 for character in found.target)
    assert host_name("host", found.host) == found.host
    # What is shown of it leads to the same server.
    assert web_address("url", found.origin)[:3] == found[:3]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a:22", HostPort("a", 22)),
        ("DB.example.com:5432", HostPort("db.example.com", 5432)),
        ("127.0.0.1:1", HostPort("127.0.0.1", 1)),
        ("[::1]:65535", HostPort("::1", 65_535)),
    ],
)
def test_a_host_and_a_port_are_taken_apart_and_put_together(text: str, wanted: HostPort) -> None:
    assert host_port("address", text) == wanted
    assert host_port("address", str(wanted)) == wanted


@pytest.mark.parametrize(
    "text", ["", ":", "a", "a:", ":1", "a:0", "a:65536", "a:1 ", "::1", "[::1]", "[a]:1", "::1:1", "a:b:1"]
)
def test_what_is_no_host_and_port_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match=r"^address: expected "):
        host_port("address", text)


@given(st.text() | st.builds("{}:{}".format, st.text(), st.integers()))
def test_any_text_is_a_host_and_a_port_or_refused(text: str) -> None:
    try:
        found = host_port("address", text)
    except InvalidError:
        return
    assert host_port("address", str(found)) == found


@given(st.ip_addresses())
def test_every_address_has_one_form(address: object) -> None:
    assert address_of(str(address)) == str(address)


@pytest.mark.parametrize(
    ("address", "near"),
    [
        *(("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("0.0.0.0", True)),  # noqa: S104
        *(("::", True), ("169.254.169.254", True), ("fe80::1", True), ("fe80::1%eth0", True), ("224.0.0.1", True)),
        *(("10.0.0.1", False), ("192.0.2.1", False), ("2001:db8::1", False), ("::ffff:192.0.2.1", False)),
    ],
)
def test_the_machine_itself_and_its_link_are_near(address: str, near: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_near(address) is near
