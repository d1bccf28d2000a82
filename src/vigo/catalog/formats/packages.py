"""What the package databases say: pure parsers of query answers and database files.

Each returns the installed packages by name, and by `name:architecture` too where one name can be there twice.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import zip_longest
from types import MappingProxyType

import msgspec

DPKG_QUERY_FORMAT = r"${db:Status-Abbrev}\t${Package}\t${Architecture}\t${Version}\n"
_DPKG_LETTERS = {"installed": "i", "config-files": "c", "triggers-awaited": "W", "triggers-pending": "t"}
"""The states that leave something to see; a package that is half unpacked or half configured is not installed."""

RPM_QUERY_FORMAT = r"%{NAME}\t%{ARCH}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\n"


class InstalledPackage(msgspec.Struct, frozen=True):
    """A package that is on the host. `configuration_only` says that dpkg removed it and kept its settings."""

    version: str
    held: bool = False
    configuration_only: bool = False


Packages = Mapping[str, InstalledPackage]


@lru_cache(maxsize=2)
def parse_dpkg_query(text: str) -> Packages:
    """Return what `dpkg-query -W -f DPKG_QUERY_FORMAT` lists. Source: dpkg-query(1)."""
    found: dict[str, InstalledPackage] = {}
    for line in text.split("\n"):
        fields = line.split("\t")
        if len(fields) == 4:  # noqa: PLR2004 - the four fields of the format
            abbreviation, name, architecture, version = fields
            _add_dpkg(found, name, architecture, version, held=abbreviation[:1] == "h", status=abbreviation[1:2])
    return MappingProxyType(found)


@lru_cache(maxsize=2)
def parse_dpkg_status(text: str) -> Packages:
    """Return the packages of `/var/lib/dpkg/status`. Source: deb-control(5) and dpkg(1), package states."""
    found: dict[str, InstalledPackage] = {}
    for stanza in re.split(r"\n\n+", text):
        fields = dict(re.findall(r"^(Package|Status|Architecture|Version):[ \t]*(.*)$", stanza, re.MULTILINE))
        status = fields.get("Status", "").split()
        if len(status) == 3:  # noqa: PLR2004 - want, error flag, status
            letter = _DPKG_LETTERS.get(status[2], "")
            name, architecture, version = (fields.get(key, "") for key in ("Package", "Architecture", "Version"))
            _add_dpkg(found, name, architecture, version, held=status[0] == "hold", status=letter)
    return MappingProxyType(found)


@lru_cache(maxsize=2)
def parse_rpm_query(text: str) -> Packages:
    """Return what `rpm -qa --queryformat RPM_QUERY_FORMAT` lists; of two versions of one name the newest."""
    found: dict[str, InstalledPackage] = {}
    for line in text.split("\n"):
        fields = line.split("\t")
        if len(fields) == 3:  # noqa: PLR2004 - the three fields of the format
            name, architecture, version = fields
            for key in (name, f"{name}.{architecture}"):
                if key not in found or compare_rpm(version, found[key].version) > 0:
                    found[key] = InstalledPackage(version)
    return MappingProxyType(found)


@lru_cache(maxsize=2)
def parse_apk_database(text: str) -> Packages:
    """Return the packages of `/lib/apk/db/installed`: paragraphs with `P:` name and `V:` version. Source: apk-db(5)."""
    found: dict[str, InstalledPackage] = {}
    for stanza in re.split(r"\n\n+", text):
        fields = dict(re.findall(r"^([PV]):(.*)$", stanza, re.MULTILINE))
        if fields.get("P") and fields.get("V"):
            found[fields["P"]] = InstalledPackage(fields["V"])
    return MappingProxyType(found)


def parse_pacman_folders(names: tuple[str, ...]) -> Packages:
    """Return the packages of the folders in `/var/lib/pacman/local`, each named `NAME-VERSION-RELEASE`."""
    found: dict[str, InstalledPackage] = {}
    for folder in names:
        parts = folder.rsplit("-", 2)
        if len(parts) == 3 and parts[0]:  # noqa: PLR2004 - name, version, release
            found[parts[0]] = InstalledPackage(f"{parts[1]}-{parts[2]}")
    return MappingProxyType(found)


def parse_apt_policy(text: str) -> Mapping[str, str]:
    """Return package -> the version that apt would install, as `apt-cache policy` prints it."""
    found: dict[str, str] = {}
    name = ""
    for line in text.split("\n"):
        if line[:1] not in ("", " ") and line.endswith(":"):
            name = line[:-1]
        candidate = re.fullmatch(r"  Candidate: (\S+)", line)
        if name and candidate and candidate[1] != "(none)":
            found[name] = candidate[1]
    return found


def parse_apt_policy_versions(text: str) -> Mapping[str, tuple[str, ...]]:
    """Return package -> every version that the index has, of the table that `apt-cache policy` prints."""
    found: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in text.split("\n"):
        if line[:1] not in ("", " ") and line.endswith(":"):
            name = line[:-1]
        # Behind the version stands its priority; lines of its sources begin with that of theirs.
        version = re.fullmatch(r" (?:\*\*\*|   ) (\S+) -?\d+(?: .*)?", line)
        if name and version:
            found[name] = (*found.get(name, ()), version[1])
    return found


def parse_dnf_updates(text: str) -> frozenset[str]:
    """Return the names in the answer of `dnf check-update`: lines of `NAME.ARCH VERSION REPOSITORY`.

    dnf 4 and yum go on in the next line where a column is too wide.
    """
    found, begun = set(), ""
    for line in text.partition("\nObsoleting ")[0].split("\n"):
        words = line.split()
        if begun and line[:1].isspace():
            words = [*begun.split(), *words]
        begun = " ".join(words) if len(words) < 3 else ""  # noqa: PLR2004 - three columns
        if len(words) == 3 and "." in words[0]:  # noqa: PLR2004
            found.add(words[0].rpartition(".")[0])
    return frozenset(found)


def parse_zypper_updates(text: str) -> frozenset[str]:
    """Return the names in the table of `zypper list-updates`: the third of its columns, parted by bars."""
    rows = ([cell.strip() for cell in line.split("|")] for line in text.split("\n"))
    return frozenset(row[2] for row in rows if len(row) >= 6 and row[2] not in ("", "Name"))  # noqa: PLR2004 - columns


def parse_apk_updates(text: str) -> frozenset[str]:
    """Return the names in the answer of `apk version --limit '<'`: lines of `NAME-VERSION-RELEASE < VERSION`."""
    lines = (line.split() for line in text.split("\n"))
    return frozenset(words[0].rsplit("-", 2)[0] for words in lines if len(words) == 3 and words[1] == "<")  # noqa: PLR2004 - three words


def parse_pacman_updates(text: str) -> frozenset[str]:
    """Return the names in the answer of `pacman -Qu`: lines of `NAME VERSION -> VERSION`."""
    return frozenset(line.split()[0] for line in text.split("\n") if " -> " in line and line.strip()[:2] != "->")


def is_version(wanted: str, found: str) -> bool:
    """Return whether a version is the wanted one; an epoch or an rpm release that is not written is not compared."""
    bare = found.rpartition(":")[2] if ":" not in wanted else found
    return any(fnmatchcase(version, wanted) for version in (found, bare, bare.partition("-")[0]))


def compare_rpm(left: str, right: str) -> int:
    """Return -1, 0 or 1 as the left `EPOCH:VERSION-RELEASE` is older, equal or newer. Source: rpm-version(7)."""
    for first, second in zip(_evr(left), _evr(right), strict=True):
        if first is not None and second is not None:
            order = _compare_segments(first, second)
            if order:
                return order
    return 0


def _add_dpkg(
    found: dict[str, InstalledPackage], name: str, architecture: str, version: str, *, held: bool, status: str
) -> None:
    if status not in _DPKG_LETTERS.values() or not (name and version):
        return
    package = InstalledPackage(version, held=held, configuration_only=status == "c")
    found[f"{name}:{architecture}"] = package
    if name not in found or found[name].configuration_only:
        found[name] = package


def _evr(text: str) -> tuple[str, str, str | None]:
    epoch, colon, rest = text.rpartition(":")
    version, dash, release = rest.partition("-")
    return (epoch if colon else "0", version, release if dash else None)


def _compare_segments(left: str, right: str) -> int:
    # `~` sorts before everything, the end of the text too; `^` after the end and before all else.
    pattern = re.compile(r"[0-9]+|[a-zA-Z]+|~|\^")
    for first, second in zip_longest(pattern.findall(left), pattern.findall(right), fillvalue=""):
        if first != second:
            order = _rank(first, second)
            if order:
                return order
    return 0


def _rank(first: str, second: str) -> int:
    keys = []
    for part in (first, second):
        kind = {"~": 0, "": 1, "^": 2}.get(part, 4 if part.isdigit() else 3)
        keys.append((kind, len(part.lstrip("0")) if kind == 4 else 0, part.lstrip("0") if kind == 4 else part))  # noqa: PLR2004 - a number
    return (keys[0] > keys[1]) - (keys[0] < keys[1])
