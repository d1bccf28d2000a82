"""All stacks that this repository has: those of golden cases, pages and examples, and the broken ones."""

import re
from collections.abc import Iterator, Mapping
from functools import cache

import yaml

from tests.gates.tree import ROOT, files, text

Stacks = Mapping[str, bytes]

_FILE = re.compile(r"^# ([\w.-]+(?:/[\w.-]+)+|[\w-]+\.vgo)\n", re.MULTILINE)
_BLOCK = re.compile(r"^```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def every_stacks() -> Mapping[str, Stacks]:
    """Return each by a name that says where it is from."""
    return dict([*_golden(), *_documented(), *_folders()])


def _golden() -> Iterator[tuple[str, Stacks]]:
    for path in sorted(path for path in files() if path.parts[:3] == ("tests", "policy", "golden")):
        case = yaml.safe_load(text(path)) if path.suffix == ".yaml" else {}
        if "stacks" in case:
            stacks = {name: one if isinstance(one, bytes) else one.encode() for name, one in case["stacks"].items()}
            yield str(path.relative_to("tests/policy")), stacks


def _documented() -> Iterator[tuple[str, Stacks]]:
    """Yield the stacks of each section of a page: a comment that is a path begins a file."""
    for path in sorted(path for path in files() if path.parts[0] == "docs" and path.suffix == ".md"):
        for section in re.split(r"^#+ ", text(path), flags=re.MULTILINE):
            found: dict[str, bytes] = {}
            for block in _BLOCK.findall(section):
                parts = _FILE.split(block) if _FILE.match(block) else []
                found |= {name: content.encode() for name, content in zip(parts[1::2], parts[2::2], strict=True)}
            if found:
                yield f"{path}, {section.splitlines()[0]}", found


def _folders() -> Iterator[tuple[str, Stacks]]:
    roots = {path.parent for path in files() if path.parts[0] == "examples" and path.name == "roles.vgo"}
    roots |= {path.parents[-5] for path in files() if path.parts[:3] == ("tests", "policy", "broken") and path.suffix}
    for root in sorted(roots):
        inside = [path for path in files() if path.is_relative_to(root) and (ROOT / path).is_file()]
        yield str(root), {path.relative_to(root).as_posix(): (ROOT / path).read_bytes() for path in inside}
