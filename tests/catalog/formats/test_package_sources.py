from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats.package_sources import (
    PackageSource,
    parse_apk_repositories,
    parse_deb822_sources,
    parse_pacman_conf,
    parse_repo_file,
    parse_sections,
    parse_sources_list,
)

WORDS = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
KEYWORDS = "deb [arch=x signed-by]\nTypes: URIs\t#=.-@http://Server Include enabled"


def test_the_one_line_form_has_options_and_lines_in_comments_are_no_sources() -> None:
    text = (
        "# deb http://old.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg,/etc/y.asc] https://bob:pw@x.example/deb stable main # x\n"
        "deb-src http://x.example/deb stable main contrib\n"
        "deb [trusted=yes] file:/srv/repo ./\n"
        "deb cdrom:[Debian 12 _Bookworm_ - amd64]/ bookworm main\n"
        "deb http://half.example\nnonsense\n"
    )
    assert parse_sources_list(text) == (
        PackageSource(
            types=("deb",),
            uris=("https://***@x.example/deb",),
            suites=("stable",),
            components=("main",),
            signed_by=("/usr/share/keyrings/x.gpg", "/etc/y.asc"),
        ),
        PackageSource(
            types=("deb-src",),
            uris=("http://x.example/deb",),
            suites=("stable",),
            components=("main", "contrib"),
        ),
        PackageSource(types=("deb",), uris=("file:/srv/repo",), suites=("./",), verified=False),
        PackageSource(
            types=("deb",),
            uris=("cdrom:[Debian 12 _Bookworm_ - amd64]/",),
            suites=("bookworm",),
            components=("main",),
        ),
    )


def test_stanzas_may_be_folded_switched_off_and_hold_a_key() -> None:
    text = (
        "# Ubuntu sources\nTypes: deb deb-src\nURIs: http://archive.example.com/ubuntu\n  http://mirror.example/ubuntu\n"
        "Suites: noble noble-updates\nComponents: main universe\nSigned-By: /usr/share/keyrings/ubuntu.gpg\n\n"
        "enabled: no\nTypes: deb\nURIs: https://x.example\nSuites: ./\nTrusted: yes\nX-Repolib-Name: X tools\n"
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----\n\n"
        "Types: deb\nSuites: without addresses\n"
    )
    assert parse_deb822_sources(text) == (
        PackageSource(
            types=("deb", "deb-src"),
            uris=("http://archive.example.com/ubuntu", "http://mirror.example/ubuntu"),
            suites=("noble", "noble-updates"),
            components=("main", "universe"),
            signed_by=("/usr/share/keyrings/ubuntu.gpg",),
        ),
        PackageSource(
            id="X tools",
            types=("deb",),
            uris=("https://x.example",),
            suites=("./",),
            enabled=False,
            signed_by=("embedded",),
            verified=False,
        ),
    )


def test_repo_files_take_what_they_do_not_say_from_the_tools_settings() -> None:
    text = (
        "[baseos]\nname=Rocky - BaseOS\nmirrorlist=https://m.example/mirrorlist?arch=$basearch&repo=BaseOS\n"
        "enabled=1\ncountme=1\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-Rocky-9\n\n"
        "[own]\nbaseurl=https://u:p@a.example/\n    https://b.example/\nenabled=0\ngpgcheck=0\npassword=hunter2\n"
    )
    baseos = PackageSource(
        id="baseos",
        types=("rpm",),
        uris=("https://m.example/mirrorlist?arch=$basearch&repo=BaseOS",),
        signed_by=("file:///etc/pki/rpm-gpg/RPM-GPG-KEY-Rocky-9",),
        verified=None,
    )
    own = PackageSource(
        id="own", types=("rpm",), uris=("https://***@a.example/", "https://b.example/"), enabled=False, verified=False
    )
    assert parse_repo_file(text) == (baseos, own)
    assert parse_repo_file(text, {"gpgcheck": "True"})[0].verified is True
    assert "hunter2" not in repr(parse_repo_file(text))


def test_apk_may_tag_a_repository() -> None:
    text = "https://dl.example/alpine/v3.19/main\n#https://dl.example/edge\n@edge https://dl.example/edge/main\n"
    assert parse_apk_repositories(text) == (
        PackageSource(types=("apk",), uris=("https://dl.example/alpine/v3.19/main",)),
        PackageSource(id="@edge", types=("apk",), uris=("https://dl.example/edge/main",)),
    )


def test_pacman_includes_lists_of_mirrors() -> None:
    text = (
        "[options]\nHoldPkg = pacman\nSigLevel = Required DatabaseOptional\n"
        "[core]\nInclude = /etc/pacman.d/mirrorlist\n"
        "#[testing]\n[own]\nSigLevel = Never\nServer = https://u:p@own.example/$arch\n"
    )
    mirrors = {"/etc/pacman.d/mirrorlist": ("#Server = https://off.example\nServer = https://m.example/$repo\n",)}
    assert parse_pacman_conf(text, lambda path: mirrors[path]) == (
        PackageSource(id="core", types=("pacman",), uris=("https://m.example/$repo",)),
        PackageSource(id="own", types=("pacman",), uris=("https://***@own.example/$arch",), verified=False),
    )


def test_a_file_of_pacman_that_includes_itself_ends() -> None:
    text = "Include = /etc/pacman.conf\n" * 100
    assert parse_pacman_conf(text, lambda _: (text,)) == ()


@given(st.lists(st.tuples(WORDS, WORDS, st.lists(WORDS, min_size=1, max_size=3))))
def test_both_forms_of_apt_say_the_same(sources: list[tuple[str, str, list[str]]]) -> None:
    lines = "".join(f"deb http://{host}.example {suite} {' '.join(parts)}\n" for host, suite, parts in sources)
    stanzas = "\n".join(
        f"Types: deb\nURIs: http://{host}.example\nSuites: {suite}\nComponents: {' '.join(parts)}\n"
        for host, suite, parts in sources
    )
    assert parse_sources_list(lines) == parse_deb822_sources(stanzas)
    assert len(parse_sources_list(lines)) == len(sources)


@given(st.text() | st.text(KEYWORDS, max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    lines = text.count("\n") + 1
    for parse in (parse_sources_list, parse_deb822_sources, parse_repo_file, parse_apk_repositories, parse_sections):
        assert len(parse(text)) <= lines
    assert len(parse_pacman_conf(text, lambda _: (text,))) <= 21 * lines
