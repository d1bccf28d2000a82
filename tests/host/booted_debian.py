"""A booted Debian: real systemd as its first process, no network, and nothing of it outlives its end."""

import os
import select
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from tests.gates.tree import ROOT
from tests.host.debian_root import PYTHON, only_one
from vigo.core.plan import Origin, Plan, PlannedResource
from vigo.core.run import ResourceResult

_LONGEST_BOOT_SECONDS = 120
_LONGEST_RUN_SECONDS = 300
LONGEST_END_SECONDS = 10
_ORIGIN = Origin("host.vgo", 1)
_CLEAN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}
_NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd")


Results = Mapping[str, ResourceResult]


def declared(kind: str, name: str, /, **fields: Any) -> PlannedResource:
    """Return a resource `host/NAME`; what every kind has (`notify`, `depends_on`, ...) is told from its own fields."""
    shared = {field: fields.pop(field) for field in PlannedResource.__struct_fields__ if field in fields}
    for edge in {"notify", "depends_on"} & set(shared):
        shared[edge] = [f"host/{one}" for one in shared[edge]]
    origin = msgspec.to_builtins(_ORIGIN)
    return msgspec.convert(
        {"id": f"host/{name}", "type": kind, "origin": origin, "fields": fields, **shared}, PlannedResource
    )


LENT = tuple(sorted({ROOT, Path(sys.prefix), Path(sys.base_prefix)} - {Path("/usr")}))
"""Folders of this machine that every booted one sees, and cannot change."""


class BootedDebian:
    """One machine. `leader` is its first process as this machine numbers it."""

    def __init__(self, leader: int) -> None:
        self.leader = leader

    def run(
        self, *argv: str, stdin: str = "", environment: Mapping[str, str] = {}, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Return how a program ended that ran in there as root."""
        done = subprocess.run(
            self.inside(*argv),
            input=stdin,
            env={**_CLEAN, **environment},
            capture_output=True,
            text=True,
            timeout=_LONGEST_RUN_SECONDS,
            check=False,
        )
        assert not check or done.returncode == 0, f"{argv} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done

    def tell(self, *argv: str) -> str:
        """Return what a program printed, without the last line feed."""
        return self.run(*argv).stdout.removesuffix("\n")

    def write(self, path: str, content: str, mode: str = "0644") -> None:
        """Put a file there, by hand as it were."""
        self.run("install", "-D", "-m", mode, "/dev/stdin", path, stdin=content)

    @contextmanager
    def holding_lock(self, path: str) -> Iterator[None]:
        """Hold a lock on a file in there, as dpkg and apt lock theirs, from another process."""
        program = f"import fcntl; f = open({path!r}, 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); input()"
        argv = self.inside(str(PYTHON), "-c", program)
        holder = subprocess.Popen(argv, env=_CLEAN, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "\n"
            yield
        finally:
            holder.communicate("\n", timeout=LONGEST_END_SECONDS)

    def apply(self, *resources: PlannedResource) -> Results:
        """Return how each resource ended, by name, when the agent's engine in there applied them."""
        return self._passes(("run",), resources)[0]

    def changes(self, *resources: PlannedResource) -> Results:
        """Apply what is not yet so, and check that each resource is changed by the first run and by no later one."""
        foreseen, done, again = self._passes(("dry-run", "run", "run"), resources)
        assert _outcomes(done) == dict.fromkeys(done, "changed"), done
        assert _outcomes(again) == dict.fromkeys(again, "unchanged"), again
        # What an earlier resource of the plan makes possible is not known in a dry run.
        known = {name: result for name, result in foreseen.items() if result.outcome != "skipped"}
        assert {name: result.changed for name, result in known.items()} == {name: done[name].changed for name in known}
        return done

    def keeps(self, *resources: PlannedResource) -> None:
        """Check that there is nothing to do."""
        results = self.apply(*resources)
        assert _outcomes(results) == dict.fromkeys(results, "unchanged"), results

    def apply_plan(self, plan: Plan) -> tuple[ResourceResult, ...]:
        """Return how each resource of a plan ended when the agent's engine in there applied it."""
        return self._passes_of(plan, ("run",))[0]

    def python_environment(self) -> Mapping[str, str]:
        """Return what has the Python in there (`PYTHON`) find this checkout and the libraries."""
        paths = (ROOT / "src", ROOT, sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
        return {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}

    def _passes(self, passes: Sequence[str], resources: Sequence[PlannedResource]) -> list[Results]:
        plan = Plan(entry=_ORIGIN, match=("*",), scopes={"host": {}}, resources=tuple(resources))
        results = self._passes_of(plan, passes)
        return [{result.id.removeprefix("host/"): result for result in one} for one in results]

    def _passes_of(self, plan: Plan, passes: Sequence[str]) -> list[tuple[ResourceResult, ...]]:
        argv = (str(PYTHON), "-m", "tests.host.apply_plan", *passes)
        given = msgspec.json.encode(plan).decode()
        done = self.run(*argv, stdin=given, environment=self.python_environment())
        return msgspec.json.decode(done.stdout, type=list[tuple[ResourceResult, ...]])

    def inside(self, *argv: str) -> Sequence[str]:
        return [_program("nsenter"), f"--target={self.leader}", *_NAMESPACES, "--", *argv]


@contextmanager
def boot(root: Path, scratch: Path) -> Iterator[BootedDebian]:
    """Boot a Debian over a folder, which stays as it is: all changes are in memory. `scratch` gets `boot.log`.

    Raises:
        RuntimeError: it did not come up.
    """
    log = scratch / "boot.log"
    with only_one(), _notifications() as (notify, address), log.open("wb") as output:
        # Should this process be killed, the machine is shut down; by KILL systemd-nspawn alone would go.
        guard = [_program("setpriv"), "--pdeathsig=TERM", "--"]
        process = subprocess.Popen(
            [*guard, *_nspawn(root)],
            env={**_CLEAN, "NOTIFY_SOCKET": address, "SYSTEMD_NSPAWN_TMPFS_TMP": "0"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield BootedDebian(_leader(process, notify, log))
        finally:
            _end(process)


def _nspawn(root: Path) -> Sequence[str]:
    return [
        _program("systemd-nspawn"),
        "--quiet",
        f"--directory={root}",
        f"--machine={_name()}",
        "--hostname=debian",
        "--volatile=overlay",
        "--read-only",
        "--boot",
        "--register=no",
        "--keep-unit",
        "--private-network",
        "--link-journal=no",
        "--resolv-conf=off",
        "--timezone=off",
        "--console=pipe",
        "--notify-ready=yes",
        *(f"--bind-ro={path}" for path in LENT),
        "systemd.unit=multi-user.target",
    ]


@contextmanager
def _notifications() -> Iterator[tuple[socket.socket, str]]:
    """Yield a socket that systemd-nspawn tells of its progress, and its address. Source: sd_notify(3)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        # By a name of no file: a path may be longer than an address can be.
        notify.bind(f"\0{_name()}")
        yield notify, f"@{_name()}"


def _leader(process: subprocess.Popen[bytes], notify: socket.socket, log: Path) -> int:
    """Return the first process once the boot is complete."""
    leader = ""
    ended = os.pidfd_open(process.pid)
    sources: list[Any] = [notify, ended]
    try:
        while select.select(sources, [], [], _LONGEST_BOOT_SECONDS)[0] == [notify]:
            lines = notify.recv(4096).decode().splitlines()
            leader = next((line.partition("=")[2] for line in lines if line.startswith("X_NSPAWN_LEADER_PID=")), leader)
            if "READY=1" in lines:
                # Nobody reads on. With its queue full systemd-nspawn would wait for us, and hear of no end any more.
                notify.close()
                return int(leader)
    finally:
        os.close(ended)
    raise RuntimeError(f"expected Debian to boot, found that it did not; its console said:\n{log.read_text()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Shut the machine down; asked a second time, systemd-nspawn kills what is left of it."""
    for _ in range(2):
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(LONGEST_END_SECONDS)
    process.kill()
    process.wait()
    _sweep()


def _sweep() -> None:
    """Remove the empty folders that systemd-nspawn leaves behind where no systemd runs that would."""
    with suppress(OSError):
        Path("/run/systemd/nspawn/propagate", _name()).rmdir()
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, own = line.split(":", 2)
        if controllers not in ("", "name=systemd"):
            continue
        for mounted in ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
            for made in ("payload", "supervisor"):
                for folder, _, _ in os.walk(f"{mounted}{own}/{made}", topdown=False):
                    with suppress(OSError):
                        os.rmdir(folder)  # noqa: PTH106 - a control group goes by rmdir(2) alone


def _name() -> str:
    return f"vigo-test-{os.getpid()}"


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found is not None, f"expected the program {name}"
    return found


def _outcomes(results: Results) -> dict[str, str]:
    return {name: result.outcome for name, result in results.items()}
