"""An operator at a terminal, and machines with a user whom sessions may be for."""

import asyncio
import os
import pwd
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tests.e2e.processes import BIN, ENVIRONMENT, LONGEST_SECONDS, Background
from tests.e2e.world import Envoy, Server
from vigo.agent.host.pseudo_terminal import PseudoTerminal, Size, on_terminal

ADA = "ada" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
"""Whom shells are for: a user who is there for the agent alone, or the one whom the tests run as."""

_ADA_ID = 54_321
_WITH_ADA = 'mount --bind "$0" /etc/passwd && mount --bind "$1" /etc/shadow && shift && exec "$@"'


def with_ada(folder: Path) -> tuple[str, ...]:
    """Return what stands before an agent that shall know ada: a view of its own of two files of the machine."""
    if os.geteuid() != 0:
        return ()
    home = folder / "home"
    home.mkdir(parents=True)
    home.chmod(0o755)
    os.chown(home, _ADA_ID, _ADA_ID)
    for parent in home.parents:
        if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    passwd, shadow = folder / "passwd", folder / "shadow"
    line = f"{ADA}:x:{_ADA_ID}:{_ADA_ID}::{home}:/bin/bash\n"
    passwd.write_text(Path("/etc/passwd").read_text() + line)
    shadow.write_text(Path("/etc/shadow").read_text() + f"{ADA}:!:19000:0:99999:7:::\n")
    shadow.chmod(0o640)
    return ("unshare", "--mount", "/bin/sh", "-c", _WITH_ADA, str(passwd), str(shadow))


@contextmanager
def machine(server: Server, folder: Path, name: str = "web-1") -> Iterator[Background]:
    """Give the daemon of this very machine, on which ada has an account."""
    envoy = Envoy(name, folder, server, is_image=False)
    envoy.enrol()
    envoy.prefix = with_ada(folder / f"{name}-users")
    with envoy.daemon("1h") as running:
        running.until("presence", lambda: server.envoy(name)["connected_since"] is not None)
        yield running


class Desk:
    """A terminal at which a program of Vigo's runs."""

    def __init__(self, *words: object, columns: int = 80, rows: int = 24, **environment: str) -> None:
        argv = [str(BIN / str(words[0])), *map(str, words[1:])]
        variables = {**ENVIRONMENT, "TERM": "xterm-256color", **environment}
        self.terminal: PseudoTerminal = on_terminal(argv, variables, Size(columns, rows))
        self.shown = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run(self.terminal.end_all())
        self.terminal.close()

    def type(self, text: str) -> None:
        data = text.encode()
        while data:
            try:
                data = data[self.terminal.write(data) :]
            except BlockingIOError:
                self._look()

    def _look(self) -> bool:
        """Take what is shown; return whether the program may still show more."""
        try:
            data = self.terminal.read(65_536)
        except BlockingIOError:
            time.sleep(0.005)
            return self.terminal.exit_code() is None
        self.shown += data
        return bool(data)

    def shows(self, text: str) -> None:
        """Return once a text was shown."""
        wanted, ends_at, is_running = text.encode(), time.monotonic() + LONGEST_SECONDS, True
        looked_at = 0
        while self.shown.find(wanted, max(0, looked_at - len(wanted))) < 0:
            looked_at = len(self.shown)
            assert is_running, f"ended before it showed {text!r}: {bytes(self.shown[-3000:])!r}"
            assert time.monotonic() < ends_at, f"waited for {text!r}: {bytes(self.shown[-3000:])!r}"
            is_running = self._look()

    def ended(self) -> int:
        """Return how the program ended, once it has."""
        ends_at = time.monotonic() + LONGEST_SECONDS
        while self.terminal.exit_code() is None:
            self._look()
            assert time.monotonic() < ends_at, f"waited for its end: {bytes(self.shown[-3000:])!r}"
        while self._look():
            pass
        found = self.terminal.exit_code()
        assert found is not None
        return found


def shell(server: Server, name: str = "web-1", columns: int = 80, rows: int = 24) -> Desk:
    """Return an operator's terminal with a shell on a machine."""
    return Desk("vigocli", "--data-dir", server.data, "scrier", "shell", name, columns=columns, rows=rows)
