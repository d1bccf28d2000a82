"""The programs of the demo: one server, three agents, and the command line, each a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
STOP_SECONDS = 30
CALL_SECONDS = 60
TAIL_LINES = 12


class FactError(Exception):
    """Something that the demo shows did not turn out so. The message says what was found."""


class Daemon:
    """A process that stays, with its log in a file."""

    def __init__(self, argv: list[str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end and wait until it has."""
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def tail(self) -> str:
        """Return the last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:])


class Envoy:
    """One machine: a folder that stands for its file system, and its agent."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.root = folder / name / "root"
        self._state = folder / name / "state"
        self._log = folder / name / "agent.log"
        self._daemon: Daemon | None = None
        for path in ("etc", "srv", "var/lib"):
            (self.root / path).mkdir(parents=True)
        (self.root / "etc/hostname").write_text(f"{name}\n")
        (self.root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n')

    def enrol(self, token: Mapping[str, str]) -> None:
        """Give it its identity."""
        target = ["--server", token["server"], "--ca-sha256", token["ca_sha256"], "--hostname", self.name]
        # The token stands in the environment, since every user of a machine can read the arguments of a process.
        call("vigo", "enroll", *target, "--root", str(self.root), "--state-dir", str(self._state), token=token["token"])

    def start(self, interval: str) -> None:
        """Start its agent."""
        argv = [str(BIN / "vigo"), "daemon", "--state-dir", str(self._state), "--interval", interval]
        self._daemon = Daemon(argv, self._log)

    def stop(self) -> None:
        """Stop its agent."""
        if self._daemon is not None:
            self._daemon.stop()

    def status(self) -> dict[str, Any]:
        """Return what the agent says of itself."""
        status: dict[str, Any] = call_json("vigo", "status", "--state-dir", str(self._state), "--json")
        return status

    def read(self, path: str) -> str | None:
        """Return a file's content, or None where there is none."""
        try:
            return (self.root / path).read_text()
        except FileNotFoundError:
            return None

    def write(self, path: str, content: str) -> None:
        """Change a file behind the agent's back."""
        (self.root / path).write_text(content)

    def tail(self) -> str:
        """Return the last lines of its agent's log."""
        return "" if self._daemon is None else self._daemon.tail()


class Server:
    """`vigosrv` on a data folder, and `vigocli` as its admin."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "server"
        self._log = folder / "server.log"
        self._daemon: Daemon | None = None
        self._grpc, self.api = "127.0.0.1:0", "https://127.0.0.1:0"

    @property
    def stacks(self) -> Path:
        """The folder that operators edit."""
        return self._data / "stacks"

    @property
    def cli(self) -> str:
        """How a person calls `vigocli` for this server."""
        return f"{BIN / 'vigocli'} --data-dir {self._data}"

    def initialise(self) -> None:
        """Make the data folder."""
        call("vigosrv", "init", "--data-dir", str(self._data))

    def start(self) -> None:
        """Start it, where it listened before if there was a before."""
        self._log.write_text("")
        listen = ["--grpc-listen", self._grpc, "--api-listen", self.api.removeprefix("https://")]
        self._daemon = Daemon([str(BIN / "vigosrv"), "run", "--data-dir", str(self._data), *listen], self._log)

    def is_ready(self) -> bool:
        """Return whether it has said so."""
        lines = self._log.read_text().splitlines()
        ready = next((line.split() for line in lines if line.startswith("ready ")), None)
        if ready is None:
            if self._daemon is not None and not self._daemon.is_running:
                raise FactError("vigosrv ended")
            return False
        found = dict(word.split("=", 1) for word in ready[1:] if "=" in word)
        self._grpc, self.api = found["grpc"], found["api"]
        return True

    def stop(self) -> None:
        """Stop it."""
        if self._daemon is not None:
            self._daemon.stop()

    def ask(self, *arguments: str) -> Any:
        """Return what `vigocli ... --json` prints."""
        return call_json("vigocli", "--data-dir", str(self._data), *arguments, "--json")

    def tail(self) -> str:
        """Return the last lines of its log."""
        return "" if self._daemon is None else self._daemon.tail()


def call(program: str, *arguments: str, token: str | None = None) -> str:
    """Run one of Vigo's programs and return what it printed.

    Raises:
        FactError: it failed; with what it said.
    """
    environment = {**os.environ, "NO_COLOR": "1"} | ({} if token is None else {"VIGO_TOKEN": token})
    argv = [str(BIN / program), *arguments]
    ended = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=CALL_SECONDS,
        stdin=subprocess.DEVNULL,
    )
    if ended.returncode != 0:
        said = "\n".join(text for text in (ended.stderr.strip(), ended.stdout.strip()) if text)
        raise FactError(f"`{program} {' '.join(arguments)}` ended with status {ended.returncode}: {said}")
    return ended.stdout


def call_json(program: str, *arguments: str) -> Any:
    """Run one of Vigo's programs and return the JSON that it printed."""
    return json.loads(call(program, *arguments))
