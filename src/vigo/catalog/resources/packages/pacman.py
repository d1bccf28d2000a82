"""Packages of Arch Linux. Source: pacman(8)."""

from collections.abc import Iterator

from vigo.catalog.api import ReadHost
from vigo.catalog.formats.packages import Packages, parse_pacman_folders, parse_pacman_updates
from vigo.catalog.ops import Run
from vigo.catalog.resources.packages.package_tool import LONGEST, TOUCHES, Installation, ToolName, answer_of

_LOCAL, _SYNC = "/var/lib/pacman/local", "/var/lib/pacman/sync"
_ROOT = ("--root", "{root}")
_NOTHING_TO_UPDATE = 1


class _Pacman:
    name: ToolName = "pacman"
    can_choose_version = False

    def manages(self, host: ReadHost) -> bool:
        return host.stat(_LOCAL) is not None

    def installed(self, host: ReadHost) -> Packages:
        return parse_pacman_folders(host.list_directory(_LOCAL) or ())

    def outdated(self, host: ReadHost, names: tuple[str, ...], installed: Packages) -> frozenset[str]:
        answer = answer_of(host, ("pacman", "-Qu"), (0, _NOTHING_TO_UPDATE))
        updates = parse_pacman_updates(answer.stdout)
        return frozenset(name for name in names if name in installed and name in updates)

    def needs_index(self, host: ReadHost) -> bool:
        return not host.list_directory(_SYNC)

    def install(self, wanted: Installation) -> Iterator[Run]:
        # Fetching the index without a full upgrade can break an Arch system, so only where there is none at all.
        refresh = ("--refresh",) if wanted.refresh else ()
        yield _run(("pacman", "--sync", "--noconfirm", *refresh, *wanted.flags, "--", *wanted.versions))

    def remove(self, names: tuple[str, ...], flags: tuple[str, ...], *, purge: bool) -> Run:
        return _run(("pacman", "--remove", "--noconfirm", *(("--nosave",) if purge else ()), *flags, "--", *names))

    def erase(self, names: tuple[str, ...]) -> Iterator[Run]:
        # Without --cascade it refuses where another one needs them.
        yield self.remove(names, (), purge=False)

    def hold(self, names: tuple[str, ...], *, hold: bool) -> None:
        del names, hold


PACMAN = _Pacman()


def _run(argv: tuple[str, ...]) -> Run:
    return Run(argv=argv, timeout=LONGEST, root_option=_ROOT, touches=TOUCHES)
