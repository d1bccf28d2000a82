"""YAML text to a tree in which every key and value knows its place. Values stay text here; `scalars` gives them types.

Tags, duplicate keys and merge keys are refused; aliases are taken, but what they amount to is bounded.
"""

from typing import Any, Final, Literal, TypeAlias

import msgspec
import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from vigo.core.plan import Origin
from vigo.policy.diagnostics import Findings
from vigo.policy.yaml_errors import QUOTE_THE_TEMPLATE, TEMPLATE_UNQUOTED, syntax_problem

MOST_BYTES: Final = 4 * 1024 * 1024
DEEPEST: Final = 50
MOST_NODES: Final = 300_000

Style = Literal["plain", "quoted", "literal", "folded"]
_STANDARD_TAG: Final = "tag:yaml.org,2002:"
_STYLES: Final[dict[str | None, Style]] = {"|": "literal", ">": "folded", "'": "quoted", '"': "quoted"}


class Scalar(msgspec.Struct, frozen=True, gc=False):
    """A single value as it was written."""

    text: str
    origin: Origin
    style: Style = "plain"
    end_line: int = 0


class Sequence(msgspec.Struct, frozen=True, gc=False):
    """A list."""

    items: "tuple[Node, ...]"
    origin: Origin


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A key of a map and its value."""

    key: Scalar
    value: "Node"


class Mapping(msgspec.Struct, frozen=True, gc=False):
    """A map. Keys are text as written, in the order of the file."""

    entries: dict[str, Entry]
    origin: Origin

    def get(self, key: str) -> "Node | None":
        """Return a key's value, or None where the key is missing."""
        entry = self.entries.get(key)
        return None if entry is None else entry.value


Node: TypeAlias = Scalar | Sequence | Mapping


def parse_tree(file: str, content: bytes, findings: Findings) -> Node | None:
    """Return the tree of a file, or None where it is empty.

    Raises:
        UnreadableError: there is no tree; the findings say why. Smaller errors are recorded alone.
    """
    start = Origin(file, 1, 1)
    if len(content) > MOST_BYTES:
        findings.error(
            start, "too-large", f"expected at most {MOST_BYTES >> 20} MiB, found {len(content)} bytes; part the file"
        )
        raise UnreadableError
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = Origin(file, content.count(b"\n", 0, error.start) + 1, 1)
        message = f"expected UTF-8 text, found {_encoding_of(content, error.start)}"
        findings.error(place, "not-utf-8", message)
        raise UnreadableError from error
    builder = _Builder(file, text, findings)
    try:
        loader = yaml.CSafeLoader(text)
        try:
            while (event := loader.get_event()) is not None:
                builder.take(event)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        place, message, hint = syntax_problem(file, text, error)
        if place.line not in builder.lines_with_templates:
            findings.error(place, "syntax", message, hint=hint)
        raise UnreadableError from error
    return builder.root


class UnreadableError(Exception):
    """The file was refused; the findings say why."""


class _Frame(msgspec.Struct):
    """A list or map that is being read. `size` counts its nodes with aliases written out.

    `start` is its first character. `is_template` says that it is a template whose quotes were forgotten.
    """

    origin: Origin
    start: int
    anchor: str | None
    is_map: bool
    items: list[Node]
    entries: dict[str, Entry]
    key: Scalar | None = None
    expects_key: bool = True
    is_template: bool = False
    size: int = 1
    height: int = 1


class _Anchored(msgspec.Struct):
    node: Node
    size: int
    height: int


class _Builder:
    def __init__(self, file: str, text: str, findings: Findings) -> None:
        self.root: Node | None = None
        self.lines_with_templates: set[int] = set()
        """Where quotes were missing: what YAML makes of the rest of such a line is not told as well."""
        self._file = file
        self._text = text
        self._findings = findings
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._documents = 0

    def take(self, event: Event) -> None:
        if isinstance(event, ScalarEvent):
            self._add_scalar(event)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._finish(event)
        elif isinstance(event, AliasEvent):
            self._add_alias(event.anchor or "", self._place(event.start_mark))
        elif isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                place = self._place(event.start_mark)
                self._end(place, "documents", "expected one document, found a second; put it into a file of its own")

    def _add_scalar(self, event: ScalarEvent) -> None:
        place = self._place(event.start_mark)
        if event.tag is not None:
            self._refuse_tag(event.tag, place)
        style = _STYLES.get(event.style, "plain")
        node = Scalar(event.value, place, style, _line(event.end_mark))
        if not event.value and style == "plain" and (event.tag or event.anchor):
            node = self._text_without_quotes(event, node)
        self._add(node, event.anchor, 1, 0)

    def _begin(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        place = self._place(event.start_mark)
        if event.tag is not None:
            self._refuse_tag(event.tag, place)
        if len(self._stack) >= DEEPEST:
            self._end(place, "too-deep", f"expected at most {DEEPEST} levels, found more; flatten the structure")
        is_map = isinstance(event, MappingStartEvent)
        self._stack.append(_Frame(place, _index(event.start_mark), event.anchor, is_map, [], {}))

    def _finish(self, event: MappingEndEvent | SequenceEndEvent) -> None:
        frame = self._stack.pop()
        whole: Node = (
            Mapping(frame.entries, frame.origin) if frame.is_map else Sequence(tuple(frame.items), frame.origin)
        )
        if frame.is_template:
            # Read on as if the quotes were there, so that all else in the file is told too.
            written = self._text[frame.start : _index(event.end_mark)]
            whole = Scalar(written, frame.origin, "quoted", _line(event.end_mark))
        self._add(whole, frame.anchor, frame.size, frame.height)

    def _place(self, mark: Any) -> Origin:
        return Origin(self._file, mark.line + 1, mark.column + 1)

    def _add_alias(self, name: str, place: Origin) -> None:
        anchored = self._anchors.get(name)
        if anchored is None:
            self._end(
                place,
                "alias",
                f"expected the name of an anchor that stands before, found *{name}; quote a text that begins with *",
            )
            return
        if len(self._stack) + anchored.height > DEEPEST:
            self._end(place, "too-deep", f"expected at most {DEEPEST} levels, found more behind the alias *{name}")
        self._add(anchored.node, None, anchored.size, anchored.height, place)

    def _add(self, node: Node, anchor: str | None, size: int, height: int, place: Origin | None = None) -> None:
        if anchor is not None:
            self._anchors[anchor] = _Anchored(node, size, height)
        if not self._stack:
            self.root = node
            return
        frame = self._stack[-1]
        frame.size += size
        frame.height = max(frame.height, height + 1)
        if frame.size > MOST_NODES:
            self._end(
                place or node.origin,
                "too-large",
                f"expected at most {MOST_NODES} values, aliases written out; found more",
            )
        if not frame.is_map:
            frame.items.append(node)
        elif frame.expects_key:
            frame.is_template |= self._is_template(frame, node)
            frame.key, frame.expects_key = None if frame.is_template else self._key(node), False
        else:
            frame.expects_key = True
            self._add_entry(frame, node)

    def _add_entry(self, frame: _Frame, value: Node) -> None:
        key = frame.key
        if key is None:
            return
        former = frame.entries.get(key.text)
        if former is not None:
            place = former.key.origin
            self._findings.error(
                key.origin,
                "duplicate-key",
                f"expected each key once, found {_short(key.text)} again; it stands at line {place.line} already",
                hint="keep one of the two",
            )
            return
        frame.entries[key.text] = Entry(key, value)

    def _is_template(self, frame: _Frame, node: Node) -> bool:
        if not isinstance(node, Mapping) or not self._text.startswith("{{", frame.start):
            return False
        self.lines_with_templates.add(frame.origin.line)
        self._findings.error(frame.origin, "syntax", TEMPLATE_UNQUOTED, hint=QUOTE_THE_TEMPLATE)
        return True

    def _text_without_quotes(self, event: ScalarEvent, node: Scalar) -> Scalar:
        """Return what an anchor or tag without a value was meant to be: a text."""
        if event.anchor is not None:
            message = f"expected a value behind the anchor &{event.anchor}, found none"
            self._findings.error(node.origin, "syntax", message, hint="quote a text that begins with &")
        written = self._text[_index(event.start_mark) : _index(event.end_mark)].strip()
        return Scalar(written or "!", node.origin, "quoted", node.end_line)

    def _key(self, node: Node) -> Scalar | None:
        if not isinstance(node, Scalar):
            self._findings.error(node.origin, "key", "expected a text as key, found a list or map; quote it")
            return None
        if node.text == "<<" and node.style == "plain":
            self._findings.error(
                node.origin,
                "merge-key",
                "expected a name, found the merge key <<, which YAML 1.2 does not have",
                hint="write the keys out; shared values belong into `vars`, `defaults` or a role",
            )
            return None
        return node

    def _refuse_tag(self, tag: str, place: Origin) -> None:
        message = f"expected a value without a tag, found {_short(tag.replace(_STANDARD_TAG, '!!', 1))}"
        self._findings.error(place, "tag", message, hint="remove it, or quote a text that begins with !")

    def _end(self, place: Origin, code: str, message: str) -> None:
        self._findings.error(place, code, message)
        raise UnreadableError


def _encoding_of(content: bytes, place: int) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16; save the file as UTF-8"
    if b"\0" in content:
        return "a binary file; restore the .vgo file, or put this one below files/ under another suffix"
    return f"the byte 0x{content[place]:02x}; save the file as UTF-8"


def _line(mark: Any) -> int:
    return int(mark.line) + 1


def _index(mark: Any) -> int:
    return int(mark.index)


def _short(text: str) -> str:
    longest = 60
    return repr(text if len(text) <= longest else text[:longest] + "...")
