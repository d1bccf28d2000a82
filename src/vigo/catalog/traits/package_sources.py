"""The trait set `package_sources`."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.package_sources import (
    PackageSource,
    parse_apk_repositories,
    parse_deb822_sources,
    parse_pacman_conf,
    parse_repo_file,
    parse_sections,
    parse_sources_list,
)

_MOST_SOURCES, _MOST_WORDS = 200, 20
_APT, _APK, _PACMAN = "/etc/apt", "/etc/apk", "/etc/pacman.conf"
_REPO_FOLDERS = {
    "/etc/yum.repos.d": ("/etc/dnf/dnf.conf", "/etc/yum.conf"),
    "/etc/distro.repos.d": ("/etc/dnf/dnf.conf", "/etc/yum.conf"),
    "/etc/zypp/repos.d": ("/etc/zypp/zypp.conf",),
}
"""Folders of `.repo` files, each with the settings of the tool that reads it; of these the first one there counts."""

_Found = Iterator[tuple[str, tuple[PackageSource, ...]]]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One repository as its file has it, variables unexpanded."""

    id: Annotated[
        str, field("Name by which the tool knows it; empty for most of apt, which has none.", example="baseos")
    ]
    types: Annotated[tuple[str, ...], field("deb, deb-src, rpm, apk or pacman; apt can have two.", example=["deb"])]
    uris: Annotated[
        tuple[str, ...],
        field("Addresses or those of the mirror lists, at most 20; credentials in them are `***`."),
    ]
    suites: Annotated[tuple[str, ...], field("Suites, for apt.", example=["bookworm", "bookworm-updates"])]
    components: Annotated[tuple[str, ...], field("Components, for apt.", example=["main"])]
    enabled: Annotated[bool, field("Whether the tool uses it.")]
    signed_by: Annotated[
        tuple[str, ...],
        field("Files, addresses or fingerprints of the keys that it is tied to; `embedded` for one in the file."),
    ]
    verified: Annotated[
        bool | None, field("Whether signatures are checked; none where the tool's own default decides.")
    ]
    file: Annotated[str, field("File that names it.", example="/etc/apt/sources.list.d/debian.sources")]


class PackageSourcesTraits(TraitSet, frozen=True, kw_only=True):
    """Where packages come from. A host without a package tool has no sources."""

    sources: Annotated[tuple[Source, ...], field("Repositories in the order of the files and in them, at most 200.")]
    count: Annotated[int, field("Number of all repositories.", example=3)]


@collector("package_sources", every=timedelta(hours=3), timeout=timedelta(seconds=5))
def collect_package_sources(host: ReadHost) -> PackageSourcesTraits:
    """Report the repositories. Source: sources.list(5), dnf.conf(5), zypper(8), apk-repositories(5), pacman.conf(5)."""
    found = [
        (path, source)
        for files in (_of_apt(host), _of_rpm(host), _of_apk(host), _of_pacman(host))
        for path, sources in files
        for source in sources
    ]
    return PackageSourcesTraits(
        sources=tuple(_told(path, source) for path, source in found[:_MOST_SOURCES]), count=len(found)
    )


def _told(path: str, source: PackageSource) -> Source:
    return Source(
        id=source.id,
        types=source.types[:_MOST_WORDS],
        uris=source.uris[:_MOST_WORDS],
        suites=source.suites[:_MOST_WORDS],
        components=source.components[:_MOST_WORDS],
        enabled=source.enabled,
        signed_by=source.signed_by[:_MOST_WORDS],
        verified=source.verified,
        file=path,
    )


def _of_apt(host: ReadHost) -> _Found:
    yield from _parsed(host, f"{_APT}/sources.list", parse_sources_list)
    for name in host.list_directory(f"{_APT}/sources.list.d") or ():
        path = f"{_APT}/sources.list.d/{name}"
        if name.endswith(".list"):
            yield from _parsed(host, path, parse_sources_list)
        elif name.endswith(".sources"):
            yield from _parsed(host, path, parse_deb822_sources)


def _of_rpm(host: ReadHost) -> _Found:
    for folder, settings_files in _REPO_FOLDERS.items():
        names = [name for name in host.list_directory(folder) or () if name.endswith(".repo")]
        if not names:
            continue
        text = next((text for path in settings_files if (text := host.read_text(path)) is not None), "")
        settings = dict(parse_sections(text)).get("main", {})
        for name in names:
            yield f"{folder}/{name}", parse_repo_file(host.read_text(f"{folder}/{name}") or "", settings)


def _of_apk(host: ReadHost) -> _Found:
    yield from _parsed(host, f"{_APK}/repositories", parse_apk_repositories)
    for name in host.list_directory(f"{_APK}/repositories.d") or ():
        if name.endswith(".list"):
            yield from _parsed(host, f"{_APK}/repositories.d/{name}", parse_apk_repositories)


def _of_pacman(host: ReadHost) -> _Found:
    text = host.read_text(_PACMAN)
    if text is not None:
        yield _PACMAN, parse_pacman_conf(text, lambda pattern: _included(host, pattern))


def _included(host: ReadHost, pattern: str) -> tuple[str, ...]:
    """Return the texts of the files that an `Include` names, by a pattern in their last part too."""
    folder, _, last = pattern.rpartition("/")
    if "*" not in last and "?" not in last:
        return ((host.read_text(pattern) or ""),) if pattern.startswith("/") else ()
    names = [name for name in host.list_directory(folder) or () if fnmatchcase(name, last)]
    return tuple(host.read_text(f"{folder}/{name}") or "" for name in names)


def _parsed(host: ReadHost, path: str, parse: Callable[[str], tuple[PackageSource, ...]]) -> _Found:
    text = host.read_text(path)
    if text is not None:
        yield path, parse(text)
