"""YAML as text, edited at one place: comments and all else stay byte for byte. Source: YAML 1.1 and 1.2.2."""

import re
from collections.abc import Sequence
from typing import Any, Final

import yaml

from vigo.catalog.formats.pointers import Path
from vigo.catalog.formats.yaml_scalars import written_scalar
from vigo.catalog.formats.yaml_tree import Place, children, document_of, is_flow, place_of, root_of
from vigo.core.errors import InvalidError

_USUAL_STEP: Final = 2
_STEP: Final = re.compile(r"^( *)[^\s#-][^\n]*:[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*( +)[^\s#-]", re.MULTILINE)


class YamlFormat:
    """One document. Keys are told apart by how they are written: `8080` and `"8080"` are one."""

    name = "YAML"

    def read(self, text: str) -> Any:
        """Return the document; None where it has only comments.

        Raises:
            InvalidError: it is not YAML, or more than can be edited.
        """
        return document_of(root_of(text))

    def check(self, value: Any) -> None:
        """Accept any value."""

    def replaced(self, text: str, path: Path, value: Any) -> str:
        """Return the text with another value at a path, in block style where that is what surrounds it."""
        root = root_of(text)
        if root is None or not path:
            return _with_root(text, root, value)
        places = place_of(text, root, path)
        place, in_flow = places[-1], _in_flow(places[:-1])
        if in_flow or not _is_block(value):
            written = written_scalar(value, _style(place.node), in_flow=in_flow) if _is_single(value) else _flow(value)
            return _spliced(text, place, written)
        return _with_block(text, place, value, _step(text))

    def inserted(self, text: str, path: Path, key: str, value: Any) -> str:
        """Return the text with one more entry behind the last one of a map or list."""
        root = root_of(text)
        if root is None:
            raise InvalidError("pointer: expected a document, found none")
        places = place_of(text, root, path)
        node, in_flow = places[-1].node, _in_flow(places)
        is_map = isinstance(node, yaml.MappingNode)
        if not node.value:
            return self.replaced(text, path, {key: value} if is_map else [value])
        entry: Any = {key: value} if is_map else [value]
        last = list(children(text, node))[-1]
        if in_flow:
            return f"{text[: last.end]}, {_flow(entry)[1:-1]}{text[last.end :]}"
        column = _column(text, node)
        ends = text.find("\n", last.end)
        ends = len(text) if ends < 0 else ends
        return f"{text[:ends]}\n{' ' * column}{_block(entry, column, _step(text))}{text[ends:]}"

    def removed(self, text: str, path: Path) -> str:
        """Return the text without a key, its value and its line."""
        root = root_of(text)
        if root is None:
            raise InvalidError("pointer: expected a document, found none")
        places = place_of(text, root, path[:-1])
        entries = list(children(text, places[-1].node))
        index = next(index for index, one in enumerate(entries) if _key(one).value == path[-1])
        if len(entries) == 1:
            return self.replaced(text, path[:-1], {})
        start, end = _key(entries[index]).start_mark.index, entries[index].end
        is_last = index + 1 == len(entries)
        line = text.rfind("\n", 0, start) + 1
        if not _in_flow(places) and not text[line:start].strip(" "):
            return _without_lines(text, line, end)
        if not is_last:
            return text[:start] + text[_key(entries[index + 1]).start_mark.index :]
        return text[: entries[index - 1].end] + text[end:]

    def packed(self, value: Any) -> str:
        """Return the value as YAML in one line."""
        return _flow(value)

    def unpacked(self, text: str) -> Any:
        """Return the value of a text in one line."""
        return self.read(text)


def _with_root(text: str, root: yaml.Node | None, value: Any) -> str:
    written = _block(value, 0, _step(text)) if _is_block(value) else _inline(value)
    if root is None or root.start_mark.index == root.end_mark.index:
        gap = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{gap}{written}\n"
    (place,) = place_of(text, root, ())
    return text[: root.start_mark.index] + written + text[place.end :]


def _spliced(text: str, place: Place, written: str) -> str:
    """Return the text with a value in one line in the place of another one."""
    node = place.node
    start = node.start_mark.index
    if start == node.end_mark.index:
        return f"{text[:start]} {written}{text[start:]}"
    is_simple = node.style not in ("|", ">") if isinstance(node, yaml.ScalarNode) else is_flow(node)
    if is_simple or place.key is None:
        return text[:start] + written + text[place.end :]
    return f"{text[: place.after]} {written}{text[place.end :]}"


def _with_block(text: str, place: Place, value: Any, step: int) -> str:
    node, start = place.node, place.node.start_mark.index
    if place.key is None:
        column = node.start_mark.column if start != node.end_mark.index else _column_at(text, start) + 1
        gap = " " if start == node.end_mark.index else ""
        return text[:start] + gap + _block(value, column, step) + text[place.end :]
    outer = place.key.start_mark.column
    if not isinstance(node, yaml.ScalarNode) and not is_flow(node) and text[start] not in "&!":
        column = node.start_mark.column
        if column > outer or (column == outer and isinstance(value, list | tuple)):
            return text[:start] + _block(value, column, step) + text[place.end :]
    column = outer + step
    return f"{text[: place.after]}\n{' ' * column}{_block(value, column, step)}{text[place.end :]}"


def _block(value: Any, column: int, step: int) -> str:
    """Return a map or list in lines; the first has no indentation, the others are indented to the column."""
    lines = []
    pairs = value.items() if isinstance(value, dict) else ((None, one) for one in value)
    for key, one in pairs:
        name = "-" if key is None else f"{written_scalar(key)}:"
        if not _is_block(one):
            lines.append(f"{name} {_inline(one)}")
        elif key is None:
            lines.append(f"- {_block(one, column + 2, step)}")
        else:
            lines.append(f"{name}\n{' ' * (column + step)}{_block(one, column + step, step)}")
    return f"\n{' ' * column}".join(lines)


def _inline(value: Any) -> str:
    return written_scalar(value) if _is_single(value) else _flow(value)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (f"{written_scalar(key, in_flow=True)}: {_flow(one)}" for key, one in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return written_scalar(value, in_flow=True)


def _without_lines(text: str, start: int, end: int) -> str:
    """Return the text without the lines from one place to another; its last line keeps its end, or has none."""
    ends = text.find("\n", end)
    if ends >= 0:
        return text[:start] + text[ends + 1 :]
    return text[: max(start - 1, 0)]


def _is_single(value: Any) -> bool:
    return not isinstance(value, dict | list | tuple)


def _is_block(value: Any) -> bool:
    return not _is_single(value) and bool(value)


def _in_flow(places: Sequence[Place]) -> bool:
    return any(is_flow(place.node) and bool(place.node.value) for place in places)


def _style(node: yaml.Node) -> str | None:
    return node.style if isinstance(node, yaml.ScalarNode) and node.style in ("'", '"') else None


def _key(place: Place) -> yaml.ScalarNode:
    if place.key is None:
        raise InvalidError("pointer: expected a map, found a list")
    return place.key


def _column(text: str, node: yaml.Node) -> int:
    """Return the column in which the entries of a block begin; before an anchor or tag it is not the node's own."""
    if isinstance(node, yaml.MappingNode):
        return int(node.value[0][0].start_mark.column)
    start = node.start_mark.index
    dash = re.compile(r"(?:[&!][^\s]*\s+|#[^\n]*\n|\s)*-").match(text, start)
    return _column_at(text, dash.end() - 1 if dash is not None else start)


def _column_at(text: str, place: int) -> int:
    return place - text.rfind("\n", 0, place) - 1


def _step(text: str) -> int:
    found = _STEP.search(text)
    return len(found[2]) - len(found[1]) if found is not None and len(found[2]) > len(found[1]) else _USUAL_STEP
