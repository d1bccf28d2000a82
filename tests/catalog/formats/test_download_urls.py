import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.download_urls import check_sha256, check_url, host_of, is_url
from vigo.core.errors import InvalidError


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://example.com/",
        "https://example.com:8443/a/b?c=d&e=%20#f",
        "https://192.0.2.1/a@b",
        "https://[2001:db8::1]:80/x",
        "https://a_b.example/x:y",
    ],
)
def test_what_names_a_file_on_a_server_is_accepted(url: str) -> None:
    check_url("url", url)


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "/etc/passwd", "file:///etc/passwd", "ftp://a/b", "HTTPS://a/b", "https:///x", "https://", "//a/b"),
        *(
            "https://u@a/",
            "https://u:p@a/",
            "https://@a/",
            "https://a b/",
            "https://a/ b",
            "https://a/\nb",
            "https://a/b\n",
        ),
        *(
            "https://a:0/",
            "https://a:65536/",
            "https://a:/",
            "https://a:-1/",
            "https://[::1",
            "https://é.example/",
            "https://a/é",
        ),
        *("https://a\\@b/", "https://a?x", "https://a#x", "https://a/" + "x" * 4000, " https://a/", "https://a/\0"),
    ],
)
def test_what_is_no_such_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidError, match=r"^url: expected"):
        check_url("url", url)


@given(st.text())
def test_a_refusal_tells_little_of_the_url_and_no_password(text: str) -> None:
    for url in (f"https://{text} :canary-canary@host/", f"https://host/{text} canary-canary"):
        with pytest.raises(InvalidError) as caught:
            check_url("url", url)
        assert "canary" not in str(caught.value)


def test_only_the_host_of_a_url_is_shown() -> None:
    assert host_of("https://u:p@example.com:8443/x?token=s") == "example.com:8443"
    assert is_url("file:///x")
    assert not is_url("/srv/a.tar")


def test_a_digest_has_64_digits() -> None:
    check_sha256("sha256", "aB" * 32)
    for text in ("", "a" * 63, "a" * 65, "g" * 64, "a" * 64 + "\n", "sha256:" + "a" * 64):
        with pytest.raises(InvalidError, match=r"^sha256: expected 64"):
            check_sha256("sha256", text)
