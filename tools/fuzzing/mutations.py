"""Stacks changed at random: bytes, lines, values of the tree, and pieces of other stacks."""

import random
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import yaml

Stacks = Mapping[str, bytes]
Mutable = dict[str, bytes]
Step = Callable[[random.Random, Mutable, Sequence[Stacks]], None]

WORDS: Final = (
    *(
        "{{ vars.x }}",
        "{{",
        "}}",
        "{%",
        "{% for x in range(100000) %}",
        "{% endfor %}",
        "{#",
        "{{ item }}",
        "{{ traits.os }}",
    ),
    *(
        "*x",
        "&x",
        "<<",
        "!!str",
        "!!python/name:os.system",
        "---",
        "...",
        "|",
        ">",
        "? ",
        "- ",
        ": ",
        "\t",
        "'",
        '"',
        "#",
    ),
    *("null", "true", "no", "0o777", "0x" + "f" * 40, "9" * 400, "1e999", ".nan", "-.inf", "1.10", "0644", "~", ""),
    *(
        "changed",
        "os_family('debian')",
        "os_family",
        "version_ge(1.1, 2)",
        "~(a+)+$",
        "*",
        "[",
        "]",
        "{",
        "}",
        "a/b",
        "../x",
    ),
    *(
        "configcrate",
        "resources",
        "vars",
        "vars_from",
        "foreach",
        "defaults",
        "envoys",
        "match",
        "roles",
        "case",
        "tests",
    ),
    *("\ufeff", "\u2028", "\x85", "\x00", "\u202e", "\U0001f600", "é" * 50, "\ud7ff", "\r\n", "\x1b[31m"),
    *(
        "file",
        "package",
        "exec",
        "service",
        "user",
        "path",
        "content",
        "source",
        "templates/x",
        "files/x",
        "state",
        "restarted",
    ),
)
VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    "",
    "x" * 300,
    [],
    {},
    [[]],
    {"x": {"y": []}},
    "{{ vars.x }}",
    "{{ [2 ** 100] }}",
    "{{ {1: 2} }}",
    "{{ vars.x | items }}",
    "{{ range(300) }}",
    "{{ 'x' * 100000 }}",
    "changed",
    "~a{99999}",
    ["a", None, 3],
    "a/b",
)
_STEPS: Final = (1, 1, 1, 2, 2, 6)
_DEEP: Final = 60
_MOST_PLACES: Final = 5_000


def mutated(rng: random.Random, corpus: Sequence[Stacks]) -> dict[str, bytes]:
    """Return one of some stacks, changed in a few places."""
    stacks = dict(rng.choice(corpus))
    for _ in range(rng.choice(_STEPS)):
        if not stacks:
            break
        rng.choice(STEPS)(rng, stacks, corpus)
    return stacks


def _bytes(rng: random.Random, stacks: Mutable, _corpus: Sequence[Stacks]) -> None:
    name = _file(rng, stacks)
    content = bytearray(stacks[name])
    for _ in range(rng.randint(1, 8)):
        at = rng.randint(0, len(content))
        content[at : at + rng.choice((0, 1, 1, 3))] = rng.randbytes(rng.choice((0, 1, 1, 2)))
    stacks[name] = bytes(content)


def _word(rng: random.Random, stacks: Mutable, _corpus: Sequence[Stacks]) -> None:
    """Put a word in, or in place of another."""
    name = _file(rng, stacks)
    words = stacks[name].split(b" ")
    at = rng.randrange(len(words))
    word = rng.choice(WORDS).encode()
    words[at : at + rng.randint(0, 1)] = [word * rng.choice((1, 1, 1, 1, 30))]
    stacks[name] = b" ".join(words)


def _lines(rng: random.Random, stacks: Mutable, _corpus: Sequence[Stacks]) -> None:
    """Take lines away, repeat them, exchange them, or shift them."""
    name = _file(rng, stacks)
    lines = stacks[name].splitlines(keepends=True) or [b""]
    first = rng.randrange(len(lines))
    last = min(len(lines), first + rng.randint(1, 4))
    some = lines[first:last]
    lines[first:last] = rng.choice(
        ([], some * 2, some * 40, some[::-1], [b" " + one for one in some], [one.lstrip() for one in some])
    )
    stacks[name] = b"".join(lines)


def _cut(rng: random.Random, stacks: Mutable, _corpus: Sequence[Stacks]) -> None:
    name = _file(rng, stacks)
    stacks[name] = stacks[name][: rng.randint(0, len(stacks[name]))]


def _spliced(rng: random.Random, stacks: Mutable, corpus: Sequence[Stacks]) -> None:
    """Put a piece of another file in."""
    name = _file(rng, stacks)
    other = _any_content(rng, corpus)
    begin = rng.randint(0, len(other))
    piece = other[begin : begin + rng.randint(0, 400)]
    at = rng.randint(0, len(stacks[name]))
    stacks[name] = stacks[name][:at] + piece + stacks[name][at + rng.choice((0, len(piece))) :]


def _files(rng: random.Random, stacks: Mutable, corpus: Sequence[Stacks]) -> None:
    """Add a file of other stacks, take one away, or give one another path."""
    choice = rng.randrange(3)
    if choice == 0:
        other = rng.choice(corpus)
        if other:
            name = rng.choice(sorted(other))
            stacks[name] = other[name]
    elif choice == 1:
        del stacks[_file(rng, stacks)]
    else:
        moved = stacks.pop(_file(rng, stacks))
        folder = rng.choice(("", "a/", "configcrates/", "roles/", "tests/", "templates/", "data/"))
        stacks[
            folder
            + rng.choice(("envoys.vgo", "common.vgo", "roles.vgo", "environments.vgo", "compliance.vgo", "x.vgo"))
        ] = moved


def _tree(rng: random.Random, stacks: Mutable, corpus: Sequence[Stacks]) -> None:
    """Change a value in the tree of a file: another one, one of another file, one of its own places, or a deep one."""
    name = _file(rng, stacks)
    document = _loaded(stacks[name])
    places = _places(document)
    if not places:
        return
    holder, key = rng.choice(places)
    choice = rng.randrange(5)
    if choice == 0:
        holder[key] = rng.choice(VALUES)
    elif choice == 1:
        elsewhere = _places(_loaded(_any_content(rng, corpus)))
        if elsewhere:
            other, at = rng.choice(elsewhere)
            holder[key] = other[at]
    elif choice == 2:  # noqa: PLR2004 - one of five
        other, at = rng.choice(places)
        holder[key], other[at] = other[at], holder[key]
    elif choice == 3:  # noqa: PLR2004
        value = holder[key]
        for _ in range(rng.randint(1, _DEEP)):
            value = rng.choice(([value], {"x": value}))
        holder[key] = value
    elif isinstance(holder, dict):
        holder["".join(rng.choices(string.ascii_lowercase, k=3))] = holder.pop(key)
    else:
        holder.extend(holder[:20])
    try:
        stacks[name] = yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()
    except (yaml.YAMLError, RecursionError, ValueError):
        return  # a value that holds itself by now: no file can


def _loaded(content: bytes) -> Any:
    try:
        return yaml.load(content.decode(), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, TypeError, AttributeError):
        return None


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Return where values stand in a tree; what aliases repeat is looked at once, or a bomb would go off here."""
    found: list[tuple[Any, Any]] = []
    seen: set[int] = set()
    pending = [document]
    while pending and len(found) < _MOST_PLACES:
        node = pending.pop()
        if isinstance(node, dict | list) and id(node) not in seen:
            seen.add(id(node))
            pairs = list(node.items() if isinstance(node, dict) else enumerate(node))
            found += [(node, key) for key, _ in pairs]
            pending += [value for _, value in pairs]
    return found


def _file(rng: random.Random, stacks: Mutable) -> str:
    return rng.choice(sorted(stacks))


def _any_content(rng: random.Random, corpus: Sequence[Stacks]) -> bytes:
    other = rng.choice(corpus)
    return other[rng.choice(sorted(other))] if other else b""


STEPS: Final[tuple[Step, ...]] = (_bytes, _word, _word, _lines, _cut, _spliced, _files, _tree, _tree, _tree)
