"""Where each package tool has its repositories and their keys, and in which words."""

from collections.abc import Callable

import msgspec

from vigo.catalog.formats.pacman_settings import section_of, with_section, without_section
from vigo.catalog.formats.repository_files import (
    RepositoryEntry,
    deb822_source,
    list_source,
    rpm_repository,
    with_apk_line,
    without_apk_line,
)
from vigo.catalog.ops.fetch_key import KeyForm
from vigo.catalog.resources.packages.package_tool import ToolName
from vigo.catalog.resources.packages.repository_spec import RepositorySpec
from vigo.core.errors import InvalidError

APT_FOLDER, YUM_FOLDER, ZYPPER_FOLDER = "/etc/apt/sources.list.d", "/etc/yum.repos.d", "/etc/zypp/repos.d"
APT_KEYS, RPM_KEYS = "/etc/apt/keyrings", "/etc/pki/rpm-gpg"
APK_KEYS, PACMAN_KEYS = "/etc/apk/keys", "/etc/pacman.d/keys"
APK_FILE, PACMAN_FILE = "/etc/apk/repositories", "/etc/pacman.conf"


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """One repository as its tool has it.

    `settings` is its own file, or one that it shares with others (`is_shared`); `text` is what that shall be, given
    what it is, or None for no file. `others` are files that must not be there beside it, `folders` those that must.
    """

    settings: str
    text: Callable[[str], str | None]
    is_shared: bool = False
    others: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    key_path: str
    key_form: KeyForm


def layout_of(tool: ToolName, spec: RepositorySpec) -> Layout:
    """Return where the repository goes on a host of this tool.

    Raises:
        InvalidError: the tool has no use for a declared field, or lacks one.
    """
    if tool == "apt":
        return _apt(spec)
    for name in ("suites", "components", "architectures"):
        if getattr(spec, name):
            raise InvalidError(f"{name}: expected none on a host of {tool}, found some; put the whole path into uri")
    if tool == "apk":
        return _apk(spec)
    if tool == "pacman":
        return _pacman(spec)
    folder = ZYPPER_FOLDER if tool == "zypper" else YUM_FOLDER
    key_path = f"{RPM_KEYS}/RPM-GPG-KEY-vigo-{spec.repository}"
    entry = _entry(spec, key_path)
    return Layout(
        settings=f"{folder}/{spec.repository}.repo",
        text=lambda _: None if spec.state == "absent" else rpm_repository(entry, refreshes=tool == "zypper"),
        folders=(folder, "/etc/pki", RPM_KEYS) if _has_key(spec) else (folder,),
        key_path=key_path,
        key_form="armour",
    )


def paths_of(spec: RepositorySpec) -> tuple[str, ...]:
    """Return every file that is the repository's alone, whichever tool the host has."""
    name = spec.repository
    return (
        f"{APT_FOLDER}/{name}.sources",
        f"{APT_FOLDER}/{name}.list",
        f"{APT_KEYS}/{name}.gpg",
        f"{YUM_FOLDER}/{name}.repo",
        f"{ZYPPER_FOLDER}/{name}.repo",
        f"{RPM_KEYS}/RPM-GPG-KEY-vigo-{name}",
        f"{PACMAN_KEYS}/{name}.gpg",
    )


def _apt(spec: RepositorySpec) -> Layout:
    is_flat = all(suite.endswith("/") for suite in spec.suites)
    if spec.state == "present":
        if not spec.suites:
            raise InvalidError(
                "suites: expected at least one on a host of apt, found none; add it, `./` for a flat one"
            )
        if is_flat and spec.components:
            raise InvalidError("components: expected none for suites that end with `/`, found some; remove them")
        if not is_flat and not spec.components:
            raise InvalidError("components: expected at least one, such as main, found none; add it")
    key_path = f"{APT_KEYS}/{spec.repository}.gpg"
    entry = _entry(spec, key_path)
    ending, write = ("sources", deb822_source) if spec.format == "deb822" else ("list", list_source)
    other = "list" if ending == "sources" else "sources"
    return Layout(
        settings=f"{APT_FOLDER}/{spec.repository}.{ending}",
        text=lambda _: None if spec.state == "absent" else write(entry),
        others=(f"{APT_FOLDER}/{spec.repository}.{other}",),
        folders=(APT_FOLDER, APT_KEYS) if _has_key(spec) else (APT_FOLDER,),
        key_path=key_path,
        key_form="binary",
    )


def _apk(spec: RepositorySpec) -> Layout:
    if spec.trusted:
        raise InvalidError("trusted: expected a key on a host of apk, which takes nothing unsigned from a repository")
    line, is_wanted = spec.uri, spec.state == "present" and spec.enabled
    if line is None:
        raise InvalidError("uri: expected it on a host of apk even where it shall be absent: it is the line; add it")
    key_url = spec.key_url or ""
    from_url = key_url.rpartition("/")[2] if key_url.endswith(".rsa.pub") else f"{spec.repository}.rsa.pub"
    name = spec.key_name or from_url
    return Layout(
        settings=APK_FILE,
        text=lambda text: with_apk_line(text, line) if is_wanted else without_apk_line(text, line),
        is_shared=True,
        folders=(APK_KEYS,) if _has_key(spec) else (),
        key_path=f"{APK_KEYS}/{name}",
        key_form="as it is",
    )


def _pacman(spec: RepositorySpec) -> Layout:
    name, is_wanted = spec.repository, spec.state == "present" and spec.enabled
    if name == "options":
        raise InvalidError("repository: expected another name than options, which is pacman's own section; choose one")
    settings = (f"Server = {spec.uri}", *(("SigLevel = Optional TrustAll",) if spec.trusted else ()))

    def text(found: str) -> str:
        if not is_wanted:
            return without_section(found, name)
        return found if section_of(found, name) == settings else with_section(found, name, settings)

    return Layout(
        settings=PACMAN_FILE,
        text=text,
        is_shared=True,
        folders=("/etc/pacman.d", PACMAN_KEYS) if _has_key(spec) else (),
        key_path=f"{PACMAN_KEYS}/{name}.gpg",
        key_form="binary",
    )


def _entry(spec: RepositorySpec, key_path: str) -> RepositoryEntry:
    return RepositoryEntry(
        name=spec.repository,
        uri=spec.uri or "",
        suites=spec.suites,
        components=spec.components,
        architectures=spec.architectures,
        key_path=key_path if _has_key(spec) else None,
        enabled=spec.enabled,
        trusted=spec.trusted,
    )


def _has_key(spec: RepositorySpec) -> bool:
    return spec.key is not None or spec.key_url is not None
