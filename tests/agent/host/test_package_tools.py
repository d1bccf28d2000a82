"""Running package tools: the lock that another one holds is waited for, and what is in the way is named."""

import fcntl
import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest

from tests.agent.host.conftest import World
from vigo.agent.host import run_package_tool as executor
from vigo.agent.host.executors import Executors
from vigo.agent.host.package_faults import package_fault, tells_of_lock
from vigo.agent.host.package_locks import holder_of
from vigo.agent.host.real_host import RealHost
from vigo.catalog.ops.package_tool import InstallPackageFile, RefreshPackageIndex, RunPackageTool
from vigo.core.errors import BlockedError, InvalidError, UnavailableError, VigoError

# What the tools print. Source: seen on Debian 12 with apt 2.6, dnf 4.14, zypper 1.14, pacman 6.0; their sources.
LOCKED = (
    (
        "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)\n"
        "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?"
    ),
    "dpkg: error: dpkg frontend lock was locked by another process with pid 7",
    "metadata already locked by 388\n  The application with PID 388 is: dnf",
    "Existing lock /var/run/yum.pid: another copy is running as pid 7.",
    "error: can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)",
    "System management is locked by the application with pid 248 (/usr/bin/zypper).",
    "error: failed to init transaction (unable to lock database)\nerror: could not lock database: File exists",
    "ERROR: Unable to lock database: Resource temporarily unavailable",
    "Failed to obtain rpm transaction lock. Another transaction is in progress.",
)
NOT_LOCKED = (
    (
        "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\n"
        "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?"
    ),
    "ERROR: Unable to lock database: Read-only file system",
    "error: unable to lock database\nerror: could not lock database: No space left on device",
    "E: Unable to locate package nosuch",
)


class Clock:
    """A pause takes no time but on this clock, which the executor looks at."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def monotonic(self) -> float:
        return sum(self.pauses)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = Clock()
    monkeypatch.setattr(executor, "time", clock)
    return clock.pauses


def tool(script: str, *words: str, **more: object) -> RunPackageTool:
    return RunPackageTool(argv=("/bin/sh", "-c", script, "sh", *words), touches=("packages",), **more)  # type: ignore[arg-type]


def failure(host: RealHost, op: RunPackageTool) -> VigoError:
    with pytest.raises(VigoError) as caught:
        Executors(host).execute(op)
    return caught.value


@pytest.mark.parametrize("text", LOCKED)
def test_every_tool_s_words_for_a_held_lock_are_known(text: str) -> None:
    assert tells_of_lock(text)


@pytest.mark.parametrize("text", NOT_LOCKED)
def test_a_lock_that_cannot_be_asked_for_is_not_waited_for(text: str) -> None:
    assert not tells_of_lock(text)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (
            "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.",
            "configure -a",
        ),
        ("E: Unmet dependencies. Try 'apt --fix-broken install' with no packages", "--fix-broken install"),
        ("error: rpmdb open failed", "rpm --rebuilddb"),
        ("E: Failed to fetch http://x/y.deb  404", "a package repository"),
        ("Error: Failed to download metadata for repo 'x': Cannot download repomd.xml", "a package repository"),
        ("Problem retrieving files from 'x'.", "a package repository"),
        ("error: failed retrieving file 'x.db' from x : Could not resolve host", "a package repository"),
        ("WARNING: Ignoring https://x/main: temporary error (try again later)", "a package repository"),
        ("ERROR: Could not install packages: HTTPSConnectionPool: Max retries exceeded", "a package repository"),
        ("error: Failed dependencies:\n\ta is needed by (installed) b-1.x86_64", "another package needs it"),
    ],
)
def test_what_is_wrong_with_the_machine_or_a_repository_is_told_with_advice(text: str, advice: str) -> None:
    assert advice in (package_fault(text) or "")


def test_any_other_failure_is_the_declaration_s() -> None:
    assert package_fault("E: Unable to locate package nosuch") is None


def test_a_tool_is_run_again_until_the_lock_is_free(machine: RealHost, tmp_path: Path, pauses: list[float]) -> None:
    tries = tmp_path / "tries"
    script = 'echo x >> "$1"; test $(wc -l < "$1") -ge 3 || { echo "Could not get lock /x" >&2; exit 100; }'
    Executors(machine).execute(tool(script, str(tries)))
    assert tries.read_text() == "x\n" * 3
    assert pauses == [executor.PAUSE.total_seconds()] * 2


@pytest.mark.parametrize(("timeout", "most"), [(timedelta(minutes=30), 60), (timedelta(seconds=9), 4.5)])
def test_it_is_waited_for_a_minute_at_most_and_half_of_the_time_is_left_to_the_tool(
    timeout: timedelta, most: float, machine: RealHost, pauses: list[float]
) -> None:
    error = failure(machine, tool("echo 'Could not get lock /x' >&2; exit 100", timeout=timeout))
    assert isinstance(error, BlockedError)
    assert most - 2 * executor.PAUSE.total_seconds() <= sum(pauses) <= most
    assert "another package tool holds the lock" in str(error)
    assert "Could not get lock /x" in str(error)


def test_another_failure_is_not_tried_again(machine: RealHost, tmp_path: Path, pauses: list[float]) -> None:
    error = failure(machine, tool('echo x >> "$1"; echo no such package >&2; exit 100', str(tmp_path / "tries")))
    assert isinstance(error, UnavailableError)
    assert (tmp_path / "tries").read_text() == "x\n"
    assert pauses == []


def test_who_holds_a_lock_is_named_by_the_file_that_it_has_open(
    machine: RealHost, tmp_path: Path, pauses: list[float]
) -> None:
    lock = tmp_path / "lock"
    lock.touch()
    with holding(lock) as pid:
        assert holder_of([str(tmp_path / "none"), str(lock)]) == (pid, Path(f"/proc/{pid}/comm").read_text().strip())
        op = tool("echo 'Could not get lock' >&2; exit 1", timeout=timedelta(seconds=5), locks=(str(lock),))
        assert f"held by {holder_of([str(lock)])}" in str(failure(machine, op))
    assert holder_of([str(lock)]) is None
    assert f"no process has {lock} open" in str(failure(machine, op))


def test_who_holds_a_lock_is_named_by_the_number_in_it(tmp_path: Path) -> None:
    lock, other = tmp_path / "lock", tmp_path / "other"
    other.touch()
    with holding(other) as pid:
        lock.write_text(f"{pid}\n")
        found = holder_of([str(lock)])
        assert found is not None
        assert found.pid == pid
    assert holder_of([str(lock)]) is None
    for text in ("", "x", "1" * 40):
        lock.write_text(text)
        assert holder_of([str(lock)]) is None


class holding:  # noqa: N801 - reads as the statement that it is
    """A child that holds a lock as long as the block lasts."""

    def __init__(self, lock: Path) -> None:
        self._lock = lock

    def __enter__(self) -> int:
        ready, told = os.pipe()
        end, self._end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._end)
            with self._lock.open("r+") as file:
                fcntl.lockf(file, fcntl.LOCK_EX)
                os.write(told, b"x")
                os.read(end, 1)
            os._exit(0)
        os.read(ready, 1)
        for descriptor in (ready, told, end):
            os.close(descriptor)
        return self._pid

    def __exit__(self, *_: object) -> None:
        os.close(self._end)
        os.waitpid(self._pid, 0)


def test_an_index_that_was_fetched_leaves_a_stamp_and_one_that_was_not_leaves_none(world: World) -> None:
    (world.root / "var/cache").mkdir(parents=True)
    stamp = world.root / "var/cache/vigo/stamp"
    options = {"root_option": ("-c", "exit $1", "sh"), "stamp": "/var/cache/vigo/stamp"}
    with pytest.raises(UnavailableError):
        world.execute(RefreshPackageIndex(argv=("/bin/sh", "3"), **options))  # type: ignore[arg-type]
    assert not stamp.exists()
    world.execute(RefreshPackageIndex(argv=("/bin/sh", "0"), **options))  # type: ignore[arg-type]
    os.utime(stamp, (0, 0))
    world.execute(RefreshPackageIndex(argv=("/bin/sh", "0"), **options))  # type: ignore[arg-type]
    assert stamp.stat().st_mtime > 0


def installing(world_or_path: Path, copy: Path, **more: object) -> InstallPackageFile:
    """Return an operation whose tool copies what it is given, and notes where that was."""
    script = 'cat "$1" > "$2"; echo "$1" > "$2.path"; stat -c %a "$1" "$(dirname "$1")" > "$2.modes"'
    argv = ("/bin/sh", "-c", script, "sh", "%", str(copy))
    return InstallPackageFile(argv=argv, source=str(world_or_path), **more)  # type: ignore[arg-type]


def test_the_tool_is_given_a_copy_that_others_cannot_change_and_that_goes_afterwards(
    machine: RealHost, tmp_path: Path
) -> None:
    source, copy = tmp_path / "a.deb", tmp_path / "copy"
    source.write_bytes(b"package")
    op = installing(source, copy, sha256=hashlib.sha256(b"package").hexdigest().upper())
    assert op.summary().count(str(source)) == 1
    Executors(machine).execute(op)
    given = Path((tmp_path / "copy.path").read_text().strip())
    assert copy.read_bytes() == b"package"
    assert given.name == "a.deb"
    assert given != source
    assert not given.parent.exists()
    assert (tmp_path / "copy.modes").read_text().split() == ["644", "711"]


@pytest.mark.parametrize("content", [b"packagE", b"", b"package and more"])
def test_a_file_of_another_digest_never_reaches_the_tool(machine: RealHost, tmp_path: Path, content: bytes) -> None:
    source, copy = tmp_path / "a.deb", tmp_path / "copy"
    source.write_bytes(content)
    with pytest.raises(InvalidError, match="nothing was installed"):
        Executors(machine).execute(installing(source, copy, sha256=hashlib.sha256(b"package").hexdigest()))
    assert not copy.exists()


def test_what_is_no_file_is_refused(machine: RealHost, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.deb")
    (tmp_path / "folder.deb").mkdir()
    for name in ("none.deb", "pipe.deb", "folder.deb"):
        with pytest.raises(UnavailableError):
            Executors(machine).execute(installing(tmp_path / name, tmp_path / "copy"))
    assert not (tmp_path / "copy").exists()
