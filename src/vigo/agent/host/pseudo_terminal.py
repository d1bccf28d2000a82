"""A shell of one of the machine's users on a pseudo-terminal of its own. Source: pty(7), tty_ioctl(4), setsid(2)."""

import asyncio
import errno
import fcntl
import grp
import os
import pwd
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from vigo.agent.host.descriptors import readable
from vigo.agent.host.faults import told
from vigo.core.errors import BlockedError, ForbiddenError, UnavailableError

_TTY_MODE: Final = 0o620
_UMASK: Final = 0o022
_TTY_GROUP: Final = "tty"
_LOOK_EVERY: Final = timedelta(milliseconds=50)
_OF_TERMINALS: Final = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
)
_END_OF_INPUT: Final = b"\x04"
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_KEPT: Final = ("--whitelist-environment", "LANG")
"""The language goes along, so that text is UTF-8 also where the machine does not say what it is."""

_ASKING: Final = timedelta(seconds=5)
_SESSION_FIELD: Final = 3
"""Of /proc/PID/stat behind the name of the program. Source: proc_pid_stat(5)."""

_OVER: Final = (b"Z", b"X")
"""States of processes that have ended."""

GRACE: Final = timedelta(seconds=2)
"""How long what is hung up on may take to end by itself, before it is killed."""

# The leader of a session that has no terminal gets the first one that it opens. It stays, since `su` heeds no hang-up:
# when the agent is killed, the kernel hangs up on the leader, and with that on whatever is in the foreground. Keys that
# are signals are not for the leader.
_ON_THE_TERMINAL: Final = 'exec 0<>"$0" 1>&0 2>&0; trap : INT QUIT; "$@"; exit "$?"'


class PseudoTerminal:
    """A terminal and the shell on it. Reads and writes never wait."""

    def __init__(self, master: int, process: "subprocess.Popen[bytes]") -> None:
        self.descriptor = master
        self._process = process

    @property
    def leader(self) -> int:
        """The number of the process on it, and of its session."""
        return self._process.pid

    def read(self, most_bytes: int) -> bytes:
        """Return what was printed, nothing once nobody can print any more.

        Raises:
            BlockingIOError: nothing is there yet.
        """
        try:
            return os.read(self.descriptor, most_bytes)
        except OSError as error:
            if error.errno == errno.EIO:  # the last one who had it open is gone
                return b""
            raise

    def write(self, data: bytes) -> int:
        """Type something; return how much of it found room.

        Raises:
            BlockingIOError: nothing did.
            OSError: the shell is gone.
        """
        return os.write(self.descriptor, data)

    def end_input(self) -> None:
        """Type an end of file."""
        with suppress(OSError):
            os.write(self.descriptor, _END_OF_INPUT)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size; the program in the foreground is told by a signal."""
        _resize(self.descriptor, Size(columns, rows))

    def exit_code(self) -> int | None:
        """Return how the shell ended, None while it runs; 128 and the signal's number where a signal ended it."""
        if self._process.returncode is not None:
            return self._process.returncode
        # It is not reaped before `close`, so its number stays that of its session.
        found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None:
            return None
        return found.si_status if found.si_code == os.CLD_EXITED else 128 + found.si_status

    async def ended(self) -> None:
        """Return once the shell has ended, whoever still has its terminal open."""
        try:
            descriptor = os.pidfd_open(self._process.pid)
        except OSError:  # a kernel before 5.3
            while self.exit_code() is None:  # noqa: ASYNC110 - nothing tells of it there
                await asyncio.sleep(_LOOK_EVERY.total_seconds())
            return
        try:
            await readable(descriptor)
        finally:
            os.close(descriptor)

    async def end_all(self) -> None:
        """End everything in the shell's session, background jobs too: hang up, and kill what does not heed that."""
        _signal(self.leader, signal.SIGHUP)
        for _ in range(GRACE // _LOOK_EVERY):
            if not _in_session(self.leader):
                return
            await asyncio.sleep(_LOOK_EVERY.total_seconds())
        _signal(self.leader, signal.SIGKILL)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE.total_seconds()):
                await self.ended()

    def close(self) -> None:
        """Give the terminal back; who still has it open is hung up on by the kernel."""
        os.close(self.descriptor)
        self._process.poll()


class Size(NamedTuple):
    """Of a terminal."""

    columns: int = 80
    rows: int = 24


class Owner(NamedTuple):
    """Whose a terminal is."""

    uid: int
    gid: int


def open_shell(user: str, terminal: str, size: Size) -> PseudoTerminal:
    """Return a login shell of a user.

    As root the agent has `su` open it, so that the machine's own rules count (PAM: locked, expired, limits).

    Raises:
        BlockedError: the machine has no such user.
        ForbiddenError: it is root.
        UnavailableError: the agent may not open it, or it cannot be started.
    """
    account = _account(user)
    if account.pw_uid == 0:
        raise ForbiddenError(f"{user} is root here; shells are opened for other users, and `sudo` decides who may more")
    is_own = account.pw_uid == os.geteuid()
    if not is_own and os.geteuid() != 0:
        raise UnavailableError(
            f"expected to be root to open a shell of {user}, found that the agent runs as uid {os.geteuid()}"
        )
    shell = account.pw_shell or "/bin/sh"
    environment = {
        "PATH": _PATH,
        "LANG": os.environ.get("LANG") or "C.UTF-8",
        "TERM": terminal,
        "HOME": account.pw_dir,
        "USER": account.pw_name,
        "LOGNAME": account.pw_name,
        "SHELL": shell,
    }
    if not is_own:
        argv = ("su", "-l", *_KEPT, user) if _can_keep() else ("su", "-l", user)
        return on_terminal(argv, environment, size, owner=Owner(account.pw_uid, account.pw_gid))
    return on_terminal((shell, "-l"), environment, size, folder=account.pw_dir)


def on_terminal(
    argv: Sequence[str],
    environment: Mapping[str, str],
    size: Size,
    *,
    folder: str = "/",
    owner: Owner | None = None,
) -> PseudoTerminal:
    """Return a program on a terminal of its own, which belongs to an owner where one is given.

    Raises:
        UnavailableError: it cannot be started.
    """
    master, slave = os.openpty()
    try:
        if owner is not None:
            os.fchown(slave, owner.uid, _tty_group(owner.gid))
            os.fchmod(slave, _TTY_MODE)
        _resize(master, size)
        with _no_signal_ignored():
            process = subprocess.Popen(
                ("/bin/sh", "-c", _ON_THE_TERMINAL, os.ttyname(slave), *argv),
                cwd=folder if Path(folder).is_dir() else "/",
                env=dict(environment),
                # Somebody has it open at each moment, else whoever reads finds that all are gone.
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
                umask=_UMASK,
            )
    except OSError as error:
        os.close(master)
        raise UnavailableError(f"the shell cannot be started: {told(error)}") from error
    except BaseException:
        os.close(master)
        raise
    finally:
        os.close(slave)
    os.set_blocking(master, False)
    return PseudoTerminal(master, process)


@contextmanager
def _no_signal_ignored() -> Iterator[None]:
    """Have what is started meanwhile heed the terminal's signals, also where we were started to ignore them.

    As by nohup(1), or in the background of a script. What is ignored stays so in a program that is started, what has a
    handler becomes the default. Source: signal(7), execve(2).
    """
    ignored = [number for number in _OF_TERMINALS if signal.getsignal(number) is signal.SIG_IGN]
    is_ours = threading.current_thread() is threading.main_thread()  # nobody else may set a handler
    try:
        for number in ignored if is_ours else ():
            signal.signal(number, lambda *_: None)
        yield
    finally:
        for number in ignored if is_ours else ():
            signal.signal(number, signal.SIG_IGN)


@cache
def _can_keep() -> bool:
    """Return whether this machine's `su` can keep variables: that of util-linux can, since 2.35."""
    try:
        asked = subprocess.run(
            ("su", "--help"),  # noqa: S607 - found as the machine has it
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_ASKING.total_seconds(),
            env={"PATH": _PATH},
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return _KEPT[0].encode() in asked.stdout


def _account(user: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(user)
    except KeyError as error:
        raise BlockedError(
            f"this machine has no user {user}; add it, or give the operator another one in scrier.vgo"
        ) from error


def _tty_group(own: int) -> int:
    try:
        return grp.getgrnam(_TTY_GROUP).gr_gid
    except KeyError:
        return own


def _resize(descriptor: int, size: Size) -> None:
    with suppress(OSError):  # it is gone
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))


def _signal(leader: int, number: signal.Signals) -> None:
    """Signal all processes of a session."""
    for process in _in_session(leader):
        with suppress(OSError):
            os.kill(process, number)
            os.kill(process, signal.SIGCONT)  # one that is stopped hears it only then


def _in_session(leader: int) -> list[int]:
    """Return the processes of a session that run."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError, ValueError, IndexError):
                fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
                if int(fields[_SESSION_FIELD]) == leader and fields[0] not in _OVER:
                    found.append(int(folder.name))
    return found
