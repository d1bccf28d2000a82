"""The trait set `package_updates`."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, NamedTuple

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.package_updates import (
    count_zypper_security_patches,
    parse_apk_versions,
    parse_apt_updates,
    parse_dnf_versions,
    parse_pacman_versions,
    parse_zypper_versions,
)
from vigo.catalog.resources.packages.apt import APT, policy_of
from vigo.catalog.resources.packages.package_tool import ToolName, answer_of
from vigo.catalog.traits.packages import TOOLS
from vigo.core.errors import UnavailableError

_MOST = 100
_DNF = ("dnf", "--quiet", "--cacheonly", "check-update")
_ZYPPER = ("zypper", "--non-interactive", "--no-refresh", "--quiet")
_DNF_HAS_SOME, _PACMAN_HAS_NONE = 100, 1


class PackageUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """A newer version of an installed package."""

    version: Annotated[str, field("Version that the tool would install.", example="8.5-3")]
    security: Annotated[
        bool | None, field("Whether it closes a security hole; none where the tool does not tell it of packages.")
    ]


class PackageUpdatesTraits(TraitSet, frozen=True, kw_only=True):
    """Updates as the lists on the host know them: nothing is fetched, and lists that nobody refreshes grow old.

    A package that is held counts too: its update is pending all the same.
    """

    tool: Annotated[str, field("Tool that was asked: apt, apk, pacman, zypper or dnf; empty without one of them.")]
    fetched: Annotated[bool, field("Whether there are lists to go by; without them nothing is known to be pending.")]
    pending: Annotated[int, field("Number of installed packages that have an update.", example=12)]
    security: Annotated[
        int | None,
        field("How many of them close a security hole; for zypper its security patches, none for apk and pacman."),
    ]
    packages: Annotated[
        dict[str, PackageUpdate], field("Updates by the package's name, at most 100, those for security first.")
    ]


class _Found(NamedTuple):
    """The updates, and how many are for security where packages do not tell it."""

    updates: Mapping[str, PackageUpdate]
    security: int | None = None


class _Source(NamedTuple):
    """Where a tool keeps its lists, how one of their names is known, and how it is asked without a network."""

    folders: tuple[str, ...]
    is_list: Callable[[str], bool]
    ask: Callable[[ReadHost], _Found]


@collector("package_updates", every=timedelta(hours=6), timeout=timedelta(seconds=45))
def collect_package_updates(host: ReadHost) -> PackageUpdatesTraits:
    """Report the pending updates. Source: apt-cache(8), dnf(8), zypper(8), apk-version(8), pacman(8).

    Raises:
        UnavailableError: this is an image, or the tool does not answer.
    """
    if host.is_image():
        raise UnavailableError("no program of an image runs; its updates show on the machine that boots it")
    tool = next((tool.name for tool in TOOLS if tool.manages(host)), None)
    source = None if tool is None else _SOURCES[tool]
    is_fetched = source is not None and _has_lists(host, source)
    found = source.ask(host) if source is not None and is_fetched else _Found({})
    known = [update.security for update in found.updates.values() if update.security is not None]
    first = sorted(found.updates, key=lambda name: (not found.updates[name].security, name))[:_MOST]
    return PackageUpdatesTraits(
        tool=tool or "",
        fetched=is_fetched,
        pending=len(found.updates),
        security=sum(known) if known or (tool in ("apt", "dnf") and is_fetched) else found.security,
        packages={name: found.updates[name] for name in sorted(first)},
    )


def _has_lists(host: ReadHost, source: _Source) -> bool:
    return any(source.is_list(name) for folder in source.folders for name in host.list_directory(folder) or ())


def _ask_apt(host: ReadHost) -> _Found:
    # Simulating an upgrade takes apt-get seconds; looking the candidates of all packages up, a tenth of one.
    packages = APT.installed(host)
    # Each with its architecture: apt answers by the plain name where it is the machine's own.
    names = sorted(name for name, package in packages.items() if ":" in name and not package.configuration_only)
    if not names:
        return _Found({})
    updates = parse_apt_updates(policy_of(host, names))
    return _Found(
        {name: PackageUpdate(version=update.version, security=update.security) for name, update in updates.items()}
    )


def _ask_dnf(host: ReadHost) -> _Found:
    statuses = (0, _DNF_HAS_SOME)
    updates = parse_dnf_versions(answer_of(host, _DNF, statuses).stdout)
    if not updates:
        return _Found({})
    security = parse_dnf_versions(answer_of(host, (*_DNF, "--security"), statuses).stdout)
    return _Found(
        {name: PackageUpdate(version=version, security=name in security) for name, version in updates.items()}
    )


def _ask_zypper(host: ReadHost) -> _Found:
    updates = parse_zypper_versions(answer_of(host, (*_ZYPPER, "list-updates")).stdout)
    patches = answer_of(host, (*_ZYPPER, "list-patches", "--category", "security")).stdout
    return _Found(_unmarked(updates), count_zypper_security_patches(patches))


def _ask_apk(host: ReadHost) -> _Found:
    answer = answer_of(host, ("apk", "--no-network", "version", "--limit", "<"))
    return _Found(_unmarked(parse_apk_versions(answer.stdout)))


def _ask_pacman(host: ReadHost) -> _Found:
    answer = answer_of(host, ("pacman", "-Qu"), (0, _PACMAN_HAS_NONE))
    return _Found(_unmarked(parse_pacman_versions(answer.stdout)))


def _unmarked(versions: Mapping[str, str]) -> dict[str, PackageUpdate]:
    return {name: PackageUpdate(version=version, security=None) for name, version in versions.items()}


def _is_folder_of_lists(name: str) -> bool:
    return not name.endswith((".lock", ".pid", ".log", ".json", ".sqlite", ".toml"))


_SOURCES: Mapping[ToolName, _Source] = {
    "apt": _Source(("/var/lib/apt/lists",), lambda name: "_Packages" in name, _ask_apt),
    "dnf": _Source(("/var/cache/dnf", "/var/cache/libdnf5"), _is_folder_of_lists, _ask_dnf),
    "zypper": _Source(("/var/cache/zypp/solv",), lambda name: name != "@System", _ask_zypper),
    "apk": _Source(("/var/cache/apk", "/etc/apk/cache"), lambda name: name.startswith("APKINDEX"), _ask_apk),
    "pacman": _Source(("/var/lib/pacman/sync",), lambda name: name.endswith(".db"), _ask_pacman),
}
