"""systemd of a fake host: units come from files, and it goes by what they said when it last read them."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from vigo.catalog.api import CommandResult
from vigo.catalog.formats.units import parse_install
from vigo.catalog.ops import MakeDirectory, MakeSymlink, Op, RemoveFile, Run
from vigo.testing.fake_host import FakeHost, FakeTool

_FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system")


class FakeSystemd(FakeTool):
    """`running` are the units that run, `loaded` what systemd goes by where that is not what their files say."""

    name: ClassVar[str] = "systemd"
    programs = frozenset({"systemctl"})

    def __init__(
        self,
        running: Sequence[str] = (),
        loaded: Mapping[str, str] = {},
        failed: Sequence[str] = (),
        programs: Sequence[str] = (),
    ) -> None:
        self.programs = frozenset({"systemctl", *programs})
        self._running, self._failed = set(running), set(failed)
        self._loaded: dict[str, tuple[str, ...]] = {unit: (text,) for unit, text in loaded.items()}

    def query(self, argv: Sequence[str], host: FakeHost) -> CommandResult | None:
        """Tell of one unit."""
        unit = argv[-1]
        if argv[1] != "show" or "*" in unit:
            return CommandResult(0)
        path = _path(unit, host)
        if path is not None and host.read_link(path) == "/dev/null":
            return _told({"LoadState": "masked", "ActiveState": "inactive", "FragmentPath": path})
        is_known = path is not None or unit in self._running
        text = "" if path is None else host.read_text(path) or ""
        known = self._loaded.get(unit)
        wanted = _links(unit, text)
        return _told(
            {
                "LoadState": "loaded" if is_known else "not-found",
                "ActiveState": "active" if unit in self._running else "failed" if unit in self._failed else "inactive",
                "SubState": "running" if unit in self._running else "dead",
                "UnitFileState": "" if path is None else "static" if not wanted else _boot(wanted, host),
                "NeedDaemonReload": "yes" if self._is_stale(unit, host) else "no",
                "Type": "oneshot" if "Type=oneshot" in text else "simple",
                "RemainAfterExit": "no",
                "FragmentPath": path or (f"{_FOLDERS[0]}/{unit}" if is_known else ""),
                "DropInPaths": " ".join(_dropins(unit, host) if known is None else _paths_in(known)),
            }
        )

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Change one unit, or read all files anew."""
        words = [word for word in op.argv[1:] if not word.startswith("-")]
        verb, unit = words[0], words[-1]
        if verb == "daemon-reload":
            self._loaded.clear()
            return CommandResult(0)
        path = _path(unit, host)
        if verb == "reset-failed":
            self._failed.discard(unit)
        elif verb in ("enable", "disable", "reenable"):
            for link in _links(unit, "" if path is None else host.read_text(path) or ""):
                _set_link(link, None if verb == "disable" else path, host)
        elif verb == "stop":
            self._running.discard(unit)
        elif path is None or self._is_stale(unit, host):
            return CommandResult(5, stderr=f"Unit {unit} not found or changed on disk")
        else:
            self._running.add(unit)
        return CommandResult(0)

    def _is_stale(self, unit: str, host: FakeHost) -> bool:
        known = self._loaded.get(unit)
        path = _path(unit, host)
        return known is not None and known[0] != ("" if path is None else host.read_text(path))


def _path(unit: str, host: FakeHost) -> str | None:
    return next((f"{folder}/{unit}" for folder in _FOLDERS if host.stat(f"{folder}/{unit}") is not None), None)


def _links(unit: str, text: str) -> list[str]:
    install = parse_install(text)
    return [f"{_FOLDERS[0]}/{target}.wants/{unit}" for target in install.wanted_by]


def _set_link(link: str, to: str | None, host: FakeHost) -> None:
    folder = link.rpartition("/")[0]
    ops: list[Op] = []
    if to is not None and host.stat(folder) is None:
        ops.append(MakeDirectory(path=folder))
    if host.stat(link) is not None:
        ops.append(RemoveFile(path=link))
    if to is not None:
        ops.append(MakeSymlink(path=link, to=to))
    for op in ops:
        host.tree.apply(op, lambda _: True)


def _boot(links: Sequence[str], host: FakeHost) -> str:
    return "enabled" if any(host.stat(link) is not None for link in links) else "disabled"


def _dropins(unit: str, host: FakeHost) -> list[str]:
    folder = f"{_FOLDERS[0]}/{unit}.d"
    return [f"{folder}/{name}" for name in host.list_directory(folder) or ()]


def _paths_in(known: Sequence[str]) -> list[str]:
    return [one for one in known[1:] if one]


def _told(properties: Mapping[str, str]) -> CommandResult:
    return CommandResult(0, "".join(f"{name}={value}\n" for name, value in properties.items()))
