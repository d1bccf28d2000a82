"""Who may run what as whom. Pure: the text of one file in, its rules, aliases and includes out.

Source: sudoers(5). What the grammar does not know is counted, not guessed.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

_LONGEST_LINE = 4096
_MOST_MEMBERS = 100
_ATOM = r"""(?:\\.|"[^"]*"|[^\s,=:\\"])+"""
_ITEM = rf"!?\s*(?:%:)?{_ATOM}"
_LIST = rf"{_ITEM}(?:\s*,\s*{_ITEM})*"
_SPEC = re.compile(rf"({_LIST})\s+({_LIST})\s*=(.*)")
_ANOTHER_HOST = re.compile(rf"\s*({_LIST})\s*=(.*)")
_ALIAS = re.compile(r"(User|Runas|Host|Cmnd|Cmd)_Alias\s+(.*)")
_NEXT_ALIAS = re.compile(r"(?<!\\):(?=\s*[A-Z][A-Z0-9_]*\s*=)")
_ALIAS_NAME = re.compile(r"\s*([A-Z][A-Z0-9_]*)\s*=(.*)")
_INCLUDE = re.compile(r"[@#]include(dir)?\s+(?:\"([^\"]+)\"|((?:\\.|\S)+))\s*")
_COMMENT = re.compile(r"(?<!\\)#(?!\d).*")
_RUN_AS = re.compile(r"\s*\(([^()]*)\)\s*(.*)")
_OPTION = re.compile(r"\s*(?:ROLE|TYPE|CWD|CHROOT|TIMEOUT|NOTBEFORE|NOTAFTER|PRIVS|LIMITPRIVS|APPARMOR_PROFILE)=\S+\s+")
_TAGS = "PASSWD|EXEC|SETENV|LOG_INPUT|LOG_OUTPUT|MAIL|FOLLOW|INTERCEPT"
_TAG = re.compile(rf"\s*((?:NO)?(?:{_TAGS}))\s*:\s*")
_DIGEST = re.compile(r"(?:.*\s)?sha(?:224|256|384|512)\s*")
_OPENING, _CLOSING = "(", ")"


class SudoRule(msgspec.Struct, frozen=True, kw_only=True):
    """Commands that the same people may run under the same terms. Names of aliases stand as they are."""

    users: tuple[str, ...]
    hosts: tuple[str, ...]
    run_as_users: tuple[str, ...]
    run_as_groups: tuple[str, ...]
    commands: tuple[str, ...]
    asks_password: bool


class Sudoers(msgspec.Struct, frozen=True, kw_only=True):
    """One file. An include is a path and whether it is a folder; an alias is known by its sort and name."""

    rules: tuple[SudoRule, ...] = ()
    aliases: Mapping[tuple[str, str], tuple[str, ...]] = {}
    includes: tuple[tuple[str, bool], ...] = ()
    defaults: tuple[str, ...] = ()
    unknown_lines: int = 0


def parse_sudoers(text: str) -> Sudoers:
    """Return what a file of sudoers(5) says."""
    rules: list[SudoRule] = []
    aliases: dict[tuple[str, str], tuple[str, ...]] = {}
    includes: list[tuple[str, bool]] = []
    defaults: list[str] = []
    unknown_lines = 0
    for line in _lines(text):
        include, alias = _INCLUDE.fullmatch(line), _ALIAS.fullmatch(line)
        if include is not None:
            path = include[2] or re.sub(r"\\(.)", r"\1", include[3])
            includes.append((path, include[1] is not None))
        elif alias is not None:
            aliases |= dict(_aliases("Cmnd" if alias[1] == "Cmd" else alias[1], alias[2]))
        elif re.match(r"Defaults(?:[@:!>\s]|$)", line):
            defaults.append(" ".join(line.split()))
        else:
            found = list(_rules(line))
            rules += found
            unknown_lines += not found
    return Sudoers(
        rules=tuple(rules),
        aliases=aliases,
        includes=tuple(includes),
        defaults=tuple(defaults),
        unknown_lines=unknown_lines,
    )


def resolved(names: tuple[str, ...], sort: str, aliases: Mapping[tuple[str, str], tuple[str, ...]]) -> tuple[str, ...]:
    """Return names with their aliases replaced by what they stand for, at most 100; one that names itself stays."""
    found: dict[str, None] = {}
    waiting = [(name, frozenset[str]()) for name in reversed(names)]
    steps = 0
    while waiting and len(found) < _MOST_MEMBERS and steps < _MOST_MEMBERS * 10:
        steps += 1
        name, seen = waiting.pop()
        bare = name.lstrip("!")
        is_negated = (len(name) - len(bare)) % 2 == 1
        members = aliases.get((sort, bare))
        if members is None or bare in seen:
            found[f"!{bare}" if is_negated else bare] = None
        else:
            inner = (f"!{member}" if is_negated else member for member in reversed(members))
            waiting += [(member, seen | {bare}) for member in inner]
    return tuple(found)


def _lines(text: str) -> Iterator[str]:
    for raw in text.replace("\\\r\n", " ").replace("\\\n", " ").split("\n"):
        line = raw.strip()
        if not _INCLUDE.fullmatch(line):
            line = _COMMENT.sub("", line).strip()
        if line:
            yield line


def _aliases(sort: str, text: str) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    for part in _NEXT_ALIAS.split(text):
        found = _ALIAS_NAME.fullmatch(part)
        if found is not None:
            members = tuple(member for member in map(str.strip, _parts(found[2], ",")) if member)
            yield (sort, found[1]), members[:_MOST_MEMBERS]


def _rules(line: str) -> Iterator[SudoRule]:
    spec = _SPEC.fullmatch(line) if len(line) <= _LONGEST_LINE else None
    if spec is None:
        return
    users = _names(spec[1])
    hosts, rest = spec[2], spec[3]
    while hosts:
        hosts_here, (commands, hosts, rest) = hosts, _until_another_host(rest)
        yield from _grouped(users, _names(hosts_here), commands)


def _until_another_host(text: str) -> tuple[str, str, str]:
    """Return the commands for these hosts, and the next hosts and the rest of the line where there are some."""
    parts = _parts(text, ":")
    for count in range(1, len(parts)):
        rest = ":".join(parts[count:])
        after = _ANOTHER_HOST.fullmatch(rest)
        before = ":".join(parts[:count])
        if after is not None and not _OPTION.match(rest) and not _goes_on(before):
            return before, after[1], after[2]
    return text, "", ""


def _goes_on(text: str) -> bool:
    """Return whether a colon behind this belongs to the command: to a tag, or to the digest of its program."""
    last = _last_item(text)
    return _TAG.fullmatch(f"{last}:") is not None or _DIGEST.fullmatch(last) is not None


def _last_item(text: str) -> str:
    """Return what of a command stands behind its tags, options and `(user)`."""
    item = _parts(text, ",")[-1]
    run_as = _RUN_AS.fullmatch(item)
    item = item if run_as is None else run_as[2]
    while (known := _TAG.match(item) or _OPTION.match(item)) is not None and known.end() < len(item):
        item = item[known.end() :]
    return item


def _grouped(users: tuple[str, ...], hosts: tuple[str, ...], text: str) -> Iterator[SudoRule]:
    """Yield one rule for commands in a row with equal terms; a command takes the terms of the one before it."""
    run_as, asks_password = "root", True
    terms, commands = (run_as, asks_password), list[str]()
    for raw in _parts(text, ","):
        told, item = _RUN_AS.fullmatch(raw), raw
        if told is not None:
            run_as, item = told[1], told[2]
        while (known := _TAG.match(item) or _OPTION.match(item)) is not None:
            tag = known[1] if known.re is _TAG else ""
            asks_password = {"NOPASSWD": False, "PASSWD": True}.get(tag, asks_password)
            item = item[known.end() :]
        if commands and terms != (run_as, asks_password):
            yield _rule(users, hosts, terms, commands)
            commands = []
        terms = (run_as, asks_password)
        commands += [" ".join(item.split())] if item.strip() else []
    if commands:
        yield _rule(users, hosts, terms, commands)


def _rule(users: tuple[str, ...], hosts: tuple[str, ...], terms: tuple[str, bool], commands: list[str]) -> SudoRule:
    run_as_users, _, run_as_groups = terms[0].partition(":")
    return SudoRule(
        users=users,
        hosts=hosts,
        run_as_users=_names(run_as_users),
        run_as_groups=_names(run_as_groups),
        commands=tuple(commands),
        asks_password=terms[1],
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(
        "".join(name.split()) if name.lstrip()[:1] == "!" else name.strip()
        for name in _parts(text, ",")
        if name.strip()
    )


def _parts(text: str, separator: str) -> list[str]:
    """Return the text parted at a separator that is neither escaped, quoted nor in parentheses."""
    parts, start, depth, is_quoted, is_escaped = list[str](), 0, 0, False, False
    for index, letter in enumerate(text):
        if is_escaped or letter == "\\":
            is_escaped = not is_escaped
        elif letter == '"':
            is_quoted = not is_quoted
        elif not is_quoted and letter in (_OPENING, _CLOSING):
            depth = max(depth + (1 if letter == _OPENING else -1), 0)
        elif letter == separator and not is_quoted and not depth:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]
