"""Package tools of a fake host: the answers that the kind `package` asks for, and installing and removing."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from vigo.catalog.api import CommandResult
from vigo.catalog.ops import Run
from vigo.catalog.ops.package_tool import InstallPackageFile, RefreshPackageIndex
from vigo.testing.fake_host import FakeHost, FakeTool

_PROGRAMS = {
    "apt": ("apt-get", "apt-mark", "apt-cache", "dpkg-query", "dpkg", "dpkg-deb"),
    "dnf": ("dnf", "rpm"),
    "yum": ("yum", "rpm"),
    "zypper": ("zypper", "rpm"),
    "apk": ("apk",),
    "pacman": ("pacman",),
}
_VERBS = {"install": "install", "downgrade": "install", "add": "install", "--sync": "install"} | dict.fromkeys(
    ("remove", "purge", "del", "--remove", "--erase"), "remove"
)


_LISTS = "/var/lib/apt/lists"
_HOLDS = {
    ("apt-mark", "hold"): True,
    ("apt-mark", "unhold"): False,
    ("versionlock", "add"): True,
    ("versionlock", "delete"): False,
    ("--non-interactive", "addlock"): True,
    ("--non-interactive", "removelock"): False,
}
"""Two words that follow each other -> whether they hold or let go."""


class FakePackages(FakeTool):
    """One tool with what is installed and what its index has (`available`: name -> newest version)."""

    def __init__(
        self, tool: str, installed: Mapping[str, str], available: Mapping[str, str], held: Collection[str] = ()
    ) -> None:
        self.programs = frozenset(_PROGRAMS[tool])
        self.installed = dict(installed)
        self._available = dict(available)
        self._held = set(held)
        self._tool = tool

    def query(self, argv: Sequence[str], host: FakeHost) -> CommandResult | None:
        """Answer the questions that the kind asks, in the tool's own words."""
        match list(argv):
            case ["dpkg-deb", "--field", path, *_] | ["rpm", "-qp", *_, "--", path]:
                return _field_of(argv[0], _told_by(host, path))
            case ["dpkg-query", "-W", "-f", _]:
                lines = (
                    f"{'h' if name in self._held else 'i'}i \t{name}\tamd64\t{version}"
                    for name, version in self.installed.items()
                )
            case ["rpm", "-qa", *_]:
                lines = (f"{name}\tx86_64\t{version}" for name, version in self.installed.items())
            case ["apt-cache", *words] if "policy" in words:
                names = words[words.index("--") + 1 :]
                lines = (f"{name}:\n  Candidate: {self._available[name]}" for name in names if name in self._available)
            case ["dnf" | "yum", "--quiet", "--cacheonly", "check-update"]:
                return _lines((f"{name}.x86_64  {new}  base" for name, _, new in self._updates()), status=100)
            case ["zypper", *_, "list-updates"]:
                lines = (f"v | base | {name} | {old} | {new} | x86_64" for name, old, new in self._updates())
            case ["apk", "version", *_]:
                lines = (f"{name}-{old} < {new}" for name, old, new in self._updates())
            case ["pacman", "-Qu"]:
                lines = (f"{name} {old} -> {new}" for name, old, new in self._updates())
            case _:
                return None
        return _lines(lines)

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Install, remove, hold or let go."""
        if isinstance(op, InstallPackageFile):
            return self._install_file(op, host)
        words = list(op.argv[1:])
        names = words[words.index("--") + 1 :] if "--" in words else []
        if isinstance(op, RefreshPackageIndex):
            host.tree.replace(op.stamp, "")
            host.date(op.stamp)
            if self._tool == "apt" and not host.list_directory(_LISTS):
                host.tree.replace(f"{_LISTS}/index", "")
            return CommandResult(0)
        pair = next((pair for pair in pairwise(op.argv) if pair in _HOLDS), None)
        if pair is not None:
            names = names or words[words.index(pair[1]) + 1 :]
            self._held = self._held | set(names) if _HOLDS[pair] else self._held - set(names)
            self._write_databases(host)
            self._write_holds(host)
            return CommandResult(0)
        if "--no-act" in words:
            return CommandResult(0)
        verb = next((_VERBS[word] for word in words if word in _VERBS), "")
        for name in names:
            if verb == "remove":
                self.installed.pop(name, None)
            elif not self._install(name):
                return CommandResult(100, stderr=f"no package {name} in the index")
            else:  # as apt does
                self._held.discard(name.partition("=")[0])
        self._write_databases(host)
        if self._tool == "apk" and host.stat("/etc/apk/world") is not None:
            self._write_world(names, host, adds=verb == "install")
        return CommandResult(0)

    def _install_file(self, op: InstallPackageFile, host: FakeHost) -> CommandResult:
        content = host.read_bytes(op.source) or b""
        if op.sha256 is not None and hashlib.sha256(content).hexdigest() != op.sha256.lower():
            return CommandResult(100, stderr=f"sha256: expected {op.sha256}")
        told = _told_by(host, op.source)
        if told is None:
            return CommandResult(100, stderr="no package")
        self.installed[told[0]] = told[1]
        self._write_databases(host)
        return CommandResult(0)

    def _install(self, word: str) -> bool:
        for name, newest in self._available.items():
            if word == name:
                self.installed[name] = newest
                return True
            version = word.removeprefix(name)[1:]
            if word.startswith((f"{name}=", f"{name}-")) and version:
                self.installed[name] = version
                return True
        return False

    def _updates(self) -> list[tuple[str, str, str]]:
        installed = self.installed.items()
        return [(name, old, self._available[name]) for name, old in installed if self._available.get(name, old) != old]

    def _write_databases(self, host: FakeHost) -> None:
        """Keep the database of a tool that the kind reads as files."""
        if self._tool == "apt" and host.is_image():
            stanzas = (_dpkg_stanza(name, version, self._held) for name, version in self.installed.items())
            host.tree.replace("/var/lib/dpkg/status", "\n".join(stanzas))
        elif self._tool == "apk":
            text = "".join(f"P:{name}\nV:{version}\n\n" for name, version in self.installed.items())
            host.tree.replace("/lib/apk/db/installed", text)
        elif self._tool == "pacman":
            host.tree.replace_directory(
                "/var/lib/pacman/local", [f"{name}-{version}" for name, version in self.installed.items()]
            )

    def _write_holds(self, host: FakeHost) -> None:
        """Keep the file of a tool that has its holds in one."""
        if self._tool in ("dnf", "yum"):
            folder = "/etc/dnf/plugins" if self._tool == "dnf" else "/etc/yum/pluginconf.d"
            lines = (f"{name}-0:{self.installed.get(name, '0-0')}.*\n" for name in sorted(self._held))
            host.tree.replace(f"{folder}/versionlock.list", "".join(lines))
        elif self._tool == "zypper":
            fields = "\ntype: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: {}\n"
            host.tree.replace("/etc/zypp/locks", "".join(fields.format(name) for name in sorted(self._held)))

    def _write_world(self, words: Sequence[str], host: FakeHost, *, adds: bool) -> None:
        """Keep what apk was told to have, the versions with it."""
        names = {word.partition("=")[0] for word in words}
        others = [
            word for word in (host.read_text("/etc/apk/world") or "").split() if word.partition("=")[0] not in names
        ]
        host.tree.replace(
            "/etc/apk/world", "".join(f"{word}\n" for word in sorted([*others, *(words if adds else ())]))
        )


def _told_by(host: FakeHost, path: str) -> tuple[str, str] | None:
    """Return the name and version in a package file: of a fake one the words of the second line."""
    lines = (host.read_bytes(path) or b"").split(b"\n")
    words = lines[1].decode(errors="replace").split() if len(lines) > 1 else []
    return (words[0], words[1]) if len(words) >= 2 else None  # noqa: PLR2004 - name and version


def _field_of(program: str, told: tuple[str, str] | None) -> CommandResult:
    if told is None:
        return CommandResult(2, stderr="not a package")
    return CommandResult(0, "Package: {}\nVersion: {}\n".format(*told) if program == "dpkg-deb" else "\t".join(told))


def _lines(lines: Iterable[str], status: int = 0) -> CommandResult:
    return CommandResult(status, "".join(f"{line}\n" for line in lines))


def _dpkg_stanza(name: str, version: str, held: Collection[str]) -> str:
    wanted = "hold" if name in held else "install"
    return f"Package: {name}\nStatus: {wanted} ok installed\nArchitecture: amd64\nVersion: {version}\n"
