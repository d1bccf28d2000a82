import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.addresses import without_credentials

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://deb.example.org/debian", "http://deb.example.org/debian"),
        (f"https://bob:{SECRET}@repo.example/deb", "https://***@repo.example/deb"),
        (f"https://{SECRET}@repo.example/deb", "https://***@repo.example/deb"),
        (f"https://bob:{SECRET}/x@y@repo.example/deb", "https://***@repo.example/deb"),
        (
            f"https://repo.example/?arch=x86_64&token={SECRET}&repo=main",
            "https://repo.example/?arch=x86_64&token=***&repo=main",
        ),
        (f"https://repo.example/x#{SECRET}", "https://repo.example/x"),
        ("https://repo.example/x?credentials=scc", "https://repo.example/x?credentials=scc"),
        (f"curlftpfs#ftp://bob:{SECRET}@host/", "curlftpfs"),
        ("cdrom:[Debian GNU/Linux 12 _Bookworm_]/", "cdrom:[Debian GNU/Linux 12 _Bookworm_]/"),
        ("/dev/mapper/vg0-root", "/dev/mapper/vg0-root"),
        (f"https://bob:{'x' * 3000}{SECRET}@host/", "***"),
    ],
)
def test_what_may_be_a_secret_is_hidden_and_the_rest_stays(address: str, shown: str) -> None:
    assert without_credentials(address) == shown


@given(st.text(st.characters(exclude_characters=" ", codec="utf-8"), min_size=1, max_size=40))
def test_no_password_of_any_letters_comes_through(letters: str) -> None:
    password = "".join(letters.split()) + SECRET
    assert SECRET not in without_credentials(f"https://bob:{password}@repo.example/deb")


@given(st.text(max_size=300) | st.text("a:/@?#&=;", max_size=100))
def test_any_text_is_taken_and_grows_little(text: str) -> None:
    assert len(without_credentials(text)) <= 4 * len(text) + 4
