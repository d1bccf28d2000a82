"""What stands for this start of this machine, so that a server notices when two machines have one identity."""

from pathlib import Path

from vigo.core.encoding import digest
from vigo.core.ids import EnvoyId
from vigo.core.signing import framed

_CONTEXT = b"vigo mark v1"
# Source: random(4) and machine-id(5). The first is drawn anew at each start of the kernel.
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MACHINE_ID = Path("/etc/machine-id")


def machine_mark(envoy: EnvoyId) -> str:
    """Return a digest of what no other machine has until this one starts again; empty where that cannot be read."""
    boot_id = _read(_BOOT_ID)
    return digest(framed(_CONTEXT, envoy.encode(), boot_id, _read(_MACHINE_ID))) if boot_id else ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError:
        return b""
