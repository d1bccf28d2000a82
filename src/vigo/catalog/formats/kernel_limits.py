"""What the kernel allows on the whole machine, and what of it is used. Pure: text in, values out."""

import re
from typing import NamedTuple

from vigo.catalog.formats.numbers import whole_number

_COUNTER = r"^{} (\d{{1,18}})$"
_TASKS = re.compile(r"\s*(?:\d+\.\d+\s+){3}\d{1,18}/(\d{1,18})(?:\s|$)", re.ASCII)
_DESCRIPTORS = 3


class DescriptorUse(NamedTuple):
    """Open files of all processes. `most` is None where the kernel sets no limit that could be reached."""

    used: int
    most: int | None


def parse_descriptor_use(text: str) -> DescriptorUse | None:
    """Return the numbers of /proc/sys/fs/file-nr, or None for another text. Source: proc_sys_fs(5).

    Since Linux 5.x systemd lifts the limit to the largest number that there is, which has 19 digits.
    """
    words = text.split()
    used = whole_number(words[0]) if len(words) == _DESCRIPTORS else None
    unused = whole_number(words[1]) if used is not None else None
    if used is None or unused is None:
        return None
    return DescriptorUse(max(used - unused, 0), whole_number(words[2]))


def parse_tasks(text: str) -> int | None:
    """Return how many threads there are on the machine, from /proc/loadavg. Source: proc_loadavg(5)."""
    found = _TASKS.match(text)
    return None if found is None else whole_number(found[1])


def parse_counter(text: str, name: str) -> int | None:
    """Return a line of /proc/vmstat, or None where this kernel has none of the name. Source: proc_vmstat(5)."""
    found = re.search(_COUNTER.format(re.escape(name)), text, re.MULTILINE | re.ASCII)
    return None if found is None else whole_number(found[1])
