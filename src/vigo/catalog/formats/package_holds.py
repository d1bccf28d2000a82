"""Where package tools other than dpkg keep what they hold back: pure parsers of their files.

Each returns the names of the packages; a hold that is no plain name (a pattern, a range of versions) is none of them.
"""

import re
import tomllib

_NEVRA = re.compile(r"(?:\d+:)?(?P<name>[^\s!*?\[\]]+?)-(?:\d+:)?[^-\s]+-[^-\s]+")
_APK_PIN = re.compile(r"(?P<name>[A-Za-z0-9][^\s@<>=~!]*)(?:@[^\s<>=~]+)?=[^\s=<>~]+")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")


def parse_versionlocks(text: str) -> frozenset[str]:
    """Return what the versionlock plugin of dnf 4 or yum holds: lines of `NAME-EPOCH:VERSION-RELEASE.ARCH`.

    yum has the epoch in front. A line that begins with `!` excludes a version and holds nothing.
    """
    lines = (line.strip() for line in text.split("\n"))
    found = (_NEVRA.fullmatch(line) for line in lines if line and line[0] not in "#!")
    return frozenset(match["name"] for match in found if match)


def parse_versionlock_toml(text: str) -> frozenset[str]:
    """Return what dnf 5 holds: the packages that a condition ties to one version. Source: dnf5-versionlock(8)."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return frozenset()
    packages = document.get("packages")
    return frozenset(
        package["name"]
        for package in (packages if isinstance(packages, list) else ())
        if isinstance(package, dict) and isinstance(package.get("name"), str) and _is_tied(package.get("conditions"))
    )


def parse_zypper_locks(text: str) -> frozenset[str]:
    """Return the packages that `/etc/zypp/locks` names by themselves. Source: locks(5)."""
    found = set()
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields = dict(re.findall(r"^[ \t]*(type|repo|version|solvable_name):[ \t]*(.*?)[ \t]*$", stanza, re.MULTILINE))
        name = fields.get("solvable_name", "")
        is_narrower = fields.keys() & {"repo", "version"}
        if fields.get("type", "package") == "package" and _PLAIN.fullmatch(name) and not is_narrower:
            found.add(name)
    return frozenset(found)


def parse_apk_pins(text: str) -> frozenset[str]:
    """Return the packages that `/etc/apk/world` ties to one version: words of `NAME=VERSION`. Source: apk-world(5)."""
    found = (_APK_PIN.fullmatch(word) for word in text.split())
    return frozenset(match["name"] for match in found if match)


def _is_tied(conditions: object) -> bool:
    rows = conditions if isinstance(conditions, list) else []
    return any(
        isinstance(row, dict) and row.get("key") in ("evr", "version") and row.get("comparator") in ("=", "==")
        for row in rows
    )
