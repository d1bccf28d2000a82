"""Packages of Arch Linux. Source: pacman(8), pacman.conf(5)."""

from collections.abc import Iterator, Mapping

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.packages import Packages, parse_pacman_folders, parse_pacman_updates
from vigo.catalog.formats.pacman_settings import ignored_packages, section_names
from vigo.catalog.ops.package_tool import RunPackageTool
from vigo.catalog.resources.packages.package_tool import (
    LONGEST,
    TOUCHES,
    Installation,
    NoPackageFiles,
    ToolName,
    Wanted,
    answer_of,
    with_holds,
)

SETTINGS = "/etc/pacman.conf"
_LOCAL, _SYNC = "/var/lib/pacman/local", "/var/lib/pacman/sync"
_LOCKS = ("/var/lib/pacman/db.lck",)
_ROOT = ("--root", "{root}")
_NOTHING_TO_UPDATE = 1


class _Pacman(NoPackageFiles):
    name: ToolName = "pacman"
    can_choose_version = False
    keeps_held: frozenset[str] = frozenset()

    def manages(self, host: ReadHost) -> bool:
        return host.stat(_LOCAL) is not None

    def installed(self, host: ReadHost) -> Packages:
        packages = parse_pacman_folders(host.list_directory(_LOCAL) or ())
        return with_holds(packages, ignored_packages(host.read_text(SETTINGS) or ""))

    def outdated(self, host: ReadHost, names: tuple[str, ...], installed: Packages) -> frozenset[str]:
        answer = answer_of(host, ("pacman", "-Qu"), (0, _NOTHING_TO_UPDATE))
        updates = parse_pacman_updates(answer.stdout)
        return frozenset(name for name in names if name in installed and name in updates)

    def needs_index(self, host: ReadHost, wanted: Wanted) -> bool:
        # Fetching the index without a full upgrade can break an Arch system, so only what was never fetched.
        del wanted
        fetched = set(host.list_directory(_SYNC) or ())
        declared = section_names(host.read_text(SETTINGS) or "")
        return not fetched or any(f"{name}.db" not in fetched for name in declared)

    def refresh(self) -> None:
        return None

    def install(self, wanted: Installation) -> Iterator[RunPackageTool]:
        refresh = ("--refresh",) if wanted.refresh else ()
        yield _run(("pacman", "--sync", "--noconfirm", *refresh, *wanted.flags, "--", *wanted.versions))

    def remove(self, names: tuple[str, ...], flags: tuple[str, ...], *, purge: bool) -> RunPackageTool:
        return _run(("pacman", "--remove", "--noconfirm", *(("--nosave",) if purge else ()), *flags, "--", *names))

    def erase(self, names: tuple[str, ...]) -> Iterator[RunPackageTool]:
        # Without --cascade it refuses where another one needs them.
        yield self.remove(names, (), purge=False)

    def no_hold(self, host: ReadHost) -> str:
        del host
        return f"pacman has no command for holds: declare `IgnorePkg` in {SETTINGS} by a file_line or ini resource"

    def hold(self, versions: Mapping[str, str | None], *, hold: bool) -> Iterator[RunPackageTool]:
        del versions, hold
        yield from ()


PACMAN = _Pacman()


def _run(argv: tuple[str, ...]) -> RunPackageTool:
    return RunPackageTool(argv=argv, timeout=LONGEST, root_option=_ROOT, touches=TOUCHES, locks=_LOCKS)
