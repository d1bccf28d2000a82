"""Settings files of package repositories, written: apt's two formats and that of dnf, yum and zypper.

Source: sources.list(5), deb822(5), dnf.conf(5), zypper(8).
"""

from collections.abc import Sequence

import msgspec

HEADER = "# Vigo wrote this file; changes by hand are undone.\n"


class RepositoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A repository, as far as its settings file tells of it."""

    name: str
    uri: str
    suites: Sequence[str] = ()
    components: Sequence[str] = ()
    architectures: Sequence[str] = ()
    key_path: str | None = None
    enabled: bool = True
    trusted: bool = False


def deb822_source(entry: RepositoryEntry) -> str:
    """Return the text of a `.sources` file."""
    fields = {
        "Enabled": "" if entry.enabled else "no",
        "Types": "deb",
        "URIs": entry.uri,
        "Suites": " ".join(entry.suites),
        "Components": " ".join(entry.components),
        "Architectures": " ".join(entry.architectures),
        "Signed-By": entry.key_path or "",
        "Trusted": "yes" if entry.trusted else "",
    }
    return HEADER + "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def list_source(entry: RepositoryEntry) -> str:
    """Return the text of a `.list` file: a line for each suite, as a comment where it is not enabled."""
    options = {
        "arch": ",".join(entry.architectures),
        "signed-by": entry.key_path or "",
        "trusted": "yes" if entry.trusted else "",
    }
    shown = " ".join(f"{name}={value}" for name, value in options.items() if value)
    begin = ("" if entry.enabled else "# ") + "deb" + (f" [{shown}]" if shown else "")
    lines = (" ".join((begin, entry.uri, suite, *entry.components)) for suite in entry.suites)
    return HEADER + "".join(f"{line}\n" for line in lines)


def rpm_repository(entry: RepositoryEntry, *, refreshes: bool) -> str:
    """Return the text of a `.repo` file; zypper is told to fetch what changed (`refreshes`), dnf does so anyway."""
    settings = {
        "name": entry.name,
        "baseurl": entry.uri,
        "enabled": "1" if entry.enabled else "0",
        "autorefresh": "1" if refreshes else "",
        "gpgcheck": "0" if entry.trusted else "1",
        "gpgkey": f"file://{entry.key_path}" if entry.key_path else "",
    }
    return HEADER + f"[{entry.name}]\n" + "".join(f"{name}={value}\n" for name, value in settings.items() if value)


def apk_lines(text: str) -> tuple[str, ...]:
    """Return the lines of `/etc/apk/repositories` that name one. Source: apk-repositories(5)."""
    lines = (line.strip() for line in text.split("\n"))
    return tuple(line for line in lines if line and not line.startswith("#"))


def with_apk_line(text: str, line: str) -> str:
    """Return the text with a repository at its end, unless it is there."""
    if line in apk_lines(text):
        return text
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{line}\n"


def without_apk_line(text: str, line: str) -> str:
    """Return the text without a repository."""
    return "".join(one for one in text.splitlines(keepends=True) if one.strip() != line)
