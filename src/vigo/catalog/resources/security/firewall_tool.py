"""What the kind `firewall` needs from a program that keeps the packet filter."""

from collections.abc import Iterator
from typing import Literal, Protocol

from vigo.catalog.api import CommandResult, ReadHost
from vigo.catalog.ops import Op
from vigo.catalog.resources.security.firewall_spec import FirewallSpec
from vigo.core.errors import UnavailableError

ToolName = Literal["nftables", "ufw", "firewalld"]
TOUCHES = ("firewall",)


class FirewallTool(Protocol):
    """One program as it was found on a host: what it has of Vigo's rules, in its files and in the kernel."""

    def present(self, spec: FirewallSpec) -> Iterator[Op]:
        """Yield what makes it have the rule, at the next boot and now.

        Raises:
            BlockedError: it has no such rules, somebody's own rule is in the way, or it does not work here.
        """
        ...

    def absent(self, spec: FirewallSpec) -> Iterator[Op]:
        """Yield what makes it have no rule of this name any more; others' rules stay."""
        ...


def answer_of(host: ReadHost, argv: tuple[str, ...], statuses: tuple[int, ...]) -> CommandResult:
    """Return what a program of the firewall answers.

    Raises:
        UnavailableError: it ends with another status, as where the agent is not root.
    """
    answer = host.query(argv)
    if answer is None or answer.status not in statuses:
        found = "no such program" if answer is None else answer.stderr.strip()[:200] or f"status {answer.status}"
        raise UnavailableError(f"expected {argv[0]} to tell the rules, found: {found}; run `{' '.join(argv)}` by hand")
    return answer


def changed_fields(former: int | None, order: int) -> tuple[str, ...]:
    """Return the field that a change of a rule brings into state: what it was at before, None for nowhere."""
    if former is None:
        return ("state",)
    return ("action",) if former == order else ("order",)
