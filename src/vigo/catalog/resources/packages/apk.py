"""Packages of Alpine. Source: apk(8), apk-add(8), apk-del(8), apk-version(8)."""

from collections.abc import Iterator

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.packages import Packages, parse_apk_database, parse_apk_updates
from vigo.catalog.ops import Run
from vigo.catalog.resources.packages.package_tool import LONGEST, TOUCHES, Installation, ToolName, answer_of, pinned

_DATABASES = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
_ROOT = ("--root", "{root}")


class _Apk:
    name: ToolName = "apk"
    can_choose_version = True

    def manages(self, host: ReadHost) -> bool:
        return any(host.stat(path) is not None for path in _DATABASES)

    def installed(self, host: ReadHost) -> Packages:
        texts = (host.read_text(path) for path in _DATABASES)
        return parse_apk_database(next((text for text in texts if text is not None), ""))

    def outdated(self, host: ReadHost, names: tuple[str, ...], installed: Packages) -> frozenset[str]:
        updates = parse_apk_updates(answer_of(host, ("apk", "version", "--limit", "<")).stdout)
        return frozenset(name for name in names if name in installed and name in updates)

    def needs_index(self, host: ReadHost) -> bool:
        del host
        return True

    def install(self, wanted: Installation) -> Iterator[Run]:
        refresh = ("--update-cache",) if wanted.refresh else ()
        # Without --upgrade an installed package stays as it is, whatever the index has.
        upgrade = ("--upgrade",) if None in wanted.versions.values() else ()
        yield _run(("apk", "add", *refresh, *upgrade, *wanted.flags, "--", *pinned(wanted.versions, "=")))

    def remove(self, names: tuple[str, ...], flags: tuple[str, ...], *, purge: bool) -> Run:
        return _run(("apk", "del", *(("--purge",) if purge else ()), *flags, "--", *names))

    def erase(self, names: tuple[str, ...]) -> Iterator[Run]:
        # It leaves a package that another one needs, and only says so.
        yield self.remove(names, (), purge=False)

    def hold(self, names: tuple[str, ...], *, hold: bool) -> None:
        del names, hold


APK = _Apk()


def _run(argv: tuple[str, ...]) -> Run:
    return Run(argv=argv, timeout=LONGEST, root_option=_ROOT, touches=TOUCHES)
