"""A listener: where it listens, what it serves there, with which certificates."""

import errno
import socket
from pathlib import Path
from typing import Final

import msgspec

from vigo.core.errors import ForbiddenError, InvalidError, UnavailableError, VigoError
from vigo.server.platform.listen.asgi import Application

_BACKLOG: Final = 4096
_MAX_PORT: Final = 65535

# A peer that vanished without a word (NAT, power) is given up after 60 + 4 x 15 seconds. Accepted connections
# inherit these from the listening socket. Source: tcp(7).
_KEEP_ALIVE: Final = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """One address and the application behind it, always over TLS.

    The application gets no ASGI lifespan events: what it needs is started and stopped by who builds it, since a
    renewal of the certificate starts a second acceptor for the same application.
    """

    name: str
    address: str
    """`HOST:PORT`; an IPv6 host stands in brackets; port 0 takes a free one."""
    app: Application
    certificate: Path
    """PEM, the leaf first."""
    key: Path
    """PEM, not encrypted."""
    client_ca: Path | None = None
    """PEM; who connects must then show a certificate of this CA."""
    allow_anonymous: bool = False
    """With a `client_ca`: also let in who shows no certificate. One of another CA is refused all the same."""
    grpc: bool = False
    """Speak gRPC over HTTP/2 and nothing else."""


def bind(listener: Listener) -> socket.socket:
    """Return a listening, non-blocking socket for a listener.

    Raises:
        InvalidError: the address is no HOST:PORT, or its host has no address.
        ForbiddenError: the port needs rights that this process does not have.
        UnavailableError: the address is in use or belongs to no interface.
    """
    host, port = parse_address(listener.address)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise InvalidError(
            f"listener {listener.name}: expected an address of this machine, found {host!r}: {error}"
        ) from None
    family, kind, protocol, _, target = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        _prepare(bound, family)
        bound.bind(target)
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise _explain(listener, port, error) from None
    except BaseException:
        bound.close()
        raise
    return bound


def parse_address(text: str) -> tuple[str, int]:
    """Return the host, without brackets, and the port of `HOST:PORT`.

    Raises:
        InvalidError: a part is missing or the port is no number up to 65535.
    """
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    well_formed = colon and host and (bracketed or ":" not in host) and port.isascii() and port.isdecimal()
    if not well_formed or int(port) > _MAX_PORT:
        raise InvalidError(f"expected an address like 0.0.0.0:1530 or [::]:1530, found {text!r}")
    return host, int(port)


def address_of(bound: socket.socket) -> str:
    """Return where a bound socket really listens, as `HOST:PORT`."""
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _prepare(bound: socket.socket, family: int) -> None:
    bound.settimeout(0)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEP_ALIVE:
        bound.setsockopt(socket.IPPROTO_TCP, option, value)
    if family == socket.AF_INET6:
        # [::] then serves IPv4 too, which is what an operator who writes it expects.
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)


def _explain(listener: Listener, port: int, error: OSError) -> VigoError:
    where = f"listener {listener.name}: cannot listen on {listener.address}"
    if error.errno == errno.EADDRINUSE:
        return UnavailableError(
            f"{where}: another program has it; `ss -ltnp 'sport = :{port}'` names it; end it or set another address"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return UnavailableError(
            f"{where}: no interface of this machine has it; `ip -brief address` lists what they have"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return ForbiddenError(
            f"{where}: no right to; a port below 1024 needs CAP_NET_BIND_SERVICE; or set a higher port"
        )
    return UnavailableError(f"{where}: {error.strerror}")
