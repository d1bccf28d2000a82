"""Names and versions of Python packages, and what the folders of an installation say of them."""

import json
import re
from collections.abc import Iterable, Mapping

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
_EXTRAS = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<extras>[^\[\]]*)\])?")
_VERSION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.!+_-]{0,126}[A-Za-z0-9])?")
_INFO = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-py[0-9.]+)?(?:-[a-z0-9_]+)?\.(?:dist|egg)-info")
_PRE = (
    (re.compile(r"[._-]?(?:alpha|a)[._-]?(?=[0-9]|$)"), "a"),
    (re.compile(r"[._-]?(?:beta|b)[._-]?(?=[0-9]|$)"), "b"),
    (re.compile(r"[._-]?(?:preview|pre|rc|c)[._-]?(?=[0-9]|$)"), "rc"),
    (re.compile(r"[._-](?:post|rev|r)[._-]?(?=[0-9]|$)"), ".post"),
    (re.compile(r"[._-]?dev[._-]?(?=[0-9]|$)"), ".dev"),
)


def normalised_name(name: str) -> str:
    """Return a name as an index has it: in small letters, runs of `-`, `_` and `.` one dash. Source: PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def base_name(package: str) -> str | None:
    """Return the normalised name of `NAME` or `NAME[EXTRA,...]`, or None where it is no such text. Source: PEP 508."""
    match = _EXTRAS.fullmatch(package)
    if match is None or not _NAME.fullmatch(match["name"]):
        return None
    extras = match["extras"]
    if extras is not None and not all(_NAME.fullmatch(extra.strip(" ")) for extra in extras.split(",")):
        return None
    return normalised_name(match["name"])


def is_version(text: str) -> bool:
    """Return whether a text is one version, no range and no pattern."""
    return _VERSION.fullmatch(text) is not None


def same_version(left: str, right: str) -> bool:
    """Return whether two texts are one version: `1.0` is `1` and `v1.0.0`, `1.0alpha1` is `1.0a1`. Source: PEP 440."""
    return _canonical(left) == _canonical(right)


def installed_packages(folders: Iterable[str]) -> Mapping[str, str]:
    """Return normalised name -> version by the names of `.dist-info` and `.egg-info` entries. Source: PEP 427."""
    matches = (_INFO.fullmatch(folder) for folder in folders)
    return {normalised_name(match["name"]): match["version"].replace("_", "-") for match in matches if match}


def newest_of_report(report: str) -> str | None:
    """Return the version that pip's installation report says it would install; None where it names none."""
    try:
        rows = json.loads(report)["install"]
        version = rows[0]["metadata"]["version"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return version if isinstance(version, str) and is_version(version) else None


def _canonical(text: str) -> str:
    version, plus, local = text.strip().lower().removeprefix("v").partition("+")
    epoch, mark, rest = version.rpartition("!")
    for pattern, word in _PRE:
        rest = pattern.sub(word, rest, count=1)
    match = re.match(r"[0-9]+(?:\.[0-9]+)*", rest)
    release = match[0] if match else ""
    numbers = [number.lstrip("0") or "0" for number in release.split(".")]
    while len(numbers) > 1 and numbers[-1] == "0":
        numbers.pop()
    epoch = epoch.lstrip("0") if mark else ""
    return f"{epoch}!{'.'.join(numbers)}{rest[len(release) :]}{plus}{re.sub(r'[._-]', '.', local)}"
