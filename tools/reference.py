"""Writes docs/kinds.md, docs/traits.md and docs/schema/ from the catalogue: `python -m tools.reference`.

Everything in them stands in the schemas: change a description there and run this again.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
import yaml
from msgspec import inspect

from tools import schemas
from vigo.catalog.api import EVERY_CYCLE, Collector, Resource, Spec
from vigo.catalog.scan import collectors, resource_kinds
from vigo.core.errors import InvalidError

_ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = _ROOT / "docs"
CASES: Final = _ROOT / "tests" / "catalog" / "cases"
_SAME_EVERYWHERE: Final = "Made by `make reference` from the schemas in `src/vigo/catalog`; edit those, not this page."
_PLAIN: Final = re.compile(r"[\w/]([\w ./+-]*[\w./+-])?")
_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_LISTS: Final = (inspect.VarTupleType, inspect.ListType)
_WORDS: Final[tuple[tuple[type[inspect.Type], str, str], ...]] = (
    (inspect.StrType, "text", "texts"),
    (inspect.BoolType, "true or false", "booleans"),
    (inspect.IntType, "whole number", "whole numbers"),
    (inspect.FloatType, "number", "numbers"),
    (inspect.StructType, "map", "maps"),
)


def main(arguments: list[str]) -> int:
    """Write the pages; return the exit status."""
    if arguments:
        print("expected no arguments: the pages are written into docs/", file=sys.stderr)
        return 2
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
    return schemas.main(arguments)


def pages() -> dict[str, str]:
    """Return the text of each page by its file name in `docs/`."""
    return {"kinds.md": kinds_page(resource_kinds()), "traits.md": traits_page(collectors())}


def kinds_page(kinds: Mapping[str, Resource[Any, Any]]) -> str:
    """Return the reference of resource kinds, in the order of their subjects."""
    by_subject: dict[str, list[Resource[Any, Any]]] = {}
    for kind in kinds.values():
        by_subject.setdefault(type(kind).__module__.split(".")[-2], []).append(kind)
    lines = [
        "# Resource kinds",
        "",
        "What a resource with `type: KIND` can be. Beside its own fields each one takes the options of",
        "[the guide](guide/resources.md#options-of-every-resource): `name`, `when`, `depends_on`, `notify` and so on.",
        "A field that is left out changes nothing, unless the table names a default.",
        "",
        _SAME_EVERYWHERE,
        "",
        "| about | kinds |",
        "|---|---|",
    ]
    for subject, found in sorted(by_subject.items()):
        lines.append(f"| {subject} | {', '.join(f'[{one.kind}](#{one.kind})' for one in found)} |")
    for _, found in sorted(by_subject.items()):
        for kind in found:
            lines += ["", *_kind_section(kind)]
    return "\n".join(lines) + "\n"


def traits_page(sets: Mapping[str, Collector]) -> str:
    """Return the reference of trait sets, by name."""
    lines = [
        "# Traits",
        "",
        "What an agent finds out about its machine. Templates and conditions use a trait by the name in the first",
        "column; `vigo traits` prints those of a machine.",
        "",
        "A set that cannot be read is reported and tried again at the next cycle. Until it is twice as old as its",
        "period the former value stays. Then it is missing, and a resource whose condition or template uses it fails",
        "unless that tests the trait with `is defined`.",
        "A measured value changes only once it moved by the step that its description names (`to ten`): smaller moves",
        "are no news.",
        "",
        _SAME_EVERYWHERE,
        "",
        "| set | what it tells |",
        "|---|---|",
    ]
    lines += [f"| [{name}](#{name}) | {_cell(_first_paragraph(one.schema))} |" for name, one in sets.items()]
    for name, one in sets.items():
        lines += ["", f"## {name}", "", _first_paragraph(one.schema), "", _period(one), ""]
        lines += ["| trait | type | what it says |", "|---|---|---|"]
        lines += _trait_rows(f"traits.{name}", inspect.type_info(one.schema))
    return "\n".join(lines) + "\n"


def example_of(kind: Resource[Any, Any]) -> dict[str, Any]:
    """Return a resource made of the examples of a kind's fields, as many of them as are valid together.

    One that acts in every pass gets `when: changed`, as it should have in a policy.

    Raises:
        InvalidError: the required fields have no examples that make a valid resource.
    """
    fields = _valid_together(kind)
    name = str(fields.get("path", "example")).rpartition("/")[2]
    if isinstance(filled_in := fields.get(kind.name_field or ""), str):
        name = filled_in
        del fields[kind.name_field or ""]
    handled = {"when": "changed"} if kind.acts_each_time(_spec(kind, _valid_together(kind))) else {}
    return {"name": name, "type": kind.kind, **fields, **handled}


def _valid_together(kind: Resource[Any, Any]) -> dict[str, Any]:
    """Return as many examples as fit together: the last ones go first, and come back where they were not the cause."""
    every = dict(_examples(kind))
    left_out: dict[str, Any] = {}
    while _problem(kind, every) is not None:
        if not every:
            return _made_by_a_case(kind)
        name, value = every.popitem()
        left_out[name] = value
    for name, value in left_out.items():
        if _problem(kind, {**every, name: value}) is None:
            every[name] = value
    return {
        field.encode_name: every[field.encode_name] for field, _ in _fields(kind.spec) if field.encode_name in every
    }


def _made_by_a_case(kind: Resource[Any, Any]) -> dict[str, Any]:
    """Return what the kind's case `create` declares, for a kind whose required fields have no examples."""
    path = CASES / kind.kind / "create.yaml"
    fields: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"] if path.exists() else {}
    if problem := _problem(kind, fields):
        raise InvalidError(
            f"{kind.kind}: expected required fields with `example=` that are valid together, or a case {path}"
            f" that is; found {problem}"
        )
    return fields


def _examples(kind: Resource[Any, Any]) -> Iterator[tuple[str, Any]]:
    for field, meta in _fields(kind.spec):
        needs_stacks = isinstance(field.type, inspect.Metadata) and (field.type.extra or {}).get("stacks_file")
        if meta.examples and not needs_stacks:
            yield field.encode_name, meta.examples[0]


def _problem(kind: Resource[Any, Any], values: Mapping[str, Any]) -> str | None:
    try:
        kind.validate(_spec(kind, values))
    except (msgspec.ValidationError, InvalidError) as error:
        return str(error)
    return None


def _spec(kind: Resource[Any, Any], values: Mapping[str, Any]) -> Spec:
    return msgspec.convert(dict(values), kind.spec)


def _kind_section(kind: Resource[Any, Any]) -> list[str]:
    notes = [f"Since {kind.since}."]
    if kind.name_field is not None:
        notes.append(f"Where `{kind.name_field}` is left out it is the resource's `name`.")
    owned = kind.owns(_spec(kind, _valid_together(kind)))
    if owned:
        notes.append(f"Two resources that manage the same {owned[0].partition(':')[0]} on one machine are an error.")
    rows = sorted(_fields(kind.spec), key=lambda one: not one[0].required)
    return [
        f"## {kind.kind}",
        "",
        _first_paragraph(kind.spec),
        _first_paragraph(type(kind)),
        "",
        " ".join(notes),
        "",
        "| field | type | default | what it says |",
        "|---|---|---|---|",
        *(_field_row(kind, field, meta) for field, meta in rows),
        "",
        "```yaml",
        "resources:",
        *_written_resource(example_of(kind)),
        "```",
    ]


def _field_row(kind: Resource[Any, Any], field: inspect.Field, meta: msgspec.Meta) -> str:
    states = _literal(get_type_hints(kind.spec)[field.name])
    type_ = ", ".join(f"`{one}`" for one in states) if states else _called(field.type)
    default = "the name" if field.encode_name == kind.name_field else _default(field)
    shown = f" Example: `{_written(meta.examples[0])}`" if meta.examples else ""
    extra = field.type.extra or {} if isinstance(field.type, inspect.Metadata) else {}
    secret = " It may be a [secret](guide/secrets.md)." if extra.get("may_be_secret") else ""
    told = _cell((meta.description or "") + shown + secret)
    return f"| `{field.encode_name}` | {_cell(type_)} | {_cell(default)} | {told} |"


def _default(field: inspect.Field) -> str:
    if field.required:
        return "**required**"
    value = field.default if field.default is not msgspec.NODEFAULT else None
    return "" if value in (None, ()) else f"`{_written(value)}`"


def _trait_rows(prefix: str, schema: inspect.Type) -> Iterator[str]:
    if not isinstance(schema, inspect.StructType):
        return
    for field, meta in _fields(schema.cls):
        name = f"{prefix}.{field.encode_name}"
        shown = f" Example: `{_written(meta.examples[0])}`" if meta.examples else ""
        what = _cell((meta.description or "") + shown)
        yield f"| `{name}` | {_cell(_called(field.type, is_trait=True))} | {what} |"
        for one in _alternatives(field.type):
            if isinstance(one, inspect.DictType):
                yield from _trait_rows(f"{name}[NAME]", one.value_type)
            elif isinstance(one, _LISTS):
                yield from _trait_rows(f"{name}[0]", one.item_type)


def _fields(schema: type[msgspec.Struct]) -> list[tuple[inspect.Field, msgspec.Meta]]:
    """Return the fields of a schema, each with the description that was declared for it."""
    info = inspect.type_info(schema)
    hints = get_type_hints(schema, include_extras=True)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    return [
        (
            field,
            next(one for one in hints[field.name].__metadata__ if isinstance(one, msgspec.Meta) and one.description),
        )
        for field in fields
    ]


def _called(expected: inspect.Type, *, is_trait: bool = False) -> str:
    """Return what a value is, in words."""
    names = [_called_one(one) for one in _alternatives(expected) if not isinstance(one, inspect.NoneType)]
    may_be_none = any(isinstance(one, inspect.NoneType) for one in _alternatives(expected))
    return " or ".join([*names, *(["none"] if is_trait and may_be_none else [])])


def _called_one(expected: inspect.Type) -> str:
    if isinstance(expected, inspect.StrType) and expected.pattern is not None:
        return f"text like `{expected.pattern}`"
    if isinstance(expected, inspect.IntType) and expected.ge is not None and expected.le is not None:
        return f"whole number, {expected.ge} to {expected.le}"
    if isinstance(expected, inspect.LiteralType):
        return "one of " + ", ".join(f"`{value}`" for value in expected.values)
    if isinstance(expected, inspect.DictType):
        return f"map of {_many(expected.value_type)}"
    if isinstance(expected, _LISTS):
        return f"list of {_many(expected.item_type)}"
    return next((one for type_, one, _ in _WORDS if isinstance(expected, type_)), "anything")


def _many(expected: inspect.Type) -> str:
    found = [many for one in _alternatives(expected) for type_, _, many in _WORDS if isinstance(one, type_)]
    return " or ".join(found) or "anything"


def _alternatives(expected: inspect.Type) -> tuple[inspect.Type, ...]:
    if isinstance(expected, inspect.Metadata):
        return _alternatives(expected.type)
    if isinstance(expected, inspect.UnionType):
        return tuple(one for part in expected.types for one in _alternatives(part))
    return (expected,)


def _literal(hint: Any) -> tuple[Any, ...]:
    """Return the values of a literal type in the order in which they are declared, which msgspec does not keep."""
    return get_args(hint) if get_origin(hint) is Literal else ()


def _first_paragraph(documented: type) -> str:
    """Return the first paragraph of a docstring; what points into the code says nothing to an operator."""
    text = " ".join((documented.__doc__ or "").partition("\n\n")[0].split())
    return " ".join(sentence for sentence in re.split(r"(?<=\.) ", text) if "`vigo." not in sentence)


def _period(one: Collector) -> str:
    when = "at every cycle" if one.every == EVERY_CYCLE else f"every {_duration(one.every).removeprefix('1 ')}"
    return f"Read {when}, for at most {_duration(one.timeout)}."


def _duration(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    size, unit = next(one for one in _UNITS if seconds % one[0] == 0)
    count = seconds // size
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _written_resource(resource: Mapping[str, Any]) -> list[str]:
    lines = [f"{name}: {_written(value)}" for name, value in resource.items()]
    return [f"  - {lines[0]}", *(f"    {line}" for line in lines[1:])]


def _written(value: Any) -> str:
    """Return a value as it is written in a `.vgo` file."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_written(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_written(key)}: {_written(one)}" for key, one in value.items()) + "}"
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
