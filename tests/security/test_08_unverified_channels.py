"""Every program of Vigo that dials TLS: whoever is there without the right certificate hears not one byte."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vigo.agent.host.web_fetch import fetch
from vigo.agent.identity.identity import IdentityFolder
from vigo.agent.link.address import parse_address
from vigo.agent.link.bootstrap import context_of, posted
from vigo.agent.link.channel import Connection, client_context
from vigo.agent.link.enrolment import Wanted, enrol
from vigo.cli.client.api import Api
from vigo.cli.client.target import Target
from vigo.core.clock import SystemClock
from vigo.core.errors import VigoError
from vigo.server.features.secrets.backends.openbao import OpenBaoSettings, OpenBaoVault
from vigo.testing.fake_pki import FakeCa

TOKEN = "vigo-a-token-that-nobody-may-hear"
CLOCK = SystemClock()
CA = FakeCa()
_LIFE = timedelta(days=30)


class Listener:
    """Somebody who takes TLS connections and keeps what is said on them."""

    def __init__(self, pem: str, folder: Path) -> None:
        path = folder / "listener.pem"
        path.write_text(pem)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(path)
        self._context.set_alpn_protocols(["h2", "http/1.1"])
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.connections = 0
        self.heard = b""

    @contextmanager
    def listening(self) -> Iterator["Listener"]:
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(2)
            with suppress(OSError), self._context.wrap_socket(connection, server_side=True) as secured:
                self.heard += secured.recv(65_536)


Dial = Callable[[int, Path], None]


def _grpc(port: int, folder: Path) -> None:
    state = IdentityFolder(folder)
    (folder / "identity").mkdir()
    state.ca_path.write_text(CA.pem)
    state.tls_path.write_text(CA.server_pem())

    async def dial() -> None:
        connection = Connection(parse_address(f"127.0.0.1:{port}", 1), client_context(state))
        try:
            await connection.call("/vigo.v1.Agent/CheckIn", TOKEN.encode(), timedelta(seconds=5))
        finally:
            await connection.close()

    asyncio.run(dial())


def _bootstrap(port: int, folder: Path) -> None:
    del folder
    address = parse_address(f"127.0.0.1:{port}", 1)
    posted(address, context_of(CA.pem), "/bootstrap/v1/return", {"token": TOKEN}, CLOCK)


def _vigocli(port: int, folder: Path) -> None:
    del folder
    with Api(Target(url=f"https://127.0.0.1:{port}", token=TOKEN, ca_pem=CA.pem), timedelta(seconds=5), CLOCK) as api:
        api.get("envoys")


def _fetch(port: int, folder: Path) -> None:
    ca = folder / "ca.pem"
    ca.write_text(CA.pem)
    context = ssl.create_default_context(cafile=str(ca))
    fetch(f"https://127.0.0.1:{port}/{TOKEN}", max_bytes=100, within=timedelta(seconds=5), tls=context)


def _openbao(port: int, folder: Path) -> None:
    (folder / "ca.pem").write_text(CA.pem)
    (folder / "secret-id").write_text(TOKEN)
    settings = OpenBaoSettings(
        address=f"https://127.0.0.1:{port}",
        mount="secret",
        role_id="role",
        secret_id_file=folder / "secret-id",
        ca_file=folder / "ca.pem",
    )
    OpenBaoVault(settings, CLOCK).read("web/password")


DIALS: dict[str, Dial] = {
    "agent, gRPC": _grpc,
    "agent, way back": _bootstrap,
    "agent, fetching": _fetch,
    "vigocli": _vigocli,
    "server, OpenBao": _openbao,
}
CERTIFICATES: dict[str, Callable[[], str]] = {
    "of another CA": lambda: FakeCa().server_pem(),
    "of another CA of the same name": lambda: FakeCa("Vigo test CA").server_pem(),
    "for another name": lambda: CA.server_pem(("other.example.com", "127.0.0.2")),
    "that has ended": lambda: CA.server_pem(begins_at=datetime.now(UTC) - 3 * _LIFE, life=_LIFE),
    "that is not yet valid": lambda: CA.server_pem(begins_at=datetime.now(UTC) + _LIFE, life=_LIFE),
}


@pytest.mark.parametrize("certificate", CERTIFICATES)
@pytest.mark.parametrize("who", DIALS)
def test_08_nobody_tells_a_word_to_a_wrong_certificate(who: str, certificate: str, tmp_path: Path) -> None:
    listener = Listener(CERTIFICATES[certificate](), tmp_path)
    with listener.listening(), pytest.raises((VigoError, OSError)):
        DIALS[who](listener.port, tmp_path)
    assert listener.connections
    assert listener.heard == b""


@pytest.mark.parametrize("who", DIALS)
def test_08_to_the_right_one_they_talk(who: str, tmp_path: Path) -> None:
    with Listener(CA.server_pem(), tmp_path).listening() as listener, suppress(VigoError, OSError):
        DIALS[who](listener.port, tmp_path)
    assert listener.heard


def test_08_an_enrolment_says_nothing_of_its_token_to_a_server_of_another_ca(tmp_path: Path) -> None:
    other = FakeCa()
    with Listener(other.server_pem(), tmp_path).listening() as listener:
        wanted = Wanted(f"https://127.0.0.1:{listener.port}", CA.sha256, "web-1", TOKEN)
        with pytest.raises(VigoError):
            enrol(IdentityFolder(tmp_path / "state"), CLOCK, wanted)
    # It asked for the CA's certificate, which is public, and compares it with the pin.
    assert listener.heard.startswith(b"GET /bootstrap/v1/ca ")
    assert TOKEN.encode() not in listener.heard
