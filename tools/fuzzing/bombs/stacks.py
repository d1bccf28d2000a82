"""Stacks written as JSON, which is YAML, so that nobody has to think of quotes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Files: TypeAlias = dict[str, str | bytes]


def crate(resources: Sequence[Mapping[str, Any]] = (), name: str = "web", **more: Any) -> str:
    """Return the text of a configcrate, a line for each value."""
    return json.dumps({"configcrate": name, **more, "resources": resources}, indent=0)


def entries(found: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of a file with entries."""
    return json.dumps({"envoys": found}, indent=0)


def with_content(*contents: str) -> str:
    """Return the text of a configcrate with a file for each of some contents."""
    return crate(
        [{"name": f"a{n}", "type": "file", "path": f"/a{n}", "content": text} for n, text in enumerate(contents)]
    )


def with_conditions(*conditions: str) -> str:
    """Return the text of a configcrate with a package for each of some conditions."""
    return crate([{"name": f"a{n}", "type": "package", "when": text} for n, text in enumerate(conditions)])
