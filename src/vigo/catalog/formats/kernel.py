"""What the kernel tells in files beneath /proc. Pure: text in, values out; a line of another form is passed over."""

import re
from collections.abc import Mapping

import msgspec

from vigo.catalog.formats.numbers import whole_number

_PROCESSOR = re.compile(r"processor(?:\s+\d+)?\s*:")
_MODEL_KEYS = ("model name", "cpu model", "cpu", "Model", "Hardware")
_TICKS_PER_SECOND = 100
"""The unit of /proc/PID/stat on every processor that Vigo runs on. Source: proc_pid_stat(5), time(7)."""
_USER_TICKS, _SYSTEM_TICKS = 11, 12


class CpuInfo(msgspec.Struct, frozen=True):
    """The processors that the kernel uses. `is_guest` says that the processor itself tells of a hypervisor."""

    cpus: int
    model: str = ""
    is_guest: bool = False


def parse_cpuinfo(text: str) -> CpuInfo:
    """Return the count, the model of the first and whether they are a guest's. Source: proc_cpuinfo(5)."""
    cpus = 0
    values: dict[str, str] = {}
    for line in text.split("\n"):
        cpus += _PROCESSOR.match(line) is not None
        key, colon, value = line.partition(":")
        if colon:
            values.setdefault(key.strip(), value.strip())
    model = next((values[key] for key in _MODEL_KEYS if values.get(key)), "")
    return CpuInfo(cpus, model, "hypervisor" in values.get("flags", "").split())


def parse_sizes(text: str) -> Mapping[str, int]:
    """Return the `NAME: NUMBER kB` lines in bytes. Source: proc_meminfo(5), proc_pid_status(5)."""
    found: dict[str, int] = {}
    for line in text.split("\n"):
        name, _, value = line.partition(":")
        number = whole_number(value.strip().removesuffix("kB"))
        if number is not None and value.strip().endswith("kB"):
            found[name.strip()] = number * 1024
    return found


def parse_boot_time(text: str) -> int | None:
    """Return the moment of the boot in seconds since 1970 from /proc/stat, or None. Source: proc_stat(5), btime."""
    found = re.search(r"^btime (\d+)$", text, re.MULTILINE)
    return None if found is None else whole_number(found[1])


def parse_uptime(text: str) -> int | None:
    """Return the whole seconds since the boot from /proc/uptime, or None. Source: proc_uptime(5)."""
    return whole_number(text.partition(" ")[0].partition(".")[0])


def parse_cpu_seconds(text: str) -> int | None:
    """Return the whole seconds that a process has computed, from its /proc/PID/stat, or None."""
    words = text.rpartition(")")[2].split()
    if len(words) <= _SYSTEM_TICKS:
        return None
    user, system = whole_number(words[_USER_TICKS]), whole_number(words[_SYSTEM_TICKS])
    return None if user is None or system is None else (user + system) // _TICKS_PER_SECOND
