"""Golden files: small stacks, and the whole of what they compile to, as a person reads it.

A file says `why`, then the `stacks` by path, and may name `hosts` to look up and `links` to lay. What the compiler
makes of them stands below: `diagnostics` as a terminal shows them, `matches` (the entry of each host), `verdicts` (of
the tests in the stacks) and `plans`, without what is empty or as by default. No plans: there are errors.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from vigo.catalog.scan import resource_kinds
from vigo.core.plan import Condition, Origin, Plan, PlannedResource
from vigo.core.secret_marker import SecretMarker
from vigo.core.windows import Window
from vigo.policy.compiling import CompiledPolicy, compile_stacks
from vigo.policy.diagnostics import Diagnostic, as_text
from vigo.policy.expectations import all_tests, judge
from vigo.policy.planning.settings import in_words
from vigo.policy.sources import Sources, read_sources

GOLDEN: Final = Path(__file__).parent / "golden"
OUTPUTS: Final = ("diagnostics", "matches", "verdicts", "plans")
MOST_SHOWN: Final = 100
"""A case about very many diagnostics shows the first and the last of them."""

_KEPT_AT_EACH_END: Final = 2
_SHORT: Final = 90
_RESOURCE_DEFAULTS: Final = {
    field.encode_name: field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    for field in msgspec.structs.fields(PlannedResource)
}


class Golden(msgspec.Struct, forbid_unknown_fields=True):
    """A golden file as written. A file of the stacks is a text, or bytes by `!!binary`."""

    why: str
    stacks: Mapping[str, Any]
    links: Mapping[str, str] = {}
    hosts: Sequence[str] = ()
    diagnostics: str = ""
    matches: Mapping[str, str | None] = {}
    verdicts: Mapping[str, list[str]] = {}
    plans: list[Any] | None = None

    @property
    def outputs(self) -> dict[str, Any]:
        """What is written down of the compiler's work."""
        return {name: getattr(self, name) for name in OUTPUTS}


class Outcome(msgspec.Struct, frozen=True):
    """What the compiler made of a golden file's stacks: its diagnostics, and all that such a file shows of it."""

    diagnostics: tuple[Diagnostic, ...]
    outputs: Mapping[str, Any]


def read_golden(path: Path) -> Golden:
    """Return a golden file."""
    return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Golden)


def outcome_of(golden: Golden, folder: Path) -> Outcome:
    """Return what the compiler makes of the stacks. They are laid in an empty folder and read from there."""
    sources = _laid(golden, folder)
    found = compile_stacks(sources)
    plans = None if found.policy is None else [shown(found.policy.plan(entry)) for entry in found.policy.entries]
    outputs = {
        "diagnostics": _text(found.diagnostics),
        "matches": {} if found.policy is None else _matches(found.policy, golden.hosts),
        "verdicts": {} if found.policy is None else _verdicts(found.policy, sources),
        "plans": plans,
    }
    return Outcome(found.diagnostics, outputs)


def write_outputs(path: Path, outputs: Mapping[str, Any]) -> None:
    """Replace what a golden file says of the compiler's work; what stands above that stays as it is."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    starts = tuple(f"{name}:" for name in OUTPUTS)
    end = next((number for number, line in enumerate(lines) if line.startswith(starts)), len(lines))
    # The order is that of OUTPUTS; a policy without an entry has an empty list of plans, which is not nothing.
    told = {name: outputs[name] for name in OUTPUTS if outputs[name] or outputs[name] == []}
    written = yaml.dump(told, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=4_000) if told else ""
    path.write_text("".join(lines[:end]) + written, encoding="utf-8")


def shown(plan: Plan) -> dict[str, Any]:
    """Return a plan as golden files write it: places as text, and nothing that is empty or as by default."""
    told = {
        "environment": plan.environment,
        "roles": list(plan.roles),
        "configcrates": list(plan.configcrates),
        "scopes": _value(plan.scopes),
        "resources": [_resource(one) for one in plan.resources],
    }
    found = {name: value for name, value in told.items() if value}
    settings = {
        name: _value(value)
        for name in ("noop", "noop_configcrates", "windows", "reconverge", "retries", "secrets")
        if (value := getattr(plan, name)) is not msgspec.UNSET
    }
    return {"entry": str(plan.entry), "match": list(plan.match), **settings, **found}


def _laid(golden: Golden, folder: Path) -> Sources:
    for name, content in golden.stacks.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    for name, target in golden.links.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
    return read_sources(folder)


def _text(diagnostics: Sequence[Diagnostic]) -> str:
    if len(diagnostics) <= MOST_SHOWN:
        return as_text(diagnostics)
    hidden = len(diagnostics) - 2 * _KEPT_AT_EACH_END
    first, last = diagnostics[:_KEPT_AT_EACH_END], diagnostics[-_KEPT_AT_EACH_END:]
    return f"{as_text(first)}[{hidden} more like these]\n{as_text(last)}"


def _matches(policy: CompiledPolicy, hosts: Sequence[str]) -> dict[str, str | None]:
    found = {host: policy.match(host) for host in hosts}
    return {host: None if entry is None else str(entry.origin) for host, entry in found.items()}


def _verdicts(policy: CompiledPolicy, sources: Sources) -> dict[str, list[str]]:
    verdicts = [judge(policy, test, resource_kinds()) for test in all_tests(sources)]
    return {
        one.test.name.text: [f"{difference.place}: {difference.message}" for difference in one.differences]
        for one in verdicts
    }


def _resource(resource: PlannedResource) -> dict[str, Any]:
    given = {
        name: _value(value)
        for name, default in _RESOURCE_DEFAULTS.items()
        if (value := getattr(resource, name)) != default
    }
    return {"id": str(resource.id), **given}


_TOLD: Mapping[type, Callable[[Any], str]] = {
    Origin: str,
    Condition: lambda one: f"{one.expression} ({one.origin})",
    SecretMarker: lambda one: f"(marker of {one.name})",
    Window: in_words,
}


def _value(value: Any) -> Any:
    for kind, told in _TOLD.items():
        if isinstance(value, kind):
            return told(value)
    if isinstance(value, dict):
        return {name: _value(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_value(one) for one in value]
    return msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, short lists in one line, and no aliases."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)

    def represent_items(self, items: list[Any]) -> yaml.SequenceNode:
        is_short = all(isinstance(one, str | int | float) for one in items) and len(str(items)) <= _SHORT
        return self.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=is_short)


_Dumper.add_representer(str, _Dumper.represent_text)
_Dumper.add_representer(list, _Dumper.represent_items)
