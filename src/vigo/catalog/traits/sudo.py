"""The trait set `sudo`."""

from datetime import timedelta
from typing import Annotated

import msgspec

from vigo.catalog.api import ReadHost, TraitSet, collector, field
from vigo.catalog.formats.sudoers import Sudoers, SudoRule, parse_sudoers, resolved

_ROOTS = ("/etc/sudoers-rs", "/etc/sudoers", "/usr/etc/sudoers")
"""sudo-rs looks for a file of its own first; openSUSE keeps the file of its package in the last place."""
_MOST_FILES, _MOST_RULES, _MOST_COMMANDS, _LONGEST = 100, 100, 50, 200


class SudoPermission(msgspec.Struct, frozen=True, kw_only=True):
    """Who may run what. Aliases are replaced by what they stand for; a `!` before a name takes it out."""

    who: Annotated[
        tuple[str, ...],
        field("Users, `%group`, `#uid`, `+netgroup` or ALL, at most 100.", example=["%sudo"]),
    ]
    hosts: Annotated[tuple[str, ...], field("Hosts that the rule is for, mostly ALL; at most 100.", example=["ALL"])]
    run_as_users: Annotated[tuple[str, ...], field("Users whose rights they may take.", example=["root"])]
    run_as_groups: Annotated[tuple[str, ...], field("Groups whose rights they may take.")]
    commands: Annotated[
        tuple[str, ...],
        field("Commands as written, each cut at 200 characters, at most 50.", example=["/usr/bin/systemctl reload x"]),
    ]
    asks_password: Annotated[bool, field("Whether the rule leaves sudo to ask for a password: not with NOPASSWD.")]
    file: Annotated[str, field("File that holds the rule.", example="/etc/sudoers.d/deploy")]


class SudoTraits(TraitSet, frozen=True, kw_only=True):
    """What sudoers(5) allows. The rules are told in the order of the files; of several that fit sudo takes the last."""

    present: Annotated[bool, field("Whether the host has a file of rules.")]
    permissions: Annotated[tuple[SudoPermission, ...], field("The rules, at most 100.")]
    count: Annotated[int, field("Number of all rules.", example=2)]
    defaults: Annotated[
        tuple[str, ...], field("The `Defaults` lines, each cut at 200 characters, at most 100.", example=["use_pty"])
    ]
    unknown_lines: Annotated[int, field("Number of lines that Vigo could not make out; `visudo -c` may.", example=0)]


@collector("sudo", every=timedelta(hours=1), timeout=timedelta(seconds=5))
def collect_sudo(host: ReadHost) -> SudoTraits:
    """Report who may what by sudo. Source: sudoers(5).

    Raises:
        UnavailableError: a file cannot be read.
    """
    files = _files(host)
    aliases = {key: members for one in files.values() for key, members in one.aliases.items()}
    rules = [(path, rule) for path, one in files.items() for rule in one.rules]
    defaults = [line.removeprefix("Defaults").strip()[:_LONGEST] for one in files.values() for line in one.defaults]
    return SudoTraits(
        present=bool(files),
        permissions=tuple(_permission(path, rule, aliases) for path, rule in rules[:_MOST_RULES]),
        count=len(rules),
        defaults=tuple(defaults[:_MOST_RULES]),
        unknown_lines=sum(one.unknown_lines for one in files.values()),
    )


def _files(host: ReadHost) -> dict[str, Sudoers]:
    """Return the files by path in the order in which sudo begins to read them, each once."""
    root = next((path for path in _ROOTS if host.stat(path) is not None), None)
    found: dict[str, Sudoers] = {}
    waiting = [] if root is None else [root]
    while waiting and len(found) < _MOST_FILES:
        path = waiting.pop(0)
        text = None if path in found else host.read_text(path)
        if text is None:
            continue
        found[path] = parse_sudoers(text)
        included = [
            inner
            for other, is_folder in found[path].includes
            for inner in (_in_folder(host, _absolute(other, path)) if is_folder else [_absolute(other, path)])
        ]
        waiting = [*included, *waiting]
    return found


def _in_folder(host: ReadHost, folder: str) -> list[str]:
    """Return the files of a folder of rules; sudo leaves out names with a dot or a tilde at the end."""
    names = host.list_directory(folder) or ()
    return [f"{folder.rstrip('/')}/{name}" for name in names if "." not in name and not name.endswith("~")]


def _absolute(path: str, file: str) -> str:
    return path if path.startswith("/") else f"{file.rpartition('/')[0]}/{path}"


def _permission(path: str, rule: SudoRule, aliases: dict[tuple[str, str], tuple[str, ...]]) -> SudoPermission:
    commands = resolved(rule.commands, "Cmnd", aliases)[:_MOST_COMMANDS]
    return SudoPermission(
        who=resolved(rule.users, "User", aliases),
        hosts=resolved(rule.hosts, "Host", aliases),
        run_as_users=resolved(rule.run_as_users, "Runas", aliases),
        run_as_groups=resolved(rule.run_as_groups, "Runas", aliases),
        commands=tuple(command[:_LONGEST] for command in commands),
        asks_password=rule.asks_password,
        file=path,
    )
