from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from tests.contracts.rpc.certificates import Authority, Pair
from tests.contracts.rpc.hypercorn_acceptor import HypercornAcceptor
from tests.contracts.rpc.running import Running
from tests.contracts.rpc.service import Service
from vigo.server.platform.listen.acceptor import AcceptorFactory, H2cornAcceptor
from vigo.server.platform.listen.listener import Listener

DRAIN_LIMIT = timedelta(seconds=10)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("other"), "other")


@pytest.fixture(scope="session")
def server_pair(authority: Authority) -> Pair:
    return authority.issue_server()


@pytest.fixture(scope="session")
def envoy_pair(authority: Authority) -> Pair:
    return authority.issue("envoy")


@pytest.fixture
def listener(authority: Authority, server_pair: Pair) -> Callable[[Service], Listener]:
    def build(service: Service) -> Listener:
        return Listener(
            name="grpc",
            address="127.0.0.1:0",
            app=service.app(),
            certificate=server_pair.certificate_file,
            key=server_pair.key_file,
            client_ca=authority.pair.certificate_file,
            grpc=True,
        )

    return build


@pytest.fixture(params=[H2cornAcceptor, HypercornAcceptor], ids=["h2corn", "hypercorn"])
def acceptor(request: pytest.FixtureRequest) -> AcceptorFactory:
    chosen: AcceptorFactory = request.param
    return chosen


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def running(acceptor: AcceptorFactory, listener: Callable[[Service], Listener], service: Service) -> Iterator[Running]:
    server = Running([listener(service)], acceptor, DRAIN_LIMIT)
    yield server
    server.stop()


@pytest.fixture
def only_h2corn(listener: Callable[[Service], Listener], service: Service) -> Iterator[Running]:
    """For what hypercorn does not offer."""
    server = Running([listener(service)], H2cornAcceptor, DRAIN_LIMIT)
    yield server
    server.stop()


Connect = Callable[[str, Pair | None], grpc.Channel]


@pytest.fixture
def connect(authority: Authority) -> Iterator[Connect]:
    """Opens channels of the real grpcio client."""
    opened: list[grpc.Channel] = []

    def open_channel(address: str, pair: Pair | None) -> grpc.Channel:
        ca = authority.pair.certificate_file.read_bytes()
        key, certificate = _pem(pair.key_file, pair.certificate_file) if pair else (None, None)
        credentials = grpc.ssl_channel_credentials(ca, key, certificate)
        opened.append(grpc.secure_channel(address, credentials))
        return opened[-1]

    yield open_channel
    for channel in opened:
        channel.close()


@pytest.fixture
def channel(connect: Connect, running: Running, envoy_pair: Pair) -> Iterator[grpc.Channel]:
    """A channel that closes before the server stops: hypercorn would wait half a minute for its peer's last word."""
    opened = connect(running.addresses["grpc"], envoy_pair)
    yield opened
    opened.close()


@pytest.fixture
def h2corn_channel(connect: Connect, only_h2corn: Running, envoy_pair: Pair) -> grpc.Channel:
    """For answers that may overtake the rest of their request: hypercorn 0.18 then drops the connection."""
    return connect(only_h2corn.addresses["grpc"], envoy_pair)


def _pem(key: Path, certificate: Path) -> tuple[bytes, bytes]:
    return key.read_bytes(), certificate.read_bytes()
