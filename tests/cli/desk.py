"""Where an operator sits: a real server beside the test, and `vigocli` on its host, in this process or its own."""

import asyncio
import os
import pty
import subprocess
import sys
import termios
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec
from click.testing import CliRunner

from tests.server.harness import Machine, Server
from vigo.cli.main import main
from vigo.core.run import Run

T = TypeVar("T")


class Result(msgspec.Struct, frozen=True):
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """The lines of a table, cut where two blanks part the columns."""
        return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in self.out.splitlines()]


class Desk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = Server(folder / "data")
        self.environment: dict[str, str | None] = {
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "VIGO_DATA_DIR": None,
            "VIGO_TIMEOUT": None,
            "NO_COLOR": None,
        }
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what something yields that has to run where the server runs."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def vigocli(self, *arguments: str, told: str | None = None) -> Result:
        done = CliRunner(env=self.environment).invoke(main, arguments, input=told, prog_name="vigocli")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Result(done.exit_code, done.stdout, done.stderr)

    def here(self, *arguments: str, told: str | None = None) -> Result:
        """Run it as on the server's host."""
        return self.vigocli("--data-dir", str(self.server.folder.root), *arguments, told=told)

    def process(self, *arguments: str, **environment: str) -> Result:
        """Run it in a process of its own, whose outputs are pipes."""
        done = subprocess.run(
            [sys.executable, "-m", "vigo.cli.main", *arguments],
            capture_output=True,
            text=True,
            env=self.environment_of_process() | environment,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def environment_of_process(self) -> dict[str, str]:
        given = {name: value for name, value in os.environ.items() if name not in self.environment}
        return given | {name: value for name, value in self.environment.items() if value is not None}

    def enrol(self, hostname: str, *runs: Run) -> Machine:
        """Enrol a machine, and have it report runs."""

        async def everything() -> Machine:
            machine = await Machine.enrolled(self.server, self.folder / hostname, hostname)
            async with machine:
                for run in runs:
                    await machine.report(run)
            return machine

        return self.do(everything())


class Terminal:
    """The desk's `vigocli` with a terminal of 120 columns, of which each byte is seen."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def run(self, *arguments: str, told: tuple[str, ...] = (), **environment: str) -> tuple[int, str]:
        """Return the exit status and all that was seen.

        `told` is a question and its answer, then the next ones; each answer is typed once its question is seen.
        """
        mine, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 120))
        process = subprocess.Popen(
            [sys.executable, "-m", "vigo.cli.main", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=self.desk.environment_of_process() | {"TERM": "xterm-256color"} | environment,
            start_new_session=True,
        )
        os.close(theirs)
        waiting = list(zip(told[::2], told[1::2], strict=True))
        seen, answered = b"", 0
        with process:
            while chunk := _read(mine):
                seen += chunk
                if waiting and waiting[0][0].encode() in seen[answered:]:
                    answered = len(seen)
                    os.write(mine, waiting.pop(0)[1].encode())
        os.close(mine)
        return process.returncode, seen.decode()

    def here(self, *arguments: str, told: tuple[str, ...] = (), **environment: str) -> tuple[int, str]:
        """Run it as on the server's host."""
        return self.run("--data-dir", str(self.desk.server.folder.root), *arguments, told=told, **environment)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:
        return b""  # Linux ends a terminal whose other side is closed with EIO
