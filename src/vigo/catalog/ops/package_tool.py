"""Operations that start package tools, which wait for each other by locks."""

from vigo.catalog.ops.programs import Run


class RunPackageTool(Run, frozen=True, kw_only=True):
    """Run a package tool once no other one works on the packages; waited for is at most a minute.

    `locks` are the files by which the tools exclude each other, so that the one that holds them can be named.
    """

    locks: tuple[str, ...] = ()


class RefreshPackageIndex(RunPackageTool, frozen=True, kw_only=True):
    """Have a package tool fetch what its repositories offer, and note when at `stamp`, a file without content.

    What is installed stays, so its success is no change of a resource.
    """

    only_checks = True

    stamp: str

    def paths(self) -> tuple[str, ...]:
        """Return the file that notes when."""
        return (self.stamp,)


class InstallPackageFile(RunPackageTool, frozen=True, kw_only=True):
    """Install a package from a file on the host. `%` in `argv` stands for its path.

    The tool is given a copy that only root can reach, and whose SHA-256 is `sha256` where that is not None: what is
    checked is what is installed, whoever else may write to the file.
    """

    source: str
    sha256: str | None = None

    def summary(self) -> str:
        """Return `run` and the argument list with the file itself in it."""
        words = (self.source if word == "%" else word for word in self.argv)
        return RunPackageTool(argv=tuple(words)).summary()
