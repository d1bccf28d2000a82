"""The operation that asks a package index for the newest version of a Python package."""

from vigo.catalog.ops.base import Op


class AskNewestRelease(Op, frozen=True, kw_only=True):
    """Have pip say which version of a package it would install, and write that to `answer`, a file of one line.

    Nothing is installed, so its success is no change of a resource.
    """

    only_checks = True

    interpreter: str
    package: str
    user: str | None
    answer: str

    def summary(self) -> str:
        """Return `ask for the newest release of PACKAGE`."""
        return f"ask for the newest release of {self.package}"

    def paths(self) -> tuple[str, ...]:
        """Return the file with the answer."""
        return (self.answer,)
