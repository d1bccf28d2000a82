"""The nodes of a YAML text and where they stand in it. Source: YAML 1.1, as libyaml reads it."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import yaml

from vigo.catalog.formats.pointers import DEEPEST, Path
from vigo.catalog.formats.yaml_scalars import OddScalar, scalar_value
from vigo.core.errors import InvalidError

MAX_CHARACTERS: Final = 1024 * 1024
_MOST_NODES: Final = 500_000
_COLON: Final = re.compile(r"\s*:(?=\s|$)|\s*:")
_ALIAS: Final = re.compile(r"[ \t]*\*[^\s,\]}{\[]+")
_NO_TEXT: Final = re.compile("[\udc80-\udcff]")
_STAND_INS: Final = 0x10F000 - 0xDC00


class Place(msgspec.Struct, frozen=True):
    """A node, with its key where it is a map's value, from where on its place is and where it ends."""

    node: yaml.Node
    key: yaml.ScalarNode | None
    after: int
    """Where the colon behind its key ends, or the dash before it begins."""
    end: int
    is_alias: bool


def root_of(text: str) -> yaml.Node | None:
    """Return the node of the one document in a text, or None where it has only comments.

    Bytes that are no text are read as other characters, one for one, since no YAML may have them.

    Raises:
        InvalidError: it is not YAML, has several documents, or is too large.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidError(f"expected YAML of at most {MAX_CHARACTERS} characters, found {len(text)}")
    loader = yaml.CSafeLoader(_NO_TEXT.sub(lambda found: chr(ord(found[0]) + _STAND_INS), text))
    try:
        node = loader.get_node() if loader.check_node() else None
        if loader.check_node():
            raise InvalidError("expected one YAML document, found several; edit it as text")
    except (yaml.YAMLError, RecursionError, UnicodeError) as error:
        raise InvalidError(f"expected YAML, found {_told(error)}; correct it") from error
    finally:
        loader.dispose()
    return node


def document_of(root: yaml.Node | None) -> Any:
    """Return what a document says; scalars that readers do not agree on are `OddScalar`.

    Raises:
        InvalidError: it is too deep, too large with its aliases written out, or has keys that are no texts.
    """
    return None if root is None else _Reader().value(root, 0)


class _Reader:
    """Reads nodes once for each alias, up to a limit."""

    def __init__(self) -> None:
        self._left = _MOST_NODES

    def value(self, node: yaml.Node, depth: int) -> Any:
        self._left -= 1
        if depth > DEEPEST or self._left < 0:
            raise InvalidError("expected a document that can be written out, found aliases or maps without end")
        if isinstance(node, yaml.ScalarNode):
            return scalar_value(node)
        if node.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            return OddScalar(f"{node.start_mark.index}", node.tag)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = _name_of(key)
            if name in found:
                line = key.start_mark.line + 1
                raise InvalidError(f"expected each key once in a map, found {name[:60]!r} again in line {line}")
            found[name] = self.value(value, depth + 1)
        return found


def place_of(text: str, root: yaml.Node, path: Path) -> list[Place]:
    """Return the nodes on the way to a path, each with its place; the last one is what the path names."""
    places = [Place(root, None, 0, end_of(text, root), is_alias=False)]
    for token in path:
        numbered = enumerate(children(text, places[-1].node))
        names = ((one.key.value if one.key is not None else str(index), one) for index, one in numbered)
        places.append(next(one for name, one in names if name == token))
        if places[-1].is_alias:
            raise InvalidError("pointer: expected a value of its own, found an alias (`*name`); write the value out")
    return places


def children(text: str, node: yaml.Node) -> Iterator[Place]:
    """Yield the values in a map or list with their places.

    Raises:
        InvalidError: the text is not laid out as is usual, so that a place cannot be told.
    """
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            colon = _COLON.match(text, key.end_mark.index)
            if colon is None:
                raise InvalidError(f"pointer: expected `{key.value}: ...`, found a key without a colon of its own")
            yield _placed(text, value, key, colon.end())
    elif isinstance(node, yaml.SequenceNode):
        after = node.start_mark.index
        for value in node.value:
            place = _placed(text, value, None, after)
            yield place
            after = place.end


def end_of(text: str, node: yaml.Node) -> int:
    """Return where a node's text ends: libyaml takes what follows a block for a part of it."""
    if isinstance(node, yaml.ScalarNode):
        return _end_of_scalar(text, node)
    if is_flow(node) or not node.value:
        return int(node.end_mark.index)
    return max(place.end for place in children(text, node))


def is_flow(node: yaml.Node) -> bool:
    """Return whether a map or list is written in braces or brackets."""
    return isinstance(node, yaml.CollectionNode) and bool(node.flow_style)


def _placed(text: str, value: yaml.Node, key: yaml.ScalarNode | None, after: int) -> Place:
    if value.start_mark.index >= after:
        return Place(value, key, after, end_of(text, value), is_alias=False)
    alias = _ALIAS.match(text, after) if key is not None else re.compile(r"[\s,\[-]*\*[^\s,\]}{\[]+").match(text, after)
    if alias is None:
        raise InvalidError("pointer: expected an alias beside its key, found something between; write the value out")
    return Place(value, key, after, alias.end(), is_alias=True)


def _end_of_scalar(text: str, node: yaml.ScalarNode) -> int:
    start, end = node.start_mark.index, node.end_mark.index
    if node.style not in ("|", ">"):
        return int(end)
    header = text[start : text.find("\n", start)]
    kept = "+" in header.partition("#")[0]
    body = text[start:end]
    return int(end) - len(body) + len(body.removesuffix("\n") if kept else body.rstrip())


def _name_of(key: yaml.Node) -> str:
    if not isinstance(key, yaml.ScalarNode):
        raise InvalidError(f"expected single values as keys, found a map or list in line {key.start_mark.line + 1}")
    return str(key.value)


def _told(error: Exception) -> str:
    problem = getattr(error, "problem", None)
    mark = getattr(error, "problem_mark", None)
    if problem is None:
        return str(error)[:200] or "more depth than can be read"
    return str(problem) + ("" if mark is None else f" in line {mark.line + 1}")
