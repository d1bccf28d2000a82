"""A program that listens on a port of loopback."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress


class Port:
    """Has each connection served in a thread of its own, until it is closed."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.number: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)  # else it would stay as long as somebody waits in `accept`
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connected, _ = self._listening.accept()
                threading.Thread(target=self._served, args=(connected,), daemon=True).start()

    def _served(self, connected: socket.socket) -> None:
        with connected, suppress(OSError):
            self._serve(connected)
