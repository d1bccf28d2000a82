"""The server's own certificate, which renews itself."""

import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from vigo.core.clock import Clock
from vigo.core.errors import InvalidError
from vigo.core.hostnames import canonical_hostname
from vigo.server.platform.folder.files import write_atomically
from vigo.server.platform.pki.authority import Authority

ALWAYS: Final = ("localhost", "127.0.0.1", "::1")
# Renewed when a third of its life is left, as agents do with theirs.
_LEFT: Final = 3


def machine_names() -> tuple[str, ...]:
    """Return the machine's host name and its full name, as far as they can stand in a certificate."""
    found = []
    for name in (socket.getfqdn(), socket.gethostname()):
        try:
            found.append(canonical_hostname(name))
        except InvalidError:
            continue
    return tuple(dict.fromkeys(found))


class ServerCertificate:
    """The certificate in a file, with its key behind it. `authority` tells which CA it is to be from now."""

    def __init__(self, path: Path, authority: Callable[[], Authority], clock: Clock) -> None:
        self._path = path
        self._authority = authority
        self._clock = clock

    def not_after(self) -> datetime | None:
        """Return when it ends, or None where there is none that can be read."""
        certificate = self._present()
        return None if certificate is None else certificate.not_valid_after_utc

    def renew_if_due(self, names: tuple[str, ...], lifetime: timedelta) -> bool:
        """Make it anew where it is missing, damaged, near its end, for other names or of another CA.

        Returns whether it did.
        """
        wanted = tuple(dict.fromkeys((*ALWAYS, *names)))
        certificate = self._present()
        if certificate is not None and not self._is_due(certificate, wanted):
            return False
        issued, key_pem = self._authority().issue_server(wanted, lifetime)
        write_atomically(self._path, issued.pem.encode() + key_pem)
        return True

    def _is_due(self, certificate: x509.Certificate, wanted: tuple[str, ...]) -> bool:
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        now = self._clock.now()
        if now < begins or ends - now < (ends - begins) / _LEFT:
            return True
        return _names(certificate) != set(wanted)

    def _present(self) -> x509.Certificate | None:
        try:
            certificate = x509.load_pem_x509_certificate(self._path.read_bytes())
            certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(self._authority().pem.encode()))
        except FileNotFoundError:
            return None
        except Exception:  # noqa: BLE001 - whatever is wrong with it, a new one is the cure
            return None
        return certificate


def _names(certificate: x509.Certificate) -> set[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = names.get_values_for_type(x509.DNSName)
    return {*hosts, *(str(address) for address in names.get_values_for_type(x509.IPAddress))}
