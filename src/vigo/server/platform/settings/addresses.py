"""What others are told to dial."""

from ipaddress import ip_address
from typing import Final

from vigo.core.errors import InvalidError, UsageError
from vigo.core.hostnames import canonical_hostname
from vigo.server.platform.listen.listener import parse_address
from vigo.server.platform.settings.model import CurrentSettings

_LOOPBACK: Final = "127.0.0.1"


class PublicAddresses:
    """The addresses of this server as other machines reach it. The real ports are known once it listens."""

    def __init__(self, settings: CurrentSettings, machine_names: tuple[str, ...]) -> None:
        self._settings = settings
        # A machine that only knows itself as localhost has no name that others could use.
        self._machine = next((name for name in machine_names if not name.startswith("localhost")), _LOOPBACK)
        self._grpc, self._api = settings.value.grpc_listen, settings.value.api_listen

    def listening(self, grpc: str, api: str) -> None:
        """Take the real addresses."""
        self._grpc, self._api = grpc, api

    def grpc(self) -> tuple[str, ...]:
        """Return where agents call, as HOST:PORT."""
        host, port = parse_address(self._grpc)
        chosen = self._settings.value.public_addresses or (self._reachable(host),)
        return tuple(_with_port(address, port) for address in chosen)

    def api_url(self) -> str:
        """Return where enrolling machines and people call."""
        host, port = parse_address(self._api)
        chosen = self._settings.value.public_addresses
        name = _host_of(chosen[0]) if chosen else self._reachable(host)
        return f"https://{_with_port(name, port)}"

    def local_api_url(self) -> str:
        """Return where `vigocli` on this host calls."""
        host, port = parse_address(self._api)
        return f"https://{_with_port(_LOOPBACK if _is_wildcard(host) else host, port)}"

    def certificate_names(self) -> tuple[str, ...]:
        """Return every name by which the server is called, for its certificate.

        Raises:
            UsageError: the settings name something that is neither a host name nor an address.
        """
        settings = self._settings.value
        hosts = [self._machine, *(_host_of(address) for address in settings.public_addresses), *settings.server_names]
        for listen in (settings.grpc_listen, settings.api_listen):
            host = parse_address(listen)[0]
            if not _is_wildcard(host):
                hosts.append(host)
        return tuple(dict.fromkeys(_canonical(host) for host in hosts))

    def _reachable(self, host: str) -> str:
        if _is_wildcard(host):
            return self._machine
        return host


def _with_port(address: str, port: int) -> str:
    try:
        parse_address(address)
    except InvalidError:
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return address


def _host_of(address: str) -> str:
    try:
        return parse_address(address)[0]
    except InvalidError:
        return address.strip("[]")


def _is_wildcard(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _canonical(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return canonical_hostname(host)
    except InvalidError as error:
        raise UsageError(f"a name for the server's certificate (server_names, public_addresses): {error}") from error
