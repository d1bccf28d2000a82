import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.nsswitch import parse_sources

DEBIAN = "# /etc/nsswitch.conf\n\npasswd:         files systemd\ngroup:  files\nhosts: files dns # x\nnetworks: files\n"
FEDORA = "passwd:     files sss systemd\ngroup: files [SUCCESS=merge] sss [SUCCESS=merge] systemd\nhosts: files\n"
SUSE = "passwd: compat [NOTFOUND=return] files\n\thosts:\tfiles mdns4_minimal [NOTFOUND=return] dns\n"


@pytest.mark.parametrize(
    ("text", "database", "words"),
    [
        (DEBIAN, "passwd", ("files", "systemd")),
        (DEBIAN, "group", ("files",)),
        (DEBIAN, "hosts", ("files", "dns")),
        (FEDORA, "group", ("files", "[SUCCESS=merge]", "sss", "[SUCCESS=merge]", "systemd")),
        (SUSE, "passwd", ("compat", "[NOTFOUND=return]", "files")),
        (SUSE, "hosts", ("files", "mdns4_minimal", "[NOTFOUND=return]", "dns")),
        ("passwd: files\npasswd: ldap\n", "passwd", ("files", "ldap")),
        ("# passwd: files\n", "passwd", ()),
        ("", "passwd", ()),
    ],
)
def test_the_words_of_a_database(text: str, database: str, words: tuple[str, ...]) -> None:
    assert parse_sources(text, database) == words


@given(st.text() | st.text("hosts: \n#[]x", max_size=300))
def test_any_text_is_read_and_stays_bounded(text: str) -> None:
    assert len(parse_sources(text, "hosts")) <= 20
