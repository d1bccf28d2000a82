"""mount(8) and umount(8) of a fake host: they go by its /etc/fstab and show in its /proc/self/mountinfo."""

from collections.abc import Mapping
from typing import ClassVar

from vigo.catalog.api import CommandResult
from vigo.catalog.formats.fstab import PATH, FstabEntry, fstab_entries
from vigo.catalog.formats.mount_options import options_of
from vigo.catalog.formats.octal_escapes import escaped
from vigo.catalog.ops import Run
from vigo.testing.fake_host import FakeHost, FakeTool

TABLE = "/proc/self/mountinfo"
_OF_FILESYSTEM = ("size=", "sync", "nr_inodes=")


class FakeMounts(FakeTool):
    """What a device has for the kernel is given: `numbers` maps it to MAJOR:MINOR, `roots` to what of it is shown."""

    name: ClassVar[str] = "mounts"
    programs = frozenset({"mount", "umount"})

    def __init__(self, numbers: Mapping[str, str] | None = None, roots: Mapping[str, str] | None = None) -> None:
        self._numbers = dict(numbers or {})
        self._roots = dict(roots or {})

    def run(self, op: Run, host: FakeHost) -> CommandResult:
        """Mount, mount anew or unmount one path."""
        path, lines = op.argv[-1], (host.read_text(TABLE) or "").splitlines()
        entry = next(iter(fstab_entries(host.read_text(PATH) or "", lambda one: one.path == path)), None)
        if op.argv[0] == "umount":
            del lines[max(index for index, line in enumerate(lines) if line.split(" ")[4] == escaped(path))]
        elif "-o" in op.argv:
            index = max(index for index, line in enumerate(lines) if line.split(" ")[4] == escaped(path))
            lines[index] = _with_options(lines[index], op.argv[op.argv.index("-o") + 1])
        elif entry is None:
            return CommandResult(1, stderr=f"mount: {path}: can't find in /etc/fstab.")
        else:
            lines.append(self._line(entry))
        host.tree.replace(TABLE, "".join(f"{line}\n" for line in lines))
        return CommandResult(0)

    def _line(self, entry: FstabEntry) -> str:
        fstype = "ext4" if entry.fstype in ("auto", "none") else entry.fstype
        device = escaped(entry.device)
        number, root = self._numbers.get(entry.device, "0:99"), self._roots.get(entry.device, "/")
        plain = f"90 1 {number} {escaped(root)} {escaped(entry.path)} rw,relatime - {fstype} {device} rw"
        return _with_options(plain, entry.options)


def _with_options(line: str, options: str) -> str:
    """Return the line of the table once these options were set, as the kernel would tell them."""
    before, _, behind = line.partition(" - ")
    first, last = before.split(" "), behind.split(" ")
    for option in options_of(options):
        if option in ("nosuid", "nodev", "noexec", "noatime", "ro"):
            first[5] = ",".join([*(one for one in first[5].split(",") if one not in ("rw", "relatime")), option])
        elif option in ("suid", "dev", "exec", "rw"):
            first[5] = ",".join(one for one in first[5].split(",") if one not in (f"no{option}", "ro")) or "rw"
        elif option.startswith(_OF_FILESYSTEM):
            name = option.partition("=")[0]
            last[2] = ",".join([*(one for one in last[2].split(",") if not one.startswith(name)), option])
    return f"{' '.join(first)} - {' '.join(last)}"
