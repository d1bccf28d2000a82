"""The kernel's load averages. Pure: text in, values out."""

import re
from typing import NamedTuple

_AVERAGES = re.compile(r"\s*(\d{1,9}\.\d+)\s+(\d{1,9}\.\d+)\s+(\d{1,9}\.\d+)(?:\s|$)", re.ASCII)
_PROCESSOR = re.compile(r"^cpu\d+ ", re.MULTILINE)


class LoadAverage(NamedTuple):
    """Processes that ran or waited, averaged over one, five and fifteen minutes."""

    one_minute: float
    five_minutes: float
    fifteen_minutes: float


def parse_load_average(text: str) -> LoadAverage | None:
    """Return the averages of /proc/loadavg, or None where it has another form. Source: proc_loadavg(5)."""
    found = _AVERAGES.match(text)
    return None if found is None else LoadAverage(*map(float, found.groups()))


def count_processors(text: str) -> int:
    """Return how many processors /proc/stat tells of, at least one. Source: proc_stat(5)."""
    return max(len(_PROCESSOR.findall(text)), 1)
