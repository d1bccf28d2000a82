"""A server on the loopback that says exactly what a test tells it to, also what no proper server would say."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = bytes | Callable[[socket.socket], None]


def answer_of(content: bytes, *, length: int | None = None) -> bytes:
    """Return an answer with a content, and its length or another one."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content) if length is None else length, content)


def redirect_to(url: str) -> bytes:
    """Return an answer that leads elsewhere."""
    return b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % url.encode()


class FileServer:
    """Answers each path with what stands in `answers`. `asked` are the whole requests."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def serve(self, path: str, content: bytes) -> str:
        """Have a path give a content, and return its URL."""
        self.answers[path] = answer_of(content)
        return f"{self.origin}{path}"

    def close(self) -> None:
        """End it; who still reads is cut off."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                if self._tls is None:
                    self._answer(connection)
                    continue
                with self._tls.wrap_socket(connection, server_side=True) as secured:
                    self._answer(secured)

    def _answer(self, connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            if not (chunk := connection.recv(4096)):
                return
            request += chunk
        self.asked.append(request.decode())
        answer = self.answers.get(request.split()[1].decode(), b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        if isinstance(answer, bytes):
            connection.sendall(answer)
        else:
            answer(connection)


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[FileServer]:
    """Yield a server that ends with the test."""
    server = FileServer(tls)
    try:
        yield server
    finally:
        server.close()
