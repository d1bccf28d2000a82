"""JSON for programs. What comes from elsewhere cannot move a cursor or hide text there either."""

import re
from typing import Any, Final

import click

# JSON writes out C0 controls by itself; a line feed there is the document's own.
_HIDDEN_IN_JSON: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def print_json(value: Any) -> None:
    """Print a JSON document. Its values are as they were sent; what a terminal would obey is escaped."""
    import json  # noqa: PLC0415 - people's output needs no encoder

    text = json.dumps(value, indent=2, ensure_ascii=False)
    click.echo(_HIDDEN_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
