"""The settings as a list of fields, so that reader and documentation cannot disagree."""

from datetime import timedelta
from typing import Any, Final, NamedTuple, get_args, get_type_hints

import msgspec

from vigo.server.platform.settings.model import Explained, Settings


class Field(NamedTuple):
    """One setting."""

    name: str
    type: Any
    explained: Explained
    default: Any


def _fields() -> dict[str, Field]:
    hints = get_type_hints(Settings, include_extras=True)
    found = {}
    for field in msgspec.structs.fields(Settings):
        kind, explained = get_args(hints[field.name])
        found[field.name] = Field(field.name, kind, explained, field.default)
    return found


FIELDS: Final[dict[str, Field]] = _fields()


def needing_restart(former: Settings, present: Settings) -> tuple[str, ...]:
    """Return the names of the settings that differ and that only a restart applies."""
    return tuple(
        name
        for name, field in FIELDS.items()
        if field.explained.needs_restart and getattr(former, name) != getattr(present, name)
    )


def is_below(value: Any, least: int | timedelta | None) -> bool:
    """Return whether a value is under the least that its setting accepts."""
    return least is not None and value < least
