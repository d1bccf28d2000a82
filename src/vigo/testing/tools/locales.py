"""Locales of a fake host: locale-gen(8) goes by its /etc/locale.gen and shows in the answer of `locale -a`."""

from collections.abc import Collection, Sequence
from typing import ClassVar

from vigo.catalog.api import CommandResult
from vigo.catalog.ops import Run
from vigo.testing.fake_host import FakeHost, FakeTool

LIST = "/etc/locale.gen"


class FakeLocales(FakeTool):
    """`compiled` are the locales that are there, as `locale -a` prints them; without `generates` no more can be."""

    name: ClassVar[str] = "locales"

    def __init__(self, compiled: Sequence[str] = (), *, generates: bool = True) -> None:
        self.programs: Collection[str] = frozenset({"locale", *(("locale-gen",) if generates else ())})
        self._compiled = {"C", "C.utf8", "POSIX", *compiled}

    def query(self, argv: Sequence[str], host: FakeHost) -> CommandResult | None:
        """List what is there."""
        del argv, host
        return CommandResult(0, "".join(f"{name}\n" for name in sorted(self._compiled)))

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Generate what is listed."""
        del op
        for line in (host.read_text(LIST) or "").splitlines():
            if line.strip() and not line.startswith("#"):
                self._compiled.add(line.split()[0].replace("UTF-8", "utf8"))
        return CommandResult(0)
