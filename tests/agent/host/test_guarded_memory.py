"""In processes of their own: what they do to their memory must not stay with the tests."""

import subprocess
import sys

from tests.agent.host.conftest import needs_root

_SCRIPT = """
import ctypes, re
from vigo.agent.host.guarded_memory import GuardedMemory

def state():
    locked = re.search(r"VmLck:\\s+(\\d+)", open("/proc/self/status").read())[1]
    return int(locked) > 0, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)

memory = GuardedMemory()
print(state())
memory.release()
memory.guard(); memory.guard()
print(state())
more = bytearray(8 << 20)
memory.release(); memory.release()
print(state())
"""


def states(**options: object) -> list[str]:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True, **options)  # type: ignore[call-overload]
    return str(done.stdout).splitlines()


@needs_root
def test_18_memory_with_secrets_is_locked_and_in_no_core_dump_and_only_then() -> None:
    assert states() == ["(False, 1)", "(True, 0)", "(False, 1)"]


@needs_root
def test_18_whoever_may_not_lock_memory_goes_on_and_leaves_no_core_dump() -> None:
    assert states(user=65534) == ["(False, 1)", "(False, 0)", "(False, 1)"]
