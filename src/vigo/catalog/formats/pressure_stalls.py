"""The kernel's tables of pressure stalls. Pure: text in, values out; a line of another form is passed over."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_ROW = re.compile(
    r"^(some|full) avg10=(\d{1,3}\.\d{1,6}) avg60=(\d{1,3}\.\d{1,6}) avg300=(\d{1,3}\.\d{1,6})(?: |$)",
    re.MULTILINE | re.ASCII,
)


class StallAverages(NamedTuple):
    """The share of time in which tasks waited, in percent, over ten seconds, one minute and five minutes."""

    ten_seconds: float
    one_minute: float
    five_minutes: float


def parse_pressure(text: str) -> Mapping[str, StallAverages]:
    """Return the rows `some` and `full` of a file in /proc/pressure. Source: the kernel's accounting/psi."""
    return {name: StallAverages(*map(float, averages)) for name, *averages in _ROW.findall(text)}
