"""`server.yaml` as `vigosrv init` writes it: every setting, explained, with its default in a comment."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from vigo.core.durations import format_duration
from vigo.server.platform.settings.fields import FIELDS, Field

_HEAD = """\
# Settings of vigosrv. Each one stands here with its default; take the '#' away to change it.
# `systemctl reload vigosrv` (or SIGHUP) applies what changed, but for settings marked "restart".
# A name that is no setting is refused. Durations are a number and a unit: 30s, 5m, 12h, 90d.
"""


def settings_document(chosen: Mapping[str, Any]) -> str:
    """Return the text of `server.yaml`; the chosen values are set, all others stand in comments."""
    return _HEAD + "".join(_paragraph(field, chosen) for field in FIELDS.values())


def _paragraph(field: Field, chosen: Mapping[str, Any]) -> str:
    text = field.explained.text + (" [restart]" if field.explained.needs_restart else "")
    comment = "".join(f"# {line}\n" for line in text.splitlines())
    if field.name in chosen:
        return f"\n{comment}{field.name}: {_written(chosen[field.name])}\n"
    return f"\n{comment}#{field.name}: {_written(field.default)}\n"


def _written(value: Any) -> str:
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    return str(value)
