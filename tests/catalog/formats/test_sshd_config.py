from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.sshd_config import SshdLine, SshdSettings, parse_sshd_config, settings_of

KEYWORDS = st.sampled_from(
    ["Port", "permitrootlogin", "AllowUsers", "Match", "Include", "UsePAM", "PasswordAuthentication"]
)
WORDS = st.lists(st.from_regex(r"[a-z0-9./*]{1,8}", fullmatch=True), min_size=1, max_size=3)
LETTERS = 'PortMachIncludealUs ="#\n\tyes*'


def settings(text: str, **files: str) -> SshdSettings:
    def included(pattern: str) -> Iterator[tuple[SshdLine, ...]]:
        if pattern in files:
            yield parse_sshd_config(files[pattern])

    return settings_of(parse_sshd_config(text), included)


def test_the_first_line_of_a_keyword_counts_in_any_case_and_the_lists_add_up() -> None:
    text = "permitROOTlogin no\nPermitRootLogin yes\nPort 22\nPort 2222\nAllowUsers ann bob\nallowusers cid\n"
    assert settings(text).values == {
        "permitrootlogin": ("no",),
        "port": ("22", "2222"),
        "allowusers": ("ann", "bob", "cid"),
    }


def test_quotes_equals_signs_tabs_and_comments_are_as_the_manual_has_them() -> None:
    text = (
        '\tPermitRootLogin=no\nUsePAM = "yes"\nBanner "/etc/issue of us" # ours\n#Port 9\n  # Port 9\nPort\n'
        "ForceCommand /bin/a#b\n"
    )
    assert settings(text).values == {
        "permitrootlogin": ("no",),
        "usepam": ("yes",),
        "banner": ("/etc/issue of us",),
        "forcecommand": ("/bin/a#b",),
    }


def test_what_follows_an_address_is_none() -> None:
    text = "ListenAddress 192.0.2.7 rdomain blue\nListenAddress [::1]:2222\n"
    assert settings(text).values == {"listenaddress": ("192.0.2.7", "[::1]:2222")}


def test_an_include_stands_where_it_is_written() -> None:
    text = "Include one\nPermitRootLogin yes\nUsePAM no\nInclude two\n"
    assert settings(text, one="PermitRootLogin no\n", two="UsePAM yes\nX11Forwarding yes\n").values == {
        "permitrootlogin": ("no",),
        "usepam": ("no",),
        "x11forwarding": ("yes",),
    }


def test_what_is_for_some_connections_alone_does_not_count() -> None:
    text = "Match User ann\n PasswordAuthentication yes\n Include one\nMatch all\nUsePAM yes\n"
    assert settings(text, one="PermitRootLogin yes\nMatch Group x\n") == SshdSettings({"usepam": ("yes",)}, 1)


def test_a_block_ends_with_its_file() -> None:
    found = settings("Include one\nUsePAM yes\n", one="Match User ann\nUsePAM no\n")
    assert found == SshdSettings({"usepam": ("yes",)}, 1)


def test_former_names_are_the_present_ones() -> None:
    assert settings("ChallengeResponseAuthentication no\nKbdInteractiveAuthentication yes\n").values == {
        "kbdinteractiveauthentication": ("no",)
    }


@given(st.lists(st.tuples(KEYWORDS, WORDS)))
def test_lines_are_read_back(lines: list[tuple[str, list[str]]]) -> None:
    text = "".join(f"{keyword} {' '.join(words)}\n" for keyword, words in lines)
    assert parse_sshd_config(text) == tuple(SshdLine(keyword.lower(), tuple(words)) for keyword, words in lines)


@given(st.text() | st.text(LETTERS, max_size=300))
def test_any_text_is_read_and_stays_bounded(text: str) -> None:
    found = settings_of(parse_sshd_config(text), lambda _: ())
    assert all(len(word) <= 500 for words in found.values.values() for word in words)
    assert found.match_blocks <= text.count("\n") + 1
