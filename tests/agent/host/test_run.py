import os
import select
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from tests.agent.host.conftest import World, as_nobody, needs_root, open_to_all
from vigo.agent.host import process, programs
from vigo.agent.host.executors import Executors
from vigo.agent.host.output import OUTPUT_BYTES, BoundedOutput
from vigo.agent.host.real_host import RealHost
from vigo.catalog.api import Command
from vigo.catalog.ops import Run
from vigo.core.errors import BlockedError, TimedOutError, UnavailableError, VigoError


def shell(script: str, *words: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", script, "sh", *words)


def printed(host: RealHost, script: str, **more: object) -> str:
    ending = host.programs.run(Command(argv=shell(script), **more))  # type: ignore[arg-type]
    assert ending.status == 0, ending.stderr.text()
    return ending.stdout.text()


def failure(host: RealHost, script: str, **more: object) -> VigoError:
    with pytest.raises(VigoError) as caught:
        Executors(host).execute(Run(argv=shell(script), **more))  # type: ignore[arg-type]
    return caught.value


def has_ended(pid: int, within_seconds: float) -> bool:
    """Return whether a process ends, as the kernel says it, or was gone before."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], within_seconds)[0])
    finally:
        os.close(descriptor)


@pytest.fixture
def over_time_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Let every program's time be over as soon as a file is there."""

    def set_up(ready: Path) -> None:
        real, asked = time.monotonic, count()

        def monotonic() -> float:
            # The first question is when the program's time began.
            return real() + 1_000_000 * (next(asked) > 0 and ready.exists())

        monkeypatch.setattr(time, "monotonic", monotonic)

    return set_up


def test_it_runs_in_a_small_fixed_environment_and_the_declared_one(
    machine: RealHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGO_CANARY", "secret")
    lines = printed(machine, "env", environment={"A": "b c", "LANG": "de_DE"}).splitlines()
    found = dict(line.split("=", 1) for line in lines)
    for name in ("PWD", "SHLVL", "_", "OLDPWD"):  # the shell's own
        found.pop(name, None)
    assert set(found) == {"PATH", "LANG", "LC_ALL", "DEBIAN_FRONTEND", "HOME", "USER", "LOGNAME", "A"}
    assert (found["A"], found["LANG"], found["LC_ALL"]) == ("b c", "de_DE", "C.UTF-8")
    assert found["PATH"].split(":")[0] == "/usr/local/sbin"


def test_directory_mask_and_standard_input_are_the_declared_ones(machine: RealHost, tmp_path: Path) -> None:
    assert printed(machine, "pwd; umask") == "/\n0022\n"
    assert printed(machine, "pwd -P; umask; cat", cwd=str(tmp_path), umask=0o077, stdin="é\n") == (
        f"{tmp_path.resolve()}\n0077\né\n"
    )
    assert printed(machine, "cat") == ""


def test_a_missing_directory_is_told(machine: RealHost) -> None:
    assert "cwd: expected the directory /none/x, found none" in str(failure(machine, "true", cwd="/none/x"))


def test_standard_input_that_nobody_reads_is_no_error(machine: RealHost) -> None:
    assert printed(machine, "exec 0<&-; echo done", stdin="x" * 1_000_000) == "done\n"


def test_a_long_standard_input_and_output_pass_each_other(machine: RealHost) -> None:
    assert len(printed(machine, "cat", stdin="x" * 50_000)) == 50_000
    ending = machine.programs.run(Command(argv=("/bin/cat",), stdin="y" * 3_000_000))
    assert ending.stdout.dropped_bytes == 3_000_000 - OUTPUT_BYTES


def test_it_leads_a_session_of_its_own(machine: RealHost) -> None:
    own, session = printed(machine, "read -r a b c d e session rest < /proc/$$/stat; echo $$ $session").split()
    assert own == session


def test_it_holds_no_descriptor_of_the_agent(machine: RealHost) -> None:
    secret = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(secret, True)  # noqa: FBT003 - the interface
    try:
        assert str(secret) not in printed(machine, "ls /proc/$$/fd").split()
    finally:
        os.close(secret)


def test_it_runs_as_another_user_with_their_groups_and_home(machine: RealHost) -> None:
    needs_root("to become another user")
    ids = printed(machine, "id -u; id -g; id -G; echo $HOME $USER", user="nobody").split()
    assert ids == ["65534", "65534", "65534", "/nonexistent", "nobody"]


def test_its_own_user_needs_no_rights_and_another_one_root(tmp_path: Path) -> None:
    open_to_all(tmp_path)

    def work() -> tuple[str, VigoError]:
        host = RealHost(None)
        return printed(host, "id -un", user="nobody"), failure(host, "true", user="root")

    own, refused = as_nobody(work)
    assert own == "nobody\n"
    assert isinstance(refused, UnavailableError)
    assert "expected to be root to run as root" in str(refused)


def test_a_user_who_is_not_there_yet_blocks(machine: RealHost) -> None:
    error = failure(machine, "true", user="no-such-user")
    assert isinstance(error, BlockedError)
    assert "depends_on" in str(error)


def test_another_status_fails_with_the_last_lines_of_what_it_said(machine: RealHost) -> None:
    error = failure(machine, "i=0; while [ $i -lt 99 ]; do i=$((i+1)); echo line $i >&2; done; echo out; exit 3")
    assert isinstance(error, UnavailableError)
    assert str(error).startswith("status 3, expected 0: line 80\n")
    assert str(error).endswith("line 99")
    assert str(failure(machine, "echo only out; exit 2", returns=(0, 1))) == "status 2, expected 0 or 1: only out"
    Executors(machine).execute(Run(argv=shell("exit 7"), returns=(7,)))


def test_a_signals_end_is_128_and_its_number(machine: RealHost) -> None:
    assert "status 137, expected 0" in str(failure(machine, "kill -KILL $$"))


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (("no-such-program",), "expected a program 'no-such-program', found none"),
        (("/etc/passwd",), "Permission denied"),
        (("/bin/echo", "a\0b"), "null byte"),
    ],
)
def test_what_cannot_be_started_is_told(machine: RealHost, argv: tuple[str, ...], reason: str) -> None:
    with pytest.raises(UnavailableError, match=reason):
        Executors(machine).execute(Run(argv=argv))


@pytest.mark.parametrize(
    ("words", "touches", "error", "reason"),
    [
        (
            "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7",
            ("packages",),
            BlockedError,
            "another package tool holds the lock; it is tried again next time: E: Could not",
        ),
        (
            "dpkg: error: dpkg frontend lock was locked by another process with pid 7",
            ("packages",),
            BlockedError,
            "another package tool",
        ),
        ("error: failed to init transaction (unable to lock database)", ("packages",), BlockedError, "another package"),
        ("System management is locked by the application with pid 7", ("packages",), BlockedError, "another package"),
        ("Could not get lock /x", ("services",), UnavailableError, "status 100"),
        (
            "E: Failed to fetch file:/srv/packages/x.deb  File not found",
            ("packages",),
            BlockedError,
            "a package repository does not give what is asked of it; it is tried again next time: E: Failed",
        ),
        ("Error: Failed to download metadata for repo 'base'", ("packages",), BlockedError, "a package repository"),
        ("E: Failed to fetch x", ("services",), UnavailableError, "status 100"),
        ("dpkg: dependency problems prevent removal of x:", ("packages",), BlockedError, "another package needs it"),
        ("x is needed by (installed) y-1.x86_64", ("packages",), BlockedError, "another package needs it"),
        (":: removing x breaks dependency 'x' required by y", ("packages",), BlockedError, "another package needs it"),
        ("cp: error writing 'x': No space left on device", (), BlockedError, "the disk is full; free some space: cp"),
        ("touch: cannot touch 'x': Read-only file system", (), BlockedError, "the file system is read-only"),
    ],
)
def test_what_the_machine_lacks_blocks(
    machine: RealHost, words: str, touches: tuple[str, ...], error: type[VigoError], reason: str
) -> None:
    found = failure(machine, f'echo "{words}" >&2; exit 100', touches=touches)
    assert type(found) is error
    assert str(found).startswith(reason)


def test_over_its_time_all_that_it_started_is_ended(
    machine: RealHost, tmp_path: Path, over_time_once: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GRACE", timedelta(milliseconds=50))
    over_time_once(tmp_path / "ready")
    script = f"trap '' TERM; sleep 1000 & : > {tmp_path}/ready; echo $! $$; wait; wait"
    ending = machine.programs.run(Command(argv=shell(script), timeout=timedelta(hours=1)))
    child, own = map(int, ending.stdout.text().split())
    assert ending.timed_out
    assert ending.status == 128 + signal.SIGKILL
    assert has_ended(child, within_seconds=30)
    assert has_ended(own, within_seconds=0)


def test_over_its_time_it_may_end_by_itself_first(
    machine: RealHost, tmp_path: Path, over_time_once: Callable[[Path], None]
) -> None:
    over_time_once(tmp_path / "ready")
    script = f"trap 'echo tidy; exit 5' TERM; sleep 1000 & : > {tmp_path}/ready; echo up; wait"
    ending = machine.programs.run(Command(argv=shell(script), timeout=timedelta(hours=1)))
    assert ending.timed_out
    assert ending.status == 5
    assert ending.stdout.text().endswith("tidy\n")


def test_one_that_prints_without_end_is_over_its_time_too(machine: RealHost) -> None:
    with pytest.raises(TimedOutError, match=r"expected to end within 0.05 s"):
        Executors(machine).execute(Run(argv=("/bin/cat", "/dev/zero"), timeout=timedelta(milliseconds=50)))


def test_a_child_left_in_the_background_is_neither_waited_for_nor_ended(machine: RealHost) -> None:
    child = int(printed(machine, "sleep 1000 & echo $!"))
    try:
        assert not has_ended(child, within_seconds=0)
    finally:
        os.kill(child, signal.SIGKILL)


def test_an_interrupted_agent_leaves_no_program_behind(machine: RealHost, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    def interrupt(_self: BoundedOutput, data: bytes) -> None:
        started.extend(map(int, data.split()))
        raise KeyboardInterrupt

    monkeypatch.setattr(BoundedOutput, "add", interrupt)
    with pytest.raises(KeyboardInterrupt):
        machine.programs.run(Command(argv=shell("sleep 1000 & echo $! $$; wait")))
    assert all(has_ended(pid, within_seconds=30) for pid in started)
    assert len(started) == 2


def test_a_kernel_that_cannot_watch_a_process_is_polled(machine: RealHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int) -> int:
        raise OSError

    monkeypatch.setattr(os, "pidfd_open", refuse)
    assert printed(machine, "echo a; exec 1>&- 2>&-; read -r x < /proc/self/status") == "a\n"


def test_in_an_image_a_tool_is_told_of_its_root(world: World) -> None:
    option = ("-c", 'printf "%s|" "$@" > {root}/said', "sh")
    world.execute(Run(argv=("/bin/sh", "--", "x y"), root_option=option, cwd="/none"))
    assert (world.root / "said").read_text() == "--|x y|"


def test_in_an_image_nothing_else_is_run(world: World) -> None:
    with pytest.raises(BlockedError, match="not run in an image"):
        world.execute(Run(argv=shell(f"touch {world.root}/ran")))
    assert list(world.root.iterdir()) == []


def test_without_proc_it_is_not_taken_for_a_missing_program(machine: RealHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "DIRECTORY_OF_DESCRIPTORS", "/none/self/fd/")
    monkeypatch.setattr(programs, "DIRECTORY_OF_DESCRIPTORS", "/none/self/fd/")
    with pytest.raises(UnavailableError, match="programs need /proc to be mounted"):
        machine.check(Command(argv=("true",)))


@pytest.mark.parametrize("script", ["echo hunter2; exit 3", "echo hunter2 >&2; exit 3", "echo hunter2; sleep 60"])
def test_18_what_a_program_prints_that_was_given_a_secret_is_not_told(machine: RealHost, script: str) -> None:
    told = failure(machine, script, timeout=timedelta(seconds=1), conceals=True)
    assert "hunter2" not in str(told)
    assert "what it printed is not told, since it is made of a secret" in str(told)
    assert "hunter2" in str(failure(machine, script, timeout=timedelta(seconds=1)))


def test_a_full_disk_is_known_from_what_is_not_told(machine: RealHost) -> None:
    told = failure(machine, "echo No space left on device; exit 1", conceals=True)
    assert isinstance(told, BlockedError)
    assert str(told).startswith("the disk is full")
