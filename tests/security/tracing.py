"""What a program asked of the kernel that changes something, as strace(1) saw it."""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

# Everything that changes a file, a process, the machine or another one. What opens a file is judged by its flags.
_CALLS = (
    *(
        "open",
        "openat",
        "openat2",
        "creat",
        "truncate",
        "ftruncate",
        "fallocate",
        "mkdir",
        "mkdirat",
        "mknod",
        "mknodat",
    ),
    *("unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
    *(
        "chmod",
        "fchmod",
        "fchmodat",
        "chown",
        "fchown",
        "lchown",
        "fchownat",
        "utime",
        "utimes",
        "utimensat",
        "futimesat",
    ),
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
    *("mount", "umount2", "pivot_root", "chroot", "swapon", "swapoff", "sethostname", "setdomainname", "settimeofday"),
    *("clock_settime", "adjtimex", "init_module", "finit_module", "delete_module", "reboot", "kexec_load", "ptrace"),
    *("kill", "tkill", "tgkill", "pidfd_send_signal", "connect", "sendto", "sendmsg", "bind", "listen"),
)
_OPENS = re.compile(r"\b(?:open|openat|openat2|creat)\(")
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE|\bcreat\(")
_FAILED = re.compile(r" = -1 (?:ENOSYS|EINVAL)\b")
_BEGIN, _END = "the-trace-begins-here", "the-trace-ends-here"


def changing_calls(
    argv: Sequence[str], scratch: Path, *, harmless: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> tuple[list[str], str]:
    """Return the calls between the two marks that change something, and what the program printed.

    `harmless` are regular expressions of calls that change nothing, each with its reason where it is given.
    """
    tracer = shutil.which("strace")
    if tracer is None:
        pytest.skip("expected strace; install it with `make system-packages`")
    log = scratch / "trace"
    calls = ",".join(
        f"?{name}" for name in (*_CALLS, "stat", "newfstatat", "statx", "access", "faccessat", "faccessat2")
    )
    done = subprocess.run(
        [
            tracer,
            "--follow-forks",
            "--decode-fds=all",
            f"--output={log}",
            f"--trace={calls}",
            "--string-limit=200",
            "--",
            *argv,
        ],
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )
    assert done.returncode == 0, done.stderr
    lines = log.read_text().splitlines()
    begin = next(number for number, line in enumerate(lines) if _BEGIN in line)
    end = next(number for number, line in enumerate(lines) if _END in line)
    allowed = [re.compile(one) for one in harmless]
    found = [line for line in lines[begin + 1 : end] if _changes(line) and not any(one.search(line) for one in allowed)]
    return found, done.stdout


def _changes(line: str) -> bool:
    call = line.partition(" ")[2].lstrip()
    name = call.partition("(")[0]
    if name not in _CALLS or _FAILED.search(line):
        return False
    return not _OPENS.search(call) or bool(_WRITES.search(call))
