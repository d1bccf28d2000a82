"""The files that name package repositories. Pure: text in, sources out; a line of another form is passed over.

Addresses come out without credentials: see `vigo.catalog.formats.addresses`.
"""

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from vigo.catalog.formats.addresses import without_credentials

_ONE_LINE = re.compile(r"\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S.*)")
_FOLDED = re.compile(r"\n[ \t]+")
_OFF, _ON = frozenset({"no", "false", "without", "off", "disable", "0"}), frozenset({"1", "yes", "true", "on"})
_EMBEDDED = "-----BEGIN"
_MOST_INCLUDES, _MOST_SECTIONS = 20, 1000
_PACMAN_SETTINGS = "options"
_INI_SETTINGS = "main"


class PackageSource(msgspec.Struct, frozen=True, kw_only=True):
    """One repository as its file has it. `verified` is None where the tool's own default decides."""

    id: str = ""
    types: tuple[str, ...]
    uris: tuple[str, ...]
    suites: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    enabled: bool = True
    signed_by: tuple[str, ...] = ()
    verified: bool | None = True


def parse_sources_list(text: str) -> tuple[PackageSource, ...]:
    """Return the sources of a file in the one-line form, those in comments left out. Source: sources.list(5)."""
    rows = (_ONE_LINE.fullmatch(line.partition("#")[0].rstrip()) for line in text.split("\n"))
    found = (_one_line(row[1], row[2] or "", row[3]) for row in rows if row is not None)
    return tuple(source for source in found if source is not None)


def parse_deb822_sources(text: str) -> tuple[PackageSource, ...]:
    """Return the sources of a file of stanzas. Source: sources.list(5), the deb822 form."""
    lines = (line for line in text.replace("\r\n", "\n").split("\n") if not line.startswith("#"))
    found = (_stanza(stanza) for stanza in re.split(r"\n\s*\n", "\n".join(lines)))
    return tuple(source for source in found if source is not None)


def parse_repo_file(text: str, settings: Mapping[str, str] = {}) -> tuple[PackageSource, ...]:
    """Return the repositories of a `.repo` file; `settings` are the tool's own. Source: dnf.conf(5), zypper(8)."""
    return tuple(
        PackageSource(
            id=name,
            types=("rpm",),
            uris=tuple(
                address
                for key in ("baseurl", "metalink", "mirrorlist")
                for address in _addresses(fields.get(key, "").replace(",", " ").split())
            ),
            enabled=fields.get("enabled", "1").lower() not in _OFF,
            signed_by=_addresses(fields.get("gpgkey", "").replace(",", " ").split()),
            verified=_truth(fields.get("gpgcheck", settings.get("gpgcheck", ""))),
        )
        for name, fields in parse_sections(text)
        if name != _INI_SETTINGS
    )


def parse_sections(text: str) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """Return the sections of an INI file in order, keys in lower case; an indented line goes on with the value."""
    sections: list[tuple[str, dict[str, str]]] = []
    key = ""
    for raw in text.split("\n"):
        line = raw.strip()
        if line.startswith("[") and line.endswith("]") and len(sections) < _MOST_SECTIONS:
            sections.append((line[1:-1].strip(), {}))
            key = ""
        elif not sections or line[:1] in ("", "#", ";"):
            continue
        elif raw[:1].isspace() and key:
            sections[-1][1][key] += f" {line}"
        else:
            key, _, value = (part.strip() for part in line.partition("="))
            key = key.lower()
            sections[-1][1][key] = value
    return tuple(sections)


def parse_apk_repositories(text: str) -> tuple[PackageSource, ...]:
    """Return the repositories of apk, each with its tag as its name if it has one. Source: apk-repositories(5)."""
    found = []
    for line in text.split("\n"):
        words = line.partition("#")[0].split()
        tag = words.pop(0) if words and words[0].startswith("@") else ""
        if words:
            found.append(PackageSource(id=tag, types=("apk",), uris=_addresses(words[:1])))
    return tuple(found)


def parse_pacman_conf(text: str, included: Callable[[str], tuple[str, ...]]) -> tuple[PackageSource, ...]:
    """Return the repositories of pacman; `included` gives the texts that an `Include` names. Source: pacman.conf(5)."""
    servers: dict[str, list[str]] = {}
    levels: dict[str, str] = {}
    section = ""
    for line in _with_includes(text, included):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
            servers.setdefault(section, [])
            continue
        key, _, value = (part.strip() for part in line.partition("="))
        if key in ("Server", "CacheServer") and section:
            servers[section].append(value)
        elif key == "SigLevel":
            levels[section] = value
    return tuple(
        PackageSource(
            id=name,
            types=("pacman",),
            uris=_addresses(found),
            verified="Never" not in levels.get(name, levels.get(_PACMAN_SETTINGS, "Required")),
        )
        for name, found in servers.items()
        if name not in ("", _PACMAN_SETTINGS)
    )


def _with_includes(text: str, included: Callable[[str], tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines in order, those of included files in the place of the include; of theirs no further ones."""
    left = _MOST_INCLUDES
    for line in map(str.strip, text.split("\n")):
        key, equals, value = (part.strip() for part in line.partition("="))
        if key == "Include" and equals and left:
            left -= 1
            for other in included(value):
                yield from map(str.strip, other.split("\n"))
        elif line[:1] not in ("", "#"):
            yield line


def _one_line(kind: str, options: str, rest: str) -> PackageSource | None:
    words = re.findall(r"cdrom:\[[^\]]*\]\S*|\S+", rest)
    fields = dict(option.split("=", 1) for option in options.split() if "=" in option)
    if len(words) < 2:  # noqa: PLR2004 - address and suite
        return None
    return PackageSource(
        types=(kind,),
        uris=_addresses(words[:1]),
        suites=(words[1],),
        components=tuple(words[2:]),
        signed_by=tuple(filter(None, fields.get("signed-by", "").split(","))),
        verified=fields.get("trusted", "").lower() not in _ON,
    )


def _stanza(text: str) -> PackageSource | None:
    lines = _FOLDED.sub("\x00", text).split("\n")
    fields = {
        name.strip().lower(): value.strip("\x00 \t") for name, _, value in (line.partition(":") for line in lines)
    }
    words = {name: value.replace("\x00", " ").split() for name, value in fields.items()}
    if not words.get("types") or not words.get("uris"):
        return None
    is_embedded = _EMBEDDED in fields.get("signed-by", "")
    return PackageSource(
        id=fields.get("x-repolib-name", "").replace("\x00", " "),
        types=tuple(words["types"]),
        uris=_addresses(words["uris"]),
        suites=tuple(words.get("suites", ())),
        components=tuple(words.get("components", ())),
        enabled=fields.get("enabled", "").lower() not in _OFF,
        signed_by=("embedded",) if is_embedded else tuple(words.get("signed-by", ())),
        verified=fields.get("trusted", "").lower() not in _ON,
    )


def _addresses(words: list[str]) -> tuple[str, ...]:
    return tuple(without_credentials(word) for word in words)


def _truth(text: str) -> bool | None:
    return None if not text else text.lower() in _ON
