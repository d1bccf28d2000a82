"""The operator's own terminal while it shows another machine's: every key goes there. Source: termios(3)."""

import asyncio
import os
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Callable
from typing import Any, Final, Self

from vigo.core.terminal import print_line

LEAVE: Final = b"~."
"""At the begin of a line it ends the session, as in ssh(1)."""

_MOST_BYTES: Final = 64 * 1024
_STDIN, _STDOUT = 0, 1


def size() -> tuple[int, int]:
    """Return the columns and rows of the terminal; of what the environment says, or 80 and 24, where there is none."""
    try:
        found = os.get_terminal_size(_STDOUT)
    except OSError:
        found = shutil.get_terminal_size()
    return max(1, found.columns), max(1, found.lines)


class Pipes:
    """Standard input and output as they are: bytes in, bytes out."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._leave: Callable[[], object] = bool

    def when_left(self, leave: Callable[[], object]) -> None:
        """Have something called when the operator wants out."""
        self._leave = leave

    async def read(self) -> bytes:
        """Return what is on standard input, nothing at its end."""
        is_ready = asyncio.Event()
        try:
            self._loop.add_reader(_STDIN, is_ready.set)
        except PermissionError:  # a file, which always can be read
            return os.read(_STDIN, _MOST_BYTES)
        try:
            await is_ready.wait()
        finally:
            self._loop.remove_reader(_STDIN)
        return os.read(_STDIN, _MOST_BYTES)

    async def write(self, data: bytes) -> None:
        """Write to standard output; it may be slow, so others go on meanwhile."""
        await asyncio.to_thread(_write_all, data)

    async def end(self) -> None:
        """Close standard output, so that whoever reads it learns of the end."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDOUT)
        os.close(nowhere)

    def size(self) -> tuple[int, int]:
        """Return the columns and rows of the terminal, 80 and 24 where there is none."""
        return size()

    async def resized(self) -> None:
        """Never return: there is no terminal."""
        await asyncio.Event().wait()

    def told(self, problem: str) -> None:
        """Say on standard error that the connection broke or stands again."""
        text = f"vigocli: {problem}; trying again" if problem else "vigocli: connected again"
        print_line(text, colour="yellow", error=True)


class RawTerminal(Pipes):
    """The terminal in raw mode for as long as the block takes."""

    def __init__(self) -> None:
        super().__init__()
        self._former: list[Any] = []
        self._has_new_size = asyncio.Event()
        self._line_begins = True
        self._held = b""

    def __enter__(self) -> Self:
        self._former = termios.tcgetattr(_STDIN)
        tty.setraw(_STDIN, termios.TCSADRAIN)  # what is typed already is meant for the machine too
        self._loop.add_signal_handler(signal.SIGWINCH, self._has_new_size.set)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.remove_signal_handler(signal.SIGWINCH)
        termios.tcsetattr(_STDIN, termios.TCSADRAIN, self._former)

    async def read(self) -> bytes:
        """Return what is typed, but for `~.` at the begin of a line."""
        while True:
            data = await super().read()
            if not data:
                return b""
            kept = self.without_escape(data)
            if kept:
                return kept

    async def end(self) -> None:
        """Do nothing: the terminal stays the operator's."""

    async def resized(self) -> None:
        """Return once the terminal has another size."""
        await self._has_new_size.wait()
        self._has_new_size.clear()

    def told(self, problem: str) -> None:
        """Say it on a line of its own."""
        sys.stderr.write("\r\n")
        super().told(problem)
        sys.stderr.write("\r")
        sys.stderr.flush()

    def without_escape(self, data: bytes) -> bytes:
        """Return what of the keys is for the machine."""
        kept = bytearray()
        for byte in data:
            key = bytes((byte,))
            if self._held:
                self._held = b""
                if key == b".":
                    self._leave()
                    continue
                kept += b"~" if key != b"~" else b""
            elif self._line_begins and key == b"~":
                self._held = key
                continue
            kept += key
            self._line_begins = key in b"\r\n"
        return bytes(kept)


def _write_all(data: bytes) -> None:
    while data:
        data = data[os.write(_STDOUT, data) :]
