"""Which envoys are meant, as operators say it and as stacks declare it."""

import msgspec


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Envoys to act on. All that is said has to hold; one that says nothing means none, and is refused.

    `hosts` are hostnames, globs, `~regex` or UUIDs, of which one has to fit. `where` is an expression over `traits`,
    `hostname`, `environment` and `roles`.
    """

    everyone: bool = False
    hosts: tuple[str, ...] = ()
    environment: str | None = None
    role: str | None = None
    where: str = ""

    def text(self) -> str:
        """Return the target in words, for the audit trail."""
        parts = ["everyone"] if self.everyone else []
        parts += [f"hosts {' '.join(self.hosts)}"] if self.hosts else []
        parts += [f"environment {self.environment}"] if self.environment else []
        parts += [f"role {self.role}"] if self.role else []
        parts += [f"where {self.where}"] if self.where else []
        return ", ".join(parts)
