"""What holds for the schema of every kind."""

from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

from vigo.catalog.api import Resource
from vigo.catalog.scan import resource_kinds

KINDS = pytest.mark.parametrize("kind", resource_kinds().values(), ids=resource_kinds())


@KINDS
def test_every_field_has_a_description(kind: Resource[Any, Any]) -> None:
    for name, hint in get_type_hints(kind.spec, include_extras=True).items():
        assert get_origin(hint) is Annotated, name
        assert any(isinstance(meta, msgspec.Meta) and meta.description for meta in get_args(hint)), name


@KINDS
def test_states_default_to_the_first_listed(kind: Resource[Any, Any]) -> None:
    hint = get_type_hints(kind.spec).get("state")
    default = next((field.default for field in msgspec.structs.fields(kind.spec) if field.name == "state"), None)
    # The states of a custom resource are its program's own.
    is_free = kind.kind == "custom" and hint is str
    assert hint is None or is_free or (get_origin(hint) is Literal and get_args(hint)[0] == default)


@KINDS
def test_the_schema_can_be_given_to_editors(kind: Resource[Any, Any]) -> None:
    assert msgspec.json.schema(kind.spec)["$defs"][kind.spec.__name__]["additionalProperties"] is False


@KINDS
def test_the_field_that_the_name_fills_is_required_and_a_text(kind: Resource[Any, Any]) -> None:
    fields = {field.name: field.required for field in msgspec.structs.fields(kind.spec)}
    assert kind.name_field is None or fields[kind.name_field]


@KINDS
def test_no_field_takes_a_word_that_every_resource_has(kind: Resource[Any, Any]) -> None:
    shared = {"name", "type", "when", "depends_on", "before", "notify", "subscribes", "timeout", "on_failure", "noop"}
    shared |= {"foreach", "immediately"}
    assert not shared & set(kind.spec.__struct_fields__)
