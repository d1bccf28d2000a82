"""What is Vigo's own on a host, and what no policy may do to it: else one line would cut a fleet off for good.

Asked when a policy is published, and again on the machine, where values are known that templates gave. Which files an
operation reaches through symlinks is the engine's to find out (`vigo.agent.engine.guardrail`).
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from vigo.catalog.api import Resource, Spec
from vigo.core.errors import InvalidError

PROGRAMS = ("vigo", "vigosrv")
"""The programs, and the names of the services and packages that they come in."""

STATE_FOLDERS = ("/var/lib/vigo", "/var/lib/vigo-agent")
"""Where the server's and the agent's keys, data and journal are unless somebody chose another place."""

_UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/system",
)
FILES = (
    *STATE_FOLDERS,
    *(f"{folder}/{program}.service" for folder in _UNIT_FOLDERS for program in PROGRAMS),
    *(f"{folder}/{program}.service.d" for folder in _UNIT_FOLDERS for program in PROGRAMS),
    *(f"/etc/init.d/{program}" for program in PROGRAMS),
)
"""Paths that hold Vigo's state or start it."""

_BENEATH = tuple(f"{path}/" for path in FILES)
_THINGS = frozenset(f"{subject}:{program}" for subject in ("service", "package", "process") for program in PROGRAMS)

_CONTROLS = {
    **dict.fromkeys(("systemctl", "service", "rc-service", "initctl"), ("stop", "restart", "try-restart", "kill")),
    **dict.fromkeys(("rc-update", "update-rc.d", "chkconfig"), ("del", "delete", "remove", "disable", "off")),
    **dict.fromkeys(("apt", "apt-get", "aptitude", "dnf", "yum", "zypper"), ("remove", "purge", "erase", "autoremove")),
    **dict.fromkeys(("dpkg",), ("-r", "-P", "--remove", "--purge")),
    **dict.fromkeys(("rpm",), ("-e", "--erase")),
    **dict.fromkeys(("pacman",), ("-R", "-Rs", "-Rns", "--remove")),
    **dict.fromkeys(("apk",), ("del",)),
    **dict.fromkeys(("pkill", "killall"), ()),
}
"""Programs, and the words by which each takes something away; for those without words, naming it is enough."""

_ALSO = {"systemctl": ("disable", "mask", "isolate")}
_BETWEEN_COMMANDS = re.compile(r"[;&|\n()]+")


def require_harmless(kind: Resource[Any, Any], spec: Spec) -> None:
    """Accept a resource that leaves what is Vigo's own alone.

    Raises:
        InvalidError: it would stop, restart or remove Vigo's service, package or processes, or write to its files.
    """
    for thing in kind.harms(spec):
        if thing in _THINGS:
            subject, _, name = thing.partition(":")
            raise InvalidError(
                f"{_field(kind, spec, name)}: refused: this would take away or stop the {subject} {name}, which keeps"
                " this machine as it is declared; leave it out of the policy"
            )
    for owned in kind.owns(spec):
        subject, _, name = owned.partition(":")
        path = name.partition(":")[0]
        if subject in ("path", "line", "part") and is_protected(path):
            raise InvalidError(
                f"{_field(kind, spec, path)}: refused: {path} is Vigo's own, its keys, its journal or what starts it;"
                " choose another path"
            )


def is_protected(path: str) -> bool:
    """Return whether a normalised path is one of Vigo's own or lies in one."""
    return f"{path}/".startswith(_BENEATH)


def harmed_by(argv: Sequence[str]) -> tuple[str, ...]:
    """Return what a command would stop or remove of Vigo's own, as `harms` of a kind names it.

    A shell's command line is looked through too. Who means to can hide it; this stops what was not meant.
    """
    commands = [list(argv)]
    commands += [part.split() for word in argv if " " in word for part in _BETWEEN_COMMANDS.split(word)]
    return tuple(dict.fromkeys(thing for words in commands for thing in _harmed(words)))


def _harmed(words: Sequence[str]) -> Iterable[str]:
    for position, word in enumerate(words):
        program = word.rpartition("/")[2]
        if program not in _CONTROLS:
            continue
        after = words[position + 1 :]
        verbs = (*_CONTROLS[program], *_ALSO.get(program, ()))
        if verbs and not set(verbs).intersection(after):
            continue
        subject = "service" if program in ("systemctl", "service", "rc-service", "initctl") else "package"
        for named in after:
            own = named.strip("'\"").removesuffix(".service")
            if own in PROGRAMS:
                yield f"{'process' if not verbs else subject}:{own}"


def _field(kind: Resource[Any, Any], spec: Spec, value: str) -> str:
    """Return the field that names a thing, which a message begins with."""
    named = (name for name in spec.__struct_fields__ if str(getattr(spec, name)).removesuffix(".service") == value)
    return next(named, kind.name_field or kind.kind)
