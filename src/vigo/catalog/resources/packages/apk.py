"""Packages of Alpine. Source: apk(8), apk-add(8), apk-del(8), apk-version(8), apk-world(5)."""

from collections.abc import Iterator, Mapping

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.package_holds import parse_apk_pins
from vigo.catalog.formats.packages import Packages, parse_apk_database, parse_apk_updates
from vigo.catalog.ops.package_tool import RefreshPackageIndex, RunPackageTool
from vigo.catalog.resources.packages.package_tool import (
    INDEX_STAMP,
    LONGEST,
    TOUCHES,
    Installation,
    NoPackageFiles,
    ToolName,
    Wanted,
    answer_of,
    is_old,
    newest_ns,
    pinned,
    with_holds,
)
from vigo.core.errors import BlockedError

_DATABASES = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
_LOCKS = ("/lib/apk/db/lock", "/usr/lib/apk/db/lock")
_WORLD = "/etc/apk/world"
_ROOT = ("--root", "{root}")


class _Apk(NoPackageFiles):
    name: ToolName = "apk"
    can_choose_version = True
    keeps_held: frozenset[str] = frozenset()

    def manages(self, host: ReadHost) -> bool:
        return any(host.stat(path) is not None for path in _DATABASES)

    def installed(self, host: ReadHost) -> Packages:
        texts = (host.read_text(path) for path in _DATABASES)
        packages = parse_apk_database(next((text for text in texts if text is not None), ""))
        return with_holds(packages, parse_apk_pins(host.read_text(_WORLD) or ""))

    def outdated(self, host: ReadHost, names: tuple[str, ...], installed: Packages) -> frozenset[str]:
        updates = parse_apk_updates(answer_of(host, ("apk", "version", "--limit", "<")).stdout)
        return frozenset(name for name in names if name in installed and name in updates)

    def needs_index(self, host: ReadHost, wanted: Wanted) -> bool:
        # To install, apk fetches anyway; the question of what is outdated is asked of what was fetched before.
        return not wanted.latest or is_old(host, newest_ns(host, (INDEX_STAMP,)))

    def refresh(self) -> RefreshPackageIndex:
        return RefreshPackageIndex(
            argv=("apk", "update", "--quiet"),
            timeout=LONGEST,
            root_option=_ROOT,
            touches=("packages",),
            locks=_LOCKS,
            stamp=INDEX_STAMP,
        )

    def install(self, wanted: Installation) -> Iterator[RunPackageTool]:
        refresh = ("--update-cache",) if wanted.refresh else ()
        # Without --upgrade an installed package stays as it is, whatever the index has.
        upgrade = ("--upgrade",) if None in wanted.versions.values() else ()
        yield _run(("apk", "add", *refresh, *upgrade, *wanted.flags, "--", *pinned(wanted.versions, "=")))

    def remove(self, names: tuple[str, ...], flags: tuple[str, ...], *, purge: bool) -> RunPackageTool:
        return _run(("apk", "del", *(("--purge",) if purge else ()), *flags, "--", *names))

    def erase(self, names: tuple[str, ...]) -> Iterator[RunPackageTool]:
        # It leaves a package that another one needs, and only says so.
        yield self.remove(names, (), purge=False)

    def no_hold(self, host: ReadHost) -> str:
        del host
        return ""

    def hold(self, versions: Mapping[str, str | None], *, hold: bool) -> Iterator[RunPackageTool]:
        """Yield the call that ties these to the versions that they have in `/etc/apk/world`, or loosens them."""
        unknown = [name for name, version in versions.items() if hold and version is None]
        if unknown:
            raise BlockedError(
                f"hold: apk holds at a version, and which one of {unknown[0]} gets installed is not known before;"
                " the next run holds it, or declare version beside hold"
            )
        yield _run(("apk", "add", "--", *(pinned(versions, "=") if hold else versions)))


APK = _Apk()


def _run(argv: tuple[str, ...]) -> RunPackageTool:
    return RunPackageTool(argv=argv, timeout=LONGEST, root_option=_ROOT, touches=TOUCHES, locks=_LOCKS)
