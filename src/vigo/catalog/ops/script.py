"""Running a text as a program."""

from vigo.catalog.ops.programs import Run


class RunScript(Run, frozen=True, kw_only=True):
    """Run a script by its interpreter, which is `argv`: the script's file and `args` go behind it.

    The file stands in a folder that only the user may enter, and is gone when the script has ended.
    """

    script: bytes
    args: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return `run a script by PROGRAM`: its text and arguments may hold anything."""
        return f"run a script by {self.argv[0]}"
