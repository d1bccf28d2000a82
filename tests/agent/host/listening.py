"""Servers on the loopback that say whatever a test wants."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Handle = Callable[[socket.socket, bytes], object]
"""Is given a connection and what was asked on it."""


class Listening:
    """One server. `asked` is what it was asked, connection by connection."""

    def __init__(self, family: socket.AddressFamily) -> None:
        self.asked: list[bytes] = []
        self.ended = threading.Event()
        self.listener = socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family)
        self.port: int = self.listener.getsockname()[1]


@contextmanager
def listening(
    handle: Handle,
    *,
    tls: ssl.SSLContext | None = None,
    family: socket.AddressFamily = socket.AF_INET,
    asks: bool = True,
) -> Iterator[Listening]:
    """Serve one connection after the other. With `asks` a request is read up to its empty line first."""
    server = Listening(family)

    def serve() -> None:
        while not server.ended.is_set():
            try:
                plain, _ = server.listener.accept()
            except OSError:
                return
            with suppress(OSError), plain:
                connection = plain if tls is None else tls.wrap_socket(plain, server_side=True)
                with connection:
                    request = b""
                    while asks and b"\r\n\r\n" not in request:
                        piece = connection.recv(4096)
                        if not piece:
                            break
                        request += piece
                    server.asked.append(request)
                    handle(connection, request)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        with suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        thread.join()


def saying(*pieces: bytes) -> Handle:
    """Return what says these pieces and closes the connection."""

    def handle(connection: socket.socket, _: bytes) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return handle


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
