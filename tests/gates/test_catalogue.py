from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, get_args, get_origin, get_type_hints

import msgspec
import pytest

from tests.gates.tree import files
from vigo.catalog.api import Collector, Resource
from vigo.catalog.scan import collectors, resource_kinds

FEWEST_CASES = 3
KINDS = pytest.mark.parametrize("kind", resource_kinds().values(), ids=resource_kinds())
COLLECTORS = pytest.mark.parametrize("collector", collectors().values(), ids=collectors())


def test_the_catalogue_is_found() -> None:
    assert resource_kinds()
    assert collectors()


@KINDS
def test_a_kind_has_cases(kind: Resource[Any, Any]) -> None:
    folder = Path("tests/catalog/cases") / kind.kind
    cases = [path for path in files() if path.parent == folder and path.suffix == ".yaml"]
    assert len(cases) >= FEWEST_CASES, f"add cases to {folder}/: a change, nothing to do, and one that is refused"


def test_every_folder_of_cases_has_its_kind() -> None:
    folders = {path.parts[3] for path in files() if path.match("tests/catalog/cases/*/*")}
    assert folders <= set(resource_kinds()), f"no kind for {sorted(folders - set(resource_kinds()))}"


@KINDS
def test_a_kind_is_tried_on_a_booted_host(kind: Resource[Any, Any]) -> None:
    assert f'"{kind.kind}"' in _of_host_tests(), "add a test to tests/host/ that another tool than Vigo judges"


@COLLECTORS
def test_a_trait_set_is_compared_with_a_booted_host(collector: Collector) -> None:
    assert f'"{collector.name}"' in _of_host_tests(), "add a test to tests/host/ that compares it with another tool"


@cache
def _of_host_tests() -> str:
    return "".join(path.read_text() for path in files() if path.match("tests/host/test_*.py"))


@KINDS
def test_a_kind_stands_in_the_file_of_its_name(kind: Resource[Any, Any]) -> None:
    assert type(kind).__module__.rpartition(".")[2] == kind.kind


@KINDS
def test_every_field_of_a_kind_is_described(kind: Resource[Any, Any]) -> None:
    assert not _undescribed(kind.spec), 'write Annotated[..., field("What it says.")]'


@COLLECTORS
def test_every_field_of_a_trait_set_is_described(collector: Collector) -> None:
    assert not _undescribed(collector.schema), 'write Annotated[..., field("What it says, and its unit.")]'


def _undescribed(schema: type[msgspec.Struct]) -> list[str]:
    """Return the fields without a description, of the schema and of every structure inside it."""
    names: list[str] = []
    waiting, seen = [schema], set[type]()
    while waiting:
        struct = waiting.pop()
        if struct in seen:
            continue
        seen.add(struct)
        for name, hint in get_type_hints(struct, include_extras=True).items():
            if get_origin(hint) is ClassVar:
                continue
            if not _is_described(hint):
                names.append(f"{struct.__name__}.{name}")
            waiting += _structs_in(hint)
    return names


def _is_described(hint: object) -> bool:
    metas = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return any(isinstance(meta, msgspec.Meta) and meta.description for meta in metas)


def _structs_in(hint: object) -> list[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return [hint]
    return [struct for part in get_args(hint) for struct in _structs_in(part)]
