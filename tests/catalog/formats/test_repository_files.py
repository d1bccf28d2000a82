from hypothesis import given
from hypothesis import strategies as st

from vigo.catalog.formats import repository_files
from vigo.catalog.formats.package_sources import (
    PackageSource,
    parse_apk_repositories,
    parse_deb822_sources,
    parse_repo_file,
    parse_sources_list,
)
from vigo.catalog.formats.repository_files import RepositoryEntry

WORDS = st.from_regex(r"[a-z][a-z0-9./-]{0,8}[a-z0-9]", fullmatch=True)
LISTS = st.lists(WORDS, max_size=3).map(tuple)
URIS = st.from_regex(r"https://[a-z]{1,6}\.org/[a-z/]{0,6}[a-z]", fullmatch=True)
ENTRIES = st.builds(
    RepositoryEntry,
    name=st.from_regex(r"[a-z][a-z0-9_-]{0,6}", fullmatch=True),
    uri=URIS,
    suites=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    components=LISTS,
    architectures=LISTS,
    key_path=st.none() | st.just("/etc/apt/keyrings/a.gpg"),
    enabled=st.booleans(),
    trusted=st.booleans(),
)


@given(ENTRIES)
def test_apt_s_newer_format_is_read_back(entry: RepositoryEntry) -> None:
    (found,) = parse_deb822_sources(repository_files.deb822_source(entry))
    _assert_apt(found, entry)
    assert found.enabled == entry.enabled
    assert found.suites == entry.suites


@given(ENTRIES)
def test_apt_s_older_format_is_read_back_and_a_disabled_one_is_a_comment(entry: RepositoryEntry) -> None:
    found = parse_sources_list(repository_files.list_source(entry))
    assert len(found) == (len(entry.suites) if entry.enabled else 0)
    for source, suite in zip(found, entry.suites, strict=False):
        _assert_apt(source, entry)
        assert source.suites == (suite,)


@given(ENTRIES, st.booleans())
def test_the_format_of_rpm_repositories_is_read_back(entry: RepositoryEntry, refreshes: bool) -> None:  # noqa: FBT001 - drawn
    text = repository_files.rpm_repository(entry, refreshes=refreshes)
    (found,) = parse_repo_file(text)
    assert (found.id, found.uris, found.enabled) == (entry.name, (entry.uri,), entry.enabled)
    assert found.verified is not entry.trusted
    assert ("autorefresh=1\n" in text) == refreshes


@given(st.text("htps:/x #\n\t", max_size=60), URIS)
def test_a_line_of_apk_comes_and_goes_and_the_others_stay(text: str, line: str) -> None:
    others = [one for one in repository_files.apk_lines(text) if one != line]
    written = repository_files.with_apk_line(text, line)
    assert line in repository_files.apk_lines(written)
    assert repository_files.with_apk_line(written, line) == written
    assert list(repository_files.apk_lines(repository_files.without_apk_line(written, line))) == others
    assert any(line in source.uris for source in parse_apk_repositories(written))


def _assert_apt(found: PackageSource, entry: RepositoryEntry) -> None:
    assert found.uris == (entry.uri,)
    assert found.components == entry.components
    assert found.signed_by == (() if entry.key_path is None else (entry.key_path,))
    assert (found.verified is False) == entry.trusted
