"""Random stacks that use the whole language, for property tests: right ones, and ones with mistakes in them.

They are made from the bottom: what a resource waits for stands before it in the same configcrate or in the first one,
which everybody gets, so that there is an order. Each resource manages a thing of its own, and `common.vgo` of the root
sets every variable that a template uses.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import yaml
from hypothesis import strategies as st

Document = dict[str, Any]

ROOT_VARIABLES: Final[Document] = {
    "port": 80,
    "name": "web",
    "items": ["x", "y"],
    "pairs": {"x": 1, "y": {"z": [1, "a"]}},
    "tls": {"on": True, "days": 90},
    "flag": False,
    "note": "{{ not a template }",
}
VALUES: Final = st.sampled_from(
    [1, 8080, "text", "1.10", "ä {{ x }}", True, None, [], ["x"], {}, {"on": False, "more": {"a": 1}}]
)
SAFE_VALUES: Final = {
    "port": st.integers(0, 65535),
    "name": st.sampled_from(["web", "0644", "ä ö", "no", "a b"]),
    "tls": st.sampled_from([{}, {"on": False}, {"days": 1, "more": [1]}]),
    "flag": st.booleans(),
    "own": VALUES,
}
LOOPS: Final[Mapping[str, tuple[Any, list[str]]]] = {
    "list": (["x", "y"], ["x", "y"]),
    "maps": ([{"n": "x", "p": 1}, {"n": "y", "p": 2}], ["x", "y"]),
    "map": ({"x": 1, "y": 2}, ["x", "y"]),
    "template": ("{{ vars['items'] }}", ["x", "y"]),
    "range": ("{{ range(3) }}", ["0", "1", "2"]),
    "empty": ([], []),
}
TURN: Final = {
    "list": "{{ item }}",
    "maps": "{{ item.n }}",
    "map": "{{ key }}",
    "template": "{{ item }}",
    "range": "{{ item }}",
}
TEXTS: Final = (
    "plain",
    "",
    "two\nlines\n",
    "{{ vars.port }}",
    "{{ vars.name }} {{ vars.tls }}",
    "{{ vars.pairs.y.z | tojson }}",
    "{% for one in vars['items'] %}\n{{ one }}\n{% endfor %}\n",
    "{% if vars.tls.on %}on{% else %}off{% endif %}{# said #}",
    "{{ vars.flag }} {{ not vars.flag }} {{ vars.note }}",
    "{{ traits.os.id }} {{ vars.port }}",
    "{% if os_family('debian') %}{{ traits.network.hostname }}{% endif %}",
    "{{ vars.own | default('none', true) }}",
    "{% raw %}{{ kept }}{% endraw %}",
)
CONDITIONS: Final = (
    "os_family('debian')",
    "vars.port > 1024 or vars.flag",
    "traits.memory.total_bytes > 1000 and not file_exists('/etc/no')",
    "version_ge(traits.os.version, '12')",
    "vars.tls.on and local_time('22:00', '04:00')",
)
OPTIONS: Final = st.fixed_dictionaries(
    {},
    optional={
        "timeout": st.sampled_from(["30s", "5m"]),
        "on_failure": st.sampled_from(["stop", "continue"]),
        "on_remove": st.sampled_from(["revert", "leave"]),
        "noop": st.booleans(),
        "retries": st.integers(0, 10),
        "retry_delay": st.sampled_from(["1s", "2m"]),
        "when": st.sampled_from(CONDITIONS),
    },
)
WINDOWS: Final = st.fixed_dictionaries(
    {"days": st.sampled_from(["sat", ["mon-fri", "sun"], ["fri-mon"]])},
    optional={
        "from": st.sampled_from(["22:00", "00:30"]),
        "to": st.sampled_from(["04:00", "24:00"]),
        "timezone": st.sampled_from(["UTC", "Europe/Berlin"]),
    },
)
SETTINGS: Final = st.fixed_dictionaries(
    {},
    optional={
        "noop": st.booleans(),
        "window": st.none() | WINDOWS | st.lists(WINDOWS, min_size=1, max_size=2),
        "reconverge": st.sampled_from(["events", "interval"]),
    },
)
FOLDERS: Final = ("", "a/", "a/b/", "z/")
HOSTS: Final = ("web-1", "web-2.example.com", "db-1", "edge7", "other")
PATTERNS: Final = ("web-*", "web-1", "~edge[0-9]", "db-?", "*", "DB-1.", "nowhere")


class RandomStacks(NamedTuple):
    """Stacks and what is known of them: the names that each configcrate declares, in their order, loops written out."""

    files: dict[str, str]
    declared: dict[str, list[str]]
    crate_relations: list[tuple[str, str]]


class _Resource(NamedTuple):
    """A resource as written, its loop, and the names that it is stamped with."""

    written: Document
    loop: str
    names: list[str]
    is_handler: bool


class _Crate(NamedTuple):
    document: Document
    resources: list[_Resource]
    loop: str

    @property
    def name(self) -> str:
        return str(self.document["configcrate"])

    @property
    def declared(self) -> list[str]:
        """The names in the order in which they are stamped: item by item where the whole configcrate has a loop."""
        if not self.loop:
            return [name for one in self.resources for name in one.names]
        turns = len(LOOPS[self.loop][1])
        return [one.names[turn] for turn in range(turns) for one in self.resources]


@st.composite
def random_stacks(draw: st.DrawFn) -> RandomStacks:
    """Return stacks that compile without an error."""
    crates: list[_Crate] = []
    relations: list[tuple[str, str]] = []
    for number in range(draw(st.integers(1, 4))):
        crates.append(_crate(draw, number, crates[:1], relations))
    names = [crate.name for crate in crates]
    files: dict[str, Any] = {
        f"configcrates/{draw(st.sampled_from(['', 'deep/']))}{one.name}.vgo": one.document for one in crates
    }
    # The first one goes to everybody, since others may refer to it.
    files["common.vgo"] = {"vars": ROOT_VARIABLES, "configcrates": [names[0]]}
    for folder in ("a/", "a/b/"):
        if draw(st.booleans()):
            files[f"{folder}common.vgo"] = {"vars": draw(_variables()), "configcrates": _some(draw, names)}
    roles = _roles(draw, names)
    files["roles.vgo"] = {"roles": dict(list(roles.items())[:1])}
    files["roles/more.vgo"] = {"roles": dict(list(roles.items())[1:])}
    environments = {
        f"e{number}": {
            "vars": draw(_variables()),
            "configcrates": _some(draw, names),
            "exclude": _some(draw, names[1:]),
            **draw(SETTINGS),
        }
        for number in range(draw(st.integers(1, 2)))
    }
    files["environments.vgo"] = {"environments": environments}
    files["data/extra.yaml"] = draw(_variables())
    for folder in draw(st.sets(st.sampled_from(FOLDERS), min_size=1)):
        entries = [_entry(draw, list(roles), names, list(environments)) for _ in range(draw(st.integers(1, 3)))]
        files[f"{folder}{draw(st.sampled_from(['envoys', 'hosts']))}.vgo"] = {"envoys": entries}
    texts = {name: yaml.safe_dump(document, sort_keys=False, allow_unicode=True) for name, document in files.items()}
    texts |= {
        "templates/page": "{{ vars.name }} {{ traits.os.id }}\n",
        "files/page": "{{ as it is }}\n",
        "README.md": "x\n",
    }
    return RandomStacks(texts, {one.name: one.declared for one in crates}, relations)


@st.composite
def stacks_with_mistakes(draw: st.DrawFn) -> dict[str, str]:
    """Return stacks in which something may be wrong: a text that stands in them is another, or a line is."""
    files = dict(draw(random_stacks()).files)
    for _ in range(draw(st.integers(0, 4))):
        name = draw(st.sampled_from(sorted(files)))
        files[name] = draw(st.sampled_from(MISTAKES))(draw, files[name])
    for name in draw(st.sets(st.sampled_from(sorted(files)), max_size=1)):
        del files[name]
    return files


def _crate(draw: st.DrawFn, number: int, base: list[_Crate], relations: list[tuple[str, str]]) -> _Crate:
    name = f"c{number}"
    loop = draw(st.sampled_from(["", "", "", "list", "map", "template"]))
    resources: list[_Resource] = []
    for index in range(draw(st.integers(0, 5))):
        resources.append(_resource(draw, name, index, loop, resources, base))
    document: Document = {"configcrate": name, "vars": draw(_variables())}
    if draw(st.booleans()):
        document["noop"] = draw(st.booleans())
    if draw(st.booleans()):
        document["vars_from"] = ["data/extra.yaml"]
    if loop:
        document["foreach"] = LOOPS[loop][0]
    if draw(st.booleans()):
        document["defaults"] = draw(
            st.sampled_from([{"owner": "root", "mode": "0640"}, {"timeout": "1m", "noop": True}])
        )
    for other in base if draw(st.booleans()) else ():
        document["depends_on"] = [other.name]
        relations.append((other.name, name))
    return _Crate(document | {"resources": [one.written for one in resources]}, resources, loop)


def _resource(
    draw: st.DrawFn, crate: str, index: int, crate_loop: str, before: list[_Resource], base: list[_Crate]
) -> _Resource:
    loop = crate_loop or draw(st.sampled_from(["", "", "", *LOOPS]))
    turn = TURN.get(loop, "")
    written_name = f"r{index} {turn}".strip()
    names = [f"r{index} {one}" for one in LOOPS[loop][1]] if loop else [written_name]
    written: Document = {"name": written_name}
    if loop and not crate_loop:
        written["foreach"] = LOOPS[loop][0]
    thing = f"{crate}-{index}{'-' + turn if turn else ''}"
    is_handler = draw(st.integers(0, 4)) == 0
    if is_handler:
        written |= {"type": "service", "service": thing, "state": "restarted", "when": "changed"}
        written |= draw(st.sampled_from([{}, {"immediately": True}]))
    else:
        written |= draw(_kind(thing)) | draw(OPTIONS)
    found = _Resource(written, loop, names, is_handler)
    _relate(draw, found, before, base, crate_loop)
    return found


def _relate(draw: st.DrawFn, one: _Resource, before: list[_Resource], base: list[_Crate], crate_loop: str) -> None:
    """Let a resource relate to some of those before it: to one name, or within a loop to that of the same item."""
    for other in before:
        if other.names and not draw(st.integers(0, 2)):
            name = str(other.written["name"]) if crate_loop else draw(st.sampled_from(other.names))
            mine, theirs = ("subscribes", "notify") if one.is_handler else ("depends_on", "before")
            # Only one name can be named from the other side, or in a loop of the configcrate that of the same item.
            if (one.loop and not crate_loop) or draw(st.booleans()):
                one.written.setdefault(mine, []).append(name)
            else:
                other.written.setdefault(theirs, []).append(one.written["name"])
    for crate in base:
        if crate.declared and not draw(st.integers(0, 3)):
            one.written.setdefault("depends_on", []).append(f"{crate.name}/{draw(st.sampled_from(crate.declared))}")


def _kind(thing: str) -> st.SearchStrategy[Document]:
    text = st.sampled_from(TEXTS)
    path = f"/srv/{thing}"
    file = st.fixed_dictionaries(
        {"type": st.just("file"), "path": st.just(path), "content": text},
        optional={
            "mode": st.sampled_from(["0644", 640]),
            "backup": st.booleans(),
            "owner": st.sampled_from(["root", None]),
        },
    )
    source = st.sampled_from(["files/page", "templates/page", "templates/{{ 'page' }}"])
    command = st.fixed_dictionaries(
        {
            "type": st.just("exec"),
            "command": st.lists(text, max_size=3).map(lambda more: ["echo", *more]),
            "creates": st.just(path),
        },
        optional={"environment": st.dictionaries(st.sampled_from(["A", "B"]), text, max_size=2)},
    )
    return st.one_of(
        file,
        command,
        st.fixed_dictionaries({"type": st.just("file"), "path": st.just(path), "source": source}),
        st.just({"type": "directory", "path": path, "mode": "0755"}),
        st.just({"type": "package", "package": thing}),
        st.just({"type": "group", "group": f"g{thing}"}),
        st.just({"type": "service", "service": thing, "enabled": True}),
    )


def _variables() -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries({}, optional=dict(SAFE_VALUES))


def _roles(draw: st.DrawFn, crates: list[str]) -> Document:
    roles: Document = {}
    for number in range(draw(st.integers(1, 4))):
        role: Document = {
            "includes": _some(draw, list(roles)),
            "configcrates": _some(draw, crates),
            "vars": draw(_variables()),
        }
        if draw(st.booleans()):
            role["case"] = [{"when": draw(st.sampled_from(CONDITIONS[:1])), "configcrates": _some(draw, crates)}]
        roles[f"role{number}"] = role
    return roles


def _entry(draw: st.DrawFn, roles: list[str], crates: list[str], environments: list[str]) -> Document:
    entry: Document = {
        "match": draw(st.sampled_from(PATTERNS) | st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3)),
        "roles": _some(draw, roles),
        "configcrates": _some(draw, crates),
        "vars": draw(_variables()),
        **draw(SETTINGS),
    }
    if draw(st.booleans()):
        entry["environment"] = draw(st.sampled_from(environments))
    return entry


def _some(draw: st.DrawFn, names: list[str]) -> list[str]:
    return [name for name in names if draw(st.booleans())]


def _word(draw: st.DrawFn, text: str) -> str:
    """Put another word in place of one."""
    words = text.split(" ")
    words[draw(st.integers(0, len(words) - 1))] = draw(
        st.sampled_from(
            [
                "x",
                "foreach:",
                "{{ vars.none }}",
                "'",
                "[",
                "*",
                "!!x",
                "changed",
                "null",
                "{{",
                "9" * 30,
                "\t",
                "r0",
                "c0",
            ]
        )
    )
    return " ".join(words)


def _line(draw: st.DrawFn, text: str) -> str:
    """Take a line away, repeat it, or shift it."""
    lines = text.splitlines(keepends=True) or [""]
    number = draw(st.integers(0, len(lines) - 1))
    line = lines[number]
    lines[number : number + 1] = draw(
        st.sampled_from([[], [line, line], [f" {line}"], [line.lstrip()], ["  - x\n", line]])
    )
    return "".join(lines)


def _cut(draw: st.DrawFn, text: str) -> str:
    return text[: draw(st.integers(0, len(text)))]


def _junk(draw: st.DrawFn, text: str) -> str:
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=6)) + text[at:]


MISTAKES: Final[tuple[Callable[[st.DrawFn, str], str], ...]] = (_word, _word, _line, _cut, _junk)
