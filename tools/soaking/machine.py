"""The machine of the soak: a small file system that can be filled, or made read-only, under a running agent."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.e2e.circumstances import SmallDisk, small_disk
from tests.e2e.world import Envoy, Server

_MEGABYTES: Final = 48
_LEFTOVERS: Final = ".vigo-new-"


class Machine:
    """An envoy on a small disk; its root and its state are mounts that can be made read-only one by one."""

    def __init__(self, disk: SmallDisk, envoy: Envoy) -> None:
        self.disk = disk
        self.envoy = envoy
        self.root = disk.seen_from_here / envoy.name / "machine"

    def set_read_only(self, folder: Path, *, read_only: bool) -> bool:
        """Return whether it worked; a mount that is being written to at this moment stays as it is."""
        mode = "ro" if read_only else "rw"
        argv = [*self.disk.prefix, "mount", "-o", f"remount,bind,{mode}", str(folder)]
        return subprocess.run(argv, capture_output=True, check=False).returncode == 0

    def read(self, path: str) -> bytes | None:
        """Return what is in a file, or None where there is none."""
        try:
            return (self.root / path.removeprefix("/")).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, path: str, content: bytes | None) -> None:
        """Change a file behind the agent's back; None removes it."""
        place = self.root / path.removeprefix("/")
        if content is None:
            place.unlink(missing_ok=True)
        elif place.parent.is_dir():
            place.unlink(missing_ok=True)
            place.write_bytes(content)

    def leftovers(self) -> list[str]:
        """Return the files that wait for a place which they never took."""
        return sorted(str(path) for path in self.root.rglob(f"*{_LEFTOVERS}*"))


@contextmanager
def machine_of(server: Server, folder: Path) -> Iterator[Machine]:
    """Give an enrolled machine that ends with the block."""
    place = folder / "disk"
    with small_disk(place, _MEGABYTES) as disk:
        envoy = Envoy("soak-1", disk.seen_from_here, server)
        envoy.prefix = disk.prefix
        # The folder is known to the agent under the name that it has in the namespace.
        envoy.folder = place / envoy.name
        envoy.place, envoy.state = envoy.folder / "machine", envoy.folder / "state"
        machine = Machine(disk, envoy)
        (machine.root.parent / "state").mkdir(exist_ok=True)
        for mount in (envoy.place, envoy.state):
            subprocess.run([*disk.prefix, "mount", "--bind", str(mount), str(mount)], check=True)
        for name, text in {"passwd": "root:x:0:0::/root:/bin/sh\n", "group": "root:x:0:\n"}.items():
            (machine.root / "etc" / name).write_text(text)
        envoy.folder = folder / "logs"
        envoy.enrol()
        yield machine
