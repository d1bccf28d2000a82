"""Two machines that a cable joins: network namespaces of their own, which nothing outside sees."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import pytest

from tests.e2e.processes import LONGEST_SECONDS

NEAR, FAR = "10.77.0.1", "10.77.0.2"
_NEAR_END: Final = "vigo-near"
_FAR_END: Final = "vigo-far"


class Cable:
    """A pair of virtual interfaces. `near` and `far` stand before programs that run at one of its ends."""

    def __init__(self, near: int, far: int) -> None:
        self.near = ("nsenter", "--net", f"--target={near}")
        self.far = ("nsenter", "--net", f"--target={far}")
        _call(*self.near, "ip", "link", "add", _NEAR_END, "type", "veth", "peer", "name", _FAR_END, "netns", str(far))
        for prefix, end, address in ((self.near, _NEAR_END, NEAR), (self.far, _FAR_END, FAR)):
            _call(*prefix, "ip", "address", "add", f"{address}/24", "dev", end)
            _call(*prefix, "ip", "link", "set", "lo", "up")
            _call(*prefix, "ip", "link", "set", end, "up")

    def cut(self) -> None:
        """Have nothing pass. Neither end of a connection is told."""
        _call(*self.near, "ip", "link", "set", _NEAR_END, "down")

    def heal(self) -> None:
        """Have all pass again."""
        _call(*self.near, "ip", "link", "set", _NEAR_END, "up")


@contextmanager
def cable() -> Iterator[Cable]:
    """Give one that ends with the block, and everything at its ends with it."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces are root's to make")
    with ExitStack() as stack:
        yield Cable(*(stack.enter_context(_namespace()) for _ in range(2)))


@contextmanager
def _namespace() -> Iterator[int]:
    """Give the number of a process that has a network of its own."""
    argv = ["unshare", "--net", "sh", "-c", "echo made && exec cat"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        try:
            if holder.stdout.readline() != "made\n":
                pytest.skip("this machine lets us make no network namespace")
            yield holder.pid
        finally:
            holder.stdin.close()
            holder.wait(LONGEST_SECONDS)


def _call(*argv: str) -> None:
    subprocess.run(argv, check=True, timeout=LONGEST_SECONDS)
