"""Packages of Debian and its kin. Source: apt-get(8), apt-mark(8), dpkg-query(1), dpkg-deb(1), apt.conf(5)."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.packages import (
    DPKG_QUERY_FORMAT,
    Packages,
    is_version,
    parse_apt_policy,
    parse_apt_policy_versions,
    parse_dpkg_query,
    parse_dpkg_status,
)
from vigo.catalog.ops.package_tool import InstallPackageFile, RefreshPackageIndex, RunPackageTool
from vigo.catalog.resources.packages.package_tool import (
    LONGEST,
    TOUCHES,
    FileContent,
    FileToInstall,
    Installation,
    ToolName,
    Wanted,
    answer_of,
    is_old,
    newest_ns,
    pinned,
)
from vigo.core.errors import UnavailableError

_STATUS = "/var/lib/dpkg/status"
_LISTS = "/var/lib/apt/lists"
_NO_LISTS = frozenset({"auxfiles", "lock", "partial"})
_SOURCES, _SOURCES_FOLDER = "/etc/apt/sources.list", "/etc/apt/sources.list.d"
_KEY_FOLDERS = ("/etc/apt/keyrings", "/etc/apt/trusted.gpg.d")
# What update-notifier writes too: the lists keep the times of the server, their folder its own where nothing is new.
STAMP = "/var/lib/apt/periodic/update-success-stamp"
_LOCKS = (
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/apt/archives/lock",
)
# `Dir` alone leaves dpkg and its status file those of the running machine.
_ROOT = ("-o", "Dir={root}", "-o", "Dir::State::status={root}" + _STATUS, "-o", "DPkg::Options::=--root={root}")
_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "APT_LISTCHANGES_FRONTEND": "none"}
# A settings file that an operator changed stays; a question would hang for ever.
_KEEP_SETTINGS = ("-o", "DPkg::Options::=--force-confdef", "-o", "DPkg::Options::=--force-confold")
_APT = ("apt-get", "-q", "-y")
_LISTED_CACHE, _CACHE = "/var/cache/apt/srcpkgcache.bin", "/var/cache/apt/pkgcache.bin"
_SETTINGS = ("/etc/apt/apt.conf", "/etc/apt/apt.conf.d", "/var/lib/dpkg/arch")


class _Apt:
    name: ToolName = "apt"
    can_choose_version = True
    keeps_held: frozenset[str] = frozenset({"change", "removal"})

    def manages(self, host: ReadHost) -> bool:
        return host.stat(_STATUS) is not None if host.is_image() else host.has_program("apt-get")

    def installed(self, host: ReadHost) -> Packages:
        if host.is_image():
            return parse_dpkg_status(host.read_text(_STATUS) or "")
        return parse_dpkg_query(answer_of(host, ("dpkg-query", "-W", "-f", DPKG_QUERY_FORMAT)).stdout)

    def outdated(self, host: ReadHost, names: tuple[str, ...], installed: Packages) -> frozenset[str]:
        policy = parse_apt_policy(policy_of(host, names))
        return frozenset(
            name for name in names if name in installed and policy.get(name, "") not in ("", installed[name].version)
        )

    def needs_index(self, host: ReadHost, wanted: Wanted) -> bool:
        if not set(host.list_directory(_LISTS) or ()) - _NO_LISTS:
            return True
        fetched = newest_ns(host, (_LISTS, STAMP))
        changed = newest_ns(host, (*_sources(host), *_KEY_FOLDERS))
        if changed is not None and fetched is not None and changed > fetched:
            return True
        return is_old(host, fetched) and (wanted.latest or not _is_offered(host, wanted))

    def refresh(self) -> RefreshPackageIndex:
        return RefreshPackageIndex(
            argv=(*_APT, "update"),
            environment=_QUIET,
            timeout=LONGEST,
            root_option=_ROOT,
            touches=("packages",),
            locks=_LOCKS,
            stamp=STAMP,
        )

    def install(self, wanted: Installation) -> Iterator[RunPackageTool]:
        if wanted.refresh:
            yield self.refresh()
        options = ["--allow-downgrades"] if wanted.allow_downgrade else []
        options += ["--allow-change-held-packages"] if wanted.held else []
        options += wanted.flags
        packages = pinned(wanted.versions, "=")
        yield _run((*_APT, *_KEEP_SETTINGS, *options, "install", "--", *packages))

    def remove(self, names: tuple[str, ...], flags: tuple[str, ...], *, purge: bool) -> RunPackageTool:
        return _run((*_APT, *flags, "purge" if purge else "remove", "--", *names))

    def erase(self, names: tuple[str, ...]) -> Iterator[RunPackageTool]:
        # apt-get would remove what depends on them too. dpkg refuses, and yet marks them as to be removed.
        for options in (("--no-act", "--remove"), ("--remove",)):
            yield msgspec.structs.replace(_run(("dpkg", *options, "--", *names)), root_option=("--root={root}",))

    def no_hold(self, host: ReadHost) -> str:
        del host
        return ""

    def hold(self, versions: Mapping[str, str | None], *, hold: bool) -> Iterator[RunPackageTool]:
        yield _run(("apt-mark", "hold" if hold else "unhold", "--", *versions))

    def read_file(self, host: ReadHost, path: str) -> FileContent:
        answer = answer_of(host, ("dpkg-deb", "--field", path, "Package", "Version"), (0, 2))
        fields = dict(line.split(": ", 1) for line in answer.stdout.split("\n") if ": " in line)
        if answer.status or not (fields.get("Package") and fields.get("Version")):
            raise UnavailableError(f"expected a Debian package at {path}, found: {answer.stderr.strip()[:200]}")
        return FileContent(fields["Package"], fields["Version"])

    def install_file(self, file: FileToInstall) -> InstallPackageFile:
        options = ("--allow-downgrades",) if file.older else ()
        return InstallPackageFile(
            argv=(*_APT, *_KEEP_SETTINGS, *options, "install", "--", "%"),
            source=file.path,
            sha256=file.sha256,
            environment=_QUIET,
            timeout=LONGEST,
            touches=TOUCHES,
            locks=_LOCKS,
        )


APT = _Apt()


def _run(argv: tuple[str, ...]) -> RunPackageTool:
    return RunPackageTool(
        argv=argv, environment=_QUIET, timeout=LONGEST, root_option=_ROOT, touches=TOUCHES, locks=_LOCKS
    )


def policy_of(host: ReadHost, names: Sequence[str]) -> str:
    """Return what `apt-cache policy` tells of packages.

    As root it would write its caches anew where they are out of date; those it is told to do without, which takes
    longer. The one is made of the lists, the other of that and of what is installed.

    Raises:
        UnavailableError: it does not answer.
    """
    listed = newest_ns(host, (_LISTS, *_sources(host), *_SETTINGS)) or 0
    installed = newest_ns(host, (_STATUS,)) or 0
    without: tuple[str, ...] = ()
    if (newest_ns(host, (_LISTED_CACHE,)) or 0) < listed:
        without = ("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=")
    elif (newest_ns(host, (_CACHE,)) or 0) < max(listed, installed):
        without = ("-o", "Dir::Cache::pkgcache=")
    return answer_of(host, ("apt-cache", *without, "policy", "--", *names)).stdout


def _sources(host: ReadHost) -> Iterator[str]:
    yield from (_SOURCES, _SOURCES_FOLDER)
    names = host.list_directory(_SOURCES_FOLDER) or ()
    yield from (f"{_SOURCES_FOLDER}/{name}" for name in names if name.endswith((".list", ".sources")))


def _is_offered(host: ReadHost, wanted: Wanted) -> bool:
    """Return whether the index that is there has all that is wanted."""
    if host.is_image():
        return True
    answer = policy_of(host, wanted.names)
    if wanted.version is None:
        return parse_apt_policy(answer).keys() >= set(wanted.names)
    offered = parse_apt_policy_versions(answer)
    return all(any(is_version(wanted.version, version) for version in offered.get(name, ())) for name in wanted.names)
