"""What a place belongs to, in every file that this repository has; where there is a tree, it is the judge."""

from collections.abc import Iterator

import pytest

from tests.policy.every_stacks import every_stacks
from vigo.policy.diagnostics import Findings, SourceLines
from vigo.policy.editing.cursor import Path
from vigo.policy.editing.places import cursor_at
from vigo.policy.editing.texts import Text
from vigo.policy.schemas.pages import schema_for
from vigo.policy.yaml_tree import Mapping, Node, Scalar, Sequence, UnreadableError, parse_tree

EVERY = every_stacks()


def tree_of(file: str, content: bytes) -> Node | None:
    findings = Findings(SourceLines({file: content}))
    try:
        tree = parse_tree(file, content, findings)
    except UnreadableError:
        return None
    # An alias stands where it is used and has the places of what it stands for; a tree with errors is cut short.
    return None if findings.has_errors or b"&" in content else tree


def scalars(node: Node, path: Path = ()) -> Iterator[tuple[Path, Scalar, bool]]:
    """Yield each key, with the path of its map, and each single value, with its own path."""
    if isinstance(node, Scalar):
        yield path, node, False
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from scalars(item, (*path, None))
    elif isinstance(node, Mapping):
        for name, entry in node.entries.items():
            yield path, entry.key, True
            yield from scalars(entry.value, (*path, name))


@pytest.mark.parametrize("name", EVERY)
def test_a_key_and_a_value_are_found_where_the_parser_has_them(name: str) -> None:
    for file, content in EVERY[name].items():
        tree = tree_of(file, content) if schema_for(file) is not None else None
        text = Text.of(content)
        for path, scalar, is_key in scalars(tree) if tree is not None else ():
            if scalar.style in ("literal", "folded") or not scalar.text:
                continue
            offset = text.place(scalar.origin.line, scalar.origin.column) + (scalar.style == "quoted")
            found = cursor_at(text.content, offset)
            line = text.line_at(offset)
            told = f"{name} {file} {text.content[line.start : offset]}|{text.content[offset : line.end]}"
            assert found is not None, told
            assert found.path == path, told
            # A value on a line of its own could become a key by a colon behind it.
            assert found.is_key if is_key else found.is_value, told
            assert found.has_colon is is_key, told


@pytest.mark.parametrize("name", EVERY)
def test_the_keys_around_a_value_are_those_that_the_parser_has(name: str) -> None:
    for file, content in EVERY[name].items():
        tree = tree_of(file, content) if schema_for(file) == "configcrate" else None
        resources = tree.get("resources") if isinstance(tree, Mapping) else None
        text = Text.of(content)
        for one in resources.items if isinstance(resources, Sequence) else ():
            kind = one.get("type") if isinstance(one, Mapping) else None
            for path, scalar, _ in scalars(one) if isinstance(one, Mapping) and isinstance(kind, Scalar) else ():
                found = cursor_at(
                    text.content, text.place(scalar.origin.line, scalar.origin.column) + (scalar.style == "quoted")
                )
                assert found is not None
                assert found.keys(2).get("type") == kind.text, f"{name} {file} {scalar.origin} {path}"
