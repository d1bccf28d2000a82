import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.cli.client.pinning import server_url
from vigo.core.errors import UsageError


@pytest.mark.parametrize(
    ("given_as", "url"),
    [
        ("vigo.example.com", "https://vigo.example.com:8443"),
        ("vigo.example.com:443", "https://vigo.example.com:443"),
        ("https://vigo.example.com:1/", "https://vigo.example.com:1"),
        ("HTTPS://Vigo.Example.com", "https://vigo.example.com:8443"),
        ("https://[::1]:9", "https://[::1]:9"),
    ],
)
def test_an_address_may_leave_out_what_is_usual(given_as: str, url: str) -> None:
    assert server_url(given_as) == url


@given(st.text())
def test_what_is_no_address_is_refused_with_what_was_expected(text: str) -> None:
    try:
        url = server_url(text)
    except UsageError as error:
        assert "expected https://HOST:PORT" in str(error)  # noqa: PT017 - most texts are none, some are
    else:
        assert url.startswith("https://")
        assert not set(url.removeprefix("https://")) & set("/?#@ \\\n\r\t")
