"""pip of a fake host, and making venvs."""

from collections.abc import Mapping, Sequence

from vigo.catalog.api import CommandResult
from vigo.catalog.formats.python_packages import base_name
from vigo.catalog.ops import Op, RemoveDirectory, Run
from vigo.catalog.ops.ask_newest_release import AskNewestRelease
from vigo.testing.fake_host import FakeHost, FakeTool


class FakePip(FakeTool):
    """`available` is what the index has: name -> newest version. `site` is where a Python without a venv has them."""

    name = "pip"
    ops = (AskNewestRelease,)

    def __init__(self, venv: str = "", site: str = "", available: Mapping[str, str] = {}) -> None:
        self.programs = frozenset({"python3", "python3.12", f"{venv}/bin/python"})
        self._site = site or f"{venv}/lib/python3.11/site-packages"
        self._available = dict(available)

    def query(self, argv: Sequence[str], host: FakeHost) -> CommandResult | None:
        """Answer nothing: what is installed is in files."""
        del argv, host
        return CommandResult(1)

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Make a venv, install or uninstall."""
        module, verb, *words = op.argv[2:]
        if module == "venv":
            venv = words[-1]
            host.tree.replace(f"{venv}/pyvenv.cfg", "home = /usr/bin\n")
            host.tree.replace(f"{venv}/bin/python", "")
            self._put("pip", "23.0", host)
            return CommandResult(0)
        wanted, _, version = words[-1].partition("==")
        name = base_name(wanted) or ""
        if verb == "install" and not version and name not in self._available:
            return CommandResult(1, stderr=f"No matching distribution found for {name}")
        for entry in host.list_directory(self._site) or ():
            if entry.startswith(f"{name.replace('-', '_')}-"):
                host.tree.apply(RemoveDirectory(path=f"{self._site}/{entry}", recursive=True), lambda _: True)
        if verb == "install":
            self._put(name, version or self._available[name], host)
        return CommandResult(0)

    def apply(self, op: Op, host: FakeHost) -> None:
        """Write the index's answer down."""
        if isinstance(op, AskNewestRelease):
            host.tree.replace(op.answer, f"{self._available[op.package]}\n")
            host.date(op.answer)

    def _put(self, name: str, version: str, host: FakeHost) -> None:
        host.tree.replace(f"{self._site}/{name.replace('-', '_')}-{version}.dist-info/METADATA", f"Name: {name}\n")
