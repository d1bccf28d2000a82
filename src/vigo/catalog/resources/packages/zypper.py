"""Packages of SUSE and its kin. Source: zypper(8), locks(5)."""

from collections.abc import Iterator, Mapping

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.package_holds import parse_zypper_locks
from vigo.catalog.formats.packages import Packages, parse_zypper_updates
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
from vigo.catalog.resources.packages.rpm_database import LOCK, RpmDatabase

_HOLDS = "/etc/zypp/locks"
_CACHE = "/var/cache/zypp/raw"
_LOCKS = ("/run/zypp.pid", LOCK)
# It was done, and the machine or the tool itself wants to be started anew.
_DONE = (0, 102, 103)
_ZYPPER = ("zypper", "--non-interactive")


class _Zypper(RpmDatabase):
    name: ToolName = "zypper"
    can_choose_version = True
    keeps_held: frozenset[str] = frozenset({"change", "removal"})

    def manages(self, host: ReadHost) -> bool:
        return not host.is_image() and host.has_program("zypper")

    def installed(self, host: ReadHost) -> Packages:
        return with_holds(super().installed(host), parse_zypper_locks(host.read_text(_HOLDS) or ""))

    def outdated(self, host: ReadHost, names: tuple[str, ...], installed: Packages) -> frozenset[str]:
        # What was fetched alone: only a run that may change something fetches.
        answer = answer_of(host, (*_ZYPPER, "--quiet", "--no-refresh", "list-updates"))
        updates = parse_zypper_updates(answer.stdout)
        return frozenset(name for name in names if name in installed and name in updates)

    def needs_index(self, host: ReadHost, wanted: Wanted) -> bool:
        # To install something, zypper fetches what it has not got by itself.
        fetched = newest_ns(host, (INDEX_STAMP, *([_CACHE] if host.list_directory(_CACHE) else [])))
        return (wanted.latest or fetched is not None) and is_old(host, fetched)

    def refresh(self) -> RefreshPackageIndex:
        return RefreshPackageIndex(
            argv=(*_ZYPPER, "refresh"),
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
        older = ("--oldpackage",) if wanted.older else ()
        yield _run("install", *older, *wanted.flags, "--", *pinned(wanted.versions, "="))

    def remove(self, names: tuple[str, ...], flags: tuple[str, ...], *, purge: bool) -> RunPackageTool:
        del purge
        return _run("remove", *flags, "--", *names)

    def no_hold(self, host: ReadHost) -> str:
        del host
        return ""

    def hold(self, versions: Mapping[str, str | None], *, hold: bool) -> Iterator[RunPackageTool]:
        yield _run("addlock" if hold else "removelock", "--", *versions)

    def install_file(self, file: FileToInstall) -> InstallPackageFile:
        # Without --allow-unsigned-rpm it would ask; what the SHA-256 vouches for needs no signature.
        unsigned = ("--allow-unsigned-rpm",) if file.sha256 is not None else ()
        older = ("--oldpackage",) if file.older else ()
        return InstallPackageFile(
            argv=(*_ZYPPER, "install", *unsigned, *older, "--", "%"),
            source=file.path,
            sha256=file.sha256,
            timeout=LONGEST,
            returns=_DONE,
            touches=TOUCHES,
            locks=_LOCKS,
        )


ZYPPER = _Zypper()


def _run(*words: str) -> RunPackageTool:
    return RunPackageTool(argv=(*_ZYPPER, *words), timeout=LONGEST, returns=_DONE, touches=TOUCHES, locks=_LOCKS)
