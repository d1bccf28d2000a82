"""What one rule of the packet filter says, whichever program keeps the filter."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal

import msgspec

from vigo.catalog.api import Spec, field
from vigo.catalog.formats.names import shown
from vigo.core.errors import InvalidError

IPV4, IPV6 = 4, 6
_HIGHEST_PORT = 65535
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")
_PORTS = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*")


class FirewallSpec(Spec, frozen=True, kw_only=True):
    """One rule of the packet filter."""

    firewall: Annotated[str, field("Name of the rule.", example="ssh-from-office")]
    port: Annotated[
        str | None, field("Port, range or several with commas, at this machine.", example="80,443,8000-8100")
    ] = None
    protocol: Annotated[Literal["tcp", "udp", "any"], field("With any there is no port.")] = "tcp"
    action: Annotated[Literal["accept", "drop", "reject"], field("What happens to the packets.")] = "accept"
    sources: Annotated[
        tuple[str, ...], field("Senders, as addresses or networks of one family; all where left out.")
    ] = msgspec.field(default=(), name="from")
    direction: Annotated[Literal["in", "out"], field("Packets to this machine, or from it to a port elsewhere.")] = "in"
    order: Annotated[
        int,
        field("Rules are tried from the lowest to the highest, then by name; the first one decides.", ge=0, le=999),
    ] = 500
    state: Annotated[Literal["present", "absent"], field("Whether the rule shall be there.")] = "present"


def check_rule(spec: FirewallSpec) -> None:
    """Accept a name, ports and networks that no program takes for something else, and fields that fit together.

    Raises:
        InvalidError: with the field, what was found and what to do.
    """
    if not _NAME.fullmatch(spec.firewall):
        raise InvalidError(
            f"firewall: expected a name of letters, digits, `_`, `-` and dots, found {shown(spec.firewall)}"
        )
    if spec.port is not None:
        _check_ports(spec.port)
        if spec.protocol == "any":
            raise InvalidError("port: expected protocol tcp or udp beside it, found any; choose one")
    networks_of(spec)
    if spec.direction == "out" and spec.sources:
        raise InvalidError("from: expected direction: in beside it, found out; the sender is this machine")
    if spec.direction == "out" and spec.port is None and spec.action != "accept":
        raise InvalidError(
            "port: expected one beside direction: out: without it the agent could dial no server any more"
        )


def networks_of(spec: FirewallSpec) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the senders, each once, in their order; none stands for all.

    Raises:
        InvalidError: one is no address or network, or they are of two families.
    """
    try:
        found = tuple(dict.fromkeys(ip_network(one) for one in spec.sources))
    except ValueError as error:
        raise InvalidError(
            f"from: expected addresses or networks such as 192.0.2.0/24, found another: {error}"
        ) from error
    if len({one.version for one in found}) > 1:
        raise InvalidError("from: expected addresses of one family, found IPv4 and IPv6; make two rules of it")
    return found


def ports_of(spec: FirewallSpec) -> tuple[tuple[int, int], ...]:
    """Return the ports as ranges, the lowest first; none where the rule is about all."""
    if spec.port is None:
        return ()
    ranges = (part.partition("-") for part in spec.port.split(","))
    return tuple(sorted({(int(low), int(high or low)) for low, _, high in ranges}))


def _check_ports(text: str) -> None:
    if not _PORTS.fullmatch(text):
        raise InvalidError(f"port: expected ports such as 80,443,8000-8100, found {shown(text)}; correct it")
    for part in text.split(","):
        low, _, high = part.partition("-")
        if not 1 <= int(low) <= int(high or low) <= _HIGHEST_PORT:
            raise InvalidError(f"port: expected ports from 1 to 65535, the lower one first, found {part}; correct it")
