"""Names of kernels as `uname -r` tells them, and which of them is the newest of its sort. Pure."""

import re
from collections.abc import Iterable
from functools import cmp_to_key

from vigo.catalog.formats.packages import compare_rpm

_WORD = re.compile(r"(?<=[-.+])[a-z]+", re.ASCII)


def flavour_of(release: str) -> tuple[str, ...]:
    """Return what tells sorts of kernels apart: the words of a release without their numbers.

    `6.1.0-18-cloud-amd64` and `6.1.0-21-cloud-amd64` are of one flavour, `6.1.0-21-amd64` is of another.
    """
    return tuple(_WORD.findall(release))


def newest_like(running: str, installed: Iterable[str]) -> str:
    """Return the newest installed release of the running one's flavour, or an empty text where there is none."""
    alike = [release for release in installed if flavour_of(release) == flavour_of(running)]
    return max(alike, key=cmp_to_key(compare_rpm), default="")


def is_newer(left: str, right: str) -> bool:
    """Return whether the left release is newer than the right one."""
    return compare_rpm(left, right) > 0
