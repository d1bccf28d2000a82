"""Running a custom executor."""

from vigo.catalog.formats.names import shown
from vigo.catalog.ops.programs import Run


class RunCustom(Run, frozen=True, kw_only=True):
    """Have an operator's own program do what it said that there is to do; `stdin` holds its parameters."""

    action: str = ""
    diff: str = ""
    changes: tuple[str, ...] = ("params",)

    def summary(self) -> str:
        """Return the program and what it said that it would do."""
        action = f": {shown(self.action)[1:-1]}" if self.action and not self.conceals else ""
        return f"run {self.argv[0]}{action}"

    def described(self) -> str:
        """Return the diff that the program told."""
        return self.diff
