"""Packages of Red Hat and its kin. Source: rpm(8), dnf(8), yum(8), dnf-versionlock(8), yum-versionlock(1)."""

import re
from collections.abc import Iterator, Mapping

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.package_holds import parse_versionlock_toml, parse_versionlocks
from vigo.catalog.formats.packages import Packages, parse_dnf_updates
from vigo.catalog.ops.package_tool import InstallPackageFile, RefreshPackageIndex, RunPackageTool
from vigo.catalog.resources.packages.package_tool import (
    INDEX_STAMP,
    LONGEST,
    TOUCHES,
    FileToInstall,
    Installation,
    ToolName,
    Wanted,
    answer_of,
    is_old,
    newest_ns,
    pinned,
    with_holds,
)
from vigo.catalog.resources.packages.rpm_database import DATABASES, LOCK, RpmDatabase

_UPDATES_AVAILABLE = 100
# Beside these the cache has locks and the like, which change by every question.
_OF_REPOSITORY = re.compile(r"\.solv$|-[0-9a-f]{16}$")
_NO_CACHE = 1
# Else dnf 4 and yum wait without an end.
_NOT_WAITING = "--setopt=exit_on_lock=True"
_PLUGINS = (
    ("/etc/dnf/plugins/versionlock.conf", "/etc/dnf/plugins/versionlock.list"),
    ("/etc/yum/pluginconf.d/versionlock.conf", "/etc/yum/pluginconf.d/versionlock.list"),
)
_DNF5, _DNF5_HOLDS = "/usr/bin/dnf5", "/etc/dnf/versionlock.toml"
_LOCKS = (
    LOCK,
    "/var/cache/dnf/metadata_lock.pid",
    "/var/cache/dnf/download_lock.pid",
    "/var/lib/dnf/rpmdb_lock.pid",
    "/run/yum.pid",
)


class _Dnf(RpmDatabase):
    """dnf 4, dnf 5 and yum: as far as they are asked here they differ in their holds alone."""

    can_choose_version = True
    keeps_held: frozenset[str] = frozenset({"change"})

    def __init__(self, name: ToolName, caches: tuple[str, ...]) -> None:
        self.name: ToolName = name
        self._caches = caches

    def manages(self, host: ReadHost) -> bool:
        if host.is_image():
            return any(host.stat(path) is not None for path in DATABASES)
        return host.has_program(self.name)

    def installed(self, host: ReadHost) -> Packages:
        return with_holds(super().installed(host), _held(host))

    def outdated(self, host: ReadHost, names: tuple[str, ...], installed: Packages) -> frozenset[str]:
        # From the cache alone: only a run that may change something fetches.
        question = (self.name, "--quiet", "--cacheonly", "check-update")
        answer = answer_of(host, question, (0, _UPDATES_AVAILABLE, _NO_CACHE))
        if answer.status == _NO_CACHE and "cache" not in answer.stderr.lower():
            answer_of(host, question, (0, _UPDATES_AVAILABLE))
        updates = parse_dnf_updates(answer.stdout)
        return frozenset(name for name in names if name in installed and name in updates)

    def needs_index(self, host: ReadHost, wanted: Wanted) -> bool:
        # To install something, dnf fetches what it has not got by itself.
        found = ((folder, host.list_directory(folder) or ()) for folder in self._caches)
        caches = [f"{folder}/{name}" for folder, names in found for name in names if _OF_REPOSITORY.search(name)]
        fetched = newest_ns(host, (INDEX_STAMP, *caches))
        return (wanted.latest or fetched is not None) and is_old(host, fetched)

    def refresh(self) -> RefreshPackageIndex:
        return RefreshPackageIndex(
            argv=(self.name, "--assumeyes", _NOT_WAITING, "makecache"),
            timeout=LONGEST,
            touches=("packages",),
            locks=_LOCKS,
            stamp=INDEX_STAMP,
        )

    def install(self, wanted: Installation) -> Iterator[RunPackageTool]:
        if wanted.refresh:
            yield self.refresh()
        if wanted.held:
            yield from self.hold(dict.fromkeys(sorted(wanted.held)), hold=False)
        older = {name: version for name, version in wanted.versions.items() if name in wanted.older}
        other = {name: version for name, version in wanted.versions.items() if name not in wanted.older}
        for verb, versions in (("downgrade", older), ("install", other)):
            if versions:
                yield self._run(*wanted.flags, verb, "--", *pinned(versions, "-"))

    def remove(self, names: tuple[str, ...], flags: tuple[str, ...], *, purge: bool) -> RunPackageTool:
        del purge
        return self._run(*flags, "remove", "--", *names)

    def no_hold(self, host: ReadHost) -> str:
        if any(host.stat(plugin) is not None for plugin, _ in _PLUGINS) or host.stat(_DNF5) is not None:
            return ""
        package = "yum-plugin-versionlock" if self.name == "yum" else "python3-dnf-plugin-versionlock"
        return f"{self.name} has no hold without its versionlock plugin: add a package resource for {package}"

    def hold(self, versions: Mapping[str, str | None], *, hold: bool) -> Iterator[RunPackageTool]:
        yield self._run("versionlock", "add" if hold else "delete", *versions)

    def install_file(self, file: FileToInstall) -> InstallPackageFile:
        verb = "downgrade" if file.older else "install"
        return InstallPackageFile(
            argv=(self.name, "--assumeyes", _NOT_WAITING, verb, "--", "%"),
            source=file.path,
            sha256=file.sha256,
            timeout=LONGEST,
            touches=TOUCHES,
            locks=_LOCKS,
        )

    def _run(self, *words: str) -> RunPackageTool:
        argv = (self.name, "--assumeyes", _NOT_WAITING, *words)
        return RunPackageTool(argv=argv, timeout=LONGEST, touches=TOUCHES, locks=_LOCKS)


DNF = _Dnf("dnf", ("/var/cache/dnf", "/var/cache/libdnf5"))
YUM = _Dnf("yum", ("/var/cache/yum",))


def _held(host: ReadHost) -> frozenset[str]:
    held = (parse_versionlocks(host.read_text(path) or "") for _, path in _PLUGINS)
    return frozenset().union(*held, parse_versionlock_toml(host.read_text(_DNF5_HOLDS) or ""))
