"""What package tools say of newer versions. Pure: answers in, updates by name out; other lines are passed over.

Source: apt-cache(8), dnf(8), zypper(8), apk-version(8), pacman(8).
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

_CHOSEN = re.compile(r"  (Installed|Candidate): (\S+)")
_VERSION = re.compile(r" (?:\*\*\*|   ) (\S+) -?\d+")
_ORIGIN = re.compile(r" {8,}-?\d+ (\S+)(?: (\S+))?")
_OBSOLETE = re.compile(r"^obsoleting packages", re.IGNORECASE | re.MULTILINE)
_PACKAGE_OF_RPM = re.compile(r"(\S+)\.[a-z]\w*")
_INSTALLED_MARK = " *** "
_NO_VERSION = "(none)"
_THREE = 3
_ZYPPER_NAME, _ZYPPER_VERSION, _ZYPPER_COLUMNS = 2, 4, 6


class AptUpdate(msgspec.Struct, frozen=True):
    """A version that apt would install in the place of another, and whether it closes a security hole."""

    version: str
    security: bool


def parse_apt_updates(text: str) -> Mapping[str, AptUpdate]:
    """Return the packages of `apt-cache policy` whose candidate is another version than the installed one."""
    found: dict[str, AptUpdate] = {}
    for name, lines in _stanzas(text):
        chosen = {match[1]: match[2] for line in lines if (match := _CHOSEN.match(line))}
        installed, candidate = chosen.get("Installed", _NO_VERSION), chosen.get("Candidate", _NO_VERSION)
        if _NO_VERSION not in (installed, candidate) and installed != candidate:
            found[name] = AptUpdate(candidate, any(_is_security(*origin) for origin in _origins(lines, candidate)))
    return found


def parse_dnf_versions(text: str) -> Mapping[str, str]:
    """Return name -> version of `dnf check-update`: three words, which dnf breaks into two lines where they are long.

    What it prints of obsolete packages is no update.
    """
    found: dict[str, str] = {}
    waiting: list[str] = []
    for line in _OBSOLETE.split(text, maxsplit=1)[0].split("\n"):
        words = line.split()
        is_rest = line[:1] == " " and len(waiting) + len(words) == _THREE
        waiting = [*waiting, *words] if is_rest else words
        if len(waiting) == _THREE:
            name = _PACKAGE_OF_RPM.fullmatch(waiting[0])
            if name is not None and any(letter.isdigit() for letter in waiting[1]):
                found[name[1]] = waiting[1]
            waiting = []
    return found


def parse_zypper_versions(text: str) -> Mapping[str, str]:
    """Return name -> available version of the table of `zypper list-updates`."""
    return {
        row[_ZYPPER_NAME]: row[_ZYPPER_VERSION]
        for row in _table(text)
        if len(row) >= _ZYPPER_COLUMNS and row[_ZYPPER_NAME] not in ("", "Name")
    }


def count_zypper_security_patches(text: str) -> int:
    """Return how many patches of the table of `zypper list-patches` are needed and close a hole."""
    return sum("security" in row and "needed" in row for row in _table(text))


def parse_apk_versions(text: str) -> Mapping[str, str]:
    """Return name -> newer version of `apk version --limit '<'`: lines of `NAME-VERSION-RELEASE < VERSION`.

    Behind it stands the tag of the repository that has it, if that is one.
    """
    rows = (line.split() for line in text.split("\n"))
    return {row[0].rsplit("-", 2)[0]: row[2] for row in rows if len(row) >= _THREE and row[1] == "<"}


def parse_pacman_versions(text: str) -> Mapping[str, str]:
    """Return name -> newer version of `pacman -Qu`: lines of `NAME VERSION -> VERSION`, perhaps with `[ignored]`."""
    rows = (line.split() for line in text.split("\n"))
    return {row[0]: row[3] for row in rows if len(row) > _THREE and row[2] == "->"}


def _stanzas(text: str) -> Iterator[tuple[str, list[str]]]:
    name, lines = "", list[str]()
    for line in text.split("\n"):
        if line[:1] not in ("", " ") and line.endswith(":"):
            yield name, lines
            name, lines = line[:-1], []
        else:
            lines.append(line)
    yield name, lines


def _origins(lines: list[str], candidate: str) -> Iterator[tuple[str, str]]:
    """Yield the archive and the suite of every place that has the candidate or a version between it and the installed.

    A hole that an earlier version closed is closed by the later one too. Newer versions stand above older ones, and
    the installed one has stars.
    """
    is_meant = is_past = False
    for line in lines:
        head = _VERSION.match(line)
        if head is not None:
            is_past = is_past or line.startswith(_INSTALLED_MARK)
            is_meant = head[1] == candidate or (is_meant and not is_past)
        elif is_meant and (place := _ORIGIN.match(line)):
            yield place[1], place[2] or ""


def _is_security(archive: str, suite: str) -> bool:
    """Return whether a place is for security; up to Debian 10 the suite `buster/updates` alone does not say it."""
    return (
        "security" in suite.partition("/")[0] or "//security." in archive or archive.rstrip("/").endswith("-security")
    )


def _table(text: str) -> Iterator[list[str]]:
    return ([cell.strip() for cell in line.split("|")] for line in text.split("\n") if "|" in line)
