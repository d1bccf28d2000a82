"""How a host asks name servers, and who decides it. Pure: texts in, values out.

Source: resolv.conf(5), resolved.conf(5).
"""

import re
from collections.abc import Mapping

import msgspec

_COMMENT_SIGNS = ("#", ";")
_MOST, _LONGEST, _LONGEST_COMMENT = 20, 200, 4000
_GENERATORS = {
    "systemd-resolved": "systemd-resolved",
    "networkmanager": "networkmanager",
    "openresolv": "resolvconf",
    "resolvconf": "resolvconf",
    "netconfig": "netconfig",
    "dhcpcd": "dhcpcd",
    "dhclient": "dhclient",
    "udhcpc": "udhcpc",
    "tailscale": "tailscale",
    "connman": "connman",
    "wsl": "wsl",
    "docker": "docker",
    "podman": "podman",
}
_SIGNED = re.compile(r"(?:generated|managed) by (?:man:)?([a-z][a-z-]*)")


class ResolvConf(msgspec.Struct, frozen=True, kw_only=True):
    """What the C library reads, at most 20 of each; and the program that its comments name as the author."""

    servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    author: str = ""


def parse_resolver(text: str) -> ResolvConf:
    """Return what a resolv.conf says; of several `search` and `domain` lines the last counts, options add up.

    A keyword stands at the beginning of its line: the C library passes over one with blanks before it.
    """
    servers: list[str] = []
    options: list[str] = []
    search: tuple[str, ...] = ()
    for line in text.split("\n"):
        name, *words = [""] if line[:1].isspace() else line.split() or [""]
        if name == "nameserver":
            servers += words[:1]
        elif name == "options":
            options += words
        elif name in ("search", "domain") and words:
            search = tuple(words)
    return ResolvConf(
        servers=_bounded(servers), search=_bounded(search), options=_bounded(options), author=_author(text)
    )


def parse_resolved_conf(texts: tuple[str, ...]) -> Mapping[str, str]:
    """Return the settings of [Resolve] from files in their order: later ones overrule, but lists add up.

    An empty value takes back all that stood before it, as systemd has it.
    """
    found: dict[str, str] = {}
    for text in texts:
        section = ""
        for raw in text.replace("\\\n", " ").split("\n"):
            line = raw.strip()
            if line.startswith("["):
                section = line
            elif section == "[Resolve]" and line and not line.startswith(_COMMENT_SIGNS):
                key, _, value = (" ".join(part.split()) for part in line.partition("="))
                adds = key in ("DNS", "FallbackDNS", "Domains") and value
                found[key] = f"{found.get(key, '')} {value}".strip() if adds else value
    return found


def _author(text: str) -> str:
    comments = " ".join(line for line in text.split("\n")[:_MOST] if line.lstrip().startswith(_COMMENT_SIGNS)).lower()
    signed = _SIGNED.findall(" ".join(comments[:_LONGEST_COMMENT].split()))
    return next((_GENERATORS[word] for word in signed if word in _GENERATORS), "")


def _bounded(words: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return tuple(word[:_LONGEST] for word in words[:_MOST])
