"""Having systemd read its unit files anew."""

from vigo.catalog.ops.programs import Run


class ReloadUnits(Run, frozen=True, kw_only=True):
    """Have systemd read all unit files anew, if it goes by other files of these units than are there.

    A unit that it has not loaded, say since it is new, needs that not, and one reload is for all units: when the first
    of ten needs it, the others may need it no more. `dropin` is a drop-in of the unit, `is_there` whether it has it.
    """

    units: tuple[str, ...]
    dropin: str | None = None
    is_there: bool = True
    argv: tuple[str, ...] = ("systemctl", "daemon-reload")
    touches: tuple[str, ...] = ("services",)

    def summary(self) -> str:
        """Return the command, and which units it is for."""
        return f"run systemctl daemon-reload where {', '.join(self.units)} needs it"
